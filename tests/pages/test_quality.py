"""Data quality on real servers, and what tiles say about their figures."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.pages.conftest import SHOP, Open, open_page, said, table
from tests.support.fault_proxy import Between


def headers(opened: Open, **params: str) -> list[str]:
    app = opened("quality", **params)
    assert not app.exception
    return [header.value for header in app.header]


def test_sections_and_the_switch(opened: Open) -> None:
    sections = ["What was detected", "Definitions in force", "Limits and refusals"]
    assert headers(opened) == sections
    sections.insert(1, "Without what was detected")
    assert headers(opened, without="all") == sections
    app = opened("quality")
    app.toggle(key="pick_without").set_value(True).run()
    assert [header.value for header in app.header] == sections


@pytest.mark.parametrize(
    ("first", "last"),
    [("2000-01-02", "2000-01-03"), ("2020-01-01", "2026-09-30"), ("2099-01-01", "2099-12-30")],
)
def test_any_period_has_a_page(quick: Between, first: str, last: str) -> None:
    app = open_page("quality", without="all", **{"from": first, "to": last})
    assert not app.exception
    assert app.header[0].value == "What was detected"
    assert "could not be drawn" not in said(app)


def test_a_finding_that_does_not_exist_is_not_left_out(quick: Between) -> None:
    app = open_page("quality", without=["<script>", "down.2026-01-01T00"])
    assert not app.exception
    assert "There is nothing to leave out in this period." in said(app)


def test_each_finding_can_be_left_out(quick: Between) -> None:
    app = open_page("quality")
    labels = [button.label for button in app.button if button.key.startswith("leave_out")]
    assert len(labels) >= 2
    assert all(label.startswith("Show without ") for label in labels)
    app.button(key="leave_out_0").click().run()
    assert "replaced" not in said(app)
    again = [button.label for button in app.button if button.key.startswith("leave_out")]
    assert again == [labels[0].replace("without", "with"), *labels[1:]]
    assert app.toggle(key="pick_without").value


def test_definitions_are_those_of_the_server(opened: Open) -> None:
    text = said(opened("quality"))
    old = "answers by the definitions of Umami 2.18" in text
    bounce = "A bounce is a visit with exactly one view and no custom event."
    assert f"Umami 3.3 and newer: {bounce}" in text if old else f"**Bounce:** {bounce}" in text
    assert ("Umami does not count conversions by visit" in text) == old


def test_missing_answers_are_no_proof_that_nothing_is_unusual(proxy: Between) -> None:
    proxy.breaks = lambda target: urlsplit(target).path.endswith("/pageviews")
    text = said(open_page("quality"))
    assert "Nothing unusual in this period." not in text
    for what in ("unusual days", "hours without views", "pages down at once"):
        assert f"{what} (the server did not tell)" in text


def test_filters_on_parts_of_visits_leave_pages_unchecked(opened: Open) -> None:
    text = said(opened("quality", filter="referrer.eq.google.com"))
    assert "pages down at once (not with filters on parts of visits)" in text


def test_tables_of_findings_are_of_the_period(quick: Between) -> None:
    """The recorded traffic ends within the period, so that it stops."""
    rows = table(open_page("quality"), "doubts")
    assert rows
    assert all(len(row) == 3 for row in rows)


def test_tiles_name_the_request_without_ids_or_addresses(quick: Between) -> None:
    for page, path in (
        ("overview", "/api/websites/…/stats"),
        ("events", "/api/websites/…/events/stats"),
        ("sessions", "/api/websites/…/sessions/stats"),
        ("revenue", "/api/reports/revenue"),
        ("retention", "/api/websites/…/retention"),
    ):
        helps = [tile.help.replace("\\", "") for tile in open_page(page).metric]
        sourced = [text for text in helps if f"From {path} of Umami 3.5" in text]
        assert len(sourced) >= 4, helps
        assert not any(SHOP in text or urlsplit(quick.url).netloc in text for text in helps)
