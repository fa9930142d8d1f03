"""What 2.20 answers in another way than 2.18: it has segments, ranks all but events by visitors,
counts all rows of lists, and tells no hostnames of sessions. Unlike the real server, this one lists
a session once for each of its hostnames."""

from __future__ import annotations

from typing import Any

from tests.doubles.umami.v2 import analyses, sessions
from tests.doubles.umami.v2 import events as older_events
from tests.doubles.umami.v2.parameters import Paged, scope
from tests.doubles.umami.v2.traffic import Metrics, ranked
from umami.embedded.http import Call, Nothing, Parameters, Routes
from umami.embedded.queries import sessions as queries
from umami.embedded.refusals import Refusal
from umami.embedded.routes import saved
from umami.embedded.routes.records import Row
from umami.embedded.scope import PAGEVIEW
from umami.embedded.wire import renamed

routes = Routes()

ALL = 10**9
"""The rows of a list that 2.20 counts: all."""
SESSION = {name: column for name, column in sessions.ROW.items() if name != "hostname"}


class ListedSegments(Parameters):
    """Which of them: segments or cohorts."""

    type: saved.Kind


class _Segments(saved.Records):
    """A list without pages, and null instead of what is missing; one is found by its id alone."""

    def page(self, call: Call[Any]) -> Any:
        rows = call.umami.store.records(
            "SELECT * FROM segment WHERE website_id = ? AND type = ?",
            [call.id("website_id"), call.params.type],
        )
        return [self.json(row) for row in rows]

    def row(self, call: Call[Any]) -> Row:
        rows = call.umami.store.records(
            "SELECT * FROM segment WHERE segment_id = ?", [call.id("segment_id")]
        )
        if not rows:
            raise Refusal(404, "Not found")
        return rows[0]

    def read(self, call: Call[Any]) -> Any:
        try:
            return super().read(call)
        except Refusal:
            return None


_Segments(
    "segment", ("website_id", "type", "name", "parameters", "created_at", "updated_at")
).declare(routes, "/websites/{website_id}/segments", saved.Segment, listed=ListedSegments)


@routes("GET", "/websites/{website_id}/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Values of a field and their visitors, most first; of events, how often they happened."""
    return ranked(call, "events" if call.params.type == "event" else "visitors")


@routes("POST", "/reports/utm", analyses.Analysis)
def utm(call: Call[analyses.Analysis]) -> Any:
    """The queries of addresses that have any, with their views."""
    rows = call.params.scope.rows(PAGEVIEW).where("e.url_query <> ''")
    counted = call.umami.store.rows(
        f"SELECT e.url_query, count(*) {rows.sql} GROUP BY 1", rows.values
    )
    return [{"url_query": query, "num": int(views)} for query, views in counted]


@routes("GET", "/websites/{website_id}/events", older_events.Listed)
def listed_events(call: Call[older_events.Listed]) -> Any:
    """A page of all events; ``search`` looks at names of events and paths of views."""
    pattern = f"%{call.params.search}%" if call.params.search else None
    newest = queries.page(
        call.umami.store, scope(call), pattern=pattern, most=ALL, limit=ALL, offset=0
    )
    return call.params.answer(newest, older_events.COLUMNS)


@routes("GET", "/websites/{website_id}/sessions", sessions.Listed)
def listed_sessions(call: Call[Paged]) -> Any:
    """A page of the sessions that were active last."""
    newest = queries.sessions(
        call.umami.store,
        scope(call),
        search=call.params.search,
        most=ALL,
        limit=ALL,
        offset=0,
    )
    return call.params.answer(newest, SESSION)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """One session over its whole life; its sums are texts."""
    row = queries.session(call.umami.store, call.id("website_id"), call.id("session_id"))
    if row is None:
        raise Refusal(404, "Not found")
    columns = {name: column for name, column in sessions.COLUMNS.items() if name != "hostname"}
    return renamed(row, {**columns, "distinctId": "distinct_id", **queries.SUMS})
