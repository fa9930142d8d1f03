"""The people who are to have an account, the first of whom runs the dashboard."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from access import passwords
from access.accounts import canonical
from access.secrets_file import Person, account_problem
from components import authorized
from components.escaping import plain
from components.setup_wizard import drafts
from components.setup_wizard.drafts import Draft

ROLES: Final = {
    "viewer": "Viewer: looks and filters",
    "analyst": "Analyst: downloads and saves, too",
    "admin": "Admin: sees everything, runs the dashboard",
}


def people(draft: Draft) -> None:
    """Who may look; accounts are made here, or left for later."""
    if draft.people:
        st.subheader("Who may look", anchor=False)
        for person in draft.people:
            _one(person)
    if draft.admin:
        drafts.onward("people")
        with st.expander("Add another person", icon=":material/person_add:"):
            _form(draft)
        return
    if not draft.people:
        st.subheader("Do people sign in?", anchor=False)
    st.markdown(
        "An account keeps others out and lets you show the dashboard to other machines. "
        "The first one is yours: it sees everything, and runs the dashboard."
    )
    _form(draft)
    if draft.people:
        drafts.back("people")
        return
    st.caption(
        "Without accounts, whoever uses this machine sees everything, and no other machine can "
        "open the dashboard. You can make accounts later."
    )
    drafts.onward("people", "Go on without accounts", primary=False)


def _one(person: Person) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = "" if person.name == person.username else f" ({person.name})"
        role = ROLES[person.roles[0]].split(":")[0]
        st.markdown(
            f":material/person: **{plain(person.username)}**{plain(name)} · {role}",
            width="content",
        )
        st.button(
            "Remove",
            key=f"setup_remove_{person.username}",
            type="tertiary",
            on_click=authorized.callback(_without),
            args=(person.username,),
        )


def _without(username: str) -> None:
    draft = drafts.current()
    if draft:
        left = tuple(one for one in draft.people if one.username != username)
        drafts.keep(replace(draft, people=left))


def _form(draft: Draft) -> None:
    """Somebody's account; the one who runs the dashboard comes first."""
    first = draft.admin is None
    found = draft.found.websites if draft.found else ()
    sites = {site.id: site.name or site.domain for site in found}
    # Other inputs for each person: what was typed for the one before is not theirs.
    at = f"setup_{len(draft.people)}"
    with st.form(f"{at}_person", border=first):
        username = st.text_input("User name", key=f"{at}_username", autocomplete="off")
        name = st.text_input("Name (may be empty)", key=f"{at}_name", autocomplete="off")
        role, websites = "admin", list[str]()
        if not first:
            role = st.selectbox(
                "Role", list(ROLES), format_func=ROLES.__getitem__, key=f"{at}_role"
            )
            websites = st.multiselect(
                "Websites (none chosen: all)",
                list(sites),
                format_func=lambda one: sites.get(one, one),
                key=f"{at}_websites",
            )
        password = st.text_input(
            f"Password ({passwords.MIN_LENGTH} characters or more)",
            key=f"{at}_password",
            type="password",
            autocomplete="new-password",
        )
        again = st.text_input(
            "Password again", key=f"{at}_again", type="password", autocomplete="new-password"
        )
        label = "Make this account" if first else "Add"
        asked = drafts.sent(label, key=f"{at}_made", primary=first)
    if not asked:
        return
    username = canonical(username)
    wrong = account_problem(username, password, again, {one.username for one in draft.people})
    if wrong:
        drafts.wrong(wrong)
        return
    made = Person(
        username,
        " ".join(name.split()) or username,
        passwords.hashed(password),
        (role,),
        # An admin's role has every website already.
        () if role == "admin" else tuple(websites) or None,
    )
    drafts.keep(replace(draft, people=(*draft.people, made)))
    st.rerun()
