"""Steps, which are pages and events, and what counts as a conversion, as texts of URLs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from umami.errors import InvalidView
from umami.filters import LONGEST_VALUE
from umami.parsing import Record
from umami.texts import Message

StepKind = Literal["path", "event", "group", "channel"]
PURCHASE: Final = "money"
"""The text of the conversion that is any purchase, on whatever page and with whatever event."""
LONGEST_CURRENCY: Final = 100
"""Longest currency in characters that servers store."""


class FunnelStep(Record):
    """A step: opening a ``path`` (``*`` at either end is a wildcard), an event, opening a page of a
    content ``group``, or a page view that an own ``channel`` has, whose name the value is."""

    kind: StepKind
    value: str
    rows: tuple[tuple[str, str], ...] = ()
    """The filters of the rows of a group or channel, as parameters; none while it is not known."""

    @property
    def is_named(self) -> bool:
        """Whether it is a content group or an own channel, whose rules the website has."""
        return self.kind in ("group", "channel")

    @property
    def is_unknown(self) -> bool:
        """Whether its rules are not known: it was removed or renamed, or was not looked up."""
        return self.is_named and not self.rows

    @property
    def body(self) -> dict[str, Any]:
        """The step in the body of an analysis."""
        rows = {"rows": dict(self.rows)} if self.rows else {}
        return {"type": self.kind, "value": self.value, **rows}


def spell(step: FunnelStep) -> str:
    """The text of a step: ``path./pricing``. ``read`` parses it."""
    return f"{step.kind}.{step.value}"


def read(text: str) -> FunnelStep:
    """Parse a step; one with an empty value is still to be chosen. Raises ``InvalidView``."""
    kind, dot, value = text.partition(".")
    if kind not in get_args(StepKind) or not dot or len(value) > LONGEST_VALUE:
        raise InvalidView(
            Message("“{text}” is not a step: a page (path./pricing) or an event.", text=text[:40])
        )
    kinds: dict[str, StepKind] = {each: each for each in get_args(StepKind)}
    return FunnelStep(kinds[kind], value)


def is_currency(text: str) -> bool:
    """Whether a text may be a currency; websites send symbols and names, too."""
    return bool(text.strip()) and len(text) <= LONGEST_CURRENCY and text.isprintable()


@dataclass(frozen=True, slots=True)
class Conversion:
    """What counts as a conversion: a visit that reaches ``step``; without one, a visit with a
    purchase in ``currency``. ``currency`` is that of the revenue (``""`` for none)."""

    step: FunnelStep | None = None
    currency: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether it is one page or one event, without a wildcard."""
        if self.step is None or self.step.is_named:
            return False
        return "*" not in (self.step.value[:1], self.step.value[-1:])

    def __bool__(self) -> bool:
        return self.step is not None or bool(self.currency)
