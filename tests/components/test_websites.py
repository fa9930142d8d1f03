"""The figures of several websites: sums, changes, currencies, charts, and missing answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.database import open_engine
from access.permissions import ALL, EVERYTHING, AuthorizedClient, Permissions
from access.reader import Reader
from access.website_groups import WebsiteGroup
from components import blocks as ui
from components import website_charts, website_figures
from components.areas import websites
from components.areas.websites import Choice
from components.blocks import Chart, Table, Text, Tiles
from components.charts import over_time
from components.formats import ABSENT, headings
from components.loading import Collector
from components.website_figures import Answers, Counted, Sum
from reports import build
from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import TABLES, WEBSITES
from tests.support.fault_proxy import between
from umami.api import reports, revenue, traffic
from umami.api.conversions import VisitGroups, visit_groups
from umami.api.revenue import RevenueTotals
from umami.api.traffic import Stats, Timeline, Totals
from umami.api.websites import Website
from umami.client import Client, connect
from umami.conversion import Conversion, FunnelStep
from umami.embedded.server import serve
from umami.errors import ServerFault, TimedOut, UmamiError
from umami.period import Period
from umami.settings import Settings
from umami.view import View

PERIOD = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
VIEW = View(WEBSITES["shop"], PERIOD, comparison="previous", whole_visits=True)
VISITORS = Sum.named("visitors", "visits", ())
GONE = ServerFault("It failed.")
SAID = "It failed. This is a fault of the Umami server; its log has details."
HOSTILE = "<script>=cmd()\x07" + 500 * "x"
counts = st.integers(0, 10**6)


def site(name: str) -> Website:
    return Website(name.casefold(), name)


def totals(visitors: int, views: int = 10, visits: int = 5, bounces: int = 2) -> Totals:
    return Totals(views, visitors, visits, bounces, 60)


def stats(visitors: int, **more: int) -> Stats:
    return Stats(totals(visitors, **more), None)


def visits(conversions: int = 0, revenue: float = 0.0, visits: int = 10) -> VisitGroups:
    row = {"name": "", "visitors": 1, "visits": visits, "pageviews": 1, "bounces": 0}
    more = {"totaltime": 0, "conversions": conversions, "revenue": revenue, "orders": 1}
    more |= {"converters": 1, "times": 1, "buyers": 1}
    return VisitGroups.read([{**row, **more}])


def answers(
    name: str,
    now: Stats | UmamiError,
    compared: Stats | UmamiError | None = None,
    *counted: tuple[Conversion, Counted | UmamiError],
) -> Answers:
    return Answers(site(name), now, compared, counted)


def tiles(rows: Sequence[Answers]) -> dict[str, Any]:
    frame = website_figures.rows(tuple(rows), 30)
    drawn = website_figures.tiles(frame, website_figures.currencies_of(rows), "Visits")
    return {tile.label: tile for tile in drawn}


@given(st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=6))
def test_totals_are_the_sums_and_rates_are_of_the_sums(
    figures: list[tuple[int, int, int, int]],
) -> None:
    rows = [
        answers(
            f"Site {at}",
            stats(visitors, views=visits + 1, visits=visits, bounces=min(bounces, visits)),
            stats(before),
        )
        for at, (visitors, visits, bounces, before) in enumerate(figures)
    ]
    drawn = tiles(rows)
    assert drawn["Visitors"].number == sum(row[0] for row in figures)
    assert drawn["Visitors"].earlier == sum(row[3] for row in figures)
    assert drawn["Visits"].number == (of := sum(row[1] for row in figures))
    bounces = sum(min(row[2], row[1]) for row in figures)
    assert drawn["Bounce rate"].number == (pytest.approx(bounces / of) if of else None)
    change = sum(row[0] - row[3] for row in figures)
    frame = website_figures.rows(tuple(rows), 30)
    last = website_charts.contributions(frame, VISITORS)[-1]
    assert isinstance(last, Table) == bool(change)
    if isinstance(last, Table):
        assert last.frame["change"].sum() == change


def test_currencies_are_never_added() -> None:
    purchase = FunnelStep("event", "purchase")
    rows = [
        answers(
            "Both",
            stats(5),
            None,
            (Conversion(purchase, "EUR"), visits(2, 10.5)),
            (Conversion(None, "USD"), visits(1, 7.0)),
        ),
        answers("Euro", stats(5), None, (Conversion(purchase, "eur"), visits(3, 1.5))),
    ]
    drawn = tiles(rows)
    assert {name: drawn[name].number for name in drawn if name.startswith("Revenue")} == {
        "Revenue in EUR": 12.0,
        "Revenue in USD": 7.0,
    }
    assert drawn["Conversions"].number == 5
    assert drawn["Conversion rate"].number == 5 / 20
    purchases = website_figures.rows(tuple(rows), 30, purchases=True).set_index("name")
    assert purchases.loc["Both", "conversions"] == 3
    frame = website_figures.rows(tuple(rows), 30)
    shown, more = website_figures.fields(frame, [f"C{at}" for at in range(5)], "Visits")
    assert [field.column for field in (*shown[-3:], *more)] == [
        *(f"revenue_C{at}" for at in range(3)),
        "visits",
        *(f"revenue_C{at}" for at in (3, 4)),
    ]
    unknown = tiles([answers("A", stats(1), None, (Conversion(None, "EUR"), GONE))])
    assert unknown["Revenue"].value == ABSENT
    assert "Conversions" not in unknown
    alone = tiles([rows[1], answers("None", stats(1))])
    assert (alone["Revenue"].number, alone["Revenue"].currency) == (1.5, "EUR")


def test_rate_of_purchases_is_of_all_websites() -> None:
    euros, dollars = (
        (Conversion(None, code), RevenueTotals(Decimal(9), 1, payers, 20))
        for code, payers in (("EUR", 3), ("USD", 2))
    )
    rows = [
        answers("A", stats(20), None, euros, dollars),
        answers("B", stats(30, visits=40), None, (Conversion(), ())),
    ]

    def drawn(rows: list[Answers]) -> dict[str, Any]:
        frame = website_figures.rows(tuple(rows), 30, purchases=True, unit="visitors")
        codes = website_figures.currencies_of(rows)
        tiles = website_figures.tiles(frame, codes, "Visitors", purchases=True)
        return {tile.label: tile for tile in tiles}

    both = drawn(rows)
    assert (both["Conversions"].number, both["Conversion rate"].number) == (5, 5 / 50)
    assert "A visitor who paid in two currencies counts twice." in both["Conversions"].about
    assert both["Conversion rate"].about == "Conversions of all visitors."
    part = drawn([answers("A", stats(20), None, euros), answers("B", GONE), answers("C", stats(5))])
    assert (part["Conversions"].number, part["Conversion rate"].number) == (3, 3 / 20)
    assert "counts twice" not in part["Conversions"].about
    assert part["Conversion rate"].about.endswith("websites whose conversions are known.")
    failed = answers("D", stats(5), None, (Conversion(), GONE))
    assert list(website_figures.left_out([failed])) == [
        f"Conversions and revenue do not include all of D. {SAID}"
    ]


@pytest.mark.parametrize("gone", ["now", "before"])
def test_purchases_in_some_currencies_have_no_change(gone: str) -> None:
    euros, dollars = (
        (Conversion(None, code), RevenueTotals(Decimal(9), 1, 4, 20)) for code in ("EUR", "USD")
    )
    known, part = (euros, dollars), (euros, (dollars[0], GONE))
    now, before = (part, known) if gone == "now" else (known, part)
    row = answers("A", stats(20), stats(20), *now)
    row = row._replace(visits_before=tuple(answer for _unused, answer in before))
    frame = website_figures.rows((row,), 30, purchases=True, unit="visitors")
    drawn = website_figures.tiles(frame, ["EUR", "USD"], "Visitors", purchases=True)
    by_label = {tile.label: tile for tile in drawn}
    assert by_label["Conversions"].number == (4 if gone == "now" else 8)
    assert by_label["Conversions"].delta is by_label["Conversion rate"].delta is None
    assert by_label["Revenue in EUR"].delta is not None
    assert frame["change_conversions"].isna().all()


def test_changes_of_what_websites_brought_are_of_the_sums() -> None:
    euros, dollars = Conversion(FunnelStep("event", "purchase"), "EUR"), Conversion(None, "USD")
    rows = [
        answers("A", stats(5), stats(5), (euros, visits(6, 30.0)), (dollars, visits(1, 8.0))),
        answers("B", stats(5), stats(5), (euros, visits(4, 10.0))),
    ]
    rows[0] = rows[0]._replace(visits_before=(visits(3, 10.0, visits=20), visits(1, 10.0)))
    part = tiles(rows)
    assert part["Conversions"].earlier is part["Revenue in EUR"].earlier is None
    assert part["Revenue in USD"].earlier == 10.0
    rows[1] = rows[1]._replace(visits_before=(visits(2, 10.0, visits=30),))
    drawn = tiles(rows)
    assert (drawn["Conversions"].number, drawn["Conversions"].earlier) == (10, 5)
    assert drawn["Conversion rate"].number == 10 / 20
    assert drawn["Conversion rate"].earlier == 5 / 50
    assert (drawn["Revenue in EUR"].number, drawn["Revenue in EUR"].earlier) == (40.0, 20.0)
    frame = website_figures.rows(tuple(rows), 30)
    by_name = frame.set_index("name")
    assert by_name["change_conversions"].to_dict() == {"A": 1.0, "B": 1.0}
    assert by_name.loc["A", ["change_revenue_EUR", "change_revenue_USD"]].tolist() == pytest.approx(
        [2.0, -0.2]
    )
    drawn_fields, more = website_figures.fields(frame, ["EUR", "USD"], "Visits")
    assert "Conversions change" in headings(drawn_fields)
    assert [field.label for field in more] == ["Revenue in EUR change", "Revenue in USD change"]
    drawn_fields, more = website_figures.fields(frame, ["EUR"], "Visits")
    assert headings(drawn_fields)[-2:] == ["Revenue (EUR)", "Revenue change"]
    assert more == []
    rows[1] = rows[1]._replace(visits_before=(GONE,))
    assert tiles(rows)["Conversions"].delta is None
    assert list(website_figures.left_out(rows)) == [
        "The sums of conversions and revenue have no change: the comparison lacks B. " + SAID
    ]


def test_website_without_an_answer_is_named_and_left_out() -> None:
    counted = (Conversion(None, "EUR"), visits(2, 8.0))
    rows = [
        answers("A", stats(10), stats(5), counted),
        answers("B", GONE, stats(5), counted),
        answers("C", TimedOut("C took too long."), None),
        answers("D", stats(1), stats(4), (Conversion(None, "EUR"), GONE)),
    ]
    drawn = tiles(rows)
    assert (drawn["Visitors"].number, drawn["Visitors"].earlier) == (11, 9)
    assert (drawn["Revenue"].number, drawn["Conversions"].number) == (8.0, 2)
    assert list(website_figures.left_out(rows)) == [
        f"2 of 4 websites did not answer and are not in the sums: B, C. {SAID} C took too long. "
        "Choose a shorter period, or try again when the server is less busy.",
        f"Conversions and revenue do not include all of D. {SAID}",
    ]
    frame = website_figures.rows(tuple(rows), 30).set_index("name")
    assert frame.loc["B", ["visitors", "change", "conversions", "revenue_EUR"]].isna().all()
    table = website_charts.contributions(frame.reset_index(), VISITORS)[-1]
    assert isinstance(table, Table)
    parts = table.frame
    assert list(zip(parts["label"], parts["change"], strict=True)) == [("A", 5), ("D", -3)]


def test_change_of_sums_needs_the_comparison_of_every_website() -> None:
    rows = [answers("A", stats(10), stats(5)), answers("B", stats(10), GONE)]
    drawn = tiles(rows)
    assert (drawn["Visitors"].number, drawn["Visitors"].delta) == (20, None)
    assert list(website_figures.left_out(rows)) == [
        f"The sums have no change: the comparison lacks B. {SAID}"
    ]


def test_each_missing_part_of_a_website_is_told() -> None:
    counted = (Conversion(None, "EUR"), GONE), (Conversion(None, "USD"), TimedOut("Slow."))
    both = answers("A", stats(10), GONE, *counted)
    assert list(website_figures.left_out([both, answers("B", stats(1), stats(1))])) == [
        f"The sums have no change: the comparison lacks A. {SAID}",
        f"Conversions and revenue do not include all of A. {SAID}",
    ]
    (alone,) = website_figures.left_out([answers("A", GONE, GONE, *counted)])
    assert alone.startswith("1 of 1 websites did not answer")


def test_long_lists_of_names_are_cut() -> None:
    rows = [answers(f"{HOSTILE}{at}", GONE) for at in range(8)]
    (sentence,) = website_figures.left_out(rows)
    assert "3 others" in sentence
    assert len(sentence) < 400


def timeline(*visitors: float) -> Timeline:
    axis = PERIOD.axis()[: len(visitors)]
    return Timeline(pd.DataFrame({"time": axis, "views": visitors, "sessions": visitors}))


def test_largest_websites_have_lines_and_the_others_are_added_up() -> None:
    many = [timeline(at, at, at) for at in range(12)]
    names = tuple(f"Site {at}" for at in range(12))
    shown, frame, rest = website_charts.lines(names, tuple(many), 3, False)
    assert shown == tuple(f"Site {at}" for at in range(11, 3, -1))
    assert rest == 3  # the first one has no visitors
    assert list(frame[8]) == [1 + 2 + 3] * 3
    total = frame.drop(columns="time").sum(axis=1)
    assert list(total) == [sum(range(12))] * 3
    nine = website_charts.lines(names[:10], tuple(many[:10]), 3, False)
    assert (len(nine[0]), nine[2]) == (9, 0)


def test_index_is_relative_to_the_average_of_complete_buckets() -> None:
    small, large = timeline(1, 3, 0), timeline(100, 300, 50)
    _unused, frame, _rest = website_charts.lines(("Small", "Large"), (small, large), 2, True)
    assert list(frame[0]) == [50, 150, 25]
    assert list(frame[1]) == [50, 150, 0]
    assert website_charts.lines(("None",), (timeline(0, 0, 9),), 2, True)[0] == ()


def test_period_that_has_just_begun_has_lines_but_no_index() -> None:
    running = timeline(429, *[0] * 29)
    view = replace(VIEW, period=Period.of_days(date(2099, 9, 1), date(2099, 9, 30), "UTC"))
    for indexed, kind in ((False, Chart), (True, Text)):
        block = website_charts.timelines(view, ["A"], [running], indexed=indexed)[0]
        assert isinstance(block, kind)
        if isinstance(block, Text):
            assert block.text.startswith("No index yet")
    assert website_charts.lines(("A",), (running,), 0, False)[0] == ("A",)
    none = timeline(*[0] * 30)
    (empty,) = website_charts.timelines(view, ["A"], [none], indexed=True)
    assert isinstance(empty, Text)
    assert empty.text == "No visitors in this period."


def test_names_of_websites_are_escaped_in_charts() -> None:
    known = [timeline(1, 2, 3), timeline(3, 2, 1)]
    _shown, frame, _rest = website_charts.lines((HOSTILE, "B"), tuple(known), 3, False)
    figure = over_time.lines(frame, (HOSTILE, "B"), "day", 2, (True, False), "light", rest=True)
    assert "<script" not in go.Figure(figure).to_json()
    assert [trace["y"][2] for trace in figure["data"] if trace.get("name")] == [None, None]
    rows = (answers(HOSTILE, stats(3), stats(1)), answers("B", stats(1), stats(2)))
    _lead, chart, table = website_charts.contributions(website_figures.rows(rows, 30), VISITORS)
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    assert "<script" not in go.Figure(chart.draw("light")).to_json()


def test_contributions_add_up_to_the_change() -> None:
    rows = tuple(answers(f"Site {at}", stats(10 + at * at), stats(10 + 7 * at)) for at in range(12))
    _lead, chart, table = website_charts.contributions(website_figures.rows(rows, 30), VISITORS)
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    (bars,) = chart.draw("light")["data"]
    *parts, whole = bars["x"]
    assert sum(parts) == whole == table.frame["change"].sum()
    assert len(parts) == website_charts.MOST_STEPS + 1
    for without in ((answers("A", stats(1)),), (answers("A", stats(1), stats(1)),)):
        (text,) = website_charts.contributions(website_figures.rows(without, 30), VISITORS)
        assert isinstance(text, Text)


def test_a_rate_of_all_websites_is_explained_by_each() -> None:
    rows = (
        answers("A", stats(9, visits=100, bounces=40), stats(9, visits=300, bounces=120)),
        answers("B", stats(9, visits=300, bounces=240), stats(9, visits=100, bounces=70)),
    )
    lead, chart, table = website_charts.contributions(
        website_figures.rows(rows, 30), Sum.named("bounce_rate", "visits", ())
    )
    assert isinstance(lead, Text)
    assert lead.lead == "Bounce rate rose by 22.5 pts to 70.0%."
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    assert table.frame["change"].sum() == pytest.approx(0.225)
    (bars,) = chart.draw("light")["data"]
    *parts, whole = bars["x"]
    assert sum(parts) == pytest.approx(whole) == pytest.approx(0.225)


def test_conversions_and_revenue_of_all_websites_are_explained_by_each() -> None:
    in_euro = Conversion(FunnelStep("event", "buy"), "EUR")
    rows = tuple(
        answers(name, stats(9), stats(9), (in_euro, now))._replace(visits_before=(before,))
        for name, now, before in (
            ("A", visits(3, 30.5, visits=10), visits(1, 10.25, visits=10)),
            ("B", visits(2, 5.0, visits=30), visits(2, 8.0, visits=10)),
        )
    )
    frame = website_figures.rows((*rows, answers("Without", stats(9), stats(9))), 30)
    sums = {
        "conversions": ("Conversions rose by 66.7% to 5.", 2.0),
        "conversion_rate": ("Conversion rate fell by 2.5 pts to 12.5%.", -0.025),
        "revenue_EUR": ("Revenue rose by 94.5% to €35.50.", 17.25),
    }
    drawn = {tile.figure: tile for tile in website_figures.tiles(frame, ["EUR"], "Visits")}
    for name, (sentence, size) in sums.items():
        lead, _chart, table = website_charts.contributions(
            frame, Sum.named(name, "visits", ["EUR"])
        )
        assert isinstance(lead, Text)
        assert isinstance(table, Table)
        assert lead.lead == sentence
        assert set(table.frame["label"].dropna()) <= {"A", "B", "1 other"}
        assert table.frame["change"].sum() == pytest.approx(size)
        tile = drawn[name]
        assert tile.number is not None
        assert tile.earlier is not None
        assert tile.number - tile.earlier == pytest.approx(size)
    for hostile in ("revenue_USD", "revenue_" + HOSTILE, HOSTILE, ""):
        assert Sum.named(hostile, "visits", ["EUR"]).figure.name == "visitors"


def test_parameters_choose_a_group_a_conversion_and_a_scale() -> None:
    sites = [site(name) for name in ("A", "B", "C")]
    groups = [WebsiteGroup("Pair", ("a", "c"), id="g"), WebsiteGroup("Gone", ("x",), id="h")]
    choice = Choice.of({"group": ["g"], "scale": ["index"]}, sites, groups)
    assert ([each.name for each in choice.sites], choice.indexed) == (["A", "C"], True)
    assert not choice.faults
    for id_ in ("h", "unknown", HOSTILE):
        choice = Choice.of({"group": [id_]}, sites, groups)
        assert (choice.group, len(choice.sites), len(choice.faults)) == (None, 3, 1)
    for text in ("nonsense", "event.", HOSTILE):
        choice = Choice.of({"same_conversion": [text]}, sites, groups)
        assert (choice.conversion, len(choice.faults)) == ("", 1)
    for text in ("money", "path./cart", "event.purchase"):
        assert Choice.of({"same_conversion": [text]}, sites, groups).conversion == text


def test_typed_conversion_is_a_page_or_an_event() -> None:
    steps = {" /cart ": "path./cart", "*shop": "path.*shop", "order.paid": "event.order.paid"}
    assert {text: websites.typed_step(text) for text in steps} == steps
    assert websites.typed_step("  ") == ""


def shown(query: Collector, view: View, **params: str) -> list[ui.Block]:
    """What the report has."""
    layout = list(websites.ask(query, view, {name: [text] for name, text in params.items()}))
    sections = ui.sections(layout, "report")
    return [block for section in sections for block in build._blocks(section)]


def tiles_of(blocks: Sequence[ui.Block]) -> dict[str, Any]:
    """The figures of all tiles."""
    rows = [block.tiles for block in blocks if isinstance(block, Tiles)]
    return {tile.label: tile.number for row in rows for tile in row}


@pytest.fixture(
    scope="module", params=["own", "3.1", pytest.param("2.18", marks=pytest.mark.thorough)]
)
def client(request: pytest.FixtureRequest) -> Any:
    if request.param == "own":
        serving = serve(TABLES, password="umami")
    else:
        serving = serve_version(request.param, TABLES)
    with serving as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as client:
            yield client


def view_of(client: Client) -> View:
    return View(
        WEBSITES["shop"],
        PERIOD,
        comparison="previous",
        whole_visits=client.capabilities.whole_visits,
    )


def test_totals_are_those_of_the_websites(client: Client) -> None:
    view = view_of(client)
    blocks = shown(Collector(AuthorizedClient(client, ALL)), view)
    drawn = tiles_of(blocks)
    each = [client.ask(traffic.stats(view.of_website(id_))).current for id_ in WEBSITES.values()]
    assert drawn["Visitors"] == sum(row.visitors for row in each) > 0
    assert drawn["Views"] == sum(row.views for row in each)
    table = next(block for block in blocks if isinstance(block, Table) and block.key == "websites")
    assert table.frame["visitors"].sum() == drawn["Visitors"]


def test_same_conversion_is_counted_on_every_website(client: Client) -> None:
    view, step = view_of(client), FunnelStep("event", "purchase")
    query = Collector(AuthorizedClient(client, ALL))
    blocks = shown(query, view, same_conversion="event.purchase")
    drawn = tiles_of(blocks)
    expected = 0
    for id_ in WEBSITES.values():
        of_site = view.of_website(id_)
        if view.whole_visits:
            groups = client.ask(visit_groups(of_site, None, step, "EUR"))
            expected += int(groups.frame["conversions"].sum())
        else:
            expected += client.ask(reports.goal(of_site, step.kind, step.value)).visitors or 0
    assert drawn["Conversions"] == expected > 0
    drawn = tiles_of(shown(query, view, same_conversion="money"))
    euros = client.ask(revenue.revenue_stats(view.of_website(WEBSITES["shop"]), "EUR"))
    assert drawn["Revenue in EUR"] == pytest.approx(float(euros.total))
    everybody = drawn["Visits" if view.whole_visits else "Visitors"]
    assert drawn["Conversion rate"] == pytest.approx(drawn["Conversions"] / everybody)


def test_reader_of_two_websites_sees_two_everywhere(client: Client) -> None:
    view = view_of(client)
    seen = Permissions((EVERYTHING,)).within({WEBSITES["shop"], WEBSITES["docs"]})
    engine = open_engine("sqlite://")
    admin = Reader(lambda _create: engine, "ann", ALL)
    group = admin.website_groups.save(WebsiteGroup("All", tuple(WEBSITES.values())))
    query = Collector(AuthorizedClient(client, seen), reader=replace(admin, permissions=seen))
    for params in ({}, {"group": group.id}):
        blocks = shown(query, view, **params)
        tables = [block for block in blocks if isinstance(block, Table)]
        for table in tables:
            column = "website" if "website" in table.frame else "name"
            assert set(table.frame[column]) == {"Nordlicht Shop", "Nordlicht Docs"}
        assert len(tables) == 3


def test_one_failing_website_leaves_a_sentence() -> None:
    with serve(TABLES, password="umami") as running, between(running.url) as proxy:
        settings = Settings(api=f"{proxy.url}/api", username="admin", password="umami")
        with connect(settings) as client:
            view = view_of(client)
            proxy.breaks = lambda target: f"{WEBSITES['docs']}/stats" in target
            blocks = shown(Collector(AuthorizedClient(client, ALL)), view)
            drawn = tiles_of(blocks)
            shop = client.ask(traffic.stats(view)).current
            assert drawn["Visitors"] == shop.visitors
            said = [block.text for block in blocks if isinstance(block, Text)]
            assert any(
                "1 of 3 websites did not answer and are not in the sums: Nordlicht Docs. " in text
                for text in said
            )
            table = next(
                block for block in blocks if isinstance(block, Table) and block.key == "websites"
            )
            row = table.frame.set_index("name").loc["Nordlicht Docs"]
            texts = [field.shown(row[field.column]) for field in table.fields[1:]]
            assert texts == [ABSENT] * len(texts)
