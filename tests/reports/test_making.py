"""Reports send the queries of the pages, respect permissions, survive faults and can be
cancelled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access.permissions import STRUCTURE, AuthorizedClient, Grant, Permissions
from components.blocks import Chart, Table, Text, Tiles
from components.loading import Collector
from components.page_registry import ENDPOINTS, PAGES
from reports import build
from reports.document import Report, Section
from tests.doubles.umami import serve as serve_version
from tests.reports.conftest import (
    EVERY,
    GIVEN,
    TABLES,
    WEBSITES,
    asking,
    ordered,
    seen,
)
from umami.api import segments, traffic
from umami.background_task import TaskCancelled
from umami.client import Client

pytestmark = pytest.mark.slow

WITHOUT_CHARTS = ("landing", "utm", "attribution")


def sections(report: Report, page: str) -> dict[str, Section]:
    """The sections of a chapter by their titles."""
    chapter = next(chapter for chapter in report.chapters if chapter.name == page)
    return {section.title: section for section in chapter.sections}


def said(report: Report) -> str:
    """All sentences of a report."""
    return "\n".join(
        block.text
        for chapter in report.chapters
        for part in chapter.sections
        for block in part.blocks
        if isinstance(block, Text)
    )


def test_every_page_but_links_realtime_and_reports_has_a_chapter(whole: Report) -> None:
    without = {page.name for page in PAGES if not page.in_reports}
    assert without == {"links", "realtime", "reports"}
    assert [chapter.name for chapter in whole.chapters] == [area.name for area in build.offered()]


def test_every_chapter_has_tables_or_tiles(whole: Report) -> None:
    assert "could not be created" not in said(whole)
    for chapter in whole.chapters:
        kinds = {type(block) for part in chapter.sections for block in part.blocks}
        if chapter.name == "performance":
            # The recorded tables have no measurements.
            assert kinds == {Text}
            continue
        assert kinds & {Table, Tiles}, chapter.name
        assert Chart in kinds or chapter.name in WITHOUT_CHARTS, chapter.name


def test_figures_are_the_servers(whole: Report, client: Client) -> None:
    stats = client.ask(traffic.stats(seen())).current
    (tiles,) = sections(whole, "overview")["Figures"].blocks
    assert isinstance(tiles, Tiles)
    values = {tile.label: tile.number for tile in tiles.tiles}
    assert (values["Views"], values["Visitors"], values["Visits"]) == (
        stats.views,
        stats.visitors,
        stats.visits,
    )
    assert values["Bounce rate"] == pytest.approx(stats.bounce_rate)


@pytest.mark.thorough
def test_report_of_an_older_server_is_complete() -> None:
    with serve_version("2.18", TABLES) as running, asking(running) as old:
        report = ordered(old, seen(), EVERY)
    assert "could not be created" not in said(report)
    assert len(report.chapters) == len(EVERY)


def test_report_has_a_segment_that_the_server_only_stores() -> None:
    with serve_version("2.20", TABLES) as running, asking(running) as old:
        germans = {"filters": [{"name": "country", "operator": "eq", "value": "DE"}]}
        saved = old.ask(segments.create_segment(WEBSITES["shop"], "segment", "Germans", germans))
        report = ordered(old, replace(seen(), segment=saved.id), ["overview"])
        stats = old.ask(traffic.stats(seen().filtered("country", "DE"))).current
    blocks = sections(report, "overview")["Figures"].blocks
    (tiles,) = (block for block in blocks if isinstance(block, Tiles))
    values = {tile.label: tile.number for tile in tiles.tiles}
    assert (values["Views"], values["Visitors"]) == (stats.views, stats.visitors)
    assert "Segment Germans" in str(report.cover.lines)
    assert "could not be created" not in said(report)


@pytest.mark.thorough
def test_report_of_an_empty_website_explains_what_is_missing(client: Client) -> None:
    report = ordered(client, seen(website=[WEBSITES["empty"]]), EVERY)
    assert "could not be created" not in said(report)
    assert "No pages in this period" in said(report)


def test_saved_analyses_are_the_default(client: Client) -> None:
    report = ordered(client, seen(), ["funnel", "goals", "attribution"], {})
    texts = said(report)
    for page, none in (
        ("funnel", "No funnel was chosen"),
        ("goals", "No goal was chosen"),
        ("attribution", "No conversion was chosen"),
    ):
        assert none in texts or len(sections(report, page)) >= 1
    assert "could not be created" not in texts


def test_forbidden_endpoints_are_not_requested(client: Client) -> None:
    shop = frozenset({WEBSITES["shop"]})
    asks = frozenset({"stats", "pageviews"})
    mine = Permissions((Grant(shop, frozenset({"overview"}), asks, filters=True, exports=True),))
    guarded = AuthorizedClient(client, mine)
    report = build.make(guarded, build.Order(seen(), ["overview"], (), GIVEN))
    parts = sections(report, "overview")
    assert isinstance(parts["Figures"].blocks[0], Tiles)
    (refused,) = parts["Countries"].blocks
    assert refused == Text("You have no access to this part of the website.")
    other = build.Order(seen(website=[WEBSITES["docs"]]), ["overview"], (), GIVEN)
    for part in sections(build.make(guarded, other), "overview").values():
        assert part.blocks == (Text("You have no access to this website."),)


def test_chapter_requests_only_endpoints_of_its_page(client: Client) -> None:
    """So the permissions of a page are those of its chapter. Lists of visitors are a hint, which
    viewers without the page of visitors do not get."""
    hints = {"sessions", "activity"}
    for page in build.offered():
        query = Collector(client)
        build.chapter(query, page, seen(), GIVEN.get(page.name, {}))
        sent = {question.name for question, _ in query.sent} - hints - STRUCTURE
        assert sent <= ENDPOINTS[page.name], page.name


def test_report_is_cancelled_between_chapters(client: Client) -> None:
    heard: list[tuple[int, int]] = []

    def report_progress(done: int, total: int) -> None:
        heard.append((done, total))
        if done == 1:
            raise TaskCancelled

    with pytest.raises(TaskCancelled):
        ordered(client, seen(), ["overview", "utm", "revenue"], report_progress=report_progress)
    assert heard == [(0, 3), (1, 3)]


def test_cover_names_website_period_and_filters(client: Client) -> None:
    view = seen(filter=["country.eq.DE", "browser.eq.chrome"], match=["any"])
    cover = ordered(client, view, ["overview"]).cover
    lines = cover.lines
    assert (cover.website, cover.period) == ("Nordlicht Shop", lines["Period"])
    assert lines["Time zone"] == "UTC"
    assert lines["Website"] == "Nordlicht Shop (shop.example.com)"
    assert lines["Period"] == "1 – 30 Sep 2026"
    assert lines["Filters"] == "any of: Browser is Chrome; Country is Germany"
    assert lines["Compared with"] == "1 – 31 Aug 2026 (1 day longer)"
    assert cover.as_of <= cover.made or (cover.as_of - cover.made).total_seconds() < 60
    assert "127.0.0.1" not in lines["Server"]
