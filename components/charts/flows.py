"""Journeys as Sankey diagrams, and funnels.

Pages draw Sankey diagrams with ECharts, as Plotly's send no click events to Streamlit. Reports use
Plotly."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pandas as pd

from components import formats
from components.charts.common import HOVER_ONE, Figure, base_layout, plain, rows_axis, tooltip
from components.texts import _, memoize
from components.theme import FONT, PALETTES, Mode, faded, template
from umami.analysis.activity import Flow

ROOM: Final = {1: 28, 2: 28, 3: 28, 4: 26, 5: 20, 6: 15}
"""Longest label of a node in characters, by the number of steps drawn."""
_LEAST_ROOM: Final = 12
_COLUMN: Final = 190
"""Least width of a step in pixels; below it, labels overlap."""
_WIDEST: Final = 940


def least_width(flow: Flow) -> int:
    """Least width in pixels; narrower screens scroll, since labels would overlap."""
    return min(_WIDEST, _COLUMN * _steps(flow))


def height(flow: Flow) -> int:
    """Height in pixels, with room for the labels of the step with most nodes."""
    fullest = max(Counter(node.step for node in flow.nodes).values(), default=1)
    return max(220, 52 * fullest)


def _steps(flow: Flow) -> int:
    return max((node.step for node in flow.nodes), default=1)


def names(flow: Flow) -> list[str]:
    """Unique names: ``Step 2: /pricing``; ``Step 2, 5 more`` for a node of several pages."""
    result: list[str] = []
    for node in flow.nodes:
        step = (
            flow.headings[node.step - 1]
            if flow.headings
            else _("Step {step}").format(step=node.step)
        )
        text = step + (
            _(", {folded} more").format(folded=node.folded) if node.folded else f": {node.name}"
        )
        # ECharts identifies nodes by their names alone.
        result.append(text + "\u200b" * sum(known.rstrip("\u200b") == text for known in result))
    return result


@memoize
def table(flow: Flow) -> pd.DataFrame:
    """The links as rows with ``source``, ``target`` (unique names) and ``visits``, in the order of
    the steps."""
    unique = [name.rstrip("\u200b") for name in names(flow)]
    links = sorted(flow.links, key=lambda link: (flow.nodes[link.source].step, -link.visits))
    return pd.DataFrame(
        {
            "source": [unique[link.source] for link in links],
            "target": [unique[link.target] for link in links],
            "visits": [link.visits for link in links],
        }
    )


def labels(flow: Flow) -> list[str]:
    """The labels of nodes, shortened to the room that the number of steps leaves."""
    room = ROOM.get(_steps(flow), _LEAST_ROOM)
    texts = (
        _("Other ({folded})").format(folded=node.folded) if node.folded else node.name
        for node in flow.nodes
    )
    return [
        f"{formats.shortened(text, room)}  {formats.whole(node.visits)}"
        for text, node in zip(texts, flow.nodes, strict=True)
    ]


def _colours(flow: Flow, page: str, mode: Mode) -> list[str]:
    palette = PALETTES[mode]
    return [
        palette.muted if node.folded else palette.categorical[1 if node.name == page else 0]
        for node in flow.nodes
    ]


def sankey_spec(flow: Flow, page: str, mode: Mode) -> dict[str, Any]:
    """The diagram as an ECharts option; a selection returns the node's name.

    The nodes of a page are highlighted.
    """
    palette = PALETTES[mode]
    unique = names(flow)
    nodes = [
        {
            "name": name,
            "depth": node.step - 1,
            # Some visits end here: a height from the outgoing links would be too small.
            "value": node.visits,
            # ECharts interprets braces in a label as a template.
            "label": {"formatter": label.replace("{", "(").replace("}", ")")},
            "itemStyle": {"color": colour},
        }
        for node, name, label, colour in zip(
            flow.nodes, unique, labels(flow), _colours(flow, page, mode), strict=True
        )
    ]
    links = [
        {"source": unique[link.source], "target": unique[link.target], "value": link.visits}
        for link in flow.links
    ]
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "tooltip": {
            **tooltip(mode),
            "extraCssText": "max-width:22rem;white-space:normal;overflow-wrap:anywhere",
            "valueFormatter": f"%,d {_('visits')}",
        },
        "series": [
            {
                "type": "sankey",
                "data": nodes,
                "links": links,
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
                "label": {
                    "color": palette.text,
                    "fontSize": 12,
                    # Links pass below the labels.
                    "backgroundColor": faded(palette.background, 0.8),
                    "padding": [2, 4],
                    "borderRadius": 3,
                },
                "lineStyle": {"color": palette.categorical[0], "opacity": 0.22, "curveness": 0.5},
                "emphasis": {"focus": "adjacency"},
            }
        ],
    }


def sankey_figure(flow: Flow, page: str, mode: Mode) -> Figure:
    """The diagram as a Plotly figure."""
    palette = PALETTES[mode]
    nodes = {
        "label": [plain(label) for label in labels(flow)] if flow.links else [],
        "customdata": [
            [plain(name, 200), formats.whole(node.visits)]
            for name, node in zip(names(flow), flow.nodes, strict=True)
        ],
        "color": _colours(flow, page, mode),
        "align": "left",
        "pad": 16,
        "thickness": 12,
        "line": {"width": 0},
        "hovertemplate": (
            f"%{{customdata[0]}}<br><b>%{{customdata[1]}}</b> {_('visits')}<extra></extra>"
        ),
    }
    links = {
        "source": [link.source for link in flow.links],
        "target": [link.target for link in flow.links],
        "value": [link.visits for link in flow.links],
        "color": faded(palette.categorical[0], 0.22),
        "hovertemplate": (
            "%{source.customdata[0]} → %{target.customdata[0]}<br>"
            f"<b>%{{value:,}}</b> {_('visits')}<extra></extra>"
        ),
    }
    sankey = {
        "type": "sankey",
        "arrangement": "fixed",
        "node": nodes,
        "link": links,
        "textfont": {"color": palette.text, "size": 11},
    }
    return {
        "data": [sankey],
        "layout": {
            "template": template(mode),
            "height": height(flow),
            "margin": {"l": 4, "r": 4, "t": 8, "b": 8},
        },
    }


def funnel(table: pd.DataFrame, worst: int | None, mode: Mode) -> Figure:
    """A funnel of ``umami.analysis.steps.funnel_table``, with marks for the comparison.

    The step at the position ``worst`` has another colour, which the legend names.
    """
    palette = PALETTES[mode]
    names = [f"{at}  {value}" for at, value in enumerate(table["value"], 1)]
    places = list(range(len(names)))
    counts = list(map(int, table["visitors"]))
    most = max(counts, default=0)
    compared = table["visitors_before"].notna().all() and table["visitors_before"].any()
    before = list(map(int, table["visitors_before"])) if compared else []
    now = {
        "type": "funnel",
        "y": places,
        "x": counts,
        "name": _("This period"),
        "text": [
            f"{formats.whole(visitors)}  {formats.percent(None if pd.isna(share) else share)}"
            for visitors, share in zip(table["visitors"], table["of_first"], strict=True)
        ],
        "textinfo": "text",
        # Plotly would shrink a label to fit into a narrow bar.
        "textposition": ["inside" if count >= most / 8 else "outside" for count in counts],
        "insidetextfont": {"color": palette.background, "size": 13},
        "outsidetextfont": {"color": palette.text, "size": 13},
        "customdata": [plain(name, 200) for name in names],
        "marker": {"color": [palette.categorical[1 if at == worst else 0] for at in places]},
        "connector": {"fillcolor": faded(palette.categorical[0], 0.12), "line": {"width": 0}},
        "hovertemplate": f"%{{customdata}}<br><b>%{{x:,}}</b> {_('visitors')}<extra></extra>",
    }
    marks = {
        "type": "scatter",
        "y": places,
        # A mark at zero would be in the middle of the bar and cover its label.
        "x": [visitors / 2 if visitors else None for visitors in before],
        "name": _("Before"),
        "mode": "markers",
        "marker": {"symbol": "line-ns", "size": 26, "line": {"width": 2.5, "color": palette.text}},
        "customdata": before,
        "hovertemplate": (
            f"{_('before:')} <b>%{{customdata:,}}</b> {_('visitors')}<extra></extra>"
        ),
    }
    # Only for the legend, which shows the first colour of a trace.
    loss = {
        "type": "scatter",
        "x": [None],
        "y": [0],
        "name": _("Biggest drop"),
        "mode": "markers",
        "marker": {"symbol": "square", "size": 12, "color": palette.categorical[1]},
    }
    legend = bool(before) or worst is not None
    return {
        "data": [now, *([marks] if before else []), *([] if worst is None else [loss])],
        "layout": {
            **base_layout(mode, HOVER_ONE, 70 + 62 * max(len(names), 2), top=30 if legend else 8),
            "showlegend": legend,
            "funnelgap": 0.25,
            "xaxis": {"visible": False, "fixedrange": True},
            "yaxis": rows_axis(names, mode, 30),
        },
    }
