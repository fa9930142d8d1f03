"""Any query about traffic gets what plain Python counts over the same random rows.

The counting here uses neither SQL nor the server's code, only Umami's definitions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.embedded.random_traffic import DAYS, FIRST, SITE, Client, Row, asking, traffic
from tests.embedded.test_arithmetic import ZONES, bucket, grouped, matches, sessions_of
from umami.embedded.definitions import NEWEST, V3_1

FIELDS = {
    "path": "url_path",
    "title": "page_title",
    "query": "url_query",
    "hostname": "hostname",
    "referrer": "referrer_domain",
    "tag": "tag",
    "event": "event_name",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "language": "language",
    "country": "country",
    "region": "region",
    "city": "city",
    "distinctId": "distinct_id",
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
    "utmContent": "utm_content",
    "utmTerm": "utm_term",
}
COLUMNS = {**FIELDS, "screen": "screen", "domain": "referrer_domain"}
PLACED = ("region", "city")
UNITS = ["minute", "hour", "day", "month", "year"]


Acted = set[tuple[Any, Any]] | frozenset[tuple[Any, Any]]


class Site(NamedTuple):
    """A client, the rows that its server answers from, and whether by the definitions of 3.5."""

    client: Client
    rows: list[Row]
    newest: bool


class Selection(NamedTuple):
    """The rows that a query selects: a range, filters, and how they combine."""

    startAt: int
    endAt: int
    filters: tuple[tuple[str, str, str], ...] = ()
    either: bool = False
    event_type: int | None = None
    exclude: bool = False

    @property
    def query(self) -> dict[str, Any]:
        params: dict[str, Any] = {"startAt": self.startAt, "endAt": self.endAt}
        for number, (name, operator, value) in enumerate(self.filters):
            # A number makes it another filter on the same field.
            params[f"{name}{number or ''}"] = f"{operator}.{value}"
        if self.either:
            params["match"] = "any"
        if self.event_type is not None:
            params["eventType"] = self.event_type
        if self.exclude:
            params["excludeBounce"] = "true"
        return params


# Umami's definitions, in plain Python


def passes(row: Row, name: str, operator: str, text: str) -> bool:
    value = row[FIELDS[name]]
    if operator == "lacks":
        known = name != "referrer" or value is None or elsewhere(row)
        return not (known and passes(row, name, "re", text))
    if value is None:
        return False
    if operator in ("c", "dnc"):
        return matches(f"%{text}%", value) == (operator == "c")
    if operator in ("re", "nre"):
        flags = re.DOTALL if text.startswith("(?c)") else re.DOTALL | re.IGNORECASE
        return bool(re.search(text.removeprefix("(?c)"), value, flags)) == (operator == "re")
    return (value in text.split(",")) == (operator == "eq")


def own_domain(row: Row) -> str | None:
    name = row["hostname"]
    return None if name is None else str(name).removeprefix("www.")


def elsewhere(row: Row) -> bool:
    known = row["referrer_domain"] is not None and own_domain(row) is not None
    return known and row["referrer_domain"] != own_domain(row)


def within(rows: Iterable[Row], selection: Selection) -> list[Row]:
    start, end = (datetime.fromtimestamp(at / 1000, UTC) for at in selection[:2])
    return [row for row in rows if start <= row["at"] <= end]


def visit(row: Row) -> tuple[Any, Any]:
    return row["session_id"], row["visit_id"]


def matching(rows: Iterable[Row], selection: Selection) -> list[Row]:
    selected = within(rows, selection)
    seen = Counter(visit(row) for row in selected if row["event_type"] == 1)
    if selection.exclude:
        selected = [row for row in selected if seen[visit(row)] > 1]
    if selection.event_type is not None:
        selected = [row for row in selected if row["event_type"] == selection.event_type]
    if any(name == "referrer" and kind != "lacks" for name, kind, _ in selection.filters):
        selected = [row for row in selected if row["referrer_domain"] is None or elsewhere(row)]
    if selection.filters:
        enough = any if selection.either else all
        selected = [
            row
            for row in selected
            if enough(passes(row, *filter_) for filter_ in selection.filters)
        ]
    return selected


def views(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["event_type"] not in (2, 5)]


def custom(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["event_type"] == 2]


def acted(rows: Iterable[Row], selection: Selection) -> Acted:
    """The visits with a custom event in the range; from 3.3 on, none of them is a bounce."""
    return {visit(row) for row in custom(within(rows, selection))}


def summed(rows: list[Row], acted: Acted = frozenset()) -> dict[str, int]:
    visits = grouped(rows, visit)
    lengths = (
        max(row["at"] for row in group) - min(row["at"] for row in group)
        for group in visits.values()
    )
    return {
        "pageviews": len(rows),
        "visitors": sessions_of(rows),
        "visits": len({row["visit_id"] for row in rows}),
        "bounces": sum(1 for key, group in visits.items() if len(group) == 1 and key not in acted),
        "totaltime": sum(length // timedelta(seconds=1) for length in lengths),
    }


def stats(rows: list[Row], selection: Selection, newest: bool) -> dict[str, int]:
    totals = summed(
        views(matching(rows, selection)), acted(rows, selection) if newest else frozenset()
    )
    return {**totals, "bounces": 0} if selection.exclude else totals


def contains(text: str | None, *marks: str) -> bool:
    return text is not None and any(matches(f"%{mark}%", text) for mark in marks)


def channel(row: Row, newest: bool) -> str:
    domain, query = row["referrer_domain"], row["url_query"]
    medium, source = row["utm_medium"], row["utm_source"]
    paid = medium is not None and (
        medium.startswith("p") or any(mark in medium for mark in ("ppc", "retargeting", "paid"))
    )
    prefix = "paid" if paid else "organic"
    if domain == "" and query == "":
        return "direct"
    marks = ("gclid=", "ad_id=", "aid=", "utm_source=google", "utm_medium=cpc")
    literally = query is not None and any(mark in query.lower() for mark in marks)
    if literally or (contains(query, *marks) and not newest):
        return "paidAds"
    if contains(medium, "referral", "app", "link"):
        return "referral"
    if contains(medium, "affiliate"):
        return "affiliate"
    if contains(medium, "sms") or contains(source, "sms"):
        return "sms"
    if newest and contains(domain, "chatgpt.com"):
        return "llm"
    if contains(domain, "google.", "chatgpt.com") or contains(medium, "organic"):
        return prefix + "Search"
    if contains(domain, "t.co", "x.com"):
        return prefix + "Social"
    if contains(domain, "mail.yahoo.") or contains(medium, "mail"):
        return "email"
    if contains(domain, "amazon.", "target.com") or contains(medium, "shop"):
        return prefix + "Shopping"
    if contains(domain, "youtube.") or contains(medium, "video"):
        return prefix + "Video"
    return "referral" if elsewhere(row) and domain else ""


def by_channel(rows: list[Row], newest: bool) -> dict[str, list[Row]]:
    """Rows by their channel; from 3.3 on, all rows of a visit have the same one."""
    if not newest:
        return grouped(rows, lambda row: channel(row, newest=False))
    channels: dict[str, list[Row]] = {}
    for of in grouped(rows, visit).values():
        inside = sorted(of, key=lambda row: row["at"])
        names = [name for row in inside if (name := channel(row, newest=True))]
        channels.setdefault(names[0] if names else "direct", []).extend(of)
    return channels


DOMAINS = {
    "chatgpt.": "chatgpt.com",
    "google.": "google.com",
    "t.co": "twitter.com",
    "yahoo.": "yahoo.com",
}


def label(row: Row, kind: str, *, grouping: bool = False) -> Any:
    value = row[COLUMNS.get(kind, "url_path")]
    if kind in ("referrer", "domain") and not elsewhere(row):
        return None
    if kind == "domain" and grouping and value:
        return next((name for mark, name in DOMAINS.items() if mark in value), "Other")
    if kind == "language" and value is not None:
        return value[:2].lower()
    return (value, row["country"]) if kind in PLACED and value else value


def edge(rows: Iterable[Row], kind: str) -> dict[Any, Row]:
    extreme = min if kind == "entry" else max
    visits = grouped(views(rows), lambda row: row["visit_id"])
    return {visit: extreme(of, key=lambda row: row["at"]) for visit, of in visits.items()}


def metrics(rows: list[Row], selection: Selection, kind: str, newest: bool) -> dict[Any, int]:
    if kind == "event":
        selection = selection._replace(exclude=False, event_type=None)
        names = grouped(custom(matching(rows, selection)), lambda row: row["event_name"])
        return {name: len(group) for name, group in names.items()}
    selected = views(matching(rows, selection))
    if kind in ("entry", "exit"):
        edges = edge(within(rows, selection), kind)
        values = grouped(selected, lambda row: edges[row["visit_id"]]["url_path"])
    elif kind == "channel":
        values = by_channel(selected, newest)
    else:
        values = grouped(selected, lambda row: label(row, kind))
    return {value: sessions_of(group) for value, group in values.items() if value}


def expanded(
    rows: list[Row], selection: Selection, kind: str, newest: bool
) -> dict[Any, dict[str, int]]:
    if kind == "event":
        selection = selection._replace(exclude=False, event_type=None)
    selected = (
        custom(matching(rows, selection)) if kind == "event" else views(matching(rows, selection))
    )
    if kind in ("entry", "exit"):
        edges = edge(within(rows, selection), kind)
        selected = [
            row for row in selected if row["event_id"] == edges[row["visit_id"]]["event_id"]
        ]
    if kind == "channel":
        values = by_channel(selected, newest)
    else:
        values = grouped(selected, lambda row: label(row, kind, grouping=True))
    events = acted(rows, selection) if newest else frozenset()
    return {value: summed(group, events) for value, group in values.items() if value}


def answered_unit(selection: Selection, unit: str | None) -> str:
    start, end = (datetime.fromtimestamp(at / 1000, UTC) for at in selection[:2])
    minutes = (end - start) // timedelta(minutes=1)
    finest = "minute" if minutes <= 60 else "hour" if minutes <= 30 * 1440 else "day"
    return max(unit or finest, finest, key=UNITS.index)


# Questions


@st.composite
def filters(draw: st.DrawFn, rows: list[Row]) -> tuple[str, str, str]:
    name = draw(st.sampled_from(sorted(FIELDS)))
    operator = draw(st.sampled_from(["eq", "neq", "c", "dnc", "re", "nre", "lacks"]))
    values = st.sampled_from(sorted({row[FIELDS[name]] or "" for row in rows}))
    if operator in ("eq", "neq"):
        return name, operator, ",".join(draw(st.lists(values, min_size=1, max_size=3)))
    value = draw(values)
    first = draw(st.integers(0, max(len(value) - 1, 0)))
    part = value[first : first + 3]
    if operator in ("c", "dnc"):
        return name, operator, draw(st.sampled_from(["", "", "%", "_"])) + part.swapcase()
    case = draw(st.sampled_from(["", "(?c)"]))
    frame = draw(st.sampled_from(["{}", "^{}", "{}$", "{}|^/d", ".{}"]))
    return name, operator, case + frame.format(re.escape(part.upper()))


@st.composite
def questions(draw: st.DrawFn, rows: list[Row]) -> Selection:
    first = draw(st.integers(0, DAYS * 24 - 1))
    length = draw(st.integers(0, DAYS * 24) | st.sampled_from([0, 1, 24]))
    start = int((FIRST + timedelta(hours=first)).replace(tzinfo=UTC).timestamp()) * 1000
    return Selection(
        start,
        start + length * 3_600_000 + draw(st.sampled_from([0, 59_999, 3_599_999])),
        tuple(draw(st.lists(filters(rows), max_size=3))),
        draw(st.booleans()),
        draw(st.sampled_from([None, None, None, 1, 2, 3])),
        draw(st.integers(0, 4)) == 0,
    )


@pytest.fixture(scope="module", params=[(1, V3_1), (2, NEWEST)], ids=["3.1", "3.5"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    seed, definitions = request.param
    store, rows = traffic(seed)
    with asking(store, definitions) as client:
        yield Site(client, rows, definitions is NEWEST)
    store.close()


def answer(client: Client, kind: str, query: dict[str, Any]) -> Any:
    response = client.get(f"/api/websites/{SITE}/{kind}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


often = settings(max_examples=settings().max_examples // 2)


@often
@given(data=st.data())
def test_stats_equal_a_recount(site: Site, data: st.DataObject) -> None:
    client, rows, newest = site
    selection = data.draw(questions(rows))
    minutes = (selection.endAt - selection.startAt) // 60_000 * 60_000
    before = selection._replace(
        startAt=selection.startAt - minutes, endAt=selection.endAt - minutes
    )
    assert answer(client, "stats", {**selection.query, "compare": "prev"}) == {
        **stats(rows, selection, newest),
        "comparison": stats(rows, before, newest),
    }
    events = [
        custom(matching(rows, chosen._replace(exclude=False))) for chosen in (selection, before)
    ]
    now, then = (
        {
            "events": len(group),
            "visitors": sessions_of(group),
            "visits": len({row["visit_id"] for row in group}),
            "uniqueEvents": len({row["event_name"] for row in group}),
        }
        for group in events
    )
    assert answer(client, "events/stats", selection.query) == {"data": {**now, "comparison": then}}


@often
@given(
    data=st.data(),
    unit=st.sampled_from([None, *UNITS]),
    zone=st.sampled_from([None, "utc", *ZONES]),
    most=st.sampled_from([None, 1, 2]),
)
def test_series_equal_a_recount(
    site: Site,
    data: st.DataObject,
    unit: str | None,
    zone: str | None,
    most: int | None,
) -> None:
    client, rows, _ = site
    selection = data.draw(questions(rows))
    query = {**selection.query, **({"unit": unit} if unit else {})}

    def start(row: Row) -> str:
        if zone in (None, "utc"):
            return bucket(row["at"], answered_unit(selection, unit), "UTC").replace(" ", "T") + "Z"
        return bucket(row["at"], answered_unit(selection, unit), str(zone))

    buckets = sorted(grouped(views(matching(rows, selection)), start).items())
    over = {**query, **({"timezone": zone} if zone else {})}
    assert answer(client, "pageviews", over) == {
        "pageviews": [{"x": at, "y": len(group)} for at, group in buckets],
        "sessions": [{"x": at, "y": sessions_of(group)} for at, group in buckets],
    }
    if zone is None:
        return
    events = custom(matching(rows, selection._replace(exclude=False)))
    counts = Counter(row["event_name"] for row in custom(within(rows, selection)))
    if most and len(counts) > most:
        ranked = counts.most_common()
        if ranked[most - 1][1] == ranked[most][1]:
            # Which of two equally frequent names is kept is anybody's guess.
            return
        events = [row for row in events if row["event_name"] in dict(ranked[:most])]
    series = grouped(events, lambda row: (start(row), row["event_name"]))
    assert answer(client, "events/series", {**over, **({"limit": most} if most else {})}) == [
        {"x": name, "t": at, "y": len(group)} for (at, name), group in sorted(series.items())
    ]


@pytest.mark.sample(6)
@pytest.mark.parametrize("kind", [*COLUMNS, "entry", "exit", "channel"])
@settings(max_examples=settings().max_examples // 6)
@given(data=st.data())
def test_metrics_equal_a_recount(site: Site, data: st.DataObject, kind: str) -> None:
    client, rows, newest = site
    selection = data.draw(questions(rows))
    query = {**selection.query, "type": kind, "limit": 1000}
    answered = answer(client, "metrics", query)

    def key(row: Row, name: str) -> Any:
        return (row[name], row["country"]) if kind in PLACED else row[name]

    assert {key(row, "x"): row["y"] for row in answered} == metrics(rows, selection, kind, newest)
    assert [row["y"] for row in answered] == sorted((row["y"] for row in answered), reverse=True)
    if kind != "channel":
        assert answer(client, "metrics", {**query, "limit": 2, "offset": 1}) == answered[1:3]
    elif not newest:
        # Here 3.1 splits a visit by referrer and campaign, as recorded answers show.
        return
    wide = answer(client, "metrics/expanded", query)
    assert {
        key(row, "name"): {
            "pageviews": int(row["pageviews"]),
            "visitors": row["visitors"],
            "visits": row["visits"],
            "bounces": row["bounces"],
            "totaltime": int(row["totaltime"]),
        }
        for row in wide
    } == expanded(rows, selection, kind, newest)
    order = [(-row["visitors"], -row["visits"]) for row in wide]
    assert order == sorted(order)


@often
@given(data=st.data(), kind=st.sampled_from(sorted(FIELDS)))
def test_searched_metrics_and_values_equal_a_recount(
    site: Site, data: st.DataObject, kind: str
) -> None:
    client, rows, newest = site
    selection = data.draw(questions(rows))
    value = data.draw(st.sampled_from(sorted({row[FIELDS[kind]] or "x" for row in rows})))
    text = value.replace(",", "")[:3].upper()
    searched = selection._replace(
        filters=(
            *(filter_ for filter_ in selection.filters if filter_[0] != kind),
            (kind, "c", text),
        )
    )
    query = {**selection.query, "type": kind, "search": text, "limit": 1000}
    counts = {row["x"]: 0 for row in answer(client, "metrics", query)}
    for row in answer(client, "metrics", query):
        counts[row["x"]] += row["y"]
    expected: Counter[Any] = Counter()
    for name, count in metrics(rows, searched, kind, newest).items():
        expected[name[0] if kind in PLACED else name] += count
    assert counts == expected
    counted = [
        row
        for row in within(rows, selection)
        if passes(row, kind, "c", text) and (kind != "referrer" or (elsewhere(row)))
    ]
    values = Counter(row[FIELDS[kind]] for row in counted)
    plain = {"startAt": selection.startAt, "endAt": selection.endAt, "type": kind, "search": text}
    listed = answer(client, "values", plain)
    assert all(values[row["value"]] == row["count"] for row in listed)
    assert [row["count"] for row in listed] == sorted(values.values(), reverse=True)[:10]
