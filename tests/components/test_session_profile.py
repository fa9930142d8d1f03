"""The profile of a session as blocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from components.areas.sessions import OPEN, SHOWN, activity
from components.blocks import Expander, Table, Text
from umami.api.events import Kind
from umami.api.sessions import Step

BEGAN = datetime(2026, 8, 1, 12, tzinfo=UTC)


def step(visit: int, at: int, name: str | None = None) -> Step:
    kind = Kind.CUSTOM if name else Kind.PAGEVIEW
    moment = BEGAN + timedelta(days=visit, seconds=at)
    return Step(str(visit), moment, kind, name, "/cart", "a=1", "t.co")


def test_no_activity_is_explained() -> None:
    (block,) = activity("UTC", ())
    assert isinstance(block, Text)
    assert block.kind == "empty"


def test_latest_visits_are_shown_and_the_first_are_open() -> None:
    many = SHOWN + 2
    blocks = activity("UTC", tuple(step(visit, 0) for visit in range(many)))
    visits = [block for block in blocks if isinstance(block, Expander)]
    assert len(visits) == SHOWN
    assert [visit.expanded for visit in visits] == [True] * OPEN + [False] * (SHOWN - OPEN)
    whole = blocks[-1]
    assert isinstance(whole, Table)
    assert (len(whole.frame), whole.shown) == (many, 0)


def test_visit_lists_its_steps_with_the_time_between() -> None:
    blocks = activity("Europe/Berlin", (step(0, 90, "buy"), step(0, 0)))
    assert blocks[0] == Text("2 steps in 1 visit.")
    (visit,) = (block for block in blocks if isinstance(block, Expander))
    (table,) = visit.blocks
    assert isinstance(table, Table)
    assert table.shown == 2
    assert table.frame["what"].tolist() == ["/cart", "buy"]
    assert table.frame["more"].tolist() == ["?a=1  from t.co", "on /cart"]
    assert table.frame["wait"].tolist()[1] == 90
    assert table.frame["at"].tolist() == ["1 Aug, 14:00:00", "1 Aug, 14:01:30"]
