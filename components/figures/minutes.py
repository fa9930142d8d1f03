"""The last half hour, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.theme import PALETTES, Mode, faded, template


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


def minutes_figure(data: Minutes, mode: Mode) -> go.Figure:
    """Views as pale bars, visitors before them; the axis keeps its height while little happens."""
    figure = go.Figure(layout={"template": template(mode)})
    colour = PALETTES[mode].categorical[0]
    for name, values, fill in (
        ("Views", data.views, faded(colour, 0.35)),
        ("Visitors", data.visitors, colour),
    ):
        figure.add_bar(
            x=list(range(len(values))),
            y=values,
            name=name,
            marker_color=fill,
            customdata=data.times,
            hovertemplate=f"%{{customdata}}  <b>%{{y:,}}</b> {name.lower()}<extra></extra>",
        )
    shown = list(range(len(data.times) - 1, -1, -5))[::-1]
    figure.update_xaxes(fixedrange=True, tickvals=shown, ticktext=[data.times[at] for at in shown])
    figure.update_yaxes(
        fixedrange=True, nticks=4, tickformat="~s", range=[0, max((*data.views, 4)) * 1.1]
    )
    figure.update_layout(
        height=220,
        barmode="overlay",
        bargap=0.2,
        dragmode=False,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
    )
    return figure
