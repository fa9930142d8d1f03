"""What the Overview shows, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, SHOP, Open, tiles
from tests.support.ports import free_port


def test_the_recorded_figures(opened: Open) -> None:
    app = opened()
    assert not app.exception
    assert tiles(app) == {
        "Views": "10,797",
        "Visitors": "2,423",
        "Visits": "3,426",
        "Bounce rate": "35.8%",
        "Visit duration": "1m 49s",
    }


def test_a_filter_in_the_link(opened: Open) -> None:
    app = opened(filter=["country.eq.DE", "browser.neq.chrome"])
    assert tiles(app)["Views"] not in ("0", "10,797")
    assert [chip.label for chip in app.button if (chip.key or "").startswith("chip_")] == [
        "Browser is not **Chrome**",
        "Country is **Germany**",
    ]


def test_a_chip_takes_its_filter_away(opened: Open) -> None:
    app = opened(filter="country.eq.DE")
    app.button(key="chip_country").click().run()
    assert tiles(app)["Views"] == "10,797"


def test_the_comparison_and_none(opened: Open) -> None:
    september = {"from": "2026-09-01", "to": "2026-09-30"}
    app = opened(**september)
    deltas = {tile.label: tile.delta for tile in app.metric}
    assert all(deltas.values())
    assert deltas["Bounce rate"].endswith(" pts")
    app.selectbox(key="pick_comparison").select("none").run()
    assert not any(tile.delta for tile in app.metric)
    assert app.session_state["compare"] == "none"


def test_a_custom_comparison_has_its_own_figures(opened: Open) -> None:
    app = opened(
        **{"from": "2026-09-01", "to": "2026-09-30"},
        compare="custom",
        compare_from="2026-08-01",
        compare_to="2026-08-31",
    )
    previous = opened(**{"from": "2026-09-01", "to": "2026-09-30"})
    assert app.metric[0].delta
    assert app.metric[0].delta != previous.metric[0].delta


def test_the_bar_writes_what_the_link_reads(opened: Open) -> None:
    app = opened()
    app.selectbox(key="pick_period").select("30d").run()
    assert not app.exception
    assert app.session_state["website"] == SHOP
    assert app.session_state["period"] == "30d"
    assert app.session_state["from"] == ""
    assert app.session_state["tz"] == "UTC"
    app.selectbox(key="pick_zone").select("Asia/Tokyo").run()
    assert app.session_state["tz"] == "Asia/Tokyo"


def test_another_website_forgets_the_filters(opened: Open) -> None:
    app = opened(filter="country.eq.DE")
    other = next(one for one in app.selectbox(key="pick_website").options if "Docs" in one)
    app.selectbox(key="pick_website").select_index(
        app.selectbox(key="pick_website").options.index(other)
    ).run()
    assert app.session_state["filter"] == []
    assert app.session_state["website"] != SHOP


@pytest.mark.parametrize("period", ["today", "24h", "week", "month", "12mo", "year", "all"])
def test_every_kind_of_period_opens(opened: Open, period: str) -> None:
    app = opened(period=period)
    assert not app.exception
    assert len(app.metric) == 5


def test_what_a_link_says_wrongly_is_said_once(opened: Open) -> None:
    app = opened(tz="Mars/Phobos")
    assert any("not a time zone" in one.value for one in app.caption)
    app.run()
    assert not any("not a time zone" in one.value for one in app.caption)


def test_a_dead_server_is_a_sentence(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_URL", f"http://127.0.0.1:{free_port()}")
    bare.setenv("UMAMI_USERNAME", "reader")
    bare.setenv("UMAMI_PASSWORD", "not-to-be-shown")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert [one.value for one in app.header] == ["The dashboard is not connected"]
    shown = " ".join(one.value for one in (*app.markdown, *app.caption))
    assert "Check the address" in shown
    assert "not-to-be-shown" not in shown


def test_a_wrong_setting_is_named(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_URL", "http://127.0.0.1:1")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert any("UMAMI\\_URL" in one.value for one in app.markdown)


def test_a_page_by_itself_runs_nothing() -> None:
    app = AppTest.from_file(str(ROOT / "pages" / "overview.py"), default_timeout=30).run()
    assert not app.metric
    assert not app.exception


@pytest.mark.parametrize(
    ("filter", "said"),
    [
        ("event.eq.purchase", "a filter on an event leaves no views"),
        ("path.eq./nowhere", "Nothing in this period matches the filters."),
    ],
)
def test_an_empty_page_says_that_it_is_the_filters(opened: Open, filter: str, said: str) -> None:
    app = opened(filter=[filter])
    assert app.metric[0].value == "0"
    assert sum(said in one.value for one in app.caption) >= 4
