"""Lines over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.figures.common import HOVER_ALL, amounts_axis, time_axis
from components.theme import PALETTES, Mode, faded, template
from umami.period import Unit


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


@dataclass(frozen=True, slots=True)
class Traffic:
    """Lines over one time axis of wall-clock times."""

    times: tuple[pd.Timestamp, ...]
    lines: tuple[Line, ...]
    unit: Unit
    running: int | None = None
    """Position of the bucket that is not over yet, where there is one."""


def traffic(
    now: pd.DataFrame,
    unit: Unit,
    before: pd.DataFrame | None = None,
    until: pd.Timestamp | None = None,
) -> Traffic:
    """Views and visitors over time, with those of the comparison laid over by position.

    ``now`` and ``before`` have columns ``time``, ``views``, ``sessions``. The first bucket of
    ``before`` is drawn at the first of ``now``; what is longer than ``now`` is left off, and
    each point keeps its own date. ``until`` is the present as wall-clock time, given where the
    period is not over: buckets after it are not drawn, and the one it falls into is marked.
    """
    times = tuple(pd.Timestamp(time) for time in now["time"])
    begun = len(times) if until is None else sum(time <= until for time in times)
    lines: list[Line] = []
    for role, (column, name) in enumerate((("views", "Views"), ("sessions", "Visitors"))):
        for frame, earlier in ((now, False), (before, True)):
            if frame is None:
                continue
            part = frame.head(len(times))
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
                )
            )
    return Traffic(times, tuple(lines), unit, None if until is None or not begun else begun - 1)


def traffic_figure(data: Traffic, mode: Mode) -> go.Figure:
    """Areas for now, dashed lines for the comparison, one hover for all with true dates."""
    traces = []
    for line in sorted(data.lines, key=lambda line: (not line.earlier, line.role)):
        traces.append(_line(line, data, mode))
        if data.running and not line.earlier:
            traces.append(_gaps(line, data.times, data.running, mode))
    return go.Figure(
        data=traces,
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 300,
            "showlegend": True,
            "margin": {"l": 8, "r": 24, "t": 36, "b": 8},
            "xaxis": time_axis(data.times, data.unit),
            "yaxis": amounts_axis(5),
        },
    )


def _line(line: Line, data: Traffic, mode: Mode) -> dict[str, Any]:
    """One series as it is drawn."""
    colour = PALETTES[mode].categorical[line.role]
    notes = ["  so far" if at == data.running else "" for at in range(len(data.times))]
    return {
        "type": "scatter",
        "x": data.times,
        "y": line.values,
        "name": line.name,
        "customdata": line.when if line.earlier else notes,
        "mode": "lines+markers" if len(data.times) < 3 else "lines",
        "line": {
            "color": faded(colour, 0.55) if line.earlier else colour,
            "width": 1.5 if line.earlier else 2.25,
            "dash": "dot" if line.earlier else "solid",
            "shape": "linear",
        },
        "fill": "none" if line.earlier else "tozeroy",
        "fillcolor": faded(colour, 0.10),
        "hovertemplate": (
            "%{y:,}  (%{customdata})<extra>%{fullData.name}</extra>"
            if line.earlier
            else "<b>%{y:,}</b>%{customdata}<extra>%{fullData.name}</extra>"
        ),
        "legendrank": 2 * line.role + line.earlier,
    }


def _gaps(line: Line, times: tuple[pd.Timestamp, ...], running: int, mode: Mode) -> dict[str, Any]:
    """Gaps in the page's own colour: what is not over is not read as a fall."""
    last = slice(running - 1, running + 1)
    return {
        "type": "scatter",
        "x": times[last],
        "y": line.values[last],
        "mode": "lines",
        "line": {"color": PALETTES[mode].background, "width": 3, "dash": "4px,4px"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
