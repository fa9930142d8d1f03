"""Journeys as Sankey diagrams, and funnels.

Pages draw Sankey diagrams with ECharts, as Plotly's send no click events to Streamlit. Reports use
Plotly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ONE, base_layout, plain, rows_axis
from components.theme import FONT, PALETTES, Mode, faded, template
from umami.analysis.journey import Flow, Node, Through

ROOM: Final = {1: 28, 2: 28, 3: 28, 4: 26, 5: 20, 6: 15}
"""Longest label of a node in characters, by the number of steps drawn."""
_LEAST_ROOM: Final = 12
_COLUMN: Final = 190
"""Least width of a step in pixels; below it, labels overlap."""
_WIDEST: Final = 940


@dataclass(frozen=True, slots=True)
class Sankey:
    """Nodes in columns by position (names are unique), and links ``(source, target, visits)``."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    steps: tuple[int, ...]
    visits: tuple[int, ...]
    folded: tuple[bool, ...]
    chosen: tuple[bool, ...]
    links: tuple[tuple[int, int, int], ...]

    @property
    def least_width(self) -> int:
        """Least width in pixels; narrower screens scroll, since labels would overlap."""
        return min(_WIDEST, _COLUMN * max(self.steps, default=1))

    @property
    def height(self) -> int:
        """Height in pixels, with room for the labels of the step with most nodes."""
        fullest = max((self.steps.count(step) for step in set(self.steps)), default=1)
        return max(220, 52 * fullest)


def sankey(flow: Flow, through: Through | None) -> Sankey:
    """The Sankey diagram of a flow; ``through`` is the highlighted node."""
    steps = max((node.step for node in flow.nodes), default=1)
    room = ROOM.get(steps, _LEAST_ROOM)
    return Sankey(
        tuple(name(node) for node in flow.nodes),
        tuple(f"{_short(node, room)}  {formats.whole(node.visits)}" for node in flow.nodes),
        tuple(node.step for node in flow.nodes),
        tuple(node.visits for node in flow.nodes),
        tuple(bool(node.folded) for node in flow.nodes),
        tuple(
            through is not None and (node.step, node.name) == (through.step, through.name)
            for node in flow.nodes
        ),
        tuple((link.source, link.target, link.visits) for link in flow.links),
    )


def name(node: Node) -> str:
    """A unique name: ``Step 2: /pricing``; ``Step 2, 5 others`` for a node of several pages."""
    return f"Step {node.step}" + (f", {node.folded} others" if node.folded else f": {node.name}")


def _short(node: Node, longest: int) -> str:
    whole = f"{node.folded} others" if node.folded else node.name
    return formats.shortened(whole, longest)


def sankey_spec(data: Sankey, mode: Mode) -> dict[str, Any]:
    """The diagram as an ECharts option; a selection returns the node's name."""
    palette = PALETTES[mode]
    nodes = [
        {
            "name": node,
            "depth": step - 1,
            # Some visits end here: a height from the outgoing links would be too small.
            "value": visits,
            # ECharts interprets braces in a label as a template.
            "label": {"formatter": label.replace("{", "(").replace("}", ")")},
            "itemStyle": {
                "color": palette.muted
                if folded
                else palette.categorical[1]
                if chosen
                else palette.categorical[0]
            },
        }
        for node, label, step, visits, folded, chosen in zip(
            data.names,
            data.labels,
            data.steps,
            data.visits,
            data.folded,
            data.chosen,
            strict=True,
        )
    ]
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "tooltip": {
            "backgroundColor": palette.surface,
            "borderColor": palette.border,
            "textStyle": {"color": palette.text},
            "confine": True,
            "extraCssText": "max-width:22rem;white-space:normal;overflow-wrap:anywhere",
            "valueFormatter": "%,d visits",
        },
        "series": [
            {
                "type": "sankey",
                "data": nodes,
                "links": [
                    {
                        "source": data.names[source],
                        "target": data.names[target],
                        "value": visits,
                    }
                    for source, target, visits in data.links
                ],
                "selectedMode": "single",
                "select": {"itemStyle": {"borderColor": palette.text, "borderWidth": 2}},
                "nodeAlign": "left",
                "draggable": False,
                "layoutIterations": 32,
                "nodeGap": 16,
                "nodeWidth": 14,
                "left": 4,
                "right": 170,
                "top": 8,
                "bottom": 8,
                "label": {"color": palette.text, "fontSize": 12},
                "lineStyle": {"color": palette.categorical[0], "opacity": 0.22, "curveness": 0.5},
                "emphasis": {"focus": "adjacency"},
            }
        ],
    }


def sankey_figure(data: Sankey, mode: Mode) -> go.Figure:
    """The diagram as a Plotly figure."""
    palette = PALETTES[mode]
    node = {
        "label": [plain(label) for label in data.labels] if data.links else [],
        "customdata": [
            [plain(name, 200), formats.whole(visits)]
            for name, visits in zip(data.names, data.visits, strict=True)
        ],
        "color": [
            palette.muted
            if folded
            else palette.categorical[1]
            if chosen
            else palette.categorical[0]
            for folded, chosen in zip(data.folded, data.chosen, strict=True)
        ],
        "align": "left",
        "pad": 16,
        "thickness": 12,
        "line": {"width": 0},
        "hovertemplate": "%{customdata[0]}<br><b>%{customdata[1]}</b> visits<extra></extra>",
    }
    link = {
        "source": [source for source, _, _ in data.links],
        "target": [target for _, target, _ in data.links],
        "value": [visits for _, _, visits in data.links],
        "color": faded(palette.categorical[0], 0.22),
        "hovertemplate": (
            "%{source.customdata[0]} → %{target.customdata[0]}<br>"
            "<b>%{value:,}</b> visits<extra></extra>"
        ),
    }
    return go.Figure(
        data=[
            {
                "type": "sankey",
                "arrangement": "fixed",
                "node": node,
                "link": link,
                "textfont": {"color": palette.text, "size": 11},
            }
        ],
        layout={
            "template": template(mode),
            "height": data.height,
            "margin": {"l": 4, "r": 4, "t": 8, "b": 8},
        },
    )


@dataclass(frozen=True, slots=True)
class Funnel:
    """Visitors at each step; ``before`` is empty without a comparison or without visitors in it."""

    names: tuple[str, ...]
    visitors: tuple[int, ...]
    before: tuple[int, ...]
    labels: tuple[str, ...]
    """Visitors and their share of the first step, formatted."""
    worst: int | None
    """Position of the step with the largest loss before it; ``None`` without losses."""


def funnel(table: pd.DataFrame, worst: int | None) -> Funnel:
    """The funnel of a table from ``umami.analysis.funnel.table``."""
    before = table["visitors_before"]
    return Funnel(
        tuple(f"{at}  {value}" for at, value in enumerate(table["value"], 1)),
        tuple(map(int, table["visitors"])),
        () if before.isna().any() or not before.any() else tuple(map(int, before)),
        tuple(
            f"{formats.whole(visitors)}  {formats.percent(None if pd.isna(share) else share)}"
            for visitors, share in zip(table["visitors"], table["of_first"], strict=True)
        ),
        worst,
    )


def funnel_figure(data: Funnel, mode: Mode) -> go.Figure:
    """A funnel, its worst step in another colour, with marks for the comparison."""
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    now = {
        "type": "funnel",
        "y": places,
        "x": data.visitors,
        "name": "This period",
        "text": data.labels,
        "textinfo": "text",
        "textposition": "auto",
        "insidetextfont": {"color": palette.background, "size": 13},
        "outsidetextfont": {"color": palette.text, "size": 13},
        "customdata": [plain(name, 200) for name in data.names],
        "marker": {"color": [palette.categorical[1 if at == data.worst else 0] for at in places]},
        "connector": {"fillcolor": faded(palette.categorical[0], 0.12), "line": {"width": 0}},
        "hovertemplate": "%{customdata}<br><b>%{x:,}</b> visitors<extra></extra>",
    }
    before = {
        "type": "scatter",
        "y": places,
        # A mark at zero would be in the middle of the bar and cover its label.
        "x": [visitors / 2 if visitors else None for visitors in data.before],
        "name": "Before",
        "mode": "markers",
        "marker": {
            "symbol": "line-ns",
            "size": 26,
            "line": {"width": 2.5, "color": palette.text},
        },
        "customdata": data.before,
        "hovertemplate": "before: <b>%{customdata:,}</b> visitors<extra></extra>",
    }
    return go.Figure(
        data=[now, before] if data.before else [now],
        layout={
            **base_layout(
                mode, HOVER_ONE, 70 + 62 * max(len(places), 2), top=30 if data.before else 8
            ),
            "showlegend": bool(data.before),
            "funnelgap": 0.25,
            "xaxis": {"visible": False, "fixedrange": True},
            "yaxis": rows_axis(data.names, mode, 30),
        },
    )
