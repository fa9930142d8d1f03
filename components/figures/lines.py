"""Lines over time."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.figures.common import over_time
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
    figure = go.Figure(layout={"template": template(mode)})
    colours = PALETTES[mode].categorical
    notes = ["  so far" if at == data.running else "" for at in range(len(data.times))]
    for line in sorted(data.lines, key=lambda line: (not line.earlier, line.role)):
        colour = colours[line.role]
        figure.add_scatter(
            x=data.times,
            y=line.values,
            name=line.name,
            customdata=line.when if line.earlier else notes,
            mode="lines+markers" if len(data.times) < 3 else "lines",
            line={
                "color": faded(colour, 0.55) if line.earlier else colour,
                "width": 1.5 if line.earlier else 2.25,
                "dash": "dot" if line.earlier else "solid",
                "shape": "linear",
            },
            fill="none" if line.earlier else "tozeroy",
            fillcolor=faded(colour, 0.10),
            hovertemplate=(
                "%{y:,}  (%{customdata})<extra>%{fullData.name}</extra>"
                if line.earlier
                else "<b>%{y:,}</b>%{customdata}<extra>%{fullData.name}</extra>"
            ),
            legendrank=2 * line.role + line.earlier,
        )
        if data.running and not line.earlier:
            # Gaps in the page's own colour: what is not over is not read as a fall.
            last = slice(data.running - 1, data.running + 1)
            figure.add_scatter(
                x=data.times[last],
                y=line.values[last],
                mode="lines",
                line={"color": PALETTES[mode].background, "width": 3, "dash": "4px,4px"},
                hoverinfo="skip",
                showlegend=False,
            )
    over_time(figure, data.times, data.unit)
    figure.update_layout(height=300)
    figure.update_yaxes(nticks=5)
    return figure
