"""Share links: made from what is looked at, for somebody without an account."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from access import passwords
from access.share_links import LONGEST_NAME
from components import authorized, url_state, viewer
from components.escaping import plain
from components.page_registry import OVERVIEW, PAGES
from components.runtime import public
from umami.period import zone
from umami.view import View

DAYS: Final = 30
LONGEST: Final = 366
"""Days that a link may last."""
_MADE: Final = "the share link that was just made"
TITLES: Final = {area.name: area.title for area in PAGES}


def popover(now: View) -> None:
    """Make a link to what is looked at; for admins, where people sign in."""
    looking = viewer.current()
    if looking.how == "open" or not looking.permissions.admin:
        return
    with st.popover(
        "Share", icon=":material/share:", key="share_view", on_change="rerun"
    ) as opened:
        if opened.open:
            _form(now)


def _form(now: View) -> None:
    st.caption("Whoever has the link sees this website as it is chosen here, without an account.")
    st.text_input("For whom", key="link_name", max_chars=LONGEST_NAME, placeholder="Name")
    st.multiselect(
        "Pages",
        list(TITLES),
        default=[OVERVIEW.name],
        format_func=TITLES.__getitem__,
        key="link_sections",
    )
    today = datetime.now(zone(now.period.timezone)).date()
    st.date_input(
        "Last day",
        today + timedelta(days=DAYS),
        min_value=today,
        max_value=today + timedelta(days=LONGEST),
        format="YYYY-MM-DD",
        key="link_ends",
    )
    st.toggle("Filters are fixed", True, key="link_locked")
    st.text_input(
        "Password (optional)", key="link_password", type="password", autocomplete="new-password"
    )
    st.button(
        "Make link",
        key="make_link",
        width="stretch",
        on_click=authorized.callback(_make),
        args=(now,),
    )
    if made := authorized.data().get(_MADE):
        st.code(made, language=None, wrap_lines=True)


def _make(now: View) -> None:
    looking = viewer.still()
    given: dict[str, Any] = {
        name: st.session_state[f"link_{name}"]
        for name in ("name", "sections", "ends", "locked", "password")
    }
    name = " ".join(str(given["name"] or "").split())[:LONGEST_NAME]
    sections = tuple(one for one in given["sections"] or () if one in TITLES)
    wrong = _wrong(name, sections, given["ends"], str(given["password"] or ""))
    if not looking.permissions.admin:
        wrong = "Only an admin makes share links."
    if wrong:
        url_state.note(wrong)
        return
    ends = datetime.combine(
        given["ends"] + timedelta(days=1), time(), zone(now.period.timezone)
    ).astimezone(UTC)
    spelled = {key: values for key, values in now.params().items() if key != "unit"}
    made = viewer.desk().shares.make(
        name=name,
        maker=looking.account,
        ends=ends,
        view=spelled,
        sections=sections,
        locked=bool(given["locked"]),
        password=str(given["password"] or ""),
    )
    viewer.record(looking, "make share link", f"{name}, of {now.website}")
    authorized.data()[_MADE] = link(made.id)
    st.session_state["link_password"] = ""


def _wrong(name: str, sections: tuple[str, ...], ends: Any, password: str) -> str | None:
    if not name:
        return "Say for whom the link is: it is listed under that name."
    if not sections:
        return "A link shows at least one page."
    if not isinstance(ends, date) or not (
        0 <= (ends - datetime.now(UTC).date()).days + 1 <= LONGEST + 2
    ):
        return "A link ends within a year."
    if password and len(password) < 6:
        return "The password of a link has 6 characters or more."
    return passwords.too_long(password)


def link(id: str) -> str:
    """The address that opens a share link, as this viewer's browser knows the dashboard."""
    token = viewer.desk().shares.token(id)
    return f"{public()}/?{urlencode({viewer.SHARE: token})}"


def listed_pages(sections: tuple[str, ...]) -> str:
    """Pages by their titles."""
    return plain(", ".join(TITLES.get(one, one) for one in sections))
