"""Details of properties of events and sessions: numbers, values over time, whole records (3.2)."""

from datetime import datetime
from functools import partial
from typing import Any, Literal

from pydantic import create_model

from umami.embedded.http import Call, Routes, Text
from umami.embedded.parameters import Bucketed, Page, Ranged, scope
from umami.embedded.property_filters import BOOLEAN, DATE, LIST, NUMBER, TEXT
from umami.embedded.queries.property_data import NEWEST_VALUE, of_sessions
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, wall_clock
from umami.embedded.wire import camel_case, renamed

routes = Routes()

NOT_PERFORMANCE = (1, 2, 3, 4)
"""The event types by which a session counts as active."""
MOST_LABELS = 100
CLOCKS = (datetime(1970, 1, 1), datetime(2100, 1, 1))
"""The years for which offsets from UTC are computed."""
DATES = "BETWEEN TIMESTAMP '0002-01-01' AND TIMESTAMP '9998-12-31'"
"""The dates that every time zone can represent."""
FORMULAS = {"sum": "sum(d.number_value)::DOUBLE", "avg": "avg(d.number_value)", "count": "count(*)"}
_ARRAY = "TRY_CAST(d.string_value AS JSON)"
VALUES = {
    "property": ("d.string_value", f"d.data_type IN ({TEXT}, {BOOLEAN})"),
    "array": (
        f"unnest({_ARRAY} ->> '$[*]')",
        f"d.data_type = {LIST} AND json_type({_ARRAY}) = 'ARRAY'",
    ),
}
"""The SQL of the values of a series, which are texts and booleans or the elements of lists, and the
condition on their records."""
EVENT = camel_case("event_id", "event_name", "url_path", "session_id", "created_at")
SESSION = camel_case("session_id", "distinct_id", "created_at")


class Series(Ranged, Bucketed):
    """A range, filters, and the unit and time zone of buckets."""


class SessionProperty(Series):
    propertyName: Text

    def records(self, scope: Scope) -> Rows:
        """Return ``FROM … WHERE …`` over the records ``d`` of the property."""
        return of_sessions(scope, self.propertyName, NOT_PERFORMANCE)


class EventProperty(Series):
    eventName: Text
    propertyName: Text

    def records(self, scope: Scope) -> Rows:
        """Return ``FROM … WHERE …`` over the records ``d`` of the property."""
        rows = scope.rows(CUSTOM_EVENT)
        rows = rows.where("e.event_name = ? AND d.data_key = ?", self.eventName, self.propertyName)
        join = (
            "JOIN event_data d ON d.website_event_id = e.event_id AND d.website_id = e.website_id"
        )
        return Rows(rows.sql.replace(" WHERE ", f" {join} WHERE ", 1), rows.values)


class Pivot(Page, Series):
    """A page of a pivot; ``search`` and ``orderBy`` have no effect."""

    search: Text | None = None
    orderBy: Text | None = None


class EventPivot(Pivot):
    eventName: Text


class SessionPivot(Pivot):
    propertyName: Text


def numeric_stats(call: Call[Any]) -> Any:
    """Return total, average, median and extremes of the numbers; zeros without numbers."""
    records = call.params.records(scope(call)).where(f"d.data_type = {NUMBER}")
    return call.umami.store.records(
        f"""
        SELECT coalesce(sum(d.number_value), 0)::DOUBLE AS total,
               coalesce(avg(d.number_value), 0)::DOUBLE AS average,
               coalesce(quantile_cont(d.number_value::DOUBLE, 0.5), 0) AS median,
               coalesce(max(d.number_value), 0)::DOUBLE AS max,
               coalesce(min(d.number_value), 0)::DOUBLE AS min
        {records.sql}
        """,
        records.values,
    )[0]


def numeric_series(call: Call[Any]) -> Any:
    """Return a metric of the numbers over time."""
    params, here = call.params, scope(call)
    records = params.records(here)
    at = _bucket(call, here, records)
    records = records.where(f"d.data_type = {NUMBER} AND d.number_value IS NOT NULL")
    series = call.umami.store.rows(
        f"SELECT {at} AS t, {FORMULAS[params.metric]} {records.sql} GROUP BY t ORDER BY t",
        records.values,
    )
    return [{"t": params.stamp(start), "y": value} for start, value in series]


def value_series(kind: str, call: Call[Any]) -> Any:
    """Return how often values of a kind occur over time."""
    params, here = call.params, scope(call)
    records = params.records(here)
    value, condition = VALUES[kind]
    series = call.umami.store.rows(
        f"""
        SELECT x, t, count(*)
        FROM (
            SELECT {value} AS x, {_bucket(call, here, records)} AS t {records.sql} AND {condition}
        )
        GROUP BY x, t ORDER BY t, x
        """,
        records.values,
    )
    return [{"x": value, "t": params.stamp(start), "y": count} for value, start, count in series]


def date_series(call: Call[Any]) -> Any:
    """Return the dates of the property, to the second."""
    params, here = call.params, scope(call)
    records = params.records(here)
    clock = _clock(call, here, records, "d.date_value")
    series = call.umami.store.rows(
        f"SELECT date_trunc('second', {clock}) AS t, count(*) {records.sql} "
        f"AND d.data_type = {DATE} AND d.date_value {DATES} GROUP BY t ORDER BY t",
        records.values,
    )
    return [{"t": params.stamp(date), "y": count} for date, count in series]


def _declare(path: str, property_: type[Series]) -> None:
    path = f"/websites/{{website_id}}/{path}"
    metric: Any = (Literal["sum", "avg", "count"], "sum")
    numbers = create_model(f"{property_.__name__}Numbers", __base__=property_, metric=metric)
    routes("GET", f"{path}/numeric-stats", property_)(numeric_stats)
    routes("GET", f"{path}/numeric-series", numbers)(numeric_series)
    for kind in VALUES:
        routes("GET", f"{path}/{kind}-series", property_)(partial(value_series, kind))
    routes("GET", f"{path}/date-series", property_)(date_series)


_declare("event-data-pivot", EventProperty)
_declare("session-data", SessionProperty)


@routes("GET", "/websites/{website_id}/session-data/stats", SessionProperty)
def labels(call: Call[SessionProperty]) -> Any:
    """Return the text values (``label``) of a property and what their sessions did in the
    unfiltered range, the most active first; ``activity`` is all events."""
    here = scope(call)
    records, everything = call.params.records(here), here.unfiltered().rows(*NOT_PERFORMANCE)
    return call.umami.store.records(
        f"""
        WITH value AS (
            SELECT d.session_id, d.string_value {records.sql}
              AND d.data_type = {TEXT} AND d.string_value <> ''
        ),
        did AS (
            SELECT e.session_id, count(DISTINCT e.visit_id) AS visits, count(*) AS activity,
                   count(*) FILTER (e.event_type = {PAGEVIEW}) AS views,
                   count(*) FILTER (e.event_type = {CUSTOM_EVENT}) AS events
            {everything.sql} AND e.session_id IN (SELECT session_id FROM value) GROUP BY 1
        )
        SELECT string_value AS label, count(*) AS sessions, sum(visits)::BIGINT AS visits,
               sum(views)::BIGINT AS views, sum(events)::BIGINT AS events,
               sum(activity)::BIGINT AS activity
        FROM value JOIN did USING (session_id)
        GROUP BY 1 ORDER BY 6 DESC, 1 LIMIT {MOST_LABELS}
        """,
        [*records.values, *everything.values],
    )


@routes("GET", "/websites/{website_id}/event-data-pivot", EventPivot)
def event_pivot(call: Call[EventPivot]) -> Any:
    """Return events with all their data, newest first."""
    store, here = call.umami.store, scope(call)
    rows = here.rows().where("e.event_name = ?", call.params.eventName)
    data = "SELECT website_event_id FROM event_data WHERE website_id = ?"
    rows = rows.where(f"e.event_id IN ({data})", here.website)
    events = store.records(
        f"""
        SELECT e.event_id, e.event_name, e.url_path, e.session_id, e.created_at {rows.sql}
        ORDER BY e.created_at DESC, e.event_id LIMIT ? OFFSET ?
        """,
        [*rows.values, call.params.pageSize, call.params.skipped],
    )
    records = Rows(
        "FROM event_data d WHERE d.website_id = ? AND d.website_event_id IN (SELECT unnest(?))",
        [here.website, [row["event_id"] for row in events]],
    )
    properties = _properties(call, here, "website_event_id", records)
    count = store.rows(f"SELECT count(*) {rows.sql}", rows.values)[0][0]
    answer = [{**renamed(row, EVENT), **properties[row["event_id"]]} for row in events]
    return call.params.response(answer, count)


@routes("GET", "/websites/{website_id}/session-data-pivot", SessionPivot)
def session_pivot(call: Call[SessionPivot]) -> Any:
    """Return the sessions that have a property, with all their properties; those whose value of
    this property was set last come first."""
    store, here = call.umami.store, scope(call)
    rows = of_sessions(here, call.params.propertyName, NOT_PERFORMANCE)
    page = store.rows(
        f"""
        SELECT d.session_id {rows.sql} ORDER BY d.created_at DESC, d.session_id LIMIT ? OFFSET ?
        """,
        [*rows.values, call.params.pageSize, call.params.skipped],
    )
    ids = [id for (id,) in page]
    records = Rows(
        f"""
        FROM (
            SELECT d.* FROM session_data d
            WHERE d.website_id = ? AND d.session_id IN (SELECT unnest(?)) {NEWEST_VALUE}
        ) d WHERE true
        """,
        [here.website, ids],
    )
    sessions = store.records(
        "SELECT d.session_id, max(d.distinct_id) AS distinct_id, max(d.created_at) AS created_at "
        f"{records.sql} GROUP BY 1",
        records.values,
    )
    properties = _properties(call, here, "session_id", records)
    count = store.rows(f"SELECT count(*) {rows.sql}", rows.values)[0][0]
    answer = [
        {**renamed(row, SESSION), **properties[row["session_id"]]}
        for row in sorted(sessions, key=lambda row: ids.index(row["session_id"]))
    ]
    return call.params.response(answer, count)


def _properties(
    call: Call[Any], here: Scope, owner: str, records: Rows
) -> dict[Any, dict[str, list[Any]]]:
    """Return the names and values of the properties of events or sessions by id, in the order of
    names. ``owner`` is the column of the records that holds this id."""
    properties: dict[Any, dict[str, list[Any]]] = {}
    for id, key, kind, string, number, date in call.umami.store.rows(
        f"""
        SELECT d.{owner}, d.data_key, d.data_type, d.string_value, d.number_value::VARCHAR,
               CASE WHEN d.date_value {DATES} THEN {_clock(call, here, records, "d.date_value")} END
        {records.sql} ORDER BY d.data_key
        """,
        records.values,
    ):
        text = {NUMBER: number, DATE: date and call.params.stamp(date)}.get(kind, string)
        owned = properties.setdefault(id, {"propertyKeys": [], "propertyValues": []})
        owned["propertyKeys"].append(key)
        owned["propertyValues"].append(text or "")
    return properties


def _bucket(call: Call[Any], here: Scope, records: Rows) -> str:
    clock = _clock(call, here, records, "d.created_at")
    return f"date_trunc('{call.params.answered_unit}', {clock})"


def _clock(call: Call[Any], here: Scope, records: Rows, time: str) -> str:
    """Return the SQL of a time of the records, which may be outside the range, as local time."""
    ((first, last),) = call.umami.store.rows(
        f"SELECT min({time}), max({time}) {records.sql}", records.values
    )
    if first is not None:
        here = here.between(
            max(min(first, here.start), CLOCKS[0]), min(max(last, here.end), CLOCKS[1])
        )
    return wall_clock(here, call.params.zone, time)
