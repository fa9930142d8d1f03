"""Paths of visits as a flow from step to step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from umami.models.reports import Path

KEPT: Final = 8
"""Names of a step that stand apart; the rest are one node."""
LONGEST_LIST: Final = 100
"""Paths that servers tell at most."""


@dataclass(frozen=True, slots=True)
class Node:
    """A name at a step (counted from 1); ``folded`` names stand together where there are more."""

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
    """Nodes by step, the largest first and what is folded last, and the links between them."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Through:
    """A node that paths are looked at through: ``2./pricing``."""

    step: int
    name: str

    @classmethod
    def read(cls, text: str) -> Through | None:
        """What a URL spells; ``None`` for anything else."""
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
        ranked = sorted(names.items(), key=lambda one: (-one[1], one[0]))
        kept = ranked if len(ranked) <= KEPT else ranked[: KEPT - 1]
        for name, visits in kept:
            places[step, name] = len(nodes)
            nodes.append(Node(step, name, visits))
        if rest := ranked[len(kept) :]:
            places.update({(step, name): len(nodes) for name, _ in rest})
            nodes.append(Node(step, "", sum(visits for _, visits in rest), len(rest)))
    links: Counter[tuple[int, int]] = Counter()
    for path in paths:
        for step, (one, next_one) in enumerate(zip(path.steps, path.steps[1:], strict=False), 1):
            links[places[step, one], places[step + 1, next_one]] += path.visits
    return Flow(
        tuple(nodes),
        tuple(Link(source, target, visits) for (source, target), visits in links.items()),
    )


def table(paths: Sequence[Path]) -> pd.DataFrame:
    """The paths, most visits first: ``path`` in words, ``length`` in steps, ``visits``, and
    ``share`` of the visits of all of them."""
    frame = pd.DataFrame(
        {
            "path": pd.Series(["  →  ".join(one.steps) for one in paths], dtype="object"),
            "length": pd.Series([len(one.steps) for one in paths], dtype="int64"),
            "visits": pd.Series([one.visits for one in paths], dtype="int64"),
        }
    )
    total = int(frame["visits"].sum())
    return frame.assign(share=frame["visits"] / total if total else 0.0)
