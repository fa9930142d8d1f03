"""The ways from the figures of a page to Compare, which explains their changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from components import blocks as ui
from components.charts.tiles import Tile
from components.loading import Collector
from components.page_registry import AREAS
from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import SHOP, TABLES, WEBSITES, open_page, said, table_data
from tests.reports.conftest import GIVEN, asking
from tests.support.pages import CHOICES
from umami.client import Client
from umami.embedded.server import serve
from umami.errors import UmamiError
from umami.period import Period
from umami.view import View

CASES = {
    ("overview", "visitors"): "Visitors",
    ("utm", "bounce_rate"): "Bounce rate",
    ("utm", "tagged_views"): "Tagged views",
    ("attribution", "revenue"): "Revenue",
    ("websites", f"{WEBSITES['docs']}visitors"): "Visitors",
    ("sessions", "visits"): "Visits",
    ("events", "events"): "Events",
    ("events", "event_visitors"): "Visitors with events",
    ("goals", "goal_0_goal_times"): "Times converted",
    ("goals", "goal_0_goal_visitors"): "Converted visitors",
    ("goals", "goal_0_goal_rate"): "Conversion rate of visitors",
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
    assert page != "goals" or "conversion" in app.query_params
    title = f"Why it changed: {CASES[page, key]}"
    assert title in [element.value for element in app.header]
    assert table_data(app, "parts")["records"]


@pytest.mark.thorough
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
        assert "This server does not" in said(app) or "Umami 2 does not" in said(app)
        return
    assert table_data(app, "parts")["records"]


def tiles_of(client: Client, page: str, view: View) -> list[Tile]:
    """The tiles of a page in all its tabs, as far as the server answers."""
    query = Collector(client)
    tiles: list[Tile] = []
    for section in ui.sections(list(AREAS[page].ask(query, view, GIVEN.get(page, {}))), "page"):
        try:
            answers = [answer.result() for answer in section.answers]
            more = section.ask_more(*answers) if section.ask_more else ()
            blocks = section.make(*answers, *(answer.result() for answer in more))
        except UmamiError:
            continue
        tiles += [tile for block in blocks if isinstance(block, ui.Tiles) for tile in block.tiles]
    return tiles


@pytest.mark.sample(3)
@pytest.mark.parametrize("version", ["", "2.18", "3.1"])
def test_every_change_is_explained_or_says_why_not(version: str) -> None:
    start = serve_version(version, TABLES) if version else serve(TABLES)
    period = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
    silent, explained = [], set()
    with start as running, asking(running) as client:
        whole = client.capabilities.whole_visits
        view = View(SHOP, period, comparison="previous", whole_visits=whole)
        view = replace(view, conversion="event.purchase", currency="EUR")
        for page in AREAS.keys() - {"realtime"}:
            # Live figures have no comparison.
            for tile in tiles_of(client, page, view):
                if tile.delta is None:
                    continue
                if tile.figure:
                    explained.add((page, tile.figure))
                elif not tile.unexplained:
                    silent.append((page, tile.label))
    assert silent == []
    assert {"overview", "events", "goals", "websites"} <= {page for page, _figure in explained}
    # Umami 2 lists no visitors who converted.
    counted = {"": "conversions", "3.1": "goal_visitors"}
    assert version not in counted or ("overview", counted[version]) in explained
