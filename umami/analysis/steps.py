"""The format of steps and goals in URLs: ``path./pricing``, ``event.signup``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

from umami.api.reports import FunnelStep, StepKind
from umami.errors import InvalidView
from umami.filters import LONGEST_VALUE

KINDS: Final[dict[StepKind, str]] = {"path": "Page", "event": "Event"}
LARGEST_TARGET: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A goal: the step that counts, and the target for the period in times (0: no target)."""

    step: FunnelStep
    times: int = 0


def spell(step: FunnelStep) -> str:
    """The text of a step: ``path./pricing``. ``read`` parses it."""
    return f"{step.kind}.{step.value}"


def read(text: str) -> FunnelStep:
    """Parse a step; one with an empty value is still to be chosen. Raises ``InvalidView``."""
    kind, dot, value = text.partition(".")
    if kind not in get_args(StepKind) or not dot or len(value) > LONGEST_VALUE:
        raise InvalidView(f"“{text[:40]}” is not a step: a page (path./pricing) or an event.")
    return FunnelStep("path" if kind == "path" else "event", value)


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
                raise InvalidView(f"“{text[:40]}” does not begin with a whole number.")
            numbered.append((int(number), step))
        except InvalidView as problem:
            faults.append(str(problem))
    return numbered, tuple(faults)


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a step's value, in which ``*`` at either end is a wildcard."""
    inner = re.escape(pattern.removeprefix("*").removesuffix("*"))
    before, after = (".*" if edge else "" for edge in (pattern[:1] == "*", pattern[-1:] == "*"))
    return re.fullmatch(f"{before}{inner}{after}", name, re.DOTALL) is not None
