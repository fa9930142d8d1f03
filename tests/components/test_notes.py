"""The flags of notes over time charts, and the numbers and tables of notes in reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import hypothesis.strategies as some
import pandas as pd
import pytest
from hypothesis import given

from access.notes import Note
from components import notes
from components.areas import reports as saved
from components.charts import over_time
from umami.period import Period, Unit
from umami.view import View

BERLIN = "Europe/Berlin"
WEEK = Period.of_days(date(2026, 10, 19), date(2026, 10, 25), BERLIN)
"""The clocks change on its last day."""
PERIODS: dict[Unit, Period] = {
    "hour": Period.of_days(date(2026, 10, 21), date(2026, 10, 22), BERLIN, "hour"),
    "day": WEEK,
    "month": Period.of_days(date(2026, 9, 1), date(2026, 10, 31), BERLIN, "month"),
}


def note(
    first: date, last: date | None = None, at: datetime | None = None, text: str = "x"
) -> Note:
    return Note("shop", text, first, last or first, at, id=text)


def placed(period: Period, *listed: Note) -> list[tuple[datetime, datetime, int]]:
    return [(flag.start, flag.end, len(flag.notes)) for flag in notes.flags(listed, period)]


def test_notes_of_one_day_are_one_flag() -> None:
    day, night = date(2026, 10, 21), datetime(2026, 10, 20, 22, 30, tzinfo=UTC)
    listed = [note(day, text="a"), note(day, text="b"), note(night.date(), at=night, text="c")]
    assert placed(WEEK, *listed) == [(datetime(2026, 10, 21), datetime(2026, 10, 21), 3)]
    assert placed(WEEK, note(date(2026, 10, 18)), note(date(2026, 10, 26))) == []


def test_ranges_are_cut_at_the_ends_of_the_period() -> None:
    around = note(date(2026, 10, 1), date(2026, 12, 31))
    # A band over all of it is left out.
    assert placed(WEEK, around) == [(datetime(2026, 10, 19), datetime(2026, 10, 19), 1)]
    since = note(date(2026, 10, 20), date(2026, 12, 31))
    assert placed(WEEK, since) == [(datetime(2026, 10, 20), datetime(2026, 10, 25), 1)]
    inside = note(date(2026, 10, 20), date(2026, 10, 22))
    assert placed(WEEK, inside) == [(datetime(2026, 10, 20), datetime(2026, 10, 22), 1)]


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("hour", datetime(2026, 10, 21), datetime(2026, 10, 21, 23)),
        ("month", datetime(2026, 10, 1), datetime(2026, 10, 1)),
    ],
)
def test_flag_is_in_the_bucket_of_its_day(unit: Unit, start: datetime, end: datetime) -> None:
    assert placed(PERIODS[unit], note(date(2026, 10, 21))) == [(start, end, 1)]


@given(
    some.dates(date(2026, 9, 1), date(2026, 11, 30)),
    some.integers(0, 40),
    some.sampled_from(list(PERIODS)),
)
def test_every_note_of_the_period_has_one_flag(first: date, length: int, unit: Unit) -> None:
    period = PERIODS[unit]
    noted = note(first, date.fromordinal(first.toordinal() + length))
    flags = notes.flags([noted], period)
    assert bool(flags) == noted.touches(period)
    axis = period.axis()
    for flag in flags:
        assert flag.start in axis
        assert flag.end in axis
        assert flag.start <= flag.end


def test_dates_in_words() -> None:
    at = datetime(2026, 10, 20, 22, tzinfo=UTC)
    for noted, words in (
        (note(date(2026, 10, 21)), "Wed 21 Oct 2026"),
        (note(date(2026, 10, 21), date(2026, 10, 23)), "21 – 23 Oct 2026"),
        (note(at.date(), at=at), "Wed 21 Oct 2026, 00:00"),
    ):
        assert notes.dates(noted, BERLIN) == words


def test_marks_are_on_time_charts_only() -> None:
    frame = pd.DataFrame({"time": WEEK.axis(), "event": "a", "count": 1})
    chart = over_time.stacked(frame, "day", "count", "", None, "light")
    stretches = [
        (datetime(2026, 10, 20), datetime(2026, 10, 22)),
        (datetime(2026, 10, 24), datetime(2026, 10, 24)),
    ]
    marked = over_time.marked(chart, stretches, "dark")["layout"]
    assert [mark["text"] for mark in marked["annotations"]] == ["<b>1</b>", "<b>2</b>"]
    assert [shape["type"] for shape in marked["shapes"]] == ["rect", "line", "line"]
    assert marked["height"] == chart["layout"]["height"]
    assert "shapes" not in chart["layout"]
    minutes = over_time.stacked(frame, "minute", "count", "", None, "light")
    assert over_time.marked(minutes, stretches, "light") == minutes


def test_list_of_the_page_saved() -> None:
    view = View("shop", WEEK)
    noted = note(date(2026, 10, 21), text="=1+1")
    table, hint = saved.note_blocks(view, "", [noted, replace(noted, id="", annotation="2")])
    assert table.frame["author"].tolist() == ["Umami", "Umami"]  # type: ignore[union-attr]
    assert "Select a note" in hint.text  # type: ignore[union-attr]
    assert len(saved.note_blocks(view, "=1+1", [noted])) == 1
    (_table, missing) = saved.note_blocks(view, "gone", [noted])
    assert "does not exist" in missing.text  # type: ignore[union-attr]
    (empty,) = saved.note_blocks(view, "", [])
    assert empty.kind == "empty"  # type: ignore[union-attr]
