"""What an admin does with one website."""

from __future__ import annotations

import re
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import streamlit as st

from components import authorized, collecting, page_context, panels, parameters, url_state
from components.escaping import plain
from components.notices import show_error
from umami.endpoint import Query
from umami.endpoints import realtime, sending, websites
from umami.errors import UmamiError
from umami.models.realtime import Realtime
from umami.models.websites import Website

EVENT: Final = "dashboard-test"
PATIENCE: Final = 30
"""Seconds within which a test event arrives, or does not."""
_DONE: Final = "what was just done to a website"
_SENT: Final = "the test event that is waited for"
_DOMAIN: Final = re.compile(r"(?=.{1,253}$)[\w-]+(\.[\w-]+)*(:\d{1,5})?")
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Sent:
    """A test event on its way; ``known`` are those of its name that had arrived before.

    ``arrived`` is ``None`` until it is known.
    """

    website: str
    since: float
    known: frozenset[tuple[str, str]]
    arrived: bool | None = None


def said() -> None:
    """Say what was just done."""
    if done := authorized.data().pop(_DONE, None):
        st.toast(plain(done), icon=":material/check:")


def create() -> None:
    """A popover to make a website."""
    with st.popover("Add website", icon=":material/add:", key="add_website", on_change="rerun"):
        st.text_input("Name", key="new_name", max_chars=100)
        st.text_input("Domain", key="new_domain", placeholder="shop.example")
        st.button(
            "Add", key="create_website", width="stretch", on_click=authorized.callback(_create)
        )


def _create() -> None:
    # What was typed last may come with the click itself.
    name, domain = (str(st.session_state[key]).strip() for key in ("new_name", "new_domain"))
    wrong = _wrong(name, domain)
    if wrong:
        url_state.note(wrong)
        return
    made = _write(websites.create_website(name, domain), f"“{name}” was added.")
    if made:
        st.session_state["new_name"] = st.session_state["new_domain"] = ""
        st.session_state["add_website"] = False
        parameters.write(site=made.id)


def _wrong(name: str, domain: str) -> str | None:
    if not name.strip():
        return "A website needs a name."
    if not _DOMAIN.fullmatch(domain.strip()):
        return "A domain is written without https:// and without a path: shop.example."
    return None


def _write(question: Query[Any], done: str) -> Any:
    """Ask for a change; says what was done, or why not. A callback's."""
    try:
        answer = page_context.client().ask(question)
    except UmamiError as problem:
        url_state.note(f"{problem} {problem.remedy}")
        return None
    authorized.data()[_DONE] = done
    return answer or True


def card(site: Website) -> None:
    """Everything that can be done with a website."""
    with panels.card(f"Manage {plain(site.name, 60)}"):
        left, right = st.columns(2)
        with left:
            _details(site)
            _share(site)
        with right:
            _tracker(site)
            _test(site)
        _danger(site)


def _details(site: Website) -> None:
    with st.form(f"details_{site.id}", border=False):
        st.text_input("Name", site.name, max_chars=100, key=f"name_{site.id}")
        st.text_input("Domain", site.domain, max_chars=500, key=f"domain_{site.id}")
        st.form_submit_button(
            "Save", key=f"save_{site.id}", on_click=authorized.callback(_save), args=(site,)
        )


def _save(site: Website) -> None:
    name, domain = (str(st.session_state[f"{one}_{site.id}"]).strip() for one in ("name", "domain"))
    wrong = _wrong(name, domain)
    if wrong:
        url_state.note(wrong)
    elif (name, domain) != (site.name, site.domain):
        _write(websites.update_website(site.id, name, domain), f"“{name}” was saved.")


def _share(site: Website) -> None:
    key = f"share_{site.id}"
    st.session_state[key] = site.share_id is not None
    st.toggle(
        "Share link: whoever has it sees this website in Umami",
        key=key,
        on_change=authorized.callback(lambda: _shared(site, on=bool(st.session_state[key]))),
    )
    if site.share_id:
        st.code(f"{page_context.client().server.pages}/share/{site.share_id}", language=None)


def _shared(site: Website, *, on: bool) -> None:
    share = "".join(secrets.choice(_LETTERS) for _ in range(16)) if on else None
    done = "The share link is on." if on else "The share link is off: it opens nothing any more."
    _write(websites.update_website(site.id, site.name, site.domain, share_id=share), done)


def _tracker(site: Website) -> None:
    st.markdown("**Tracking code**")
    tracking = collecting.tracking(page_context.client().server.pages)
    if tracking.script:
        st.caption("Put it into the head of every page.")
        st.code(
            f'<script defer src="{tracking.script}" data-website-id="{site.id}"></script>',
            language="html",
            wrap_lines=True,
        )
    if tracking.problem:
        st.caption(plain(f"{tracking.problem} {tracking.remedy}"))


def _test(site: Website) -> None:
    st.markdown("**Test**")
    st.caption(f"Sends one event named {EVENT}, which is counted like any other.")
    st.button(
        "Send a test event",
        key="send_test",
        icon=":material/send:",
        on_click=authorized.callback(_send),
        args=(site,),
    )
    sent: Sent | None = authorized.data().get(_SENT)
    if sent is None or sent.website != site.id:
        return
    if sent.arrived is None:
        _arrival(sent)
    elif sent.arrived:
        st.success("It arrived: the website is being counted.", icon=":material/check_circle:")
    else:
        st.warning("It has not arrived. Look at Realtime in a while.", icon=":material/hourglass:")


def _send(site: Website) -> None:
    client = page_context.client()
    host = site.domain or "localhost"
    try:
        known = _arrived(client.ask(realtime.realtime(site.id)))
        counted = client.ask(sending.send_event(site.id, EVENT, f"/{EVENT}", host)).counted
    except UmamiError as problem:
        url_state.note(f"{problem} {problem.remedy}")
        return
    if counted:
        authorized.data()[_SENT] = Sent(site.id, time.time(), known)
    else:
        url_state.note("The server took the test event for a robot’s and did not count it.")


def _arrived(answer: Realtime) -> frozenset[tuple[str, str]]:
    return frozenset((one.session, one.at.isoformat()) for one in answer.log if one.event == EVENT)


@authorized.fragment(run_every=2)
def _arrival(sent: Sent) -> None:
    """Look until the event has arrived, or for long enough."""
    st.caption(":material/hourglass_top: Sent. Waiting for it to arrive …")
    try:
        new = _arrived(page_context.client().ask(realtime.realtime(sent.website))) - sent.known
    except UmamiError as problem:
        show_error(problem)
        new = frozenset()
    if new or time.time() - sent.since > PATIENCE:
        authorized.data()[_SENT] = replace(sent, arrived=bool(new))
        st.rerun()


def _danger(site: Website) -> None:
    with st.container(horizontal=True, gap="small"):
        _behind_its_name(
            site,
            "Reset",
            ":material/restart_alt:",
            "All data of this website is deleted. The website stays. There is no way back.",
            lambda: _write(websites.reset_website(site.id), f"“{site.name}” is empty now."),
        )
        _behind_its_name(
            site,
            "Delete",
            ":material/delete:",
            "The website and all its data are deleted. There is no way back.",
            lambda: _deleted(site),
        )


def _deleted(site: Website) -> None:
    if _write(websites.delete_website(site.id), f"“{site.name}” was deleted."):
        parameters.write(site="")


def _behind_its_name(
    site: Website, what: str, icon: str, warning: str, do: Callable[[], Any]
) -> None:
    """A button that works once the website's name has been typed."""
    key = f"{what.lower()}_{site.id}"

    def confirmed() -> None:
        # The button may have been pressed with an older page in sight.
        if st.session_state.get(f"{key}_name") == site.name:
            do()

    with st.popover(what, icon=icon, key=key):
        st.markdown(f"**{what} {plain(site.name, 60)}**")
        st.caption(warning)
        typed = st.text_input("Type its name", key=f"{key}_name", placeholder=site.name, live=True)
        st.button(
            what,
            key=f"{key}_sure",
            type="primary",
            width="stretch",
            disabled=typed != site.name,
            on_click=authorized.callback(confirmed),
        )
