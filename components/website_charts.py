"""Charts of several websites: their visitors over time, and who made the sum grow or fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import formats, texts, what_changed
from components.charts import over_time
from components.charts.common import Figure as Drawn
from components.formats import Field
from components.texts import N_, _
from components.theme import Mode
from components.view_description import described, present
from components.website_figures import Sum
from components.what_changed import Change
from umami.analysis import changes
from umami.api.traffic import Timeline
from umami.errors import UmamiError
from umami.memoize import memoize
from umami.period import UNIT_WORDS, Unit
from umami.view import View

MOST_LINES: Final = 8
"""Websites with a line of their own; the others are one line."""
MOST_STEPS: Final = 8
"""Websites with a bar of their own; the others are one bar."""


def begun(view: View) -> int | None:
    """How many buckets of a View have begun; ``None`` where its period has ended."""
    until = present(view)
    return None if until is None else int((view.period.axis() <= until).sum())


def complete(view: View) -> int:
    """How many buckets of a View are over."""
    now = begun(view)
    return len(view.period.axis()) if now is None else max(now - 1, 0)


def timelines(
    view: View,
    names: Sequence[str],
    answers: Sequence[Timeline | UmamiError],
    *,
    indexed: bool,
) -> list[ui.Block]:
    """The visitors of websites over time; ``names`` are theirs, in the order of the ``answers``.

    ``indexed`` draws each website relative to its own average, which is 100.
    """
    known = [
        (name, answer)
        for name, answer in zip(names, answers, strict=True)
        if isinstance(answer, Timeline)
    ]
    problems = [answer for answer in answers if isinstance(answer, UmamiError)]
    if problems and not known:
        raise problems[0]
    shown, frame, rest = lines(
        tuple(name for name, _unused in known),
        tuple(answer for _unused, answer in known),
        complete(view),
        indexed,
    )
    if not shown:
        if any(answer.frame["sessions"].any() for _unused, answer in known):
            why = _("No index yet: the parts of this period that are over have no visitors.")
            return [ui.Text(why, "empty")]
        return [ui.Text(_("No visitors in this period."), "empty")]
    blocks: list[ui.Block] = []
    if indexed:
        blocks.append(ui.Text(_("100 is the average of each website in this period.")))
    alt = _("Visitors of each website, {dates}").format(dates=described(view))
    ends = view.period.partial()
    draw = partial(_figure, frame, shown, rest, view.period.unit, begun(view), ends)
    blocks.append(ui.Chart(alt, "websites_over_time", draw))
    if problems:
        missing = formats.counted(
            "{count} website is not in the chart.",
            "{count} websites are not in the chart.",
            len(problems),
        )
        blocks.append(ui.Text(f"{missing} {texts.sentence(problems[0])}", "note"))
    unit = view.period.unit
    fields = [
        Field("time", texts.capitalised(_(UNIT_WORDS[unit])), "time", unit=unit),
        Field("website", _("Website"), "text"),
        Field("value", _("Index") if indexed else _("Visitors"), "number" if indexed else "count"),
    ]
    title = _("Visitors of websites over time")
    rows = _long(frame, (*shown, *([_rest_name(rest)] if rest else [])))
    return [*blocks, ui.Table(title, rows, fields, "websites_time", printed=0, medium="report")]


@memoize
def lines(
    names: tuple[str, ...], answers: tuple[Timeline, ...], complete: int, indexed: bool
) -> tuple[tuple[str, ...], pd.DataFrame, int]:
    """The names of the lines, largest first, a frame with ``time`` and a column for each of them by
    its position, and how many other websites are added up in one more column.

    ``complete`` is the number of buckets that are over, from whose average an index is computed;
    websites without visitors, for an index in these buckets, have no line.
    """
    visitors = [answer.frame["sessions"].astype("float64") for answer in answers]
    sizes = [float(series.iloc[: complete if indexed else None].sum()) for series in visitors]
    order = sorted((at for at, size in enumerate(sizes) if size), key=lambda at: -sizes[at])
    first, others = order[:MOST_LINES], order[MOST_LINES:]
    if len(others) == 1:
        first, others = order, []
    series = [visitors[at] for at in first]
    if others:
        series.append(pd.concat([visitors[at] for at in others], axis=1).sum(axis=1))
    if indexed:
        series = [(100 * each / each.iloc[:complete].mean()).round(1) for each in series]
    frame = pd.DataFrame(dict(enumerate(series)))
    if answers:
        frame["time"] = answers[0].frame["time"]
    return tuple(names[at] for at in first), frame, len(others)


def _rest_name(count: int) -> str:
    return formats.counted("{count} other", "{count} others", count)


def _figure(
    frame: pd.DataFrame,
    names: tuple[str, ...],
    rest: int,
    unit: Unit,
    begun: int | None,
    partial: over_time.Ends,
    mode: Mode,
) -> Drawn:
    named = (*names, *([_rest_name(rest)] if rest else []))
    return over_time.lines(frame, named, unit, begun, partial, mode, rest=bool(rest))


@memoize
def _long(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """A row for each bucket and website."""
    parts = [
        pd.DataFrame({"time": frame["time"], "website": name, "value": frame[at]})
        for at, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


def contributions(frame: pd.DataFrame, total: Sum) -> list[ui.Block]:
    """What each website adds to the change of a sum, as a chart and, in reports, a table.

    ``frame`` is that of ``website_figures.rows``; websites without the figures of either period are
    left out.
    """
    figure, columns = total.figure, total.columns
    needed = [prefix + column for column in columns.values() for prefix in ("", "before_")]
    known = frame.reindex(columns=[*frame.columns.union(needed)]).dropna(subset=needed)
    if known.empty:
        return [ui.Text(_("This figure of the comparison is unknown."), "empty")]
    now, before = (
        pd.DataFrame(
            {
                "name": known["id"],
                "country": "",
                **{name: known[prefix + column] for name, column in columns.items()},
            }
        )
        for prefix in ("", "before_")
    )
    totals = [{name: float(side[name].sum()) for name in columns} for side in (now, before)]
    change = Change(figure, totals[0], totals[1], total.currency)
    parts = changes.parts(figure, now, before, change.now, change.before)
    if parts is None or not change.size:
        return [ui.Text(_("This figure did not change."), "empty")]
    # Websites can have the same name.
    names = parts["name"].map(known.set_index("id")["name"])
    parts = what_changed.as_shown(change, parts).assign(name=names, label=names)
    rest = _rest_name(max(len(parts) - MOST_STEPS, 1))
    named = (N_("Website"), N_("websites"))
    chart, table = what_changed.parts_blocks(change, parts, rest, named, MOST_STEPS)
    lead = ui.Text("", "body", lead=what_changed.sentence(change))
    return [lead, chart, replace(table, medium="report")]
