"""Attribution: the default conversion, and revenue where servers have it."""

from __future__ import annotations

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
    assert table(app, "credit_referrer") == table(chosen, "credit_referrer")
    assert app.metric[0].delta


def test_no_change_without_a_comparison(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    app = open_page("attribution", **SEPTEMBER, compare="none")
    assert not app.metric[0].delta
    assert {len(row) for row in table(app, "credit_referrer")} == {2}


@pytest.mark.thorough
def test_revenue_is_offered_only_where_the_server_has_it(
    bare: pytest.MonkeyPatch, old: Running
) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    params = {"conversion": "event.purchase", "conversion_currency": "EUR"}
    app = open_page("attribution", **SEPTEMBER, **params)
    assert "Count" not in {control.label for control in app.selectbox}
    assert said(app).count("but not their revenue") == 1
    bare.delenv("UMAMI_DATA")
    umami_server.umami.clear()
    bare.setenv("UMAMI_URL", old.url)
    bare.setenv("UMAMI_USERNAME", old.username)
    bare.setenv("UMAMI_PASSWORD", old.password)
    app = open_page("attribution", **SEPTEMBER, **params)
    assert "Count" in {control.label for control in app.selectbox}
    assert "but not their revenue" not in said(app)
    assert table(app, "credit_referrer")[0][1].startswith("€")
