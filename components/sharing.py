"""Share links to the current View for people without an account, and the Access page."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from access import passwords
from access.permissions import Permissions
from access.share_links import LONGEST_NAME, ShareLink
from components import (
    audit_texts,
    authorized,
    blocks,
    draw_blocks,
    elements,
    formats,
    page_registry,
    url_state,
    viewer,
)
from components.blocks import ListPosition, Table
from components.escaping import plain
from components.formats import Field
from components.page_registry import OVERVIEW
from components.runtime import public
from components.texts import _
from umami.api.websites import Website
from umami.period import zone
from umami.view import View

DAYS: Final = 30
LONGEST: Final = 366
"""The maximum lifetime of a link in days."""
_MADE: Final = "the share link that was just made"


def expander(now: View) -> None:
    """Draw the form that creates a share link, for signed-in admins."""
    looking = viewer.current()
    if looking.how == "open" or not looking.permissions.admin:
        return
    with st.expander(
        _("Share"), icon=":material/share:", key="share_view", on_change="rerun"
    ) as opened:
        if opened.open:
            _form(now)


def _form(now: View) -> None:
    st.caption(_("Anyone with the link sees this view of the website, without an account."))
    elements.show_loss(_("share links"))
    st.text_input(_("Recipient"), key="link_name", max_chars=LONGEST_NAME, placeholder=_("Name"))
    titles = page_registry.titles()
    st.multiselect(
        _("Pages"),
        list(titles),
        default=[OVERVIEW.name],
        format_func=titles.__getitem__,
        key="link_sections",
    )
    today = datetime.now(zone(now.period.timezone)).date()
    st.date_input(
        _("Valid until"),
        today + timedelta(days=DAYS),
        min_value=today,
        max_value=today + timedelta(days=LONGEST),
        format=formats.date_input(),
        key="link_ends",
    )
    st.toggle(_("Lock filters"), True, key="link_locked")
    st.text_input(
        _("Password (optional)"), key="link_password", type="password", autocomplete="new-password"
    )
    elements.action_button(_("Create link"), "make_link", _make, now, width="stretch")
    if made := authorized.data().get(_MADE):
        st.code(made, language=None, wrap_lines=True)


def _make(now: View) -> None:
    looking = viewer.still()
    name, sections, last, locked, password = (
        st.session_state[f"link_{name}"]
        for name in ("name", "sections", "ends", "locked", "password")
    )
    name = " ".join((name or "").split())[:LONGEST_NAME]
    titles = page_registry.titles()
    sections = tuple(section for section in sections or () if section in titles)
    wrong = _wrong(name, sections, last, password or "")
    if not looking.permissions.admin:
        wrong = _("Only admins can create share links.")
    if wrong:
        url_state.note(wrong)
        return
    ends = datetime.combine(last + timedelta(days=1), time(), zone(now.period.timezone))
    made = viewer.desk().shares.make(
        name=name,
        maker=looking.account,
        ends=ends.astimezone(UTC),
        view={key: values for key, values in now.params().items() if key != "unit"},
        sections=sections,
        locked=bool(locked),
        password=password or "",
    )
    viewer.record(looking, "make share link", f"{name}, of {now.website}")
    authorized.data()[_MADE] = _url(made.id)
    st.session_state["link_password"] = ""


def _wrong(name: str, sections: tuple[str, ...], last: Any, password: str) -> str | None:
    if not name:
        return _("Enter the name of the recipient.")
    if not sections:
        return _("Choose at least one page for the link.")
    today = datetime.now(UTC).date()
    if not isinstance(last, date) or not -1 <= (last - today).days <= LONGEST + 1:
        return _("A link is valid for one year at most.")
    if password and len(password) < 6:
        return _("The password of a link has 6 characters or more.")
    return passwords.too_long(password)


def _url(id: str) -> str:
    """The URL of a share link, with the dashboard's address in this viewer's browser."""
    return f"{public()}/?{urlencode({viewer.SHARE: viewer.desk().shares.token(id)})}"


def everybody(sites: tuple[Website, ...]) -> None:
    """Draw the table of all accounts with their permissions."""
    names = {site.id: site.name for site in sites}
    fields = [
        Field("name", _("Account"), "text", note="username"),
        Field("websites", _("Websites"), "text"),
        Field("pages", _("Pages"), "text", wide=True),
        Field("may", _("Can"), "text", wide=True),
    ]
    rows = []
    for account in viewer.desk().accounts().users.values():
        permissions = account.permissions(page_registry.ENDPOINTS, lambda: sites)
        rows.append((account.name, account.username, *_described(permissions, names)))
    frame = pd.DataFrame(rows, columns=["name", "username", "websites", "pages", "may"])
    draw_blocks.draw(Table(_("accounts"), frame, fields, "accounts", shown=50))


def _described(permissions: Permissions, names: dict[str, str]) -> tuple[str, str, str]:
    """The websites, pages and actions of an account in words."""
    grants = permissions.grants
    ids = {id for grant in grants for id in grant.websites or ()}
    websites = sorted(names.get(id, _("(unknown)")) for id in ids)
    pages = [title for name, title in page_registry.titles().items() if permissions.opens(name)]
    words = {
        "filters": _("filter"),
        "exports": _("export"),
        "saves": _("save"),
        "costs": _("see costs"),
        "admin": _("administer"),
    }
    may = [word for flag, word in words.items() if any(getattr(grant, flag) for grant in grants)]
    every_website = any(grant.websites is None for grant in grants)
    every_page = any(grant.sections is None for grant in grants)
    return (
        _("All") if every_website else ", ".join(websites) or _("None"),
        _("All") if every_page else ", ".join(pages) or _("None"),
        ", ".join(may) or _("view"),
    )


def links(sites: tuple[Website, ...]) -> None:
    """Draw all share links, each with a button that withdraws it."""
    shares = viewer.desk().shares.all()
    if not shares:
        elements.show_empty(
            _("No links yet. “Share” in the menu “More” of a page creates a link to it.")
        )
    names = {site.id: site.name for site in sites}
    for share in shares:
        with st.container(border=True, key=f"link_{share.id[:8]}", gap="xsmall"):
            _link(share, names.get(share.website, _("(unknown)")))


def _link(share: ShareLink, website: str) -> None:
    st.markdown(f"**{plain(share.name)}** · {plain(website)}")
    titles = page_registry.titles()
    words = [
        plain(", ".join(titles.get(section, section) for section in share.sections)),
        _("filters locked") if share.locked else _("filters can be changed"),
        *([_("password")] if share.password else []),
        plain(
            _("created by {maker} on {day}").format(
                maker=share.maker, day=formats.dated(share.made, "yMMMd")
            )
        ),
    ]
    st.caption(" · ".join(words))
    if share.closed:
        st.caption(f":material/block: {plain(_(share.closed))}")
        return
    with elements.row():
        st.caption(
            _("Valid until {time} UTC").format(
                time=formats.moment(share.ends.astimezone(UTC), "minute")
            ),
            width="content",
        )
        elements.text_button(_("Withdraw"), f"revoke_{share.id}", _revoke, share, icon="link_off")
    st.code(_url(share.id), language=None, wrap_lines=True)


def _revoke(share: ShareLink) -> None:
    looking = viewer.still()
    if not looking.permissions.admin:
        url_state.note(_("Only admins can withdraw share links."))
        return
    viewer.desk().shares.revoke(share.id)
    viewer.record(looking, "withdraw share link", f"{share.name}, of {share.website}")


def _clock(wall: pd.Timestamp) -> str:
    return f"{formats.dated(wall, 'yMMMd')}, {formats.dated(wall, 'medium')}"


def log(position: ListPosition, zone: str, sites: tuple[Website, ...]) -> None:
    """Draw the audit log, newest entries first."""

    def named(about: str) -> str:
        for site in sites:
            about = about.replace(site.id, site.name)
        return about

    text = position.search or ""
    entries = viewer.desk().audit.search(
        text, position.page, blocks.PAGE_SIZE, actions=audit_texts.actions_with(text)
    )
    rows = [
        (
            _clock(pd.Timestamp(entry.at).tz_convert(zone)),
            audit_texts.account(entry.who),
            audit_texts.action(entry.what),
            named(audit_texts.about(entry.about)),
            _("Done") if entry.done else _("Refused"),
        )
        for entry in entries.rows
    ]
    fields = [
        Field("what", _("Action"), "text", note="about"),
        Field("who", _("Account"), "text"),
        Field("at", _("Time"), "text"),
        Field("done", _("Outcome"), "text", wide=True),
    ]
    frame = pd.DataFrame(rows, columns=["at", "who", "what", "about", "done"])
    table = Table(_("entries"), frame, fields, "audit")
    empty = _("The audit log is empty.")
    draw_blocks.draw(
        *blocks.paged_blocks(table, entries, position, title=_("entries"), empty=empty)
    )
