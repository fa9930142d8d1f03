"""The ways from the figures of a page to Compare, which explains their changes."""

from __future__ import annotations

import pytest

from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import SHOP, TABLES, WEBSITES, open_page, said, table_data
from tests.support.pages import CHOICES

CASES = {
    ("overview", "visitors"): "Visitors",
    ("utm", "bounce_rate"): "Bounce rate",
    ("utm", "tagged_views"): "Tagged views",
    ("attribution", "revenue"): "Revenue",
    ("websites", f"{WEBSITES['docs']}visitors"): "Visitors",
    ("sessions", "visits"): "Visits",
    ("events", "events"): "Events",
    ("events", "event_visitors"): "Visitors with events",
    ("goals", "event_purchasegoal_times"): "Times converted",
    ("goals", "event_purchasegoal_visitors"): "Converted visitors",
    ("goals", "event_purchasegoal_rate"): "Conversion rate of visitors",
    ("revenue", "revenue"): "Revenue",
    ("revenue", "orders"): "Orders",
    ("revenue", "average_order"): "Average order",
    ("revenue", "buyers"): "Paying visitors",
    ("revenue", "revenue_per_visitor"): "Revenue per visitor",
}
"""The figure by page and the key of its button."""


@pytest.mark.sample(2)
@pytest.mark.parametrize(("page", "key"), CASES)
def test_a_click_on_a_change_opens_its_explanation(
    page: str, key: str, bare: pytest.MonkeyPatch
) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    params = CHOICES.get(page, {})
    app = open_page(page, compare="previous", **{"from": "2026-09-01"}, **params)
    assert not app.exception
    app.button(key=f"explain_{key}").click().run()
    assert not app.exception
    assert [element.value for element in app.title] == ["Compare"]
    opened = {name: app.query_params.get(name) for name in ("website", "filter")}
    assert opened == {
        "website": WEBSITES["docs"] if page == "websites" else SHOP,
        "filter": "utmCampaign.eq.brand" if key == "bounce_rate" else None,
    }
    title = f"Why it changed: {CASES[page, key]}"
    assert title in [element.value for element in app.header]
    assert table_data(app, "parts")["records"]


@pytest.mark.sample(2)
@pytest.mark.parametrize("version", ["2.18", "3.1"])
@pytest.mark.parametrize(
    ("figure", "by", "since"),
    [
        ("events", "path", ""),
        ("event_names", "path", ""),
        ("event_visits", "path", "3.0"),
        ("countries", "path", ""),
        ("tagged_views", "path", ""),
        ("revenue", "referrer", "3.0"),
        ("revenue_per_visitor", "path", ""),
        ("buyers", "device", "3.2"),
        ("goal_times", "country", "3.1"),
        ("goal_visitors", "device", "3.0"),
        ("goal_rate", "device", "3.0"),
    ],
)
def test_figures_of_umami_servers_are_explained(
    version: str, figure: str, by: str, since: str, bare: pytest.MonkeyPatch
) -> None:
    """Of Umami 2, what is known ``since`` Umami 3 is said to be unknown."""
    with serve_version(version, TABLES) as running:
        bare.setenv("UMAMI_URL", running.url)
        bare.setenv("UMAMI_USERNAME", running.username)
        bare.setenv("UMAMI_PASSWORD", running.password)
        params = {"compare": "previous", "figure": figure, "by": by, "from": "2026-09-01"}
        if figure in ("countries", "event_names"):
            # Few visitors, so that their number changes.
            params |= {"from": "2026-09-29", "to": "2026-09-29", "filter": "os.eq.Linux"}
        app = open_page("compare", **params)
    assert not app.exception
    if version < since:
        assert "does not report" in said(app)
        return
    assert table_data(app, "parts")["records"]
