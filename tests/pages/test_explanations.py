"""The ways from the figures of a page to Compare, which explains their changes."""

from __future__ import annotations

import pytest

from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import SHOP, TABLES, WEBSITES, open_page, said, table_data
from tests.support.pages import CHOICES

CASES = {
    "overview": ("explain_visitors", {}, "Visitors"),
    "utm": ("explain_bounce_rate", CHOICES["utm"], "Bounce rate"),
    "attribution": ("explain_revenue", CHOICES["attribution"], "Revenue"),
    "websites": (f"explain_{WEBSITES['docs']}visitors", {}, "Visitors"),
    "sessions": ("explain_visits", {}, "Visits"),
    "events": ("explain_events", {}, "Events"),
    "goals": ("explain_event_purchasevisitors", CHOICES["goals"], "Visitors"),
    "revenue": ("explain_revenue", CHOICES["revenue"], "Revenue"),
}
FILTERED = {"utm": "utmCampaign.eq.brand", "goals": "event.eq.purchase"}


@pytest.mark.sample(2)
@pytest.mark.parametrize("page", CASES)
def test_a_click_on_a_change_opens_its_explanation(page: str, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    key, params, figure = CASES[page]
    app = open_page(page, compare="previous", **{"from": "2026-09-01"}, **params)
    assert not app.exception
    app.button(key=key).click().run()
    assert not app.exception
    assert [element.value for element in app.title] == ["Compare"]
    opened = {name: app.query_params.get(name) for name in ("website", "filter")}
    assert opened == {
        "website": WEBSITES["docs"] if page == "websites" else SHOP,
        "filter": FILTERED.get(page),
    }
    assert f"Why it changed: {figure}" in [element.value for element in app.header]


@pytest.mark.sample(2)
@pytest.mark.parametrize("version", ["2.18", "3.1"])
@pytest.mark.parametrize(("figure", "by"), [("events", "path"), ("revenue", "referrer")])
def test_events_and_revenue_of_umami_servers_are_explained(
    version: str, figure: str, by: str, bare: pytest.MonkeyPatch
) -> None:
    with serve_version(version, TABLES) as running:
        bare.setenv("UMAMI_URL", running.url)
        bare.setenv("UMAMI_USERNAME", running.username)
        bare.setenv("UMAMI_PASSWORD", running.password)
        params = {"compare": "previous", "figure": figure, "by": by, "from": "2026-09-01"}
        app = open_page("compare", **params)
    assert not app.exception
    if figure == "revenue" and version == "2.18":
        # Umami 2 tells no revenue by referrer.
        assert "This server does not report this figure by this field." in said(app)
        return
    assert table_data(app, "parts")["records"]
