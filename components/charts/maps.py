"""A world map."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import plain
from components.theme import PALETTES, Mode, scale, template
from umami import names

WORLD: Final = Path(__file__).parents[2] / "static" / "topojson" / "world_110m.json"


@dataclass(frozen=True, slots=True)
class Country:
    """One country on the map."""

    code: str
    place: str
    """The alpha-3 code, as the geometry knows it."""
    name: str
    count: float
    said: str
    """The count in words."""
    share: str
    """The share in words; empty where it is not known or the counts' signs differ."""


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


def world(ranking: pd.DataFrame, said: Callable[[float], str] = formats.whole) -> World:
    """Countries of a ranking (``name`` an alpha-2 code, ``count``, ``share``) for the map.

    ``said`` puts a count into words.
    """
    signs_differ = bool((ranking["count"] < 0).any())
    found: tuple[list[Country], list[Country]] = ([], [])
    for code, count, share in zip(ranking["name"], ranking["count"], ranking["share"], strict=True):
        if not isinstance(code, str) or not code:
            continue
        place = names.iso3(code) or ""
        one = Country(
            code,
            place,
            names.country(code),
            float(count),
            said(float(count)),
            "" if signs_differ or pd.isna(share) else formats.percent(float(share)),
        )
        found[place not in places()].append(one)
    return World(tuple(found[0]), tuple(found[1]))


def world_figure(data: World, mode: Mode) -> go.Figure:
    """A world map; depth of colour grows with the root of the count, so that small ones show.

    Losses have a colour of their own.
    """
    palette = PALETTES[mode]
    depths = [math.copysign(math.sqrt(abs(one.count)), one.count) for one in data.drawn]
    losses = any(depth < 0 for depth in depths)
    deepest = max(map(abs, depths), default=0.0)
    colours = scale(palette.sequential[2:])
    if losses:
        colours = scale([palette.categorical[1], palette.surface, palette.categorical[0]])
    return go.Figure(
        data=[
            {
                "type": "choropleth",
                "locations": [one.place for one in data.drawn],
                "z": depths,
                **({"zmin": -deepest, "zmax": deepest} if losses else {"zmin": 0}),
                "customdata": [
                    [
                        one.name,
                        one.said,
                        one.share and f" ({one.share})",
                        one.code,
                    ]
                    for one in data.drawn
                ],
                "locationmode": "ISO-3",
                "colorscale": colours,
                "showscale": False,
                "hovertemplate": (
                    "<b>%{customdata[0]}</b><br>%{customdata[1]}%{customdata[2]}<extra></extra>"
                ),
            }
        ],
        layout={
            "template": template(mode),
            "height": 330,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "dragmode": False,
            "geo": {
                "projection": {"type": "natural earth"},
                "fitbounds": False,
                "lataxis": {"range": [-56, 84]},
                "lonaxis": {"range": [-180, 180]},
            },
        },
    )


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
