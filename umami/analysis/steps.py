"""Funnels and goals, and their steps as texts of URLs (``1.path./pricing``)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from umami.api.events import EventSeries
from umami.api.reports import FunnelResult, Goal
from umami.conversion import FunnelStep, StepKind, read, spell
from umami.errors import InvalidView
from umami.filters import Filter
from umami.memoize import memoize
from umami.parsing import frame_of
from umami.texts import N_, Message
from umami.view import View

KINDS: Final[dict[StepKind, str]] = {
    "path": N_("Page"),
    "event": N_("Event"),
    "group": N_("Content group"),
    "channel": N_("Own channel"),
}
LARGEST_TARGET: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A goal: the step that counts, and the target for the period in times (0: no target)."""

    step: FunnelStep
    times: int = 0


def spell_steps(steps: Sequence[FunnelStep]) -> list[str]:
    """The texts of steps in order, each with its position, as a step may occur twice."""
    return [f"{at}.{spell(step)}" for at, step in enumerate(steps, 1)]


def read_steps(texts: Sequence[str]) -> tuple[tuple[FunnelStep, ...], tuple[str, ...]]:
    """Parse steps: in the order of their positions, and the faults of invalid texts."""
    numbered, faults = _read_numbered(texts)
    return tuple(step for _, step in sorted(numbered, key=lambda item: item[0])), faults


def spell_target(target: Target) -> str:
    """The text of a goal: ``100.event.signup``."""
    return f"{target.times}.{spell(target.step)}"


def read_targets(texts: Sequence[str]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Parse goals: each once, and the faults of invalid texts."""
    numbered, faults = _read_numbered(texts)
    return tuple(dict.fromkeys(Target(step, times) for times, step in numbered)), faults


def _read_numbered(texts: Sequence[str]) -> tuple[list[tuple[int, FunnelStep]], tuple[str, ...]]:
    """Steps with the number before each, and the faults of invalid texts."""
    numbered, faults = [], []
    for text in texts:
        number, _, rest = text.partition(".")
        try:
            step = read(rest)
            if not re.fullmatch(r"\d{1,10}", number, re.ASCII) or int(number) > LARGEST_TARGET:
                raise InvalidView(
                    Message("“{text}” does not begin with a whole number.", text=text[:40])
                )
            numbered.append((int(number), step))
        except InvalidView as problem:
            faults.append(problem.message)
    return numbered, tuple(faults)


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a step's value, in which ``*`` at either end is a wildcard."""
    inner = re.escape(pattern.removeprefix("*").removesuffix("*"))
    before, after = (".*" if edge else "" for edge in (pattern[:1] == "*", pattern[-1:] == "*"))
    return re.fullmatch(f"{before}{inner}{after}", name, re.DOTALL) is not None


@memoize
def funnel_table(
    now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None
) -> pd.DataFrame:
    """A row per step, in order.

    ``kind`` and ``value`` describe the step. ``visitors`` reached it; ``dropped`` reached the step
    before it only. ``kept`` is their fraction of the step before, ``of_first`` of the first step;
    both are ``NaN`` where there is nothing to divide by. ``visitors_before`` and
    ``of_first_before`` belong to the comparison, ``change`` is of visitors, ``points`` the
    difference of ``of_first``.
    """
    frame = frame_of([result.step for result in now], kind="object", value="object")
    frame[["visitors", "dropped"]] = frame_of(now, visitors="int64", dropped="int64")
    rates = frame_of(now, drop_off="float64", remaining="float64")
    frame["kept"], frame["of_first"] = 1 - rates["drop_off"], rates["remaining"]
    comparable = before if before and len(before) == len(now) else ()
    earlier = frame_of(comparable, visitors="float64", remaining="float64").reindex(frame.index)
    frame["visitors_before"], frame["of_first_before"] = earlier["visitors"], earlier["remaining"]
    was = frame["visitors_before"]
    frame["change"] = frame["visitors"] / was.where(was > 0) - 1
    frame["points"] = frame["of_first"] - frame["of_first_before"]
    return frame


def worst(results: Sequence[FunnelResult]) -> int | None:
    """The position of the step before which most visitors are lost; ``None`` where none is."""
    lost = [result.dropped for result in results[1:]]
    return lost.index(max(lost)) + 1 if any(lost) else None


def reached(goal: Goal, target: Target) -> float | None:
    """Times as a fraction of the target; ``None`` without a target or without times."""
    return goal.times / target.times if target.times and goal.times is not None else None


def viewing(view: View, target: Target) -> View | None:
    """The View whose pageviews over time are the trend of a page goal. ``None`` where no View can
    express it: a goal with a wildcard, or a View that filters pages."""
    step = target.step
    if step.kind != "path" or "*" in (step.value[:1], step.value[-1:]):
        return None
    if view.match == "any" or any(filter_.field == "path" for filter_ in view.filters):
        return None
    try:
        return view.adding(Filter("path", "eq", step.value), beside=False)
    except InvalidView:
        return None


@memoize
def trend(series: EventSeries, target: Target) -> pd.DataFrame:
    """How often an event goal was reached over time: ``time`` and ``count``."""
    frame = series.frame
    fitting = [name for name in frame["event"].unique() if matches(target.step.value, name)]
    return frame[frame["event"].isin(fitting)].groupby("time")["count"].sum().reset_index()


def goal_table(targets: Sequence[Target], goals: Sequence[Goal]) -> pd.DataFrame:
    """A row per goal: ``value``, ``kind``, ``times``, ``visitors``, ``conversion``, ``target``,
    ``reached``; unknown figures are ``NaN``."""
    rows = [
        {
            "value": target.step.value,
            "kind": target.step.kind,
            "times": goal.times,
            "visitors": goal.visitors,
            "conversion": goal.conversion,
            "target": target.times or None,
            "reached": reached(goal, target),
        }
        for target, goal in zip(targets, goals, strict=True)
    ]
    return pd.DataFrame(rows)
