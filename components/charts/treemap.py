"""A treemap of groups."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import plain
from components.theme import PALETTES, Mode, template

MOST = 40
"""Groups of a level that are drawn below each of the level above."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes with ids that name their place (``"0"``, ``"0.3"``), parents before children."""

    ids: tuple[str, ...]
    parents: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[float, ...]
    paths: tuple[tuple[str, ...], ...]
    what: str
    """What the values count."""


def tree(nodes: pd.DataFrame, what: str) -> Tree:
    """What ``umami.analysis.breakdown.tree`` gives (its paths already named) as a treemap."""
    places: dict[tuple[str, ...], str] = {}
    children: dict[str, int] = {}
    ids, parents, names, values, paths = [], [], [], [], []
    ordered = nodes.assign(depth=nodes["path"].map(len)).sort_values(
        ["depth", "value"], ascending=[True, False], kind="stable"
    )
    for path, value in zip(ordered["path"], ordered["value"], strict=True):
        parent = places.get(path[:-1], "")
        at = children.get(parent, 0)
        if (len(path) > 1 and not parent) or at >= MOST or not value > 0:
            continue
        children[parent] = at + 1
        places[path] = f"{parent}.{at}" if parent else str(at)
        ids.append(places[path])
        parents.append(parent)
        names.append(path[-1])
        values.append(float(value))
        paths.append(path)
    return Tree(tuple(ids), tuple(parents), tuple(names), tuple(values), tuple(paths), what)


def tree_figure(data: Tree, mode: Mode) -> go.Figure:
    """A treemap. Each node's custom data is its place in ``data``."""
    palette = PALETTES[mode]
    tops = [one for one in data.ids if "." not in one]
    shades = {top: palette.categorical[at % 6] for at, top in enumerate(tops)}
    return go.Figure(
        data=[
            {
                "type": "treemap",
                "ids": data.ids,
                "parents": data.parents,
                "labels": [plain(name, 40) for name in data.names],
                "values": data.values,
                "branchvalues": "total",
                "customdata": [
                    [at, formats.whole(value), " › ".join(plain(name, 60) for name in path)]
                    for at, (value, path) in enumerate(zip(data.values, data.paths, strict=True))
                ],
                "texttemplate": "%{label}<br>%{customdata[1]}",
                "hovertemplate": (
                    f"%{{customdata[2]}}<br><b>%{{customdata[1]}}</b> {data.what}<extra></extra>"
                ),
                "marker": {
                    "colors": [shades[one.partition(".")[0]] for one in data.ids],
                    "line": {"color": palette.background, "width": 2},
                    "pad": {"t": 24, "l": 3, "r": 3, "b": 3},
                },
                "textfont": {"color": palette.background},
                "pathbar": {"visible": False},
                "tiling": {"pad": 2},
                "sort": False,
            }
        ],
        layout={
            "template": template(mode),
            "height": 420,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "uniformtext": {"minsize": 10, "mode": "hide"},
        },
    )
