"""Figures in two steps: what is to be drawn, as plain data, and the Plotly figure made of it.

Both steps are pure: no Streamlit, no clock, no colour of their own. Empty input is fine
everywhere and gives an empty figure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.theme import PALETTES, Mode, faded, template
from umami import names
from umami.period import Unit

WORLD: Final = Path(__file__).parents[1] / "static" / "topojson" / "world_110m.json"
WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
STILL: Final = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""Plotly configuration of a figure that is read, not operated."""


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
    _over_time(figure, data.times, data.unit)
    figure.update_layout(height=300)
    figure.update_yaxes(nticks=5)
    return figure


@dataclass(frozen=True, slots=True)
class Country:
    """One country on the map."""

    code: str
    place: str
    """The alpha-3 code, as the geometry knows it."""
    name: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class World:
    """Countries by count: those the geometry can draw, and those too small for it."""

    drawn: tuple[Country, ...]
    undrawn: tuple[Country, ...]


@cache
def places() -> frozenset[str]:
    """Alpha-3 codes of the countries our world geometry draws."""
    geometry = json.loads(WORLD.read_text())["objects"]["countries"]["geometries"]
    return frozenset(shape["id"] for shape in geometry)


def world(ranking: pd.DataFrame) -> World:
    """Countries of a ranking (``name`` an alpha-2 code, ``count``, ``share``) for the map."""
    found: tuple[list[Country], list[Country]] = ([], [])
    for code, count, share in zip(ranking["name"], ranking["count"], ranking["share"], strict=True):
        if not isinstance(code, str) or not code:
            continue
        place = names.iso3(code) or ""
        one = Country(code, place, names.country(code), int(count), float(share))
        found[place not in places()].append(one)
    return World(tuple(found[0]), tuple(found[1]))


def world_figure(data: World, mode: Mode) -> go.Figure:
    """A world map; depth of colour grows with the root of the count, so that small ones show."""
    figure = go.Figure(layout={"template": template(mode)})
    scale = PALETTES[mode].sequential[2:]
    figure.add_choropleth(
        locations=[one.place for one in data.drawn],
        z=[math.sqrt(one.count) for one in data.drawn],
        zmin=0,
        customdata=[[one.name, one.count, one.share, one.code] for one in data.drawn],
        locationmode="ISO-3",
        colorscale=[[step / (len(scale) - 1), colour] for step, colour in enumerate(scale)],
        showscale=False,
        hovertemplate=(
            "<b>%{customdata[0]}</b><br>%{customdata[1]:,} (%{customdata[2]:.1%})<extra></extra>"
        ),
    )
    figure.update_geos(
        projection_type="natural earth",
        fitbounds=False,
        lataxis_range=[-56, 84],
        lonaxis_range=[-180, 180],
    )
    figure.update_layout(height=330, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode=False)
    return figure


@dataclass(frozen=True, slots=True)
class Week:
    """Counts by weekday (Monday first) and hour of the day."""

    counts: tuple[tuple[int, ...], ...]
    what: str

    @property
    def busiest(self) -> tuple[str, int] | None:
        """Weekday and hour with most, ``None`` where there is nothing at all."""
        most = max((max(row, default=0) for row in self.counts), default=0)
        for weekday, row in zip(WEEKDAYS, self.counts, strict=False):
            if most and most in row:
                return weekday, row.index(most)
        return None


def week(frame: pd.DataFrame, what: str = "visitors") -> Week:
    """A rhythm's frame (rows 0 = Monday to 6, columns hours 0 to 23) as what the heatmap draws."""
    full = frame.reindex(index=range(7), columns=range(24), fill_value=0)
    return Week(tuple(tuple(int(count) for count in row) for row in full.to_numpy()), what)


def week_figure(data: Week, mode: Mode) -> go.Figure:
    """The week's rhythm: a row a weekday, a column an hour."""
    figure = go.Figure(layout={"template": template(mode)})
    scale = PALETTES[mode].sequential
    figure.add_heatmap(
        z=data.counts,
        x=[f"{hour:02}:00" for hour in range(24)],
        y=[day[:3] for day in WEEKDAYS],
        customdata=[
            [f"{day} {hour:02}:00 to {hour + 1:02}:00" for hour in range(24)] for day in WEEKDAYS
        ],
        xgap=2,
        ygap=2,
        zmin=0,
        showscale=False,
        colorscale=[[step / (len(scale) - 1), colour] for step, colour in enumerate(scale)],
        hovertemplate=f"%{{customdata}}<br><b>%{{z:,}}</b> {data.what}<extra></extra>",
    )
    figure.update_xaxes(
        fixedrange=True,
        showline=False,
        ticks="",
        tickvals=[f"{hour:02}:00" for hour in range(0, 24, 3)],
    )
    figure.update_yaxes(autorange="reversed", fixedrange=True, showline=False, showgrid=False)
    figure.update_layout(
        height=270, dragmode=False, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest"
    )
    return figure


@dataclass(frozen=True, slots=True)
class Events:
    """Counts of each event over one axis, the most frequent first, the rest together."""

    times: tuple[pd.Timestamp, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
    unit: Unit


def events(frame: pd.DataFrame, unit: Unit, most: int = 5) -> Events:
    """An event series' frame (``time``, ``event``, ``count``) as stacks, ``most`` at most."""
    if frame.empty:
        return Events((), (), unit)
    table = frame.pivot_table(
        index="time", columns="event", values="count", aggfunc="sum", fill_value=0
    )
    order = table.sum().sort_values(ascending=False, kind="stable").index
    series = [(str(name), tuple(int(one) for one in table[name])) for name in order[:most]]
    if len(order) > most:
        rest = table[order[most:]].sum(axis=1)
        series.append((f"{len(order) - most} others", tuple(int(one) for one in rest)))
    return Events(tuple(pd.Timestamp(time) for time in table.index), tuple(series), unit)


def events_figure(data: Events, mode: Mode) -> go.Figure:
    """Stacked bars, one colour an event."""
    figure = go.Figure(layout={"template": template(mode)})
    for name, counts in data.series:
        figure.add_bar(
            x=data.times,
            y=counts,
            name=plain(name),
            hovertemplate="<b>%{y:,}</b><extra>%{fullData.name}</extra>",
        )
    _over_time(figure, data.times, data.unit)
    figure.update_layout(height=260, barmode="stack", bargap=0.25)
    figure.update_yaxes(nticks=4)
    return figure


def _over_time(figure: go.Figure, times: Sequence[pd.Timestamp], unit: Unit) -> None:
    """What charts over time have in common: one hover for all lines, dates named as people do."""
    figure.update_layout(
        hovermode="x unified",
        dragmode=False,
        showlegend=True,
        margin={"l": 8, "r": 24, "t": 36, "b": 8},
    )
    named = _ticks(times)
    figure.update_xaxes(
        type="date",
        hoverformat=formats.hover_format(unit),
        tickvals=named,
        ticktext=formats.ticks(named, unit),
        fixedrange=True,
    )
    figure.update_yaxes(fixedrange=True, tickformat="~s")


def _ticks(times: Sequence[pd.Timestamp], most: int = 7) -> list[pd.Timestamp]:
    """Buckets to name on the axis: evenly spaced, few enough for a narrow screen."""
    return list(times[:: math.ceil(len(times) / most) or 1])


def plain(text: str, longest: int = 60) -> str:
    """Text that Plotly shows letter by letter: it would read ``<`` as markup."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def over(frame: pd.DataFrame, until: pd.Timestamp | None) -> pd.DataFrame:
    """The buckets that are over at ``until`` (see ``traffic``), so that none is half a bucket."""
    return frame if until is None else frame[frame["time"] <= until].iloc[:-1]


def sparkline(values: Sequence[int]) -> list[int] | None:
    """A series for a tile, or ``None`` where it has no shape to show."""
    return [int(value) for value in values] if len(values) > 2 and any(values) else None
