"""Inviting someone on the page Access: the dialog that makes an account, and its sign-in link.

Without accounts, the dialog first asks for the account of the admin. Both are written together, so
that nobody is locked out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from access import atomic_write, invitations, passwords, secrets_file
from access.accounts import EVERY, Account, canonical
from access.authentication import INVITATION
from access.invitations import InvitationRefused
from access.secrets_file import Person, account_problem
from components import (
    authorized,
    elements,
    formats,
    local_access,
    page_registry,
    session_cookie,
    signin,
    texts,
    viewer,
)
from components.escaping import plain
from components.runtime import public
from components.texts import N_, _
from umami.errors import UmamiError

Send = Callable[[str, str, str], None]
"""Mails a text to an address, with a subject. Raises ``UmamiError``."""
ROLES: Final = {
    "viewer": N_("Viewer: views and filters"),
    "analyst": N_("Analyst: also exports, saves and sees costs"),
    "admin": N_("Admin: sees everything, manages the dashboard"),
}
FEW: Final = 12
"""The number of websites up to which all are shown at once."""
_ADMIN: Final = "the account of the admin that the next invitation makes"
_WRONG: Final = "what is wrong with the form of an invitation"
_MADE: Final = "the link that was just made"
_OPEN: Final = "whether the dialog is open"


@dataclass(frozen=True, slots=True)
class _Made:
    """A link, for whom it is, and since when. ``mailed`` is the address that it was mailed to."""

    account: Account
    url: str = field(repr=False)
    ends: datetime
    mailed: str = ""
    problem: str = ""


def draw(sites: Mapping[str, str], send: Send | None) -> None:
    """Draw the button that invites someone, or the link that was just made.

    ``sites`` are the names of websites by id; ``send`` mails links, if mails can be sent.
    """
    path = viewer.running().users
    if not viewer.sets_up(viewer.current()):
        local_access.CODES.announce()
        st.caption(
            _(
                "Only the person who started the dashboard can create accounts: open the link with "
                "a code that it printed at its start."
            )
        )
        return
    if not atomic_write.writable(path):
        st.caption(
            plain(
                _("{name} cannot be written here, so accounts are added to it by hand.").format(
                    name=path.name
                )
            )
        )
        return
    if made := authorized.data().get(_MADE):
        _link(made)
    with elements.row():
        elements.action_button(
            _("Invite someone"), "invite", _begin, icon="person_add", type="primary"
        )
    if _OPEN in authorized.data():
        authorized.dialog(_("Invite someone"), lambda: _dialog(sites, send), _close)


def forget() -> None:
    """Forget the link that was made, which is shown only once, and what was typed. Call on every
    other page."""
    for name in (_ADMIN, _WRONG, _MADE, _OPEN):
        authorized.data().pop(name, None)


def _begin() -> None:
    forget()
    authorized.data()[_OPEN] = True


def _close() -> None:
    authorized.data().pop(_OPEN, None)


def _link(made: _Made) -> None:
    with st.container(border=True, gap="xsmall", key="invited"):
        st.markdown(
            _(":material/mark_email_read: **{name}** signs in as **{username}**.").format(
                name=plain(made.account.name), username=plain(made.account.username)
            )
        )
        until = _("It works once, until {day}").format(day=_day(made.ends))
        if made.problem:
            elements.show_note(made.problem)
        if made.mailed:
            st.caption(
                plain(
                    _("A link was mailed to {mailed}. {until}.").format(
                        mailed=made.mailed, until=until
                    )
                )
            )
        else:
            st.caption(
                _(
                    "Send them this link, with which they choose a password. {until}, and is "
                    "not shown again."
                ).format(until=until)
            )
            st.code(made.url, language=None, wrap_lines=True)
        elements.text_button(_("Done"), "invite_done", forget)


def _dialog(sites: Mapping[str, str], send: Send | None) -> None:
    if _OPEN not in authorized.data():
        st.rerun()
    elements.show_loss(_("sessions and links"))
    if viewer.running().ephemeral:
        elements.show_note(
            _(
                "A restart of this app deletes accounts that are created here. To keep one, add it "
                "to the secrets of the app."
            )
        )
    if viewer.signs_in() or _ADMIN in authorized.data():
        _person_form(sites, send)
    else:
        _admin_form()
    if problem := authorized.data().pop(_WRONG, ""):
        st.error(plain(problem, 400), icon=":material/error:")


def _admin_form() -> None:
    st.markdown(
        _(
            "**First, your own account.** You are the admin. From then on everybody signs in, and "
            "nothing changes before the invitation is made."
        )
    )
    with st.form("invite_admin", border=False):
        st.text_input(_("User name"), key="invite_username", autocomplete="username")
        elements.new_password("invite")
        _submit(_("Continue"), _keep_admin)


def _keep_admin() -> None:
    username, password, again = (
        str(st.session_state.get(f"invite_{name}") or "")
        for name in ("username", "password", "again")
    )
    username = canonical(username)
    if problem := account_problem(username, password, again, ()):
        authorized.data()[_WRONG] = problem
        return
    hashed = passwords.hashed(password)
    authorized.data()[_ADMIN] = Person(username, username, hashed, ("admin",))
    st.session_state.update(invite_password="", invite_again="")


def _person_form(sites: Mapping[str, str], send: Send | None) -> None:
    with st.form("invite_person", border=False):
        with elements.grid():
            st.text_input(_("Name"), key="invite_name", autocomplete="off")
            st.text_input(_("E-mail (optional)"), key="invite_email", autocomplete="off")
        st.selectbox(
            _("Role"), list(ROLES), format_func=lambda role: _(ROLES[role]), key="invite_role"
        )
        labels = {**sites, EVERY: _("All websites")}
        several = st.multiselect if len(sites) > FEW else partial(st.pills, selection_mode="multi")
        several(
            _("Websites"),
            list(labels),
            default=list(sites) if len(sites) == 1 else None,
            # Pills are Markdown, options of a box are not.
            format_func=lambda site: (str if len(sites) > FEW else plain)(labels[site]),
            key="invite_websites",
        )
        titles = page_registry.titles()
        st.multiselect(
            _("Pages (none chosen: all)"),
            list(titles),
            format_func=titles.__getitem__,
            key="invite_pages",
        )
        st.caption(
            _("They get a link by mail.")
            if send
            else _("You get a link for them, to send yourself.")
        )
        _submit(_("Create link"), _invite, sites, send)


def _submit(label: str, do: Callable[..., object], *args: object) -> None:
    st.form_submit_button(
        label,
        type="primary",
        on_click=authorized.callback(do),
        args=args,
        key=f"send_{do.__name__}",
    )


def _invite(sites: Mapping[str, str], send: Send | None) -> None:
    """Make the account, and that of the admin if there is none, and a link."""
    looking, data = viewer.still(), authorized.data()
    admin: Person | None = data.get(_ADMIN)
    path, users = viewer.running().users, viewer.desk().accounts().users
    if not viewer.sets_up(looking) or not (users or admin):
        return
    name, email, role, websites, pages = (
        st.session_state.get(f"invite_{name}")
        for name in ("name", "email", "role", "websites", "pages")
    )
    taken = dict(users)
    if admin:
        taken[admin.username] = Account(admin.username, admin.name, None, None, ())
    try:
        person = invitations.invited(
            name or "",
            email or "",
            role or "",
            websites or (),
            pages or (),
            accounts=taken,
            known=sites,
            pages=[page.name for page in page_registry.PAGES],
        )
        secrets_file.add_people(path, *filter(None, (None if users else admin, person)))
    except (InvitationRefused, UmamiError) as problem:
        data[_WRONG] = texts.sentence(problem)
        return
    desk = viewer.desk()
    if admin and not users:
        session_cookie.enter(desk.start_session(desk.accounts().users[admin.username]))
        looking = viewer.resolve()
    shown = ", ".join(person.websites or ()) or "every website"
    viewer.record(looking, "invite", f"{person.username} as {role}, to {shown}")
    _make_link(person.username, send)


def renew(send: Send | None) -> None:
    """Draw the choice of an account to make another first sign-in link for."""
    users = viewer.desk().accounts().users
    with elements.row():
        st.selectbox(
            _("Account"),
            list(users),
            format_func=lambda name: users[name].name,
            key="invite_again_for",
            label_visibility="collapsed",
            width=260,
        )
        elements.text_button(
            _("New sign-in link"),
            "invite_renew",
            _renew,
            send,
            icon="link",
            help=_(
                "With it they choose a new password. Use it when they lost a link or a password."
            ),
        )


def _renew(send: Send | None) -> None:
    looking, username = viewer.still(), st.session_state["invite_again_for"]
    if viewer.sets_up(looking) and username in viewer.desk().accounts().users:
        viewer.record(looking, "make sign-in link", username)
        _make_link(username, send)


def _make_link(username: str, send: Send | None) -> None:
    desk = viewer.desk()
    account = desk.accounts().users[username]
    url = f"{public()}/?{urlencode({signin.INVITATION: desk.invite(account)})}"
    ends, mailed, problem = datetime.now(UTC) + INVITATION, "", ""
    if send and account.email:
        text = _(
            "Hello {name},\n\nyou can see the website statistics at {public}.\n"
            "Your user name is {username}. Choose a password with this link, which works once, "
            "until {day}:\n\n{url}\n"
        ).format(name=account.name, public=public(), username=username, day=_day(ends), url=url)
        try:
            send(account.email, _("Your access to the website statistics"), text)
            mailed = account.email
        except UmamiError as failed:
            problem = texts.sentence(failed)
    _close()
    authorized.data()[_MADE] = _Made(account, url, ends, mailed, problem)


def _day(moment: datetime) -> str:
    return formats.dated(moment, "yMMMMd")
