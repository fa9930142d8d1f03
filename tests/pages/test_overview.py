"""The Overview page, without a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from components import formats, umami_server, view_description
from components.escaping import plain
from tests.pages.conftest import ROOT, SHOP, Open, said, table, table_data, tiles, unescaped
from tests.support.ports import free_port
from umami.api import traffic
from umami.filters import Filter
from umami.period import Period
from umami.view import View

pytestmark = pytest.mark.sample(2)

VIEW = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))


def test_tiles_show_the_recorded_figures(opened: Open) -> None:
    app = opened()
    assert not app.exception
    shown = tiles(app)
    brought = {name: shown.pop(name, None) for name in ("Conversions", "Revenue")}
    assert shown == {
        "Views": "10,797",
        "Visitors": "2,423",
        "Visits": "3,426",
        "Bounce rate": "35.8%",
        "Visit duration": "1m 49s",
    }
    whole = umami_server.umami().capabilities.whole_visits
    assert brought == dict(zip(brought, ("280", "€10,231") if whole else (None, None), strict=True))


def test_filters_of_the_url_are_applied_and_shown_as_chips(opened: Open) -> None:
    app = opened(filter=["country.eq.DE", "browser.neq.chrome"])
    assert tiles(app)["Views"] not in ("0", "10,797")
    assert [chip.label for chip in app.button if (chip.key or "").startswith("chip_")] == [
        "Browser is not **Chrome**",
        "Country is **Germany**",
    ]


@pytest.mark.thorough
def test_clicking_a_chip_removes_its_filter(opened: Open) -> None:
    app = opened(filter="country.eq.DE")
    app.button(key="chip_country").click().run()
    assert tiles(app)["Views"] == "10,797"


def test_comparison_can_be_switched_off(opened: Open) -> None:
    september = {"from": "2026-09-01", "to": "2026-09-30"}
    app = opened(**september)
    deltas = {tile.label: tile.delta for tile in app.metric}
    assert all(deltas.values())
    assert deltas["Bounce rate"].endswith(" pts")
    app.session_state["comparison_menu"] = True
    app.run().radio(key="pick_comparison").set_value("none").run()
    assert not any(tile.delta for tile in app.metric)
    assert app.session_state["compare"] == "none"


@pytest.mark.thorough
def test_custom_comparison_has_figures_of_its_dates(opened: Open) -> None:
    app = opened(
        **{"from": "2026-09-01", "to": "2026-09-30"},
        compare="custom",
        compare_from="2026-08-01",
        compare_to="2026-08-15",
    )
    previous = opened(**{"from": "2026-09-01", "to": "2026-09-30"})
    assert app.metric[0].delta
    assert app.metric[0].delta != previous.metric[0].delta


@pytest.mark.thorough
def test_comparison_equals_a_custom_comparison_of_the_same_dates(opened: Open) -> None:
    september = opened(**{"from": "2026-09-01", "to": "2026-09-30"}, compare="previous")
    august = opened(
        **{"from": "2026-09-01", "to": "2026-09-30"},
        compare="custom",
        compare_from="2026-08-01",
        compare_to="2026-08-31",
    )
    assert [tile.delta for tile in september.metric] == [tile.delta for tile in august.metric]
    assert "1 – 30 Sep 2026 compared with 1 – 31 Aug 2026 (1 day longer)" in said(september)


def test_umami_comparison_is_the_servers(opened: Open) -> None:
    app = opened(**{"from": "2026-09-01", "to": "2026-09-30"}, compare="umami")
    now = replace(VIEW, period=Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
    umami, earlier = (replace(now, comparison="umami"), now.period.previous_by_umami())
    client = umami_server.umami()
    before = client.ask(traffic.stats(umami)).previous
    assert before == client.ask(traffic.stats(replace(now, period=earlier))).current
    visitors = next(tile for tile in app.metric if tile.label == "Visitors")
    assert formats.short(before.visitors) in visitors.proto.help
    assert "2 Aug 2026, 00:01 – 1 Sep 2026, 00:01 (Umami's previous period)" in said(app)


@pytest.mark.thorough
def test_comparison_can_match_weekdays(opened: Open) -> None:
    app = opened(**{"from": "2026-09-01", "to": "2026-09-30"})
    app.session_state["comparison_menu"] = True
    app.run().radio(key="pick_comparison").set_value("previous-weekdays").run()
    assert app.session_state["weekdays"] == "1"
    assert "28 Jul – 26 Aug 2026 (same weekdays)" in said(app)
    week = opened(**{"from": "2026-09-07", "to": "2026-09-13"})
    # The week before has the same weekdays anyway, the same dates of last year have not.
    week.session_state["comparison_menu"] = True
    offered = week.run().radio(key="pick_comparison").options
    assert [name for name in offered if "weekdays" in name] == ["Previous year, same weekdays"]


def test_control_bar_writes_the_url_parameters(opened: Open) -> None:
    app = opened()
    app.session_state["period_menu"] = True
    app.run().radio(key="pick_period").set_value("30d").run()
    assert not app.exception
    assert app.session_state["website"] == SHOP
    assert app.session_state["period"] == "30d"
    assert app.session_state["from"] == ""
    assert app.session_state["tz"] == "UTC"
    app.session_state["menu"] = True
    app.run().selectbox(key="pick_zone").select("Asia/Tokyo").run()
    assert app.session_state["tz"] == "Asia/Tokyo"


@pytest.mark.thorough
def test_changing_the_website_clears_the_filters(opened: Open) -> None:
    app = opened(filter="country.eq.DE")
    other = next(option for option in app.selectbox(key="pick_website").options if "Docs" in option)
    app.selectbox(key="pick_website").select_index(
        app.selectbox(key="pick_website").options.index(other)
    ).run()
    assert app.session_state["filter"] == []
    assert app.session_state["website"] != SHOP


@pytest.mark.parametrize("period", ["today", "24h", "week", "month", "12mo", "year", "all"])
def test_every_kind_of_period_is_drawn(opened: Open, period: str) -> None:
    app = opened(period=period)
    assert not app.exception
    # Without an event in the quarter, nothing counts as a conversion.
    assert len(app.metric) in (5, 7 if umami_server.umami().capabilities.whole_visits else 5)


def test_invalid_url_parameter_is_explained_once(opened: Open) -> None:
    app = opened(tz="Mars/Phobos")
    assert any("not a time zone" in element.value for element in app.caption)
    app.run()
    assert not any("not a time zone" in element.value for element in app.caption)


def test_unreachable_server_is_explained_without_secrets(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_URL", f"http://127.0.0.1:{free_port()}")
    bare.setenv("UMAMI_USERNAME", "reader")
    bare.setenv("UMAMI_PASSWORD", "not-to-be-shown")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert [element.value for element in app.title] == ["The dashboard is not connected"]
    shown = " ".join(element.value for element in (*app.markdown, *app.caption))
    assert "Check the address" in shown
    assert "not-to-be-shown" not in shown


def test_invalid_setting_is_named(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_URL", "http://127.0.0.1:1")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert any("UMAMI\\_URL" in element.value for element in app.markdown)


def test_page_script_draws_nothing_outside_the_app() -> None:
    app = AppTest.from_file(str(ROOT / "pages" / "overview.py"), default_timeout=30).run()
    assert not app.metric
    assert not app.exception


@pytest.mark.parametrize(
    ("filter", "views", "said"),
    [
        ("event.eq.purchase", "–", "with a filter on an event, it reports no views"),
        ("path.eq./nowhere", "0", "in this period with these filters."),
    ],
)
def test_empty_sections_point_to_the_filters(
    opened: Open, filter: str, views: str, said: str
) -> None:
    app = opened(filter=[filter])
    if filter.startswith("event") and umami_server.umami().capabilities.whole_visits:
        # The views of these visits are left.
        assert app.metric[0].value not in ("–", "0")
        return
    assert app.metric[0].value == views
    assert sum(said in unescaped(element.value) for element in app.caption) >= 4


@pytest.mark.thorough
@pytest.mark.parametrize(
    "filter", ["referrer.eq.google.com", "path.eq./products", "title.c.a", "query.c.utm"]
)
def test_rates_are_unknown_under_filters_of_single_rows(opened: Open, filter: str) -> None:
    app = opened(filter=[filter], **{"from": "2026-09-01", "to": "2026-09-30"})
    values = tiles(app)
    assert values["Visits"] not in ("0", "–")
    if umami_server.umami().capabilities.whole_visits:
        september = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
        view = View(SHOP, september, filters=(Filter.parse(filter),), whole_visits=True)
        now = umami_server.umami().ask(traffic.stats(view)).current
        assert values["Bounce rate"] == formats.percent(now.bounce_rate)
        assert view_description.PARTS_OF_VISITS not in said(app)
        return
    for name in ("Bounce rate", "Visit duration"):
        tile = next(tile for tile in app.metric if tile.label == name)
        assert (tile.value, tile.delta, tile.help) == (
            "–",
            "",
            plain(view_description.PARTS_OF_VISITS, 300),
        )
    assert said(app).count(view_description.PARTS_OF_VISITS) == 1


def test_shares_are_of_all_visitors(opened: Open) -> None:
    app = opened()
    client = umami_server.umami()
    visitors = client.ask(traffic.stats(VIEW)).current.visitors
    ranking = client.ask(traffic.metrics(VIEW, "path"))
    if ranking.measure == "visitors":
        assert table_data(app, "ranking_path")["columns"][2]["label"] == "% of visitors"
        counts = dict(zip(ranking.frame["name"], ranking.frame["count"], strict=True))
        pages = table(app, "ranking_path")
        assert len(pages) == 10
        for name, count, share, *_ in pages:
            assert count == formats.whole(counts[name])
            assert share == formats.percent(counts[name] / visitors)
    assert table_data(app, "ranking_event")["columns"][2]["label"] == "% of events"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("filters", "tells"), [([], True), (["country.eq.DE"], True), (["path.eq./products"], False)]
)
def test_direct_visitors_have_a_row_where_the_server_counts_them(
    opened: Open, filters: list[str], tells: bool
) -> None:
    app = opened(filter=filters)
    client = umami_server.umami()
    referrers = table_data(app, "ranking_referrer")
    rows = {row["cells"][0]["text"]: row for row in referrers["records"]}
    whole = client.capabilities.whole_visits
    if not ((tells or whole) and client.definitions.direct):
        assert "Direct / none" not in rows
        assert "Direct visitors have no row" in referrers["columns"][2]["help"]
        return
    chosen = tuple(Filter.parse(filter_) for filter_ in filters)
    view = replace(VIEW, filters=chosen, whole_visits=whole)
    visitors = client.ask(traffic.stats(view)).current.visitors
    channels = client.ask(traffic.metrics(view, "channel")).frame.set_index("name")["count"]
    direct = rows["Direct / none"]
    assert [cell["text"] for cell in direct["cells"]][:3] == [
        "Direct / none",
        formats.whole(channels["direct"]),
        formats.percent(channels["direct"] / visitors),
    ]
    assert direct["value"] is None


def test_usual_range_of_visits_lies_over_their_chart(opened: Open) -> None:
    """Only where the server tells the visits by day, and only once they are shown."""
    whole = umami_server.umami().capabilities.whole_visits
    for params, column in (({}, "sessions"), ({"chart": "visits"}, "visits")):
        app = opened(**params)
        assert not app.exception
        usual = next(
            json.loads(element.proto.json)["usual"]
            for element in app.get("bidi_component")
            if '"usual":' in element.proto.json
        )
        assert ("visits" in usual) == (whole and column == "visits")
        if column in usual:
            days = [low <= high for _day, low, high in usual[column]["range"]]
            assert len(days) > 30
            assert all(days)
