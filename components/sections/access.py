"""Who may see what, the links that are shared, and what was done."""

from __future__ import annotations

from datetime import UTC
from typing import Final

import pandas as pd
import streamlit as st

from access.permissions import Permissions
from access.share_links import ShareLink
from components import authorized, page_registry, paging, sharing, url_state, viewer
from components.escaping import plain
from components.fields import Field
from components.notices import show_empty
from components.paging import Place
from components.table import draw_table
from umami.models.websites import Website

_FLAGS: Final = ("filters", "exports", "saves", "admin")


def not_yours() -> None:
    """What this page says to whoever runs nothing here."""
    st.caption("This page is for those who run the dashboard.")


def unguarded() -> None:
    """What this page says while nobody signs in."""
    st.caption("Nobody signs in to this dashboard: whoever can open it sees everything.")
    st.markdown(
        "The page Setup makes accounts. Or make one with `python -m access`, put what it prints "
        "into `.streamlit/secrets.toml`, and a cookie key beside it (`python -m access key`)."
    )


def everybody(sites: tuple[Website, ...]) -> None:
    """All accounts, and what each may see and do."""
    names = {site.id: site.name for site in sites}
    rows = []
    for account in viewer.desk().accounts().users.values():
        permissions = account.permissions(page_registry.ENDPOINTS, lambda: sites)
        rows.append(
            {
                "name": account.name,
                "username": account.username,
                "websites": _websites(permissions, names),
                "pages": _pages(permissions),
                "may": _may(permissions),
            }
        )
    draw_table(
        pd.DataFrame(rows, columns=["name", "username", "websites", "pages", "may"]),
        [
            Field("name", "Account", "text", note="username"),
            Field("websites", "Websites", "text"),
            Field("pages", "Pages", "text", wide=True),
            Field("may", "May", "text", wide=True),
        ],
        what="accounts",
        key="accounts",
        shown=50,
    )


def _websites(permissions: Permissions, names: dict[str, str]) -> str:
    if any(one.websites is None for one in permissions.grants):
        return "All"
    mine = {id for one in permissions.grants for id in one.websites or ()}
    return ", ".join(sorted(names.get(id, "(unknown)") for id in mine)) or "None"


def _pages(permissions: Permissions) -> str:
    if any(one.sections is None for one in permissions.grants):
        return "All"
    return (
        ", ".join(title for name, title in sharing.TITLES.items() if permissions.opens(name))
        or "None"
    )


def _may(permissions: Permissions) -> str:
    words = {"filters": "filter", "exports": "export", "saves": "save", "admin": "administer"}
    found = [
        words[one] for one in _FLAGS if any(getattr(grant, one) for grant in permissions.grants)
    ]
    return ", ".join(found) or "look"


def links(sites: tuple[Website, ...]) -> None:
    """All share links, each with a way to withdraw it."""
    shares = viewer.desk().shares.all()
    if not shares:
        show_empty("No link is shared yet. “Share” in the bar above makes one of what you look at.")
        return
    names = {site.id: site.name for site in sites}
    for share in shares:
        with st.container(border=True, key=f"link_{share.id[:8]}", gap="xsmall"):
            _link(share, names.get(share.website, "(unknown)"))


def _link(share: ShareLink, website: str) -> None:
    st.markdown(f"**{plain(share.name)}** · {plain(website)}")
    words = [
        sharing.listed_pages(share.sections),
        "filters fixed" if share.locked else "filters free",
        *(["password"] if share.password else []),
        plain(f"made by {share.maker} on {share.made:%Y-%m-%d}"),
    ]
    st.caption(" · ".join(words))
    if share.closed:
        st.caption(f":material/block: {plain(share.closed)}")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Open until {share.ends.astimezone(UTC):%Y-%m-%d %H:%M} UTC", width="content")
        st.button(
            "Withdraw",
            key=f"revoke_{share.id}",
            type="tertiary",
            icon=":material/link_off:",
            on_click=authorized.callback(_revoke),
            args=(share,),
        )
    st.code(sharing.link(share.id), language=None, wrap_lines=True)


def _revoke(share: ShareLink) -> None:
    looking = viewer.still()
    if not looking.permissions.admin:
        url_state.note("Only an admin withdraws share links.")
        return
    viewer.desk().shares.revoke(share.id)
    viewer.record(looking, "withdraw share link", f"{share.name}, of {share.website}")


def log(place: Place, zone: str, sites: tuple[Website, ...]) -> None:
    """The audit log, newest first."""

    def named(about: str) -> str:
        for site in sites:
            about = about.replace(site.id, site.name)
        return about

    found = viewer.desk().audit.search(place.search or "", place.page, paging.SIZE)
    frame = pd.DataFrame(
        [
            {
                "at": f"{pd.Timestamp(one.at).tz_convert(zone):%Y-%m-%d %H:%M:%S}",
                "who": one.who,
                "what": one.what.capitalize(),
                "about": named(one.about),
                "done": "Done" if one.done else "Refused",
            }
            for one in found.rows
        ],
        columns=["at", "who", "what", "about", "done"],
    )
    fields = [
        Field("what", "What", "text", note="about"),
        Field("who", "Who", "text"),
        Field("at", "When", "text"),
        Field("done", "Outcome", "text", wide=True),
    ]
    paging.listed(
        frame,
        fields,
        found,
        place,
        what="entries",
        key="audit",
        empty="Nothing was done yet that is written down here.",
    )
