"""Realtime: visitors on the website now and what they do, refreshed by a fragment."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from components import (
    authorized,
    elements,
    entrypoint_guard,
    metrics,
    page_context,
    render_lock,
    url_state,
)
from components.areas import realtime
from components.areas.realtime import EVERY, Seen
from components.elements import show_error
from components.loading import domain
from components.render import Page, answers
from components.texts import _
from umami.analysis.activity import longer
from umami.api import realtime as endpoints
from umami.api import traffic
from umami.errors import UmamiError
from umami.view import View

entrypoint_guard.check()

SEEN: Final = "latest realtime answers"


@metrics.part("realtime")
@render_lock.RENDER_LOCK.taken()
def draw(view: View, domain: str, *, paused: bool) -> None:
    """Query the server unless the page is paused, and draw the latest answers."""
    seen, problem = latest(view, paused=paused)
    page = Page(page_context.client())
    page.draw(page.prepare(realtime.layout(view, domain, seen, problem, paused=paused)))
    if problem and seen.now is None:
        show_error(problem)


def latest(view: View, *, paused: bool) -> tuple[Seen, UmamiError | None]:
    """Query the server; where a query fails, keep the previous answer and return the error."""
    last: Seen | None = authorized.data().get(SEEN)
    if last is None or last.website != view.website:
        last = Seen(view.website, datetime.now(UTC))
    elif paused:
        return last, None
    now, active = answers(
        page_context.client(),
        endpoints.realtime(view.website, view.period.timezone),
        traffic.active(view.website),
    )
    seen, problem = last, None
    try:
        seen = replace(seen, active=active.result(), at=active.answered_at or seen.at)
    except UmamiError as failure:
        problem = failure
    try:
        answer = now.result()
        log = longer(last.log, answer.log)
        seen = replace(seen, now=answer, log=log, at=now.answered_at or seen.at)
    except UmamiError as failure:
        problem = failure
    if problem:
        seen = replace(seen, at=last.at)
    authorized.data()[SEEN] = seen
    return seen, problem


view = url_state.view()

with elements.title(_("Realtime")):
    paused = st.toggle(_("Pause"), key="paused", bind="query-params", help=_("Stop refreshing"))
refreshed = authorized.fragment(run_every=None if paused else EVERY)(draw)
refreshed(view, domain(page_context.client(), view.website), paused=paused)
