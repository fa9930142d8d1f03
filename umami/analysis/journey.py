"""Paths of visits as a flow from step to step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pandas as pd

from umami.analysis.changes import with_share
from umami.api.reports import Path
from umami.memoize import memoize

MOST_NODES: Final = 8
"""The most nodes of a step; further names are folded into the last."""
LONGEST_LIST: Final = 100
"""The most paths that servers return."""


@dataclass(frozen=True, slots=True)
class Node:
    """A name at a step (counted from 1), or ``folded`` names together, without a name."""

    step: int
    name: str
    visits: int
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """Visits that went from a node to one of the next step (positions in ``Flow.nodes``)."""

    source: int
    target: int
    visits: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Nodes by step, largest first and the folded node last, and the links between them."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Through:
    """A node that the shown paths go through: ``2./pricing``."""

    step: int
    name: str

    @classmethod
    def read(cls, text: str) -> Through | None:
        """Parse the text of a URL parameter; ``None`` where it is no node."""
        place, dot, name = text.partition(".")
        if not dot or not name or place not in ("1", "2", "3", "4", "5", "6", "7"):
            return None
        return cls(int(place), name)

    @property
    def spelled(self) -> str:
        """``2./pricing``."""
        return f"{self.step}.{self.name}"

    def leads(self, path: Path) -> bool:
        """Whether a path goes through it."""
        return len(path.steps) >= self.step and path.steps[self.step - 1] == self.name


def flow(paths: Sequence[Path]) -> Flow:
    """The paths as a flow. Visits that end stop at their last node."""
    counts: dict[int, Counter[str]] = {}
    for path in paths:
        for step, name in enumerate(path.steps, 1):
            counts.setdefault(step, Counter())[name] += path.visits
    places: dict[tuple[int, str], int] = {}
    nodes: list[Node] = []
    for step, names in sorted(counts.items()):
        ranked = sorted(names.items(), key=lambda item: (-item[1], item[0]))
        shown = ranked if len(ranked) <= MOST_NODES else ranked[: MOST_NODES - 1]
        for name, visits in shown:
            places[step, name] = len(nodes)
            nodes.append(Node(step, name, visits))
        if rest := ranked[len(shown) :]:
            places.update({(step, name): len(nodes) for name, _ in rest})
            nodes.append(Node(step, "", sum(visits for _, visits in rest), len(rest)))
    links: Counter[tuple[int, int]] = Counter()
    for path in paths:
        for step, (name, following) in enumerate(pairwise(path.steps), 1):
            links[places[step, name], places[step + 1, following]] += path.visits
    return Flow(
        tuple(nodes),
        tuple(Link(source, target, visits) for (source, target), visits in links.items()),
    )


@memoize
def table(paths: Sequence[Path]) -> pd.DataFrame:
    """The paths, most visits first: ``path`` with arrows, ``length`` in steps, ``visits``, and
    ``share`` of the visits of all paths."""
    rows = [("  →  ".join(path.steps), len(path.steps), path.visits) for path in paths]
    dtypes = {"path": "object", "length": "int64", "visits": "int64"}
    return with_share(pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes), "visits")
