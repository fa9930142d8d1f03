"""Every page shows the client's answers for its View, with and without filters."""

from __future__ import annotations

from datetime import UTC, datetime
from math import nan
from typing import Any

import pandas as pd
import pytest

from components import formats, umami_server
from components.formats import Field
from tests.pages.conftest import RECORDED, SHOP, Open, said, table, table_data, tiles, unescaped
from umami import names
from umami.analysis.rankings import movers
from umami.analysis.retention import cohorts
from umami.api import conversions, events, reports, revenue, sessions, traffic
from umami.conversion import FunnelStep
from umami.endpoint import Query
from umami.errors import NotOffered
from umami.parsing import Page
from umami.view import View
from umami.view_parsing import parse

pytestmark = pytest.mark.sample(2)

SEPTEMBER = {"from": "2026-09-01", "to": "2026-09-30"}
FILTERS = [[], ["country.eq.DE"]]


@pytest.fixture(params=FILTERS, ids=["all", "filtered"])
def filters(request: pytest.FixtureRequest) -> Any:
    return request.param


def view(filters: list[str], **params: str) -> View:
    """The View of a URL."""
    values = {**RECORDED, **SEPTEMBER, **params}
    spelled = {name: [value] for name, value in values.items()} | {"filter": filters}
    return parse(spelled, now=datetime.now(UTC), websites=[SHOP]).view


def answer(question: Query[Any]) -> Any:
    """The client's answer, or ``None`` where this server does not offer it."""
    try:
        return umami_server.umami().ask(question)
    except NotOffered:
        return None


def text(value: Any, kind: Any = "count", **options: Any) -> str:
    """A number as tables show it."""
    return Field("x", "x", kind, **options).shown(value)


def many(page: Page[Any]) -> str:
    """The count as shown; old servers stop counting at a thousand."""
    return f"{'at least ' if page.capped else ''}{page.count:,}"


def test_sessions_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("sessions", **SEPTEMBER, filter=filters)
    stats = answer(sessions.session_stats(view(filters)))
    page = answer(sessions.sessions(view(filters)))
    assert tiles(app) == {
        "Visitors": f"{stats.visitors:,}",
        "Visits": f"{stats.visits:,}",
        "Views and events": f"{stats.rows:,}",
        "Custom events": f"{stats.events:,}",
        "Countries": str(stats.countries),
    }
    if page is None:
        assert "cannot" in said(app) or "not offered" in said(app)
        return
    assert f"1–{len(page.rows)} of {many(page)} visitors" in said(app)
    views = [
        row[-2] if page.rows[0].events is not None else row[-1]
        for row in table(app, "session_list")
    ]
    assert views == [f"{row.views:,}" for row in page.rows]


def test_sessions_are_paged_and_searched_by_the_server(opened: Open) -> None:
    app = opened("sessions", sessions_page="3", sessions_search="chrome")
    whole = view([], **{name: RECORDED[name] for name in ("from", "to")})
    page = answer(sessions.sessions(whole, 3, 20, "chrome"))
    assert f"41–60 of {many(page)} visitors" in said(app)
    assert len(table(app, "session_list")) == 20


def test_session_profile_shows_the_servers_numbers(opened: Open) -> None:
    app = opened("sessions")
    first = answer(sessions.sessions(view([], **{n: RECORDED[n] for n in ("from", "to")}))).rows[0]
    app = opened("sessions", session=first.id)
    profile = answer(sessions.session(SHOP, first.id))
    assert tiles(app) == {
        "Visits": f"{profile.visits:,}",
        "Views": f"{profile.views:,}",
        "Custom events": f"{profile.events:,}",
        "Time on site": formats.duration(profile.seconds),
    }
    assert app.code[0].value == first.id
    steps = answer(
        sessions.activity(view([], **{n: RECORDED[n] for n in ("from", "to")}), first.id)
    )
    shown = sum(len(table(app, f"visit_{at}")) for at in range(len(app.expander)))
    assert shown == len(steps)


@pytest.mark.parametrize(
    ("session", "words"),
    [
        ("nonsense", "not the id of a visitor"),
        ("00000000-0000-4000-8000-000000000000", ""),
    ],
)
def test_invalid_session_is_explained(opened: Open, session: str, words: str) -> None:
    app = opened("sessions", session=session)
    assert not app.exception
    assert words in said(app)


def test_events_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("events", **SEPTEMBER, filter=filters)
    now = answer(events.event_stats(view(filters)))
    assert tiles(app)["Events"] == f"{now.times:,}"
    assert tiles(app)["Different events"] == str(now.names)
    page = answer(events.events(view(filters)))
    if page:
        rows = table(app, "event_list")
        assert [row[0] for row in rows] == [row.name or row.path for row in page.rows]


def test_property_values_are_the_servers(opened: Open) -> None:
    app = opened("events", event="purchase", event_property="revenue")
    whole = view([], **{name: RECORDED[name] for name in ("from", "to")})
    values = answer(events.event_data_values(whole, "purchase", "revenue"))
    rows = table(app, "values")
    total = sum(value.total for value in values)
    assert rows[0][1:] == [str(values[0].total), formats.percent(values[0].total / total)]
    assert float(tiles(app)["Maximum"].replace(",", "")) == pytest.approx(
        max(float(value.value) for value in values), abs=0.01
    )


def test_funnel_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    chain = [FunnelStep("path", "/"), FunnelStep("event", "purchase")]
    app = opened(
        "funnel", **SEPTEMBER, filter=filters, step=["1.path./", "2.event.purchase"], window="1440"
    )
    question = reports.funnel(view(filters), chain, 1440)
    now = answer(question)
    if now is None:
        assert not app.get("plotly_chart")
        return
    rows = table(app, "funnel_steps")
    assert [row[1] for row in rows] == [f"{row.visitors:,}" for row in now]
    assert [row[4] for row in rows] == [text(row.remaining, "percent") for row in now]
    assert f"({formats.percent(now[-1].remaining)}) completed the funnel" in said(app)


def test_retention_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("retention", **SEPTEMBER, filter=filters)
    now = answer(reports.retention(view(filters)))
    if now is None:
        assert not app.metric
        return
    size = now.frame.groupby("cohort")["size"].max().sum()
    average = cohorts(now, pd.Timestamp("2026-09-30"), "day").average
    assert tiles(app)["New visitors"] == f"{size:,}"
    assert tiles(app)["Returned after 7 days"] == formats.percent(average[7])


def test_goals_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("goals", **SEPTEMBER, filter=filters, goal="200.event.purchase")
    now = answer(reports.goal(view(filters), "event", "purchase"))
    if now is None:
        assert not app.metric
        return
    assert tiles(app)["Visitors"] == f"{now.visitors:,}"
    assert tiles(app)["Count"] == f"{now.times:,}"
    assert tiles(app)["Conversion"] == formats.percent(now.conversion)
    assert f"{formats.percent(now.times / 200)} of the target of 200." in [
        unescaped(bar.proto.text) for bar in app.get("progress")
    ]


def test_utm_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("utm", **SEPTEMBER, filter=filters)
    now = answer(reports.utm(view(filters)))
    views = answer(traffic.stats(view(filters))).current.views
    if now is None:
        assert not app.metric
        return
    sources = now.frame[now.frame["parameter"] == "source"]
    tagged = int(sources["views"].sum())
    assert tiles(app)["Tagged views"] == f"{tagged:,}"
    assert tiles(app)["Untagged views"] == f"{views - tagged:,}"
    if umami_server.umami().capabilities.whole_visits:
        event = FunnelStep(kind="event", value="purchase")
        brought = answer(conversions.visit_groups(view(filters), "utmCampaign", event, "EUR"))
        rows = table(app, "visits_utmCampaign")
        columns = [brought.frame[name] for name in ("name", "visits", "conversions", "revenue")]
        labels = [column["label"] for column in table_data(app, "visits_utmCampaign")["columns"]]
        shown = [labels.index(label) for label in ("Campaign", "Visits", "Conversions", "Revenue")]
        assert [tuple(row[at] for at in shown) for row in rows] == [
            (name or "(no campaign)", f"{visits:,}", f"{done:,}", formats.money(amount, "EUR"))
            for name, visits, done, amount in zip(*columns, strict=True)
        ][:10]
        return
    campaigns = now.frame[now.frame["parameter"] == "campaign"]
    viewed = dict(zip(campaigns["value"], campaigns["views"], strict=True))
    headings = [column["label"] for column in table_data(app, "brought_utmCampaign")["columns"]]
    rows = {row[0]: row for row in table(app, "brought_utmCampaign")}
    assert {name: rows[name][headings.index("Views")] for name in viewed} == {
        name: f"{count:,}" for name, count in viewed.items()
    }


def test_revenue_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("revenue", **SEPTEMBER, filter=filters, revenue_currency="EUR")
    # 2.x refuses filters of revenue: the page leaves them out, and says so.
    now = answer(revenue.revenue(view(filters), "EUR")) or answer(revenue.revenue(view([]), "EUR"))
    assert tiles(app)["Orders"] == f"{now.orders:,}"
    assert tiles(app)["Revenue"] == formats.money_short(float(now.total), "EUR")
    rows = table(app, "revenue_countries")
    assert [row[1] for row in rows] == [
        formats.money(amount, "EUR") for amount in now.countries["amount"].head(10)
    ]


def test_attribution_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("attribution", **SEPTEMBER, filter=filters, conversion="event.purchase")
    if umami_server.umami().capabilities.whole_visits:
        event = FunnelStep("event", "purchase")
        now, before = (
            answer(conversions.credit(when, "channel", event, "EUR", 500))
            for when in (view(filters), view(filters).compared())
        )
        assert tiles(app)["Conversions"] == f"{now.total:,}"
        assert tiles(app)["Revenue"] == formats.money_short(now.amount, "EUR")
        earlier = before.conversions.set_index("name")["last_known"]
        rows = table(app, "credit_channel")
        frame = now.conversions.sort_values("last_known", ascending=False, kind="stable")
        for row, credit in zip(rows, frame.to_dict("records"), strict=False):
            assert row[0] == names.label("channel", credit["name"])
            models = [row[1], row[2], row[3], *row[5:]]
            assert models == [formats.number(credit[model]) for model in conversions.MODELS]
            was = earlier.get(credit["name"], 0)
            assert row[4] == text(credit["last_known"] / was - 1 if was else nan, "change")
        return
    first = answer(revenue.attribution(view(filters), "first-click", "event", "purchase"))
    if first is None:
        assert not app.metric
        return
    assert tiles(app)["Conversions"] == f"{first.conversions:,}"
    part = first.frame[first.frame["part"] == "referrer"]
    known = dict(zip(part["name"].str.removeprefix("www."), part["visitors"], strict=True))
    rows = table(app, "credit_referrer")
    assert rows[-1][0] == "(direct or unknown)"
    assert sum(int(row[1].replace(",", "")) for row in rows) == first.visitors
    before = answer(
        revenue.attribution(view(filters).compared(), "first-click", "event", "purchase")
    )
    earlier = before.frame[before.frame["part"] == "referrer"].set_index("name")["visitors"]
    for name, visitors, *others in rows[:-1]:
        assert visitors == f"{known[name]:,}"
        was = next((n for full, n in earlier.items() if full.removeprefix("www.") == name), 0)
        # No last touch of the recorded shop is elsewhere: its column is left out.
        assert others == [text(known[name] / was - 1 if was else nan, "change")]


def test_breakdown_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("breakdown", **SEPTEMBER, filter=filters, field=["country", "browser"])
    frame = answer(reports.breakdown(view(filters), ("country", "browser"))).frame
    top = frame.sort_values("views", ascending=False, kind="stable").head(15)
    rows = table(app, "groups")
    assert [row[2] for row in rows] == [f"{views:,}" for views in top["views"]]
    pivot = table(app, "pivot")
    largest = top.iloc[0]
    assert f"{largest['views']:,}" in {cell for row in pivot for cell in row}


def test_compare_page_shows_the_servers_numbers(opened: Open, filters: list[str]) -> None:
    app = opened("compare", **SEPTEMBER, filter=filters, by="referrer")
    now_view = view(filters)
    compared = now_view.compared()
    assert compared
    moved = movers(
        answer(traffic.metrics(now_view, "referrer", limit=500)),
        answer(traffic.metrics(compared, "referrer", limit=500)),
        500,
    )
    for move in ("grew", "fell", "appeared", "vanished"):
        frame = moved.of(move)
        if len(frame):
            rows = table(app, f"moved_{move}")
            assert [row[1] for row in rows] == [f"{number:,}" for number in frame["now"].head(10)]
            assert [row[2] for row in rows] == [
                f"{number:,}" for number in frame["before"].head(10)
            ]


def test_compare_page_asks_for_a_comparison(opened: Open) -> None:
    app = opened("compare", compare="none")
    assert "Choose a comparison" in said(app)
    assert not app.metric


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("page", "params", "words"),
    [
        ("funnel", {"step": ["1.path./", "2.nonsense"]}, "is not a step"),
        ("funnel", {"window": "soon"}, "not a valid number of minutes"),
        ("goals", {"goal": "many.event.x"}, "whole number"),
        ("attribution", {"conversion": "purchase"}, "is not a step"),
        (
            "attribution",
            {"conversion": "event.purchase", "conversion_currency": "E" * 101},
            "not a currency",
        ),
        ("revenue", {"revenue_currency": "E" * 101}, "not a currency"),
        ("breakdown", {"field": "shoe-size"}, "not a field that can be broken down"),
        ("journey", {"steps": "99"}, "not a number of steps"),
        ("websites", {"site": "x"}, "not the id of a website"),
        ("reports", {"report": "x"}, "Nothing is saved"),
    ],
)
def test_invalid_url_parameters_are_explained(
    opened: Open, page: str, params: dict[str, Any], words: str
) -> None:
    app = opened(page, **params)
    assert not app.exception
    assert words in said(app)
