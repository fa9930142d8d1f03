"""The activity of a session by visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from umami.api.sessions import Step

LONGEST_LIST: Final = 500
"""The most steps that servers return."""


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
