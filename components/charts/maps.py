"""The world map and the treemap."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from components import formats
from components.charts.common import Figure, plain
from components.theme import PALETTES, Mode, scale, template
from components.view_description import value_name
from umami import names

WORLD: Final = Path(__file__).parents[2] / "static" / "topojson" / "world_110m.json"


@cache
def drawn_places() -> frozenset[str]:
    """Alpha-3 codes of the countries in the bundled world geometry."""
    geometry = json.loads(WORLD.read_text())["objects"]["countries"]["geometries"]
    return frozenset(shape["id"] for shape in geometry)


@dataclass(frozen=True, slots=True)
class Country:
    """A country of a map. ``share`` is formatted, and empty where it is unknown."""

    code: str
    place: str
    """The alpha-3 code."""
    name: str
    count: float
    label: str
    """The formatted count."""
    share: str

    @property
    def drawn(self) -> bool:
        """Whether the geometry contains the country."""
        return self.place in drawn_places()


def world(
    ranking: Iterable[tuple[Any, float, float]],
    format_count: Callable[[float], str] = formats.whole,
) -> list[Country]:
    """The countries of a ranking of alpha-2 codes with counts and shares.

    There are no shares where counts have different signs.
    """
    rows = [(code, float(count), float(share)) for code, count, share in ranking]
    signs_differ = any(count < 0 for _, count, _ in rows)
    return [
        Country(
            code,
            names.iso3(code) or "",
            value_name("country", code),
            count,
            format_count(count),
            "" if signs_differ or math.isnan(share) else formats.percent(share),
        )
        for code, count, share in rows
        if isinstance(code, str) and code
    ]


def world_figure(world: Sequence[Country], mode: Mode) -> Figure:
    """A choropleth map. The colour scales with the square root of the count, so that small counts
    are visible; negative counts have another colour.
    """
    palette = PALETTES[mode]
    drawn = [country for country in world if country.drawn]
    depths = [math.copysign(math.sqrt(abs(each.count)), each.count) for each in drawn]
    losses = any(depth < 0 for depth in depths)
    deepest = max(map(abs, depths), default=0.0)
    colours = scale(palette.sequential[2:])
    if losses:
        colours = scale([palette.categorical[1], palette.surface, palette.categorical[0]])
    choropleth = {
        "type": "choropleth",
        "locations": [each.place for each in drawn],
        "z": depths,
        **({"zmin": -deepest, "zmax": deepest} if losses else {"zmin": 0}),
        "customdata": [
            (each.name, each.label, each.share and f" ({each.share})", each.code) for each in drawn
        ],
        "locationmode": "ISO-3",
        "colorscale": colours,
        "showscale": False,
        "hovertemplate": (
            "<b>%{customdata[0]}</b><br>%{customdata[1]}%{customdata[2]}<extra></extra>"
        ),
    }
    return {
        "data": [choropleth],
        "layout": {
            "template": template(mode),
            "height": 330,
            "margin": dict.fromkeys("lrtb", 0),
            "dragmode": False,
            "geo": {
                "projection": {"type": "natural earth"},
                "fitbounds": False,
                "lataxis": {"range": [-56, 84]},
                "lonaxis": {"range": [-180, 180]},
            },
        },
    }


MOST: Final = 40
"""Most children of a node that are drawn."""
SHADES: Final = (1, 2, 3, 4)
"""Colours of the treemap, as steps of the palette with enough contrast to the text on them."""


def tree(nodes: pd.DataFrame) -> pd.DataFrame:
    """The drawn nodes of a frame from ``umami.analysis.rankings.tree``, parents before children.

    Adds ``id``, the position such as ``"0"`` or ``"0.3"``, and ``parent``, the parent's id.
    """
    places: dict[tuple[str, ...], str] = {}
    children: Counter[str] = Counter()
    rows = []
    ordered = nodes.assign(depth=nodes["path"].map(len)).sort_values(
        ["depth", "value"], ascending=[True, False], kind="stable"
    )
    for path, value in zip(ordered["path"], ordered["value"], strict=True):
        parent = places.get(path[:-1], "")
        at = children[parent]
        if (len(path) > 1 and not parent) or at >= MOST or not value > 0:
            continue
        children[parent] += 1
        places[path] = f"{parent}.{at}" if parent else str(at)
        rows.append((places[path], parent, path, float(value)))
    return pd.DataFrame(rows, columns=["id", "parent", "path", "value"])


def tree_figure(tree: pd.DataFrame, what: str, mode: Mode) -> Figure:
    """A treemap of ``tree``, the larger a group the darker; the first custom value of a node is its
    row there.

    ``what`` says what the values count, such as ``views``.
    """
    palette = PALETTES[mode]
    parents = set(tree["parent"])
    most = tree.loc[~tree["id"].isin(parents), "value"].max()
    depths = [
        0 if id in parents else round(math.sqrt(value / most) * (len(SHADES) - 1))
        for id, value in zip(tree["id"], tree["value"], strict=True)
    ]
    treemap = {
        "type": "treemap",
        "ids": tree["id"].to_list(),
        "parents": tree["parent"].to_list(),
        "labels": [plain(path[-1], 40) for path in tree["path"]],
        "values": tree["value"].to_list(),
        "branchvalues": "total",
        "customdata": [
            [at, formats.whole(value), " › ".join(plain(name, 60) for name in path)]
            for at, (value, path) in enumerate(zip(tree["value"], tree["path"], strict=True))
        ],
        "texttemplate": "%{label}<br>%{customdata[1]}",
        "hovertemplate": f"%{{customdata[2]}}<br><b>%{{customdata[1]}}</b> {what}<extra></extra>",
        "marker": {
            "colors": [palette.sequential[SHADES[depth]] for depth in depths],
            "line": {"color": palette.background, "width": 2},
            "pad": {"t": 24, "l": 3, "r": 3, "b": 3},
        },
        "textfont": {"color": palette.text},
        "pathbar": {"visible": False},
        "tiling": {"pad": 2},
        "sort": False,
    }
    return {
        "data": [treemap],
        "layout": {
            "template": template(mode),
            "height": 420,
            "margin": dict.fromkeys("lrtb", 0),
            "uniformtext": {"minsize": 10, "mode": "hide"},
        },
    }
