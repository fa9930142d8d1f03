"""Retention: the triangle of cohorts, and how many are back on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ALL, HOVER_ONE, amounts_axis, time_axis
from components.theme import PALETTES, Mode, faded, scale, template
from umami.analysis.retention import SMALL, Cohorts, Grain
from umami.period import Unit

MOST: Final = 62
"""Cohorts that fit on a page; the latest are drawn."""


@dataclass(frozen=True, slots=True)
class Triangle:
    """Shares by cohort (the first on top) and step; ``None`` where no time has come yet."""

    cohorts: tuple[str, ...]
    steps: tuple[str, ...]
    shares: tuple[tuple[float | None, ...], ...]
    hover: tuple[tuple[str, ...], ...]
    left_out: int = 0


def triangle(cohorts: Cohorts, grain: Grain) -> Triangle:
    """The triangle of cohorts; small ones carry a ring, their shares are noise."""
    shares = cohorts.shares.tail(MOST)
    steps = tuple(step_name(*step) for step in cohorts.steps)
    names, hover = [], []
    sizes = cohorts.sizes.tail(MOST)
    for day, size, row in zip(shares.index, sizes, shares.to_numpy(), strict=True):
        name = cohort_name(day, grain)
        names.append(f"{name}  {formats.whole(size)}{' ◦' if size < SMALL else ''}")
        hover.append(
            tuple(
                f"First visit {name}, {formats.whole(size)} visitors<br>{step}: "
                f"<b>{formats.percent(share)}</b> back"
                + (f"<br>fewer than {SMALL} visitors: noise" if size < SMALL else "")
                for step, share in zip(steps, row, strict=True)
            )
        )
    values = tuple(
        tuple(None if pd.isna(share) else float(share) for share in row)
        for row in shares.to_numpy()
    )
    return Triangle(tuple(names), steps, values, tuple(hover), len(cohorts.sizes) - len(shares))


def cohort_name(first: pd.Timestamp, grain: Grain) -> str:
    """What a cohort is called: its day, its week's Monday, its month."""
    return first.strftime("%b %Y" if grain == "month" else "%-d %b")


def step_name(first: int, last: int) -> str:
    """What a step is called: ``Day 3``, ``Days 8–14``."""
    return f"Day {first}" if first == last else f"Days {first}–{last}"


def triangle_figure(data: Triangle, mode: Mode) -> go.Figure:
    """A heatmap; cells of few steps say their share."""
    few = len(data.steps) <= 8
    weekly = [step for at, step in enumerate(data.steps, 1) if at == 1 or at % 7 == 0]
    # Positions, not names: two cohorts may be called alike.
    places = list(range(len(data.cohorts)))
    return go.Figure(
        data=[
            {
                "type": "heatmap",
                "z": data.shares,
                "x": data.steps,
                "y": places,
                "customdata": data.hover,
                "hovertemplate": "%{customdata}<extra></extra>",
                "hoverongaps": False,
                "texttemplate": "%{z:.1%}" if few else None,
                "xgap": 2,
                "ygap": 2,
                "zmin": 0,
                "showscale": False,
                "colorscale": scale(PALETTES[mode].sequential),
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": max(46 + max(len(places), 1) * (30 if few else 20), 120),
            "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
            "xaxis": {
                "side": "top",
                "fixedrange": True,
                "showline": False,
                "ticks": "",
                "tickangle": 0,
                "tickvals": None if few else weekly,
            },
            "yaxis": {
                "autorange": "reversed",
                "fixedrange": True,
                "showline": False,
                "showgrid": False,
                "tickvals": places,
                "ticktext": data.cohorts,
            },
        },
    )


@dataclass(frozen=True, slots=True)
class Curve:
    """The average share by day, and the comparison's."""

    days: tuple[int, ...]
    now: tuple[float | None, ...]
    before: tuple[float | None, ...]


def curve(now: Cohorts, before: Cohorts | None) -> Curve:
    """Average shares by day after the first visit; both must be by day."""

    def known(cohorts: Cohorts | None) -> tuple[float | None, ...]:
        if cohorts is None:
            return ()
        return tuple(None if pd.isna(share) else float(share) for share in cohorts.average)

    return Curve(tuple(first for first, _ in now.steps), known(now), known(before))


def curve_figure(data: Curve, mode: Mode) -> go.Figure:
    """The share that is back by day, the comparison dotted."""
    colour = PALETTES[mode].categorical[0]
    before = {
        "type": "scatter",
        "x": data.days,
        "y": data.before,
        "name": "Before",
        "mode": "lines",
        "line": {"color": faded(colour, 0.55), "width": 1.5, "dash": "dot"},
        "hovertemplate": "%{y:.1%}<extra>Before</extra>",
    }
    now = {
        "type": "scatter",
        "x": data.days,
        "y": data.now,
        "name": "This period",
        "mode": "lines+markers",
        "marker": {"size": 5},
        "line": {"color": colour, "width": 2.25},
        "fill": "tozeroy",
        "fillcolor": faded(colour, 0.10),
        "hovertemplate": "<b>%{y:.1%}</b><extra>This period</extra>",
    }
    return go.Figure(
        data=[before, now] if data.before else [now],
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 300,
            "showlegend": bool(data.before),
            "margin": {"l": 8, "r": 16, "t": 30, "b": 8},
            "xaxis": {
                "title": {"text": "Days after the first visit"},
                "fixedrange": True,
                "tickvals": [1, 7, 14, 21, 28],
                "unifiedhovertitle": {"text": "Day %{x}"},
            },
            "yaxis": {"fixedrange": True, "tickformat": ".0%", "nticks": 5},
        },
    )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Visitors of each cohort."""

    times: tuple[pd.Timestamp, ...]
    visitors: tuple[int, ...]
    small: tuple[bool, ...]
    unit: Unit


def sizes(cohorts: Cohorts, grain: Grain) -> Sizes:
    """How large the cohorts are, in order."""
    return Sizes(
        tuple(pd.Timestamp(day) for day in cohorts.sizes.index),
        tuple(int(one) for one in cohorts.sizes),
        tuple(bool(one) for one in cohorts.small),
        "month" if grain == "month" else "day",
    )


def sizes_figure(data: Sizes, mode: Mode) -> go.Figure:
    """Bars, small cohorts pale."""
    colour = PALETTES[mode].categorical[0]
    pale = faded(colour, 0.4)
    return go.Figure(
        data=[
            {
                "type": "bar",
                "x": data.times,
                "y": data.visitors,
                "marker": {"color": [pale if small else colour for small in data.small]},
                "hovertemplate": "<b>%{y:,}</b> visitors<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 260,
            "bargap": 0.25,
            "showlegend": False,
            "margin": {"l": 8, "r": 16, "t": 12, "b": 8},
            "xaxis": time_axis(data.times, data.unit),
            "yaxis": amounts_axis(4, 0, max(data.visitors, default=0)),
        },
    )


WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)


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
    hours = [f"{hour:02}:00" for hour in range(24)]
    return go.Figure(
        data=[
            {
                "type": "heatmap",
                "z": data.counts,
                "x": hours,
                "y": [day[:3] for day in WEEKDAYS],
                "customdata": [
                    [f"{day} {hour:02}:00 to {hour + 1:02}:00" for hour in range(24)]
                    for day in WEEKDAYS
                ],
                "xgap": 2,
                "ygap": 2,
                "zmin": 0,
                "showscale": False,
                "colorscale": scale(PALETTES[mode].sequential),
                "hovertemplate": f"%{{customdata}}<br><b>%{{z:,}}</b> {data.what}<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": 270,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {
                "fixedrange": True,
                "showline": False,
                "ticks": "",
                "tickvals": hours[::3],
            },
            "yaxis": {
                "autorange": "reversed",
                "fixedrange": True,
                "showline": False,
                "showgrid": False,
            },
        },
    )
