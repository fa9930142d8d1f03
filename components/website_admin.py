"""Actions of the Websites page: open a website and, for admins, add, edit, test, reset and delete
it."""

from __future__ import annotations

import re
import secrets
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import streamlit as st

from components import authorized, collecting, elements, navigation, page_context, url_state, viewer
from components.elements import show_error, show_note
from components.escaping import plain
from components.page_registry import OVERVIEW
from components.texts import _
from umami.api import realtime, sending, websites
from umami.api.realtime import Realtime
from umami.api.websites import Website
from umami.endpoint import Query
from umami.errors import UmamiError

T = TypeVar("T")

EVENT: Final = "dashboard-test"
TIMEOUT: Final = 30
"""Seconds after which a test event counts as lost."""
_DONE: Final = "what was just done to a website"
_SENT: Final = "the test event that has not arrived yet"
_DOMAIN: Final = re.compile(r"(?=.{1,253}$)[\w-]+(\.[\w-]+)*(:\d{1,5})?")
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Sent:
    """A sent test event; ``earlier`` are the events of that name that arrived before it.

    ``arrived`` is ``None`` until the event arrives or times out.
    """

    website: str
    since: float
    earlier: frozenset[tuple[str, str]]
    arrived: bool | None = None


def show_done() -> None:
    """Confirm a change that a form has just made."""
    if done := authorized.data().pop(_DONE, None):
        st.toast(plain(done), icon=":material/check:")


def create_form() -> None:
    """Draw a popover that adds a website."""
    with st.popover(_("Add website"), icon=":material/add:", key="add_website", on_change="rerun"):
        st.text_input(_("Name"), key="new_name", max_chars=100)
        st.text_input(_("Domain"), key="new_domain", placeholder="shop.example")
        elements.action_button(_("Add"), "create_website", _create, width="stretch")


def _create() -> None:
    # The last input may arrive together with the click.
    if entry := _typed("new_name", "new_domain"):
        name, domain = entry
        created = _write(
            websites.create_website(name, domain), _("“{name}” was added.").format(name=name)
        )
        st.session_state["new_name"] = st.session_state["new_domain"] = ""
        st.session_state["add_website"] = False
        url_state.set_params(site=created.id)


def _typed(name_key: str, domain_key: str) -> tuple[str, str] | None:
    """The name and domain in two inputs; ``None``, with a note, if one of them is invalid."""
    name, domain = (str(st.session_state[key]).strip() for key in (name_key, domain_key))
    if not name:
        url_state.note(_("A website needs a name."))
    elif not _DOMAIN.fullmatch(domain):
        url_state.note(_("A domain is written without https:// and without a path: shop.example."))
    else:
        return name, domain
    return None


def _write(query: Query[T], done: str) -> T:
    """Send a change and confirm it in the next run. Call it in a callback, which shows errors."""
    answer = page_context.client().ask(query)
    authorized.data()[_DONE] = done
    return answer


def card_buttons(site: Website, *, is_managed: bool) -> None:
    """Draw buttons to open a website and, for its admins, to manage it."""
    with st.container(horizontal=True, gap="small"):
        elements.text_button(
            _("Open"),
            f"look_{site.id}",
            _open,
            site,
            icon="monitoring",
            help=_("Open this website"),
        )
        if viewer.current().permissions.administers(site.id):
            elements.text_button(
                _("Close") if is_managed else _("Manage"),
                f"manage_{site.id}",
                partial(url_state.set_params, site="" if is_managed else site.id),
                icon="close" if is_managed else "settings",
            )


def _open(site: Website) -> None:
    url_state.go(url_state.view().of_website(site.id))
    navigation.go(OVERVIEW.name)


def manage(sites: Sequence[Website], id_: str) -> Website | None:
    """Draw all forms of the website with this id, or the reason why there are none."""
    try:
        site = next((site for site in sites if site.id == str(UUID(id_))), None)
    except ValueError:
        show_note(_("“{id}” is not the id of a website.").format(id=id_[:40]))
        return None
    if site is None or not viewer.current().permissions.administers(site.id):
        st.caption(_("You do not have access to the website of this link."))
        return None
    with elements.card(_("Manage {name}").format(name=plain(site.name, 60))):
        left, right = st.columns(2)
        with left:
            _details(site)
            _share(site)
        with right:
            _tracker(site)
            _test(site)
        _danger(site)
    return site


def _details(site: Website) -> None:
    with st.form(f"details_{site.id}", border=False):
        st.text_input(_("Name"), site.name, max_chars=100, key=f"name_{site.id}")
        st.text_input(_("Domain"), site.domain, max_chars=500, key=f"domain_{site.id}")
        st.form_submit_button(
            _("Save"), key=f"save_{site.id}", on_click=authorized.callback(_save), args=(site,)
        )


def _save(site: Website) -> None:
    entry = _typed(f"name_{site.id}", f"domain_{site.id}")
    if entry and entry != (site.name, site.domain):
        _write(
            websites.update_website(site.id, *entry),
            _("“{entry}” was saved.").format(entry=entry[0]),
        )


def _share(site: Website) -> None:
    elements.bound(
        st.toggle,
        _("Share link: anyone with the link sees this website in Umami"),
        site.share_id is not None,
        key=f"share_{site.id}",
        write=partial(_shared, site),
        label_visibility="visible",
    )
    if site.share_id:
        st.code(f"{page_context.client().server.pages}/share/{site.share_id}", language=None)


def _shared(site: Website, on: bool) -> None:
    share = "".join(secrets.choice(_LETTERS) for _unused in range(16)) if on else None
    done = _("The share link is on.") if on else _("The share link is off: it no longer works.")
    _write(websites.update_website(site.id, site.name, site.domain, share_id=share), done)


def _tracker(site: Website) -> None:
    st.markdown(_("**Tracking code**"))
    tracking = collecting.tracking(page_context.client().server.pages)
    if tracking.script:
        st.caption(_("Add it to the head of every page."))
        st.code(
            f'<script defer src="{tracking.script}" data-website-id="{site.id}"></script>',
            language="html",
            wrap_lines=True,
        )
    if tracking.problem:
        st.caption(plain(f"{tracking.problem} {tracking.remedy}"))


def _test(site: Website) -> None:
    st.markdown(_("**Test**"))
    st.caption(
        _("Sends one event named {event}, which is counted like any other.").format(event=EVENT)
    )
    elements.action_button(_("Send a test event"), "send_test", _send, site, icon="send")
    sent: Sent | None = authorized.data().get(_SENT)
    if sent is None or sent.website != site.id:
        return
    if sent.arrived is None:
        _arrival(sent)
    elif sent.arrived:
        st.success(_("It arrived: the website is being counted."), icon=":material/check_circle:")
    else:
        st.warning(
            _("It has not arrived. Check Realtime in a few minutes."), icon=":material/hourglass:"
        )


def _send(site: Website) -> None:
    client = page_context.client()
    host = site.domain or "localhost"
    earlier = _arrived(client.ask(realtime.realtime(site.id)))
    if client.ask(sending.send_event(site.id, EVENT, f"/{EVENT}", host)).counted:
        authorized.data()[_SENT] = Sent(site.id, time.time(), earlier)
    else:
        url_state.note(_("The server classified the test event as a bot and did not count it."))


def _arrived(answer: Realtime) -> frozenset[tuple[str, str]]:
    return frozenset(
        (entry.session, entry.at.isoformat()) for entry in answer.log if entry.event == EVENT
    )


@authorized.fragment(run_every=2)
def _arrival(sent: Sent) -> None:
    """Poll until the event has arrived or timed out."""
    st.caption(_(":material/hourglass_top: Sent. Waiting for it to arrive …"))
    try:
        new = _arrived(page_context.client().ask(realtime.realtime(sent.website))) - sent.earlier
    except UmamiError as problem:
        show_error(problem)
        new = frozenset()
    if new or time.time() - sent.since > TIMEOUT:
        authorized.data()[_SENT] = replace(sent, arrived=bool(new))
        st.rerun()


def _danger(site: Website) -> None:
    with st.container(horizontal=True, gap="small"):
        _confirmed_button(
            site,
            _("Reset"),
            "reset",
            "restart_alt",
            _("All data of this website is deleted. The website stays. This cannot be undone."),
            lambda: _write(
                websites.reset_website(site.id), _("“{name}” is empty now.").format(name=site.name)
            ),
        )
        _confirmed_button(
            site,
            _("Delete"),
            "delete",
            "delete",
            _("The website and all its data are deleted. This cannot be undone."),
            lambda: _delete(site),
        )


def _delete(site: Website) -> None:
    _write(websites.delete_website(site.id), _("“{name}” was deleted.").format(name=site.name))
    url_state.set_params(site="")


def _confirmed_button(
    site: Website, what: str, action: str, icon: str, warning: str, do: Callable[[], object]
) -> None:
    """Draw a button that is enabled once the viewer has typed the website's name."""
    key = f"{action}_{site.id}"

    def confirmed() -> None:
        # The button may have been pressed on an outdated page.
        if st.session_state.get(f"{key}_name") == site.name:
            do()

    with st.popover(what, icon=f":material/{icon}:", key=key):
        st.markdown(f"**{what} {plain(site.name, 60)}**")
        st.caption(warning)
        typed = st.text_input(
            _("Type its name"), key=f"{key}_name", placeholder=site.name, live=True
        )
        elements.action_button(
            what,
            f"{key}_sure",
            confirmed,
            type="primary",
            width="stretch",
            disabled=typed != site.name,
        )
