"""Attribution: the default conversion, and revenue where servers have it."""

from __future__ import annotations

import re

import pytest

from components import umami_server
from tests.pages.conftest import TABLES, open_page, said, table, tiles
from tests.pages.test_numbers import SEPTEMBER
from umami.embedded.server import Running


def test_default_conversion_is_the_event_with_revenue(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    app, chosen = (
        open_page("attribution", **SEPTEMBER, **params)
        for params in ({}, {"conversion": "event.purchase"})
    )
    assert tiles(app)["Conversions"] == tiles(chosen)["Conversions"]
    assert table(app, "credit_channel") == table(chosen, "credit_channel")
    assert app.metric[0].delta


def test_no_change_without_a_comparison(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    app = open_page("attribution", **SEPTEMBER, compare="none")
    assert not app.metric[0].delta
    assert {len(row) for row in table(app, "credit_channel")} == {7}


def test_models_credit_revenue_on_request(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    app = open_page("attribution", **SEPTEMBER, compare="none", conversion_currency="EUR")
    app.segmented_control(key="pick_credit").select("revenue").run()
    assert app.session_state["credit"] == "revenue"
    rows = table(app, "credit_channel")
    total = re.search(r"adds up to the revenue of €([\d,]+\.\d\d)", said(app))
    assert total
    for model in (1, 2, 3, 4, 5, 6):
        sums = sum(float(row[model].replace("€", "").replace(",", "")) for row in rows)
        assert sums == pytest.approx(float(total[1].replace(",", "")), abs=0.1)


def test_event_nobody_did_is_explained(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    # Without the currency of purchases there is no revenue to credit either.
    params = {"conversion": "event.*nothing* <b>$x$", "conversion_currency": "XTS"}
    app = open_page("attribution", **SEPTEMBER, **params)
    assert not app.exception
    assert tiles(app)["Conversions"] == "0"
    assert "No visit converted in this period." in said(app)


@pytest.mark.thorough
def test_umami_credits_revenue_only_where_it_reports_it(
    bare: pytest.MonkeyPatch, old: Running
) -> None:
    bare.setenv("UMAMI_URL", old.url)
    bare.setenv("UMAMI_USERNAME", old.username)
    bare.setenv("UMAMI_PASSWORD", old.password)
    umami_server.umami.clear()
    params = {"conversion": "event.purchase", "conversion_currency": "EUR", "credit": "revenue"}
    app = open_page("attribution", **SEPTEMBER, **params)
    offered = app.segmented_control(key="pick_credit").options
    assert offered[0] == "Conversions"
    assert table(app, "credit_referrer")[0][1].startswith("€")
    assert table(app, "credit_referrer")[-1][0] == "(direct or unknown)"
