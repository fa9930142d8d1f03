"""Notes on time charts and in lists: their flags, their dates in words, and their table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from access.accounts import EVERYBODY
from access.notes import Audience, Note
from components import formats
from components.blocks import Change, SetParams, Table
from components.formats import Field
from components.texts import N_, _
from umami.period import Period, zone

AUDIENCES: Final[dict[Audience, str]] = {
    "me": N_("Only me"),
    "team": N_("Team"),
    "everyone": N_("Everyone"),
}

_AUTHORS: Final = {"": "Umami", EVERYBODY: formats.ABSENT}
"""Authors that are no accounts: users of Umami, and viewers of a dashboard without accounts."""

_EFFECT: Final = N_("Measured effect")
"""The column below the texts of notes, which workbooks name like this."""


@dataclass(frozen=True, slots=True)
class Flag:
    """The notes that begin in one bucket of a time chart, with the ``dates`` of each.

    ``start`` is that bucket, ``end`` the last one that any of them covers (naive local times); both
    are the same where the notes cover the whole chart.
    """

    start: datetime
    end: datetime
    notes: tuple[Note, ...]
    dates: tuple[str, ...]


def flags(notes: Iterable[Note], period: Period) -> tuple[Flag, ...]:
    """The flags of a chart over the buckets of a period, in their order. A note that began earlier
    has its flag in the first bucket."""
    starts = period.axis()
    placed: dict[int, list[Note]] = {}
    ends: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: (note.walls(period.timezone), note.key)):
        if not note.touches(period):
            continue
        walls = pd.DatetimeIndex(note.walls(period.timezone))
        first, last = (max(0, int(at) - 1) for at in starts.searchsorted(walls, side="right"))
        placed.setdefault(first, []).append(note)
        ends[first] = max(last, ends.get(first, first))
    times = starts.to_pydatetime()
    # A band over the whole chart would say nothing.
    ends = {at: at if (at, end) == (0, len(times) - 1) else end for at, end in ends.items()}
    return tuple(
        Flag(
            times[at],
            times[ends[at]],
            tuple(placed[at]),
            tuple(dates(note, period.timezone) for note in placed[at]),
        )
        for at in sorted(placed)
    )


def dates(note: Note, timezone: str) -> str:
    """When a note is, in words: ``3 Aug 2026``, ``1 – 31 Oct 2026``, ``Mon 3 Aug 2026, 14:00``."""
    if note.at is not None:
        return formats.moment(note.at.astimezone(zone(timezone)), "hour")
    return formats.period(Period.of_days(note.first, note.last, timezone))


def table(notes: Sequence[Note], timezone: str, *, selected: str = "") -> Table:
    """A table of notes; a click on one selects it on the page Saved."""

    def choose(key: str) -> Change:
        return SetParams({"note": "" if key == selected else key})

    frame = pd.DataFrame(
        {
            "key": [note.key for note in notes],
            "text": [note.text for note in notes],
            "when": [dates(note, timezone) for note in notes],
            "audience": [_(AUDIENCES[note.audience]) for note in notes],
            "author": [_AUTHORS.get(note.author, note.author) for note in notes],
        }
    )
    fields = [
        Field("text", _("Note"), "text"),
        Field("when", _("Date"), "text"),
        Field("audience", _("For"), "text", wide=True),
        Field("author", _("Author"), "text", wide=True),
    ]
    return Table(
        _("Notes"),
        frame,
        fields,
        "notes",
        printed=0,
        value="key",
        on_choose=choose,
        active=(selected,),
    )


def report_table(flags: Sequence[Flag], effects: Mapping[str, str]) -> Table:
    """The notes behind the numbers of a report's time charts, and what is known of their
    ``effects`` by key, in sentences."""
    rows = [
        (number, when, note.text, effects.get(note.key, ""))
        for number, flag in enumerate(flags, 1)
        for note, when in zip(flag.notes, flag.dates, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["number", "when", "text", _EFFECT])
    fields = [
        Field("number", _("No.")),
        Field("when", _("Date"), "text"),
        Field("text", _("Note"), "text", note=_EFFECT if effects else None),
    ]
    return Table(_("Notes"), frame, fields, "notes", printed=len(rows), medium="report")
