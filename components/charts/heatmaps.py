"""Retention charts (cohort triangle, average curve, cohort sizes) and the weekly heatmap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from components import formats
from components.charts.common import HOVER_ALL, HOVER_ONE, Figure, base_layout
from components.charts.over_time import single
from components.texts import _
from components.theme import COMPARED, LIGHTER, PALETTES, Mode, faded, scale
from umami.analysis.retention import SMALL, Cohorts, Grain

MOST: Final = 62
"""Number of cohorts that fit on a page; the latest are drawn."""
WITH_TEXT: Final = 14
"""Steps up to which there is room for the shares in the cells."""
_SCALE: Final = {"thickness": 8, "outlinewidth": 0, "tickformat": ".0%", "nticks": 4, "xpad": 4}


def _heatmap(
    values: Sequence[Sequence[float | None]],
    columns: Sequence[str],
    rows: Sequence[Any],
    hover: Sequence[Sequence[str]],
    mode: Mode,
    **more: Any,
) -> dict[str, Any]:
    """The trace of a heatmap, the first row on top; ``hover`` are texts of the cells."""
    return {
        "type": "heatmap",
        "z": values,
        "x": columns,
        "y": rows,
        "customdata": hover,
        "hovertemplate": "%{customdata}<extra></extra>",
        "xgap": 2,
        "ygap": 2,
        "zmin": 0,
        "showscale": False,
        "colorscale": scale(PALETTES[mode].sequential),
        **more,
    }


_COLUMNS: Final = {"fixedrange": True, "showline": False, "ticks": ""}
_ROWS: Final = {"autorange": "reversed", "fixedrange": True, "showline": False, "showgrid": False}


def triangle(cohorts: Cohorts, grain: Grain, mode: Mode) -> Figure:
    """A heatmap of the shares of the latest cohorts by step; future steps are blank.

    ``◦`` marks cohorts of fewer than ``SMALL`` visitors. Where there is room, cells show their
    share; a bar beside the cells is the scale of the colours.
    """
    shares = cohorts.shares.tail(MOST)
    begun = max(int(shares.notna().any().sum()), 1)
    shares, steps = shares.iloc[:, :begun], [step_name(*step) for step in cohorts.steps[:begun]]
    few = len(steps) <= 8
    days = [
        str(first) if first == last else f"{first}–{last}" for first, last in cohorts.steps[:begun]
    ]
    rows = shares.to_numpy()
    names, hover = [], []
    for day, size, row in zip(shares.index, cohorts.sizes.tail(MOST), rows, strict=True):
        name, visitors = cohort_name(day, grain), formats.whole(size)
        names.append(f"{name}  {visitors}{' ◦' if size < SMALL else ''}")
        noise = _("fewer than {small} visitors: not reliable").format(small=SMALL)
        first = _("First visit {name}, {visitors} visitors").format(name=name, visitors=visitors)
        hover.append(
            [
                f"{first}<br>"
                + _("{step}: <b>{share}</b> returned").format(
                    step=step, share=formats.percent(share)
                )
                + (f"<br>{noise}" if size < SMALL else "")
                for step, share in zip(steps, row, strict=True)
            ]
        )
    # Positions instead of names: two cohorts may have the same name.
    places = list(range(len(names)))
    weekly = [step for at, step in enumerate(steps, 1) if at == 1 or at % 7 == 0]
    most = float(shares.max().max())
    more: dict[str, Any] = {
        "hoverongaps": False,
        "showscale": True,
        "colorbar": _SCALE,
        # Plotly ignores a minimum without a maximum.
        "zmax": most if most > 0 else 1.0,
    }
    if len(steps) <= WITH_TEXT:
        more["texttemplate"] = "%{z:.1%}" if few else "%{z:.0%}"
        more["textfont"] = {"size": 12 if few else 10}
    height = max(64 + max(len(places), 1) * (30 if few else 20), 120)
    return {
        "data": [_heatmap(list(map(_known, rows)), steps, places, hover, mode, **more)],
        "layout": {
            **base_layout(mode, HOVER_ONE, height, top=46),
            "xaxis": {
                **_COLUMNS,
                "side": "top",
                "tickangle": 0,
                "title": {"text": _("Days after the first visit"), "standoff": 4},
                "tickvals": steps if few else weekly,
                "ticktext": days if few else [days[steps.index(step)] for step in weekly],
            },
            "yaxis": {**_ROWS, "tickvals": places, "ticktext": names},
        },
    }


def _known(shares: Iterable[float]) -> list[float | None]:
    return [None if pd.isna(share) else float(share) for share in shares]


def cohort_name(first: pd.Timestamp, grain: Grain) -> str:
    """A cohort's name: its day, the Monday of its week, or its month."""
    return formats.dated(first, "yMMM" if grain == "month" else "MMMd")


def step_name(first: int, last: int) -> str:
    """A step's name: ``Day 3``, ``Days 8–14``."""
    return (
        _("Day {first}").format(first=first)
        if first == last
        else _("Days {first}–{last}").format(first=first, last=last)
    )


def curve(cohorts: Cohorts, before: Cohorts | None, mode: Mode) -> Figure:
    """The average share of returning visitors by day, the comparison dotted."""
    colour = PALETTES[mode].categorical[0]
    days = [first for first, _unused in cohorts.steps]
    now = {
        "type": "scatter",
        "x": days,
        "y": _known(cohorts.average),
        "name": _("This period"),
        "mode": "lines+markers",
        "marker": {"size": 5},
        "line": {"color": colour, "width": 2.25},
        "fill": "tozeroy",
        "fillcolor": faded(colour, 0.10),
        "hovertemplate": "<b>%{y:.1%}</b><extra>%{fullData.name}</extra>",
    }
    earlier = {
        "type": "scatter",
        "x": days,
        "y": [] if before is None else _known(before.average),
        "name": _("Before"),
        "mode": "lines",
        "line": {"color": faded(colour, COMPARED), "width": 1.5, "dash": "dot"},
        "hovertemplate": "%{y:.1%}<extra>%{fullData.name}</extra>",
    }
    return {
        "data": [earlier, now] if before else [now],
        "layout": {
            **base_layout(mode, HOVER_ALL, 300, top=30, right=16),
            "showlegend": before is not None,
            "xaxis": {
                "title": {"text": _("Days after the first visit")},
                "fixedrange": True,
                "tickvals": [1, 7, 14, 21, 28],
                "unifiedhovertitle": {"text": _("Day {first}").format(first="%{x}")},
            },
            "yaxis": {"fixedrange": True, "tickformat": ".0%", "nticks": 5},
        },
    }


def sizes(cohorts: Cohorts, grain: Grain, mode: Mode) -> Figure:
    """The visitors of each cohort as bars, small cohorts in a lighter colour."""
    colour = PALETTES[mode].categorical[0]
    return single(
        list(cohorts.sizes.index),
        list(map(int, cohorts.sizes)),
        "month" if grain == "month" else "day",
        _("visitors"),
        mode,
        colour=[faded(colour, LIGHTER) if small else colour for small in cohorts.small],
        most_ticks=4,
        height=260,
        top=12,
    )


def full_week(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts by weekday (0 to 6, Monday first) and hour, with zeros for rows that are missing."""
    return frame.reindex(index=range(7), columns=range(24), fill_value=0)


def week(frame: pd.DataFrame, first: int, mode: Mode) -> Figure:
    """A heatmap of visitors with a row for each weekday, of which ``first`` (0 for Monday) is on
    top, and a column for each hour."""
    order = [(first + at) % 7 for at in range(7)]
    hours = [formats.hour(hour) for hour in range(24)]
    hover = [
        [f"{formats.weekday(day)}, {formats.hours(hour)}" for hour in range(24)] for day in order
    ]
    counts = full_week(frame).astype(int).to_numpy()[order].tolist()
    template = f"%{{customdata}}<br><b>%{{z:,}}</b> {_('visitors')}<extra></extra>"
    days = [formats.weekday(day, short=True) for day in order]
    return {
        "data": [_heatmap(counts, hours, days, hover, mode, hovertemplate=template)],
        "layout": {
            **base_layout(mode, HOVER_ONE, 270),
            "xaxis": {**_COLUMNS, "tickvals": hours[::3]},
            "yaxis": _ROWS,
        },
    }
