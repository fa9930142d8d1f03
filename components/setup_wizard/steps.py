"""The setup assistant: choose a data source, check it, create accounts and save."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import streamlit as st

from access import atomic_write, passwords, secrets_file
from access.accounts import canonical
from access.secrets_file import Person, Setup, account_problem
from components import (
    authorized,
    elements,
    local_access,
    navigation,
    page_registry,
    runtime,
    session_cookie,
    texts,
    umami_server,
    url_state,
    viewer,
)
from components.escaping import plain
from components.invitations import ROLES
from components.setup_wizard import connection
from components.setup_wizard.connection import Draft
from components.texts import _
from umami.errors import SettingsError
from umami.view import ALL_TIME

WIDTH: Final = 720
"""The width of the assistant in pixels, for readable lines."""
BY_HAND: Final = """\
[umami]
url = "https://umami.example.com"
username = "reader"
password = "…"

[cookie]
key = "…"          # python -m access key

# and what python -m access prints
"""
_DONE: Final = "what was just set up"


def state() -> None:
    """Draw a line with the current data source."""
    try:
        now = connection.described(umami_server.set_up())
    except SettingsError as problem:
        now = texts.sentence(problem)
    st.caption(plain(_("Now: {now}").format(now=now)))


def not_from_here() -> None:
    """Draw the instructions for a viewer who has not proved that they started the dashboard."""
    local_access.CODES.announce()
    with st.container(width=WIDTH, key="setup"):
        st.markdown(
            _(
                ":material/lock: No sign-in yet: only the person who started this dashboard can "
                "set it up."
            )
        )
        st.markdown(
            _(
                "**If that is you**, open the link with a code that the dashboard printed where it "
                "was started. This page then guides you through the setup, and shows the text to "
                "paste on another host."
            )
        )
        st.markdown(_("**By hand**, put this into the secrets of the host, filled in:"))
        st.code(BY_HAND, language=None)


def decided_elsewhere(names: tuple[str, ...]) -> None:
    """Draw the text for a server that is set by environment variables."""
    with st.container(width=WIDTH, key="setup"):
        st.markdown(
            _(
                ":material/info: The server is set in the environment of the dashboard by {names}. "
                "The environment takes precedence, so this page changes nothing."
            ).format(names=connection.listed([f"`{name}`" for name in names]))
        )
        st.caption(
            _("Change it there and restart the dashboard, or remove it there to use this page.")
        )


def leave() -> None:
    """Discard an unsaved draft and confirm a saved one. Call on every other page."""
    connection.forget()
    if done := authorized.data().pop(_DONE, None):
        st.toast(plain(done), icon=":material/check:")


def assistant() -> None:
    """Draw the current step."""
    draft = connection.current()
    with st.container(width=WIDTH, key="setup"):
        connection.steps(draft.step if draft else "choose")
        if draft is None:
            connection.choose()
        elif draft.importing:
            connection.importing(draft, draft.importing)
        elif draft.step == "check" and draft.server:
            connection.checked(draft, draft.server)
        elif draft.step == "people":
            people(draft)
        else:
            _save(draft)


def _save(draft: Draft) -> None:
    path = runtime.secrets_file()
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    writable = atomic_write.writable(path) and not draft.refused
    if viewer.signs_in():
        who = _("People sign in as they do now.")
    elif draft.people:
        names = connection.listed([person.username for person in draft.people])
        who = texts.ngettext("{names} signs in.", "{names} sign in.", len(draft.people))
        who = who.format(names=names)
    else:
        who = _("No accounts: only you can open the dashboard, with the link that it prints.")
    with st.container(border=True, gap="xsmall"):
        st.header(_("Summary"), anchor=False)
        what = _("The dashboard shows {described}.").format(
            described=connection.described(draft.settings)
        )
        st.markdown(f":material/cable: {plain(what, 500)}")
        st.markdown(f":material/group: {plain(who, 500)}")
    if writable:
        st.caption(
            _(
                "It is saved to `{shown}`, which only your account on this machine can read. Other "
                "settings in this file stay."
            ).format(shown=shown)
        )
        if viewer.running().ephemeral:
            elements.show_note(
                _(
                    "A restart of this app deletes the file: paste the text into its secrets "
                    "instead, with DASHBOARD_STORE naming a PostgreSQL database that keeps "
                    "sessions and links."
                )
            )
    else:
        why = draft.refused or _("{shown} cannot be written.").format(shown=shown)
        st.markdown(_(":material/edit_off: {why} Paste this yourself:").format(why=plain(why)))
        _pasted(draft)
    with st.container(horizontal=True, gap="small"):
        if writable:
            elements.action_button(_("Save and open"), "setup_save", _saved, type="primary")
        else:
            elements.action_button(
                _("Done"), "setup_done", navigation.go, page_registry.OVERVIEW.name
            )
        connection.back("save")
    if writable:
        with st.expander(
            _("Use it on another host instead"), icon=":material/content_paste:", on_change="rerun"
        ) as opened:
            if opened.open:
                _pasted(draft)


def _pasted(draft: Draft) -> None:
    """Draw the text to paste into the secrets of another host, with instructions."""
    text = secrets_file.updated_secrets(Setup(draft.settings, draft.people)).strip()
    st.code(text or "# nothing: the demo", language=None)
    st.markdown(
        _(
            "- **Streamlit Community Cloud**: in the settings of your app, under Secrets; save, "
            "and it starts with them.\n"
            "- **Elsewhere**: in `.streamlit/secrets.toml` beside `app.py`; then start it again."
        )
    )
    st.caption(_("It may contain passwords: keep it secret, and never commit it to a repository."))
    if not draft.people and not viewer.signs_in():
        st.caption(
            _(
                "Without accounts, only the person who started a dashboard can open it: go back "
                "and create one first."
            )
        )


def _saved() -> None:
    """Save the draft and open the Overview in the next run."""
    looking, draft = viewer.still(), connection.current()
    if draft is None or not viewer.sets_up(looking) or umami_server.decided():
        return
    about = connection.described(draft.settings)
    if draft.people:
        about += _("; accounts {username}").format(
            username=connection.listed([person.username for person in draft.people])
        )
    try:
        umami_server.settle(Setup(draft.settings, draft.people))
    except SettingsError as problem:
        viewer.record(looking, "setup", about, done=False)
        connection.keep(replace(draft, refused=texts.sentence(problem)))
        return
    viewer.forget()
    if draft.admin:
        desk = viewer.desk()
        session_cookie.enter(desk.start_session(desk.accounts().users[draft.admin.username]))
        looking = viewer.resolve()
    viewer.record(looking, "setup", about)
    connection.forget()
    authorized.data()[_DONE] = _("Saved. The dashboard shows {described}.").format(
        described=connection.described(draft.settings)
    )
    # Exported data rarely includes the last days, which the default period shows.
    settings = draft.settings
    exported = settings.embedded and not (settings.demo or settings.database)
    url_state.write({"period": [ALL_TIME]} if exported else {})
    navigation.go(page_registry.OVERVIEW.name)


def people(draft: Draft) -> None:
    """Draw the step that creates accounts, or skips them."""
    if draft.people:
        st.header(_("Who has access"), anchor=False)
        for person in draft.people:
            _person(person)
    if draft.admin:
        connection.onward("people")
        with st.expander(_("Add another person"), icon=":material/person_add:"):
            _form(draft)
        return
    if not draft.people:
        st.header(_("Do you want accounts?"), anchor=False)
    st.markdown(
        _(
            "Accounts restrict access and let you open the dashboard from other machines. "
            "The first account is yours: it is the admin."
        )
    )
    _form(draft)
    if draft.people:
        connection.back("people")
        return
    st.caption(
        _(
            "Without accounts, anyone who uses this machine sees everything, and no other machine "
            "can open the dashboard. You can create accounts later."
        )
    )
    connection.onward("people", _("Continue without accounts"), primary=False)


def _person(person: Person) -> None:
    def remove() -> None:
        if draft := connection.current():
            others = (other for other in draft.people if other.username != person.username)
            connection.keep(replace(draft, people=tuple(others)))

    with elements.row():
        name = "" if person.name == person.username else f" ({person.name})"
        role = _(ROLES[person.roles[0]]).split(":")[0]
        st.markdown(
            f":material/person: **{plain(person.username)}**{plain(name)} · {role}",
            width="content",
        )
        elements.text_button(_("Remove"), f"setup_remove_{person.username}", remove)


def _form(draft: Draft) -> None:
    """Draw the form of an account; the first account is the admin's."""
    first = draft.admin is None
    # Each person gets new inputs, so that no earlier entries remain.
    at = f"setup_{len(draft.people)}"
    with st.form(f"{at}_person", border=first):
        username = st.text_input(_("User name"), key=f"{at}_username", autocomplete="off")
        name = st.text_input(_("Name (may be empty)"), key=f"{at}_name", autocomplete="off")
        role, websites = "admin", list[str]()
        if not first:
            role = st.selectbox(
                _("Role"), list(ROLES), format_func=lambda role: _(ROLES[role]), key=f"{at}_role"
            )
            listed = draft.server.websites if draft.server else ()
            sites = {site.id: site.name or site.domain for site in listed}
            websites = st.multiselect(
                _("Websites (none chosen: all)"),
                list(sites),
                format_func=lambda site: sites.get(site, site),
                key=f"{at}_websites",
            )
        password, again = elements.new_password(at)
        label = _("Create account") if first else _("Add")
        pressed = connection.sent(label, key=f"{at}_made", primary=first)
    if not pressed:
        return
    username = canonical(username)
    taken = {person.username for person in draft.people}
    if wrong := account_problem(username, password, again, taken):
        connection.wrong(wrong)
        return
    made = Person(
        username,
        " ".join(name.split()) or username,
        passwords.hashed(password),
        (role,),
        # The admin role includes every website.
        () if role == "admin" else tuple(websites) or None,
    )
    connection.keep(replace(draft, people=(*draft.people, made)))
    st.rerun()
