"""What visitors do: the visits of a session, the last half hour, and paths."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

import pandas as pd

from umami.analysis.rankings import with_share
from umami.api.conversions import StepsAround
from umami.api.realtime import Happening, Realtime
from umami.api.reports import Path
from umami.api.sessions import Step
from umami.memoize import memoize

MOST_STEPS: Final = 500
"""The most steps that servers return."""
MOST_PATHS: Final = 100
"""The most paths that servers return."""
MOST_NODES: Final = 8
"""The most nodes of a step of a flow; further names are folded into the last."""
MINUTES: Final = 30
LONGEST_LOG: Final = 200
Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit with its steps, oldest first."""

    id: str
    steps: tuple[Step, ...]

    @property
    def began(self) -> datetime:
        """The instant (UTC) of its first step."""
        return self.steps[0].at

    @property
    def seconds(self) -> float:
        """Seconds from its first step to its last."""
        return (self.steps[-1].at - self.began).total_seconds()

    @property
    def waits(self) -> tuple[float | None, ...]:
        """Seconds from the step before to each; ``None`` for the first."""
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return (None, *((later.at - earlier.at).total_seconds() for earlier, later in pairs))


def visits(steps: Sequence[Step]) -> tuple[Visit, ...]:
    """Steps grouped by visit, the latest visit first."""
    grouped: dict[str, list[Step]] = {}
    for step in steps:
        grouped.setdefault(step.visit, []).append(step)
    visits = [
        Visit(id, tuple(sorted(group, key=lambda step: step.at))) for id, group in grouped.items()
    ]
    return tuple(sorted(visits, key=lambda visit: visit.began, reverse=True))


def minutes(answer: Realtime, timezone: str) -> pd.DataFrame:
    """Each of the last 30 minutes: ``time`` (naive wall clock of the zone), ``views`` and
    ``visitors``, 0 where nothing happened. Servers write these minutes in UTC or in the requested
    zone, without an offset. The zone that puts them closer to now is used."""
    now = pd.Timestamp(answer.at)
    times = pd.DatetimeIndex(answer.minutes["time"])
    if times.tz is None:
        local = times.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
        times = times.tz_localize("UTC")
        if _late(local, now) < _late(times, now):
            times = local
    axis = pd.date_range(end=now.floor("min"), periods=MINUTES, freq="min", tz="UTC")
    known = answer.minutes.set_axis(times.tz_convert("UTC").floor("min"))[["views", "visitors"]]
    frame = known.groupby(level=0).sum().reindex(axis, fill_value=0)
    frame.insert(0, "time", axis.tz_convert(timezone).tz_localize(None))
    return frame.reset_index(drop=True)


def _late(times: pd.DatetimeIndex, now: pd.Timestamp) -> float:
    """Seconds between the latest of the times and now."""
    return abs((now - times.max()).total_seconds()) if len(times) else 0.0


def longer(log: Sequence[Happening], new: Sequence[Happening]) -> tuple[Happening, ...]:
    """The log with the new lines, newest first, without duplicates and at most 200 lines."""
    both = dict.fromkeys([*new, *log])
    newest = sorted(both, key=lambda line: line.at, reverse=True)
    return tuple(newest[:LONGEST_LOG])


def ranked(counts: Mapping[str, int]) -> pd.DataFrame:
    """Counts by name: ``name``, ``count``, ``share``, most first."""
    frame = pd.DataFrame(counts.items(), columns=["name", "count"])
    return with_share(frame.astype({"name": "object", "count": "int64"}), "count")


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
    headings: tuple[str, ...] = ()
    """What to call each step; by default, steps are numbered."""


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
def steps_around(paths: Sequence[Path], page: str, events: bool = True) -> StepsAround:
    """What the visits of these paths did right before and right after their first view of a page.

    Names that begin with ``/`` are taken for pages; without ``events``, others are skipped. A visit
    whose path stops at the page counts as ended, although later steps may be unknown.
    """
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for path in paths:
        steps = [name for name in path.steps if events or name == page or name.startswith("/")]
        if page not in steps:
            continue
        first = steps.index(page)
        before[steps[first - 1] if first else ""] += path.visits
        after[next((name for name in steps[first:] if name != page), "")] += path.visits
    visits, began, ended = before.total(), before.pop("", 0), after.pop("", 0)
    return StepsAround(visits, began, ended, _ranked_steps(before), _ranked_steps(after))


def _ranked_steps(counts: Counter[str]) -> pd.DataFrame:
    rows = [
        ("path" if name.startswith("/") else "event", name, visits)
        for name, visits in counts.most_common()
    ]
    frame = pd.DataFrame(rows, columns=["kind", "name", "visits"])
    return frame.astype({"kind": "object", "name": "object", "visits": "int64"})


@memoize
def step_table(around: StepsAround, side: Side, most: int) -> pd.DataFrame:
    """The steps on one side of a page: ``kind``, ``name``, ``visits``, ``share`` and ``folded``.

    The most frequent steps are rows of the kinds ``path`` and ``event``, the visits that began or
    ended with the page one of the kind ``edge``, in order of visits. Rarer steps are a last row of
    the kind ``other``; ``folded`` is how many of them are known. So the visits add up to those of
    the page, and the shares to 1.
    """
    frame, edge = (
        (around.before, around.began) if side == "before" else (around.after, around.ended)
    )
    rows = [(*row, 0) for row in frame.head(most).itertuples(index=False, name=None)]
    rows += [("edge", "", edge, 0)] if edge else []
    rows.sort(key=lambda row: -row[2])
    rest = around.visits - sum(row[2] for row in rows)
    rows += [("other", "", rest, max(0, len(frame) - most))] if rest else []
    table = pd.DataFrame(rows, columns=["kind", "name", "visits", "folded"])
    return table.assign(share=table["visits"] / max(around.visits, 1))


@memoize
def path_table(paths: Sequence[Path]) -> pd.DataFrame:
    """The paths, most visits first: ``path`` with arrows, ``length`` in steps, ``visits``, and
    ``share`` of the visits of all paths."""
    rows = [("  →  ".join(path.steps), len(path.steps), path.visits) for path in paths]
    dtypes = {"path": "object", "length": "int64", "visits": "int64"}
    return with_share(pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes), "visits")
