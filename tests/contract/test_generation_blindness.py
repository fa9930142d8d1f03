"""No page can tell the generation: every server's answer makes the same model.

Each question that a recording holds is asked of both faces of the embedded server, in the words of
2.18, 3.1 and 3.3, and of all four recordings where they hold it. What differs is stated below, with
the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contract.recordings import Ask
from umami.dialect import Dialect
from umami.generations import Generation
from umami.question import Question

REFERENCE = "embedded in the words of 3.1"
FACES = {
    "embedded in the words of 2.18": (2, Generation.V2_18),
    REFERENCE: (3, Generation.V3_1),
    "embedded in the words of 3.3": (3, Generation.V3_3),
}
OLD = ("embedded in the words of 2.18", "v2.18.1", "v2.20.2")


@dataclass(frozen=True)
class Source:
    """A server, or what was recorded of one."""

    dialect: Dialect
    ask: Ask


@dataclass(frozen=True)
class Exception_:
    """What some servers answer otherwise, and why."""

    reason: str
    applies: Callable[[Question[Any], str], bool]
    alike: Callable[[Any], Any] | None = None
    """What is the same all the same; ``None``: nothing is compared."""
