"""Faults × pages: a page is drawn, explains the fault, shows no wrong number, sends at most three
times as many requests, and is complete as soon as the fault is over.

``tests/umami/test_fault_matrix.py`` has every fault for every query.
"""

from __future__ import annotations

import json
import re

import pytest

from components import umami_server
from components.areas import PageInfo
from components.formats import ABSENT
from components.page_registry import PAGES
from tests.pages.conftest import Shown, opened_at, said, shown
from tests.support.fault_catalogue import MOST, TROUBLES, data
from tests.support.fault_proxy import Between
from tests.support.waiting import eventually
from umami.errors import TRANSIENT, TimedOut, Unauthorised

pytestmark = [pytest.mark.sample(80), pytest.mark.slow]

CASES = [(area, name) for area in PAGES for name in TROUBLES]
TROUBLE = ":material/cloud_off:"
REMEDIES = {kind.remedy for kind in (*TRANSIENT, Unauthorised)}
NUMBER = re.compile(r"\d")
Baseline = tuple[Shown, int]


@pytest.fixture(scope="module")
def known() -> dict[str, Baseline]:
    """What pages show without any fault, and how many requests that takes."""
    return {}


def truth(proxy: Between, area: PageInfo, known: dict[str, Baseline]) -> Baseline:
    if area.name not in known:
        recognised()
        app = opened_at(area)
        assert not app.exception
        known[area.name] = shown(app), len(proxy.targets)
    return known[area.name]


def recognised() -> None:
    """A new client that has detected the version of its server."""
    umami_server.umami.clear()
    umami_server.umami().recognise()


UNREAD = "The annotations in Umami cannot be read: "
"""What the page Saved says before the reason."""


def marks_nothing(component: tuple[str, str]) -> bool:
    """Whether a component lies over the charts without a note and without a usual range."""
    name, data = component
    marks = json.loads(data) if name == "chart_notes" else {}
    return bool(marks) and not any(marks[kind] for kind in ("flags", "usual"))


def lacks_figures(component: tuple[str, str], right: Shown) -> bool:
    """Whether a component is the table of websites with correct rows, and rows without figures."""
    name, data = component
    if name != "websites":
        return False
    correct = [row for other, text in right.tables if other == name for row in rows_of(text)]
    names = [row[0] for row in correct]
    return all(
        row in correct or (row[0] in names and set(row[1:]) <= {ABSENT}) for row in rows_of(data)
    )


def rows_of(data: str) -> list[list[str]]:
    """The texts of the cells of a table, row by row."""
    return [[cell["text"] for cell in record["cells"]] for record in json.loads(data)["records"]]


def wrong(actual: Shown, right: Shown) -> list[object]:
    """Everything that is neither correct, nor a missing figure, nor an explanation of the fault."""
    figures = [
        metric for metric in actual.metrics if metric not in right.metrics and metric[1] != ABSENT
    ]
    drawn = [
        table
        for table in actual.tables
        if table not in right.tables
        and not marks_nothing(table)
        and not lacks_figures(table, right)
    ]
    drawn += [chart for chart in actual.charts if chart not in right.charts]
    words = [
        text
        for text in actual.words
        if NUMBER.search(text)
        and text not in right.words
        and not text.startswith((TROUBLE, UNREAD))
        and text not in REMEDIES
    ]
    return [*figures, *drawn, *words]


def same(actual: Shown, right: Shown) -> bool:
    return (actual.metrics, actual.tables, actual.charts) == (
        right.metrics,
        right.tables,
        right.charts,
    )


@pytest.mark.parametrize(
    ("area", "name"), CASES, ids=[f"{area.name}-{name}" for area, name in CASES]
)
def test_page_shows_correct_figures_or_an_error_under_a_fault(
    quick: Between,
    bare: pytest.MonkeyPatch,
    known: dict[str, Baseline],
    area: PageInfo,
    name: str,
) -> None:
    trouble = TROUBLES[name]
    quick.targets.clear()
    right, usual = truth(quick, area, known)
    if TimedOut in trouble.becomes:
        bare.setenv("UMAMI_TIMEOUT", "1")
    recognised()
    quick.targets.clear()
    fault = quick.befall(trouble.fault(1), data)
    app = opened_at(area)
    actual = shown(app)
    assert fault.struck
    assert not app.exception
    assert [element.value for element in app.title] == [area.title]
    assert wrong(actual, right) == []
    failed = [text for text in actual.words if text.startswith(TROUBLE)]
    assert bool(failed) == bool(trouble.becomes)
    assert same(actual, right) or trouble.becomes
    assert len(quick.targets) <= MOST * usual
    quick.heal()
    eventually(lambda: same(shown(app.run()), right) and TROUBLE not in said(app))
