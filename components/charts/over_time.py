"""Charts over time: traffic lines, stacked and single bars, and the bars of Realtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from components import formats
from components.charts.common import (
    HOVER_ALL,
    Figure,
    amounts_axis,
    base_layout,
    moments,
    number_axis,
    plain,
    selects_period,
    time_axis,
    tooltip,
)
from components.formats import Field, Kind
from components.texts import N_, _
from components.theme import COMPARED, FONT, LIGHTER, PALETTES, Mode, faded
from umami.analysis.expected import Marks, UnusualDay
from umami.period import Unit

Ends = tuple[bool, bool]
"""Whether the first and the last bucket of a period are covered only in part."""
NET: Final = N_("Net amount")
MOST_NAMES: Final = 5
MOST_MARKED: Final = 62
"""Buckets of a chart of percentiles that are marked."""
_FORMATS: Final[dict[Kind, str]] = {
    "count": ":,",
    "percent": ":.1%",
    "seconds": ":,.0f",
    "money": ":,.2f",
}
"""D3 formats of the values of a line, by their kind."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A series over the common ``times``; ``hover`` are the texts of its own buckets."""

    times: Sequence[datetime]
    name: str
    values: Sequence[float | None]
    """``None`` for buckets in the future, and where there is nothing to divide by."""
    hover: Sequence[str]
    colour: str
    earlier: bool
    partial: Sequence[int]
    """Positions of buckets that the series' period covers only in part, or so far."""
    kind: Kind = "count"

    def points(self, places: Sequence[int], leave_out: Sequence[int] = ()) -> dict[str, Any]:
        """The trace keys for some points and their hover labels."""
        value = f"%{{y{_FORMATS[self.kind]}}}{' s' if self.kind == 'seconds' else ''}"
        return {
            "type": "scatter",
            "x": [self.times[at] for at in places],
            "y": [None if at in leave_out else self.values[at] for at in places],
            "name": self.name,
            "legendgroup": self.name,
            "customdata": [self.hover[at] for at in places],
            "hovertemplate": (
                f"{value}  (%{{customdata}})<extra>%{{fullData.name}}</extra>"
                if self.earlier
                else f"<b>{value}</b>%{{customdata}}<extra>%{{fullData.name}}</extra>"
            ),
        }

    def partial_points(self) -> dict[str, Any]:
        """A trace of hollow points for the partial buckets of the comparison."""
        return {
            **self.points(self.partial),
            "mode": "markers",
            "cliponaxis": False,
            "marker": {"symbol": "circle-open", "size": 7, "color": self.colour},
            "showlegend": False,
        }

    def partial_ends(self, mode: Mode) -> dict[str, Any]:
        """A dotted trace to each partial bucket, so that it does not look like a rise or a fall.

        On the line of the period, the dots are gaps in the background colour.
        """
        segments = [(at - 1, at) if at else (0, 1) for at in self.partial if len(self.values) > 1]
        dots = {"color": self.colour, "width": 1.5, "dash": "1px,5px"}
        gaps = {"color": PALETTES[mode].background, "width": 3, "dash": "4px,4px"}
        return {
            "type": "scatter",
            "x": [
                x for left, right in segments for x in (self.times[left], self.times[right], None)
            ],
            "y": [
                y for left, right in segments for y in (self.values[left], self.values[right], None)
            ],
            "mode": "lines",
            "line": dots if self.earlier else gaps,
            "hoverinfo": "skip",
            "legendgroup": self.name,
            "showlegend": False,
        }


Measure = tuple[str, str, Kind]
"""A column of a frame, its name in the legend, and the kind of its values."""
UNUSUAL: Final = {
    "sessions": N_("{day}: {actual} visitors, {expected} expected"),
    "views": N_("{day}: {actual} views, {expected} expected"),
    "visits": N_("{day}: {actual} visits, {expected} expected"),
    "conversions": N_("{day}: {actual} conversions, {expected} expected"),
}
"""What is said about an unusual day, by the columns whose usual range is known. Of several columns
in a chart, the first has its range drawn."""


def traffic(
    now: pd.DataFrame,
    unit: Unit,
    before: pd.DataFrame | None,
    begun: int | None,
    partial: Ends,
    partial_before: Ends,
    measures: Sequence[Measure],
    mode: Mode,
    *,
    compared_with: str = "",
) -> Figure:
    """Measures over time, overlaid with those of the comparison as dashed lines.

    ``now`` and ``before`` have the columns ``time`` and those of the ``measures``. They are aligned
    by position; buckets of ``before`` beyond the length of ``now`` are dropped, and hover labels
    show their own dates. ``begun`` is the number of buckets that have begun, if the period has not
    ended: later ones are not drawn, and the current one is marked. ``partial`` and
    ``partial_before`` are the values of ``Period.partial`` for both periods.
    """
    times, compared_with = moments(now["time"]), compared_with or _("previous period")
    columns = {column for column, *_unused in measures}
    ranged = next((column for column in UNUSUAL if column in columns), None)
    traces, highest = [], 0.0
    for frame, ends, earlier in ((before, partial_before, True), (now, partial, False)):
        if frame is None:
            continue
        part = frame.head(len(times))
        cut = [at for at, is_cut in zip((0, len(frame) - 1), ends, strict=True) if is_cut]
        notes = {at: _("  in part") for at in cut if at < len(part)}
        if begun and not earlier:
            notes[begun - 1] = _("  so far")
        hover = [
            f"{formats.moment(time, unit) if earlier else ''}{notes.get(at, '')}"
            for at, time in enumerate(moments(part["time"]))
        ]
        last = len(part) if earlier or begun is None else begun
        for role, (column, name, kind) in enumerate(measures):
            colour = PALETTES[mode].categorical[role]
            line = _Line(
                times,
                f"{_(name)} ({compared_with})" if earlier else _(name),
                [
                    None if at >= last or pd.isna(value) else value
                    for at, value in enumerate(part[column].tolist())
                ],
                hover,
                faded(colour, COMPARED) if earlier else colour,
                earlier,
                sorted(notes),
                kind,
            )
            highest = max((highest, *(value or 0 for value in line.values)))
            traces.append(
                {
                    # Partial buckets of the comparison have a trace of their own.
                    **line.points(range(len(part)), line.partial if earlier else ()),
                    "mode": "lines+markers" if len(times) < 3 else "lines",
                    "line": {
                        "color": line.colour,
                        "width": 1.5 if earlier else 2.25,
                        "dash": "dash" if earlier else "solid",
                        "shape": "linear",
                    },
                    "fill": "none" if earlier else "tozeroy",
                    "fillcolor": faded(colour, 0.10),
                    "legendrank": 2 * role + earlier,
                    # The usual range is drawn over it.
                    **({"meta": column} if column == ranged and not earlier else {}),
                }
            )
            if line.partial:
                traces.append(line.partial_ends(mode))
            if line.partial and earlier:
                traces.append(line.partial_points())
    values = (
        {**number_axis(5), "tickformat": ".0%"}
        if measures[0][2] == "percent"
        else amounts_axis(5, 0, highest)
    )
    return {"data": traces, "layout": _lines_layout(times, unit, values, 300, mode)}


def percentiles(
    frame: pd.DataFrame,
    unit: Unit,
    before: pd.DataFrame | None,
    kind: Kind,
    limits: tuple[float, float],
    mode: Mode,
    *,
    compared_with: str = "",
) -> Figure:
    """The columns ``p50``, ``p75`` and ``p95`` of a frame over time, and dotted lines at the two
    ``limits`` of ratings. Buckets without measurements are gaps.

    A dashed line shows ``p75`` of ``before``, the frame of the comparison, aligned by position.
    """
    palette, times = PALETTES[mode], moments(frame["time"])
    colour = palette.categorical[0]
    lines = [
        (frame, "p95", _("95th percentile"), {"color": faded(colour, COMPARED), "width": 1.25}),
        (frame, "p75", _("75th percentile"), {"color": colour, "width": 2.75}),
        (frame, "p50", _("Median"), {"color": palette.categorical[2], "width": 1.5}),
    ]
    if before is not None:
        name = _("75th percentile ({compared_with})").format(
            compared_with=compared_with or _("previous period")
        )
        dashed = {"color": faded(palette.text, COMPARED), "width": 1.5, "dash": "dash"}
        lines.append((before.head(len(times)), "p75", name, dashed))
    shown = Field("", "", kind).shown
    traces = []
    for source, column, name, line in lines:
        values = [None if pd.isna(value) else value for value in source[column].tolist()]
        traces.append(
            {
                "type": "scatter",
                "x": times[: len(values)],
                "y": values,
                "name": name,
                # A bucket between two gaps has no line.
                "mode": "lines+markers" if len(times) <= MOST_MARKED else "lines",
                "marker": {"size": 4},
                "line": line,
                "connectgaps": False,
                "customdata": [shown(value) for value in values],
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    return {
        "data": traces,
        "layout": {
            **base_layout(mode, HOVER_ALL, 300, top=36, right=24),
            **selects_period(unit),
            "showlegend": True,
            "xaxis": time_axis(times, unit),
            "yaxis": {**number_axis(5), "ticksuffix": " ms" if kind == "milliseconds" else ""},
            "shapes": [
                {
                    "xref": "x domain",
                    "yref": "y",
                    "type": "line",
                    "x0": 0,
                    "x1": 1,
                    "y0": limit,
                    "y1": limit,
                    "line": {"color": palette.muted, "width": 1, "dash": "dot"},
                }
                for limit in limits
            ],
        },
    }


def _lines_layout(
    times: Sequence[datetime], unit: Unit, values: dict[str, Any], height: int, mode: Mode
) -> dict[str, Any]:
    """The layout of lines over time, of which a stretch can be selected; ``values`` is the axis of
    their values."""
    # Without a range, Plotly would add a margin for points.
    width = {"range": [times[0], times[-1]]} if len(times) > 2 else {}
    return {
        **base_layout(mode, HOVER_ALL, height, top=36, right=24),
        **selects_period(unit),
        "showlegend": True,
        "xaxis": {**time_axis(times, unit), **width},
        "yaxis": values,
    }


def lines(
    frame: pd.DataFrame,
    names: Sequence[str],
    unit: Unit,
    begun: int | None,
    partial: Ends,
    mode: Mode,
    *,
    rest: bool,
) -> Figure:
    """Several series on one scale: the columns of a frame with ``time`` that are the positions of
    the ``names``.

    ``begun`` and ``partial`` are those of ``traffic``. ``rest`` says that the last series is the
    sum of others, which is grey. After five series, colours come again with dots.
    """
    times = moments(frame["time"])
    *colours, grey = PALETTES[mode].categorical
    cut = [at for at, is_cut in zip((0, len(times) - 1), partial, strict=True) if is_cut]
    notes = {at: _("  in part") for at in cut}
    last = len(times) if begun is None else begun
    if begun:
        notes[begun - 1] = _("  so far")
    traces, highest = [], 0.0
    for place, name in enumerate(names):
        values = [
            None if at >= last or pd.isna(value) else value
            for at, value in enumerate(frame[place].tolist())
        ]
        is_rest = rest and place == len(names) - 1
        line = _Line(
            times,
            plain(name, 18),
            values,
            [notes.get(at, "") for at in range(len(times))],
            grey if is_rest else colours[place % len(colours)],
            False,
            sorted(at for at in notes if at < last),
        )
        highest = max((highest, *(value or 0 for value in values)))
        style = "dot" if place >= len(colours) and not is_rest else "solid"
        traces.append(
            {
                **line.points(range(len(times))),
                "mode": "lines+markers" if len(times) < 3 else "lines",
                "line": {"color": line.colour, "width": 2, "dash": style},
            }
        )
        if line.partial:
            traces.append(line.partial_ends(mode))
    axis = amounts_axis(5, 0, highest)
    return {"data": traces, "layout": _lines_layout(times, unit, axis, 340, mode)}


def corrected(frame: pd.DataFrame, unit: Unit, mode: Mode) -> Figure:
    """Views and visitors with other values in place of doubtful ones: these are hollow points, and
    a dotted line has what was counted there.

    ``frame`` has ``time``, ``views``, ``sessions``, both ``…_without``, and ``replaced``.
    """
    times = moments(frame["time"])
    replaced = frame["replaced"].to_numpy(dtype=bool)
    # With the buckets beside them, so that the dotted line begins and ends on the other one.
    beside = replaced | np.r_[replaced[1:], False] | np.r_[False, replaced[:-1]]
    traces: list[dict[str, Any]] = []
    highest = 0.0
    for role, (column, name) in enumerate((("views", N_("Views")), ("sessions", N_("Visitors")))):
        colour = PALETTES[mode].categorical[role]
        without = frame[f"{column}_without"].round().tolist()
        counted = frame[column].tolist()
        highest = max((highest, *without, *counted))
        common = {
            "type": "scatter",
            "x": times,
            "hovertemplate": "%{y:,}<extra>%{fullData.name}</extra>",
        }
        traces += [
            {
                **common,
                "y": without,
                "name": _(name),
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2.25},
                "marker": {
                    "symbol": "circle-open",
                    "color": colour,
                    "size": [8 if mark else 0 for mark in replaced],
                    "line": {"width": [1.5 if mark else 0 for mark in replaced]},
                },
                "cliponaxis": False,
            },
            {
                **common,
                "y": [value if mark else None for value, mark in zip(counted, beside, strict=True)],
                "name": _("{figure} as counted").format(figure=_(name)),
                "mode": "lines",
                "line": {"color": faded(colour, COMPARED), "width": 1.5, "dash": "dot"},
                "connectgaps": False,
            },
        ]
    values = amounts_axis(5, 0, highest)
    return {"data": traces, "layout": _lines_layout(times, unit, values, 300, mode)}


def minutes_spec(minutes: pd.DataFrame, mode: Mode) -> dict[str, Any]:
    """Visitors as bars in front of lighter bars of views, as an ECharts option.

    ``minutes`` is a frame from ``umami.analysis.activity.minutes``.

    ECharts updates bars in place, while Streamlit mounts a Plotly chart again at each change. The
    y axis spans at least 4.
    """
    palette = PALETTES[mode]
    colour = palette.categorical[0]
    quiet = {"color": palette.muted, "fontFamily": FONT, "fontSize": 12}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {"left": 8, "right": 8, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"left": 0, "top": 0, "textStyle": quiet, "itemWidth": 12, "itemHeight": 12},
        "tooltip": {"trigger": "axis", **tooltip(mode)},
        "xAxis": {
            "type": "category",
            "data": [formats.dated(time, "short") for time in minutes["time"]],
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": {**quiet, "interval": 4},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "max": int(max((*minutes["views"], 4))),
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": quiet,
        },
        "series": [
            {
                "type": "bar",
                "name": name,
                "data": [int(count) for count in minutes[column]],
                "itemStyle": {"color": fill},
                "barGap": "-100%",
                "barCategoryGap": "20%",
            }
            for name, column, fill in (
                (_("Views"), "views", faded(colour, LIGHTER)),
                (_("Visitors"), "visitors", colour),
            )
        ],
    }


def stacked(
    frame: pd.DataFrame,
    unit: Unit,
    value: str,
    currency: str,
    before: pd.DataFrame | None,
    mode: Mode,
    *,
    compared_with: str = "",
) -> Figure:
    """Bars for the largest names of a frame (``time``, ``event`` and ``value``), the others summed.

    Negative amounts are below zero. ``currency`` is empty if values are no money. A dashed line
    shows the totals of ``before``, the frame of the comparison, aligned by position.
    """
    times, series = _series(frame, value)
    compared_with = compared_with or _("previous period")
    total = [sum(values) for values in zip(*series.values(), strict=True)]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": times,
            "y": values,
            "name": plain(name, 40),
            "customdata": [plain(formats.amount(amount, currency)) for amount in values],
            "hovertemplate": "<b>%{customdata}</b><extra>%{fullData.name}</extra>",
        }
        for name, values in series.items()
    ]
    if _(NET) in series:
        gain, loss = PALETTES[mode].categorical[:2]
        traces[0]["marker"] = {"color": [loss if amount < 0 else gain for amount in series[_(NET)]]}
    earlier: list[float] = []
    if before is not None and len(before) and len(total):
        sums = before.groupby("time")[value].sum().head(len(total))
        earlier = list(map(float, sums))
        traces.append(
            {
                "type": "scatter",
                "x": times[: len(sums)],
                "y": earlier,
                "name": _("Total ({compared_with})").format(compared_with=compared_with),
                "mode": "lines+markers" if len(sums) < 3 else "lines",
                "line": {
                    "color": faded(PALETTES[mode].text, COMPARED),
                    "width": 1.5,
                    "dash": "dash",
                },
                "customdata": [
                    f"{plain(formats.amount(amount, currency))}  ({formats.moment(at, unit)})"
                    for at, amount in zip(sums.index, earlier, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    drawn = (*total, *earlier, 0.0)
    return {
        "data": traces,
        "layout": {
            **base_layout(mode, HOVER_ALL, 280, top=36, right=24),
            **selects_period(unit),
            "barmode": "stack",
            "bargap": 0.25,
            "showlegend": True,
            "xaxis": time_axis(times, unit),
            "yaxis": amounts_axis(4, min(drawn), max(drawn), currency),
        },
    }


def _series(frame: pd.DataFrame, value: str) -> tuple[list[datetime], dict[str, list[float]]]:
    """The times, and the amounts by name, the largest first and the sum of the others last.

    Amounts of both signs become net amounts: stacks of gains and losses would show no sum.
    """
    # There may be thousands of names, which are no lists until the largest are known.
    at, times = pd.factorize(frame["time"], sort=True)
    row, names = pd.factorize(frame["event"], sort=True)
    values = frame[value].to_numpy("float64")
    amounts = np.zeros((len(names), len(times)))
    np.add.at(amounts, (row, at), values)
    if (values < 0).any() and (values > 0).any():
        return moments(times), {_(NET): amounts.sum(axis=0).tolist()}
    order = np.argsort(-amounts.sum(axis=1), kind="stable")
    series = {str(names[place]): amounts[place].tolist() for place in order[:MOST_NAMES]}
    if others := len(names) - len(series):
        name = formats.counted("{count} other", "{count} others", others)
        series[name] = amounts[order[MOST_NAMES:]].sum(axis=0).tolist()
    return moments(times), series


def trend(
    frame: pd.DataFrame, value: str, unit: Unit, what: str, target: float, mode: Mode
) -> Figure:
    """Bars for a column of a frame with ``time``, with a dotted line at the target of a bucket.

    ``what`` says what the bars count, ``target`` is that of the whole period, 0 for none.
    """
    palette = PALETTES[mode]
    line = {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        **dict.fromkeys(("y0", "y1"), target / (len(frame) or 1)),
        "line": {"color": palette.categorical[1], "width": 1.5, "dash": "dot"},
    }
    return single(
        moments(frame["time"]),
        list(map(float, frame[value])),
        unit,
        what,
        mode,
        colour=faded(palette.categorical[0], 0.85),
        most_ticks=3,
        height=150,
        more={
            "shapes": [line] if target and len(frame) else [],
            **selects_period(unit),
        },
    )


def marked(figure: Figure, stretches: Sequence[tuple[datetime, datetime]], mode: Mode) -> Figure:
    """A chart of ``selects_period`` with a number at the first bucket of each stretch, and a band
    over those that cover several buckets. Other figures stay as they are."""
    layout = figure["layout"]
    if layout.get("meta") != selects_period("day")["meta"]:
        return figure
    palette = PALETTES[mode]
    shapes, numbers = [], []
    for number, (start, end) in enumerate(stretches, 1):
        on_axis = {"xref": "x", "yref": "y domain", "x0": start, "y0": 0, "y1": 1}
        if end > start:
            band = {"type": "rect", "fillcolor": faded(palette.text, 0.07), "layer": "below"}
            shapes.append({**on_axis, **band, "x1": end, "line": {"width": 0}})
        line = {"color": faded(palette.text, 0.5), "width": 1, "dash": "dot"}
        shapes.append({**on_axis, "type": "line", "x1": start, "line": line})
        numbers.append(
            {
                "x": start,
                "xref": "x",
                "y": 1,
                "yref": "y domain",
                "yanchor": "top",
                "text": f"<b>{number}</b>",
                "showarrow": False,
                "borderpad": 2,
                "bgcolor": palette.text,
                "font": {"color": palette.background, "size": 11},
            }
        )
    layout = {
        **layout,
        "shapes": [*layout.get("shapes", ()), *shapes],
        "annotations": [*layout.get("annotations", ()), *numbers],
    }
    return {**figure, "layout": layout}


def unusual_in_words(column: str, day: UnusualDay) -> str:
    """An unusual day of one of the columns of ``UNUSUAL`` in words."""
    return _(UNUSUAL[column]).format(
        day=formats.moment(pd.Timestamp(day.day), "day"),
        actual=formats.whole(day.actual),
        expected=formats.whole(round(day.expected)),
    )


def with_usual(figure: Figure, marks: Mapping[str, Marks], mode: Mode) -> Figure:
    """A chart of ``traffic`` with the usual range of its column and rings around its unusual days;
    other figures, and those of columns without ``marks``, stay as they are."""
    column = next((meta for trace in figure["data"] if (meta := trace.get("meta")) in marks), None)
    if column is None:
        return figure
    palette, band, days = PALETTES[mode], marks[column].band, marks[column].days
    common = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    low, high = (
        {**common, "x": moments(band.index), "y": band[edge].round(1).tolist(), **more}
        for edge, more in (
            ("low", {"showlegend": False}),
            ("high", {"fill": "tonexty", "fillcolor": faded(palette.text, 0.12)}),
        )
    )
    rings = {
        "type": "scatter",
        "mode": "markers",
        "name": _("Unusual day"),
        "x": moments(pd.DatetimeIndex([day.day for day in days])),
        "y": [day.actual for day in days],
        "customdata": [unusual_in_words(column, day) for day in days],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {
            "color": palette.background,
            "size": 9,
            "line": {"color": palette.text, "width": 1.5},
        },
        "cliponaxis": False,
    }
    named = {**high, "name": _("Usual range")}
    # The range lies below the lines, which are about it.
    return {**figure, "data": [low, named, *figure["data"], *([rings] if days else [])]}


def single(
    times: Sequence[datetime],
    values: Sequence[float],
    unit: Unit,
    what: str,
    mode: Mode,
    *,
    colour: str | list[str],
    most_ticks: int,
    height: int,
    top: int = 8,
    more: Mapping[str, Any] | None = None,
) -> Figure:
    """Bars over time that are not stacked; ``what`` says what they count, ``more`` are further keys
    of the layout."""
    bars = {
        "type": "bar",
        "x": times,
        "y": values,
        "marker": {"color": colour},
        "hovertemplate": f"<b>%{{y:,}}</b> {what}<extra></extra>",
    }
    return {
        "data": [bars],
        "layout": {
            **base_layout(mode, HOVER_ALL, height, top=top, right=16),
            "bargap": 0.25,
            "showlegend": False,
            **(more or {}),
            "xaxis": time_axis(times, unit),
            "yaxis": amounts_axis(most_ticks, min((*values, 0)), max((*values, 0))),
        },
    }
