"""Lines over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ALL, amounts_axis, time_axis
from components.theme import FONT, PALETTES, Mode, faded, template
from umami.period import Unit

Ends = tuple[bool, bool]
"""Whether something is so at the start and at the end of a period."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series: ``when`` are true bucket names, also where it is drawn over other times."""

    name: str
    values: tuple[int | None, ...]
    """``None`` where time has not come yet."""
    when: tuple[str, ...]
    role: int
    """Which of the palette's series colours."""
    earlier: bool = False
    partial: tuple[int, ...] = ()
    """Positions of the buckets that the line's period covers only in part."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Lines over one time axis of wall-clock times."""

    times: tuple[pd.Timestamp, ...]
    lines: tuple[Line, ...]
    unit: Unit
    running: int | None = None
    """Position of the bucket that is not over yet, where there is one; it is partial, too."""


def traffic(
    now: pd.DataFrame,
    unit: Unit,
    before: pd.DataFrame | None = None,
    until: pd.Timestamp | None = None,
    partial: Ends = (False, False),
    partial_before: Ends = (False, False),
) -> Traffic:
    """Views and visitors over time, with those of the comparison laid over by position.

    ``now`` and ``before`` have columns ``time``, ``views``, ``sessions``. The first bucket of
    ``before`` is drawn at the first of ``now``; what is longer than ``now`` is left off, and
    each point keeps its own date. ``until`` is the present as wall-clock time, given where the
    period is not over: buckets after it are not drawn, and the one it falls into is marked.
    ``partial`` and ``partial_before`` say whether the first and the last bucket of each side are
    covered only in part, as ``Period.partial`` does.
    """
    times = tuple(pd.Timestamp(time) for time in now["time"])
    begun = len(times) if until is None else sum(time <= until for time in times)
    running = None if until is None or not begun else begun - 1
    lines: list[Line] = []
    for role, (column, name) in enumerate((("views", "Views"), ("sessions", "Visitors"))):
        for frame, ends, earlier in ((now, partial, False), (before, partial_before, True)):
            if frame is None:
                continue
            part = frame.head(len(times))
            cut = {at for at, is_cut in zip((0, len(frame) - 1), ends, strict=True) if is_cut}
            if running is not None and not earlier:
                cut.add(running)
            lines.append(
                Line(
                    name=f"{name}, before" if earlier else name,
                    values=tuple(
                        int(value) if earlier or at < begun else None
                        for at, value in enumerate(part[column])
                    ),
                    when=tuple(formats.moment(pd.Timestamp(at), unit) for at in part["time"]),
                    role=role,
                    earlier=earlier,
                    partial=tuple(sorted(at for at in cut if at < len(part))),
                )
            )
    return Traffic(times, tuple(lines), unit, running)


def traffic_figure(data: Traffic, mode: Mode) -> go.Figure:
    """Areas for now, dashed lines for the comparison, one hover for all with true dates."""
    traces = []
    for line in sorted(data.lines, key=lambda line: (not line.earlier, line.role)):
        traces.append(_line(line, data, mode))
        if line.partial:
            traces.append(_partial_ends(line, data.times, mode))
        if line.partial and line.earlier:
            traces.append(_partial_points(line, data, mode))
    highest = max((value or 0 for line in data.lines for value in line.values), default=0)
    return go.Figure(
        data=traces,
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 300,
            "showlegend": True,
            "margin": {"l": 8, "r": 24, "t": 36, "b": 8},
            "xaxis": {**time_axis(data.times, data.unit), **_width(data)},
            "yaxis": amounts_axis(5, 0, highest),
        },
    )


def _width(data: Traffic) -> dict[str, Any]:
    """The axis from the first to the last bucket: Plotly leaves room for points beyond them."""
    return {"range": [data.times[0], data.times[-1]]} if len(data.times) > 2 else {}


def _line(line: Line, data: Traffic, mode: Mode) -> dict[str, Any]:
    """One series as it is drawn; partial buckets of the comparison are drawn apart."""
    return {
        **_points(
            line, data, range(len(line.values)), leave_out=line.partial if line.earlier else ()
        ),
        "mode": "lines+markers" if len(data.times) < 3 else "lines",
        "line": {
            "color": _colour(line, mode),
            "width": 1.5 if line.earlier else 2.25,
            "dash": "dash" if line.earlier else "solid",
            "shape": "linear",
        },
        "fill": "none" if line.earlier else "tozeroy",
        "fillcolor": faded(PALETTES[mode].categorical[line.role], 0.10),
        "legendrank": 2 * line.role + line.earlier,
    }


def _partial_points(line: Line, data: Traffic, mode: Mode) -> dict[str, Any]:
    """The partial buckets of the comparison as hollow points."""
    return {
        **_points(line, data, line.partial),
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"symbol": "circle-open", "size": 7, "color": _colour(line, mode)},
        "showlegend": False,
    }


def _points(
    line: Line, data: Traffic, places: Sequence[int], leave_out: Sequence[int] = ()
) -> dict[str, Any]:
    """Some points of a line, and what is told about each on hovering."""

    def note(at: int) -> str:
        if at not in line.partial:
            return ""
        return "  so far" if at == data.running and not line.earlier else "  in part"

    return {
        "type": "scatter",
        "x": [data.times[at] for at in places],
        "y": [None if at in leave_out else line.values[at] for at in places],
        "name": line.name,
        "legendgroup": line.name,
        "customdata": [f"{line.when[at]}{note(at)}" if line.earlier else note(at) for at in places],
        "hovertemplate": (
            "%{y:,}  (%{customdata})<extra>%{fullData.name}</extra>"
            if line.earlier
            else "<b>%{y:,}</b>%{customdata}<extra>%{fullData.name}</extra>"
        ),
    }


def _partial_ends(line: Line, times: tuple[pd.Timestamp, ...], mode: Mode) -> dict[str, Any]:
    """What leads to a partial bucket, dotted, so that it is not read as a rise or a fall.

    On the period's own line these are gaps in the colour of the page.
    """
    segments = [(at - 1, at) if at else (0, 1) for at in line.partial if len(line.values) > 1]
    earlier = {"color": _colour(line, mode), "width": 1.5, "dash": "1px,5px"}
    gaps = {"color": PALETTES[mode].background, "width": 3, "dash": "4px,4px"}
    return {
        "type": "scatter",
        "x": [x for left, right in segments for x in (times[left], times[right], None)],
        "y": [y for left, right in segments for y in (line.values[left], line.values[right], None)],
        "mode": "lines",
        "line": earlier if line.earlier else gaps,
        "hoverinfo": "skip",
        "legendgroup": line.name,
        "showlegend": False,
    }


def _colour(line: Line, mode: Mode) -> str:
    colour = PALETTES[mode].categorical[line.role]
    return faded(colour, 0.55) if line.earlier else colour


@dataclass(frozen=True, slots=True)
class Minutes:
    """Views and visitors of each minute, by wall clock."""

    times: tuple[str, ...]
    views: tuple[int, ...]
    visitors: tuple[int, ...]


def minutes(frame: pd.DataFrame) -> Minutes:
    """What ``umami.analysis.realtime.minutes`` gives."""
    return Minutes(
        tuple(f"{pd.Timestamp(time):%H:%M}" for time in frame["time"]),
        tuple(int(one) for one in frame["views"]),
        tuple(int(one) for one in frame["visitors"]),
    )


def minutes_spec(data: Minutes, mode: Mode) -> dict[str, Any]:
    """Views as pale bars, visitors before them, in the words of ECharts: it moves bars where they
    stand, where Plotly's chart is mounted anew in Streamlit whenever it changes.

    The axis keeps its height while little happens.
    """
    palette = PALETTES[mode]
    colour = palette.categorical[0]
    quiet = {"color": palette.muted, "fontFamily": FONT, "fontSize": 12}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {"left": 8, "right": 8, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"left": 0, "top": 0, "textStyle": quiet, "itemWidth": 12, "itemHeight": 12},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": palette.surface,
            "borderColor": palette.border,
            "textStyle": {"color": palette.text},
            "confine": True,
        },
        "xAxis": {
            "type": "category",
            "data": list(data.times),
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": {**quiet, "interval": 4},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "max": max((*data.views, 4)),
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": quiet,
        },
        "series": [
            {
                "type": "bar",
                "name": name,
                "data": list(values),
                "itemStyle": {"color": fill},
                "barGap": "-100%",
                "barCategoryGap": "20%",
            }
            for name, values, fill in (
                ("Views", data.views, faded(colour, 0.35)),
                ("Visitors", data.visitors, colour),
            )
        ],
    }


@dataclass(frozen=True, slots=True)
class Trend:
    """A measure over wall-clock times; ``target`` is what each bucket needs on average."""

    times: tuple[pd.Timestamp, ...]
    values: tuple[float, ...]
    unit: Unit
    what: str
    target: float | None = None


def trend(
    times: Sequence[pd.Timestamp],
    values: Sequence[float],
    unit: Unit,
    what: str,
    target: float | None = None,
) -> Trend:
    """``target`` is for all of the period."""
    each = target / len(times) if target and len(times) else None
    return Trend(
        tuple(pd.Timestamp(time) for time in times),
        tuple(float(value) for value in values),
        unit,
        what,
        each,
    )


def trend_figure(data: Trend, mode: Mode) -> go.Figure:
    """Bars, with a line at what the target asks of each."""
    palette = PALETTES[mode]
    asked = {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": data.target,
        "y1": data.target,
        "line": {"color": palette.categorical[1], "width": 1.5, "dash": "dot"},
    }
    return go.Figure(
        data=[
            {
                "type": "bar",
                "x": data.times,
                "y": data.values,
                "marker": {"color": faded(palette.categorical[0], 0.85)},
                "hovertemplate": f"<b>%{{y:,}}</b> {data.what}<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 150,
            "bargap": 0.25,
            "showlegend": False,
            "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
            "shapes": [] if data.target is None else [asked],
            "xaxis": time_axis(data.times, data.unit),
            "yaxis": amounts_axis(3, min(data.values, default=0), max(data.values, default=0)),
        },
    )
