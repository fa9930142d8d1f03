"""Steps and goals as URLs spell them: ``path./pricing``, ``event.signup``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

from umami.errors import InvalidView
from umami.filters import LONGEST_VALUE
from umami.models.reports import FunnelStep, StepKind

KINDS: Final[dict[StepKind, str]] = {"path": "Page", "event": "Event"}
LARGEST_TARGET: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A goal to reach: what counts, and how often it is wanted in the period (0: no target)."""

    step: FunnelStep
    times: int = 0


def spell(step: FunnelStep) -> str:
    """``path./pricing``; ``read`` reads it back."""
    return f"{step.kind}.{step.value}"


def read(text: str) -> FunnelStep:
    """The step that a text spells; an empty value is a step still to be chosen.

    Raises ``InvalidView`` for anything else.
    """
    kind, dot, value = text.partition(".")
    if kind not in get_args(StepKind) or not dot or len(value) > LONGEST_VALUE:
        raise InvalidView(f"“{text[:40]}” is not a step: a page (path./pricing) or an event.")
    return FunnelStep("path" if kind == "path" else "event", value)


def spell_steps(steps: Sequence[FunnelStep]) -> list[str]:
    """Steps in their order, each with its place: a step may come twice."""
    return [f"{at}.{spell(step)}" for at, step in enumerate(steps, 1)]


def read_steps(texts: Sequence[str]) -> tuple[tuple[FunnelStep, ...], tuple[str, ...]]:
    """The steps that a URL spells, in the order of their places, and what is wrong with it."""
    found: list[tuple[int, FunnelStep]] = []
    faults = []
    for text in texts:
        place, _, rest = text.partition(".")
        try:
            found.append((_whole(place, text), read(rest)))
        except InvalidView as problem:
            faults.append(str(problem))
    return tuple(step for _, step in sorted(found, key=lambda one: one[0])), tuple(faults)


def spell_target(target: Target) -> str:
    """``100.event.signup``."""
    return f"{target.times}.{spell(target.step)}"


def read_targets(texts: Sequence[str]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The goals that a URL spells, and what is wrong with it."""
    found = []
    faults = []
    for text in texts:
        times, _, rest = text.partition(".")
        try:
            found.append(Target(read(rest), _whole(times, text)))
        except InvalidView as problem:
            faults.append(str(problem))
    return tuple(dict.fromkeys(found)), tuple(faults)


def _whole(number: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,10}", number, re.ASCII) or int(number) > LARGEST_TARGET:
        raise InvalidView(f"“{text[:40]}” does not begin with a whole number.")
    return int(number)


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a step's value, where ``*`` at either end stands for anything."""
    inner = re.escape(pattern.removeprefix("*").removesuffix("*"))
    before, after = (".*" if edge else "" for edge in (pattern[:1] == "*", pattern[-1:] == "*"))
    return re.fullmatch(f"{before}{inner}{after}", name, re.DOTALL) is not None
