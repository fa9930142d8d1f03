"""Columns of tables: what each holds, and how a value of it is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from components import formats
from umami.period import Unit

Kind = Literal[
    "text",
    "time",
    "count",
    "number",
    "percent",
    "seconds",
    "money",
    "change",
    "points",
    "delta",
]
"""What a column holds: text, wall-clock times, whole numbers, any numbers, fractions of a whole,
seconds, money, how much more than before as a fraction, differences of fractions, differences of
numbers."""
Tone = Literal["", "good", "bad", "muted"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a frame, and how it is shown.

    ``note`` is another column, said in small below; ``bar`` draws its share of the largest behind
    the row's name;
    ``wide`` leaves it out on narrow screens; ``good`` colours changes: which way is welcome;
    ``unit`` is how finely times are told; ``help`` explains the column on pages.
    """

    column: str
    label: str
    kind: Kind = "count"
    note: str | None = None
    bar: bool = False
    wide: bool = False
    currency: str = ""
    good: Literal["up", "down", "neither"] = "up"
    unit: Unit = "minute"
    help: str = ""

    def shown(self, value: Any) -> str:
        """A value in words; nothing is a dash."""
        if not isinstance(value, str) and pd.isna(value):
            return formats.ABSENT
        if self.kind == "text":
            return str(value)
        if self.kind == "time":
            return formats.moment(pd.Timestamp(value), self.unit)
        return _SHOWN[self.kind](float(value), self.currency)

    def tone(self, value: Any) -> Tone:
        """The colour of a change."""
        moves = self.kind in ("change", "points", "delta")
        if not moves or self.good == "neither" or pd.isna(value) or not value:
            return ""
        if self.kind == "change" and abs(value) < formats.SLIGHT:
            return ""
        return "good" if (value > 0) == (self.good == "up") else "bad"

    @property
    def decimals(self) -> int | None:
        """The decimals of amounts of money; ``None`` for what is no money."""
        is_money = bool(self.currency) and self.kind in ("money", "delta")
        return formats.decimals(self.currency) if is_money else None

    @property
    def heading(self) -> str:
        """The label where values are bare numbers, so with the currency of amounts."""
        if self.decimals is None:
            return self.label
        return f"{self.label} ({formats.iso_currency(self.currency) or self.currency.strip()})"

    @property
    def number(self) -> bool:
        """Whether it holds numbers, which stand at the right."""
        return self.kind not in ("text", "time")


_SHOWN: Final[dict[str, Callable[[float, str], str]]] = {
    "count": lambda value, _: formats.whole(value),
    "number": lambda value, _: formats.number(value),
    "percent": lambda value, _: formats.percent(value),
    "seconds": lambda value, _: formats.duration(value),
    "money": formats.money,
    "change": lambda value, _: formats.relative(value) or "0%",
    "points": lambda value, _: f"{100 * value:+.1f} pts" if abs(value) >= 0.0005 else "0 pts",
    "delta": lambda value, currency: (
        f"{'+' if value > 0 else ''}{formats.money(value, currency)}"
        if currency
        else f"{value:+,.0f}"
    ),
}


def labelled(frame: pd.DataFrame, fields: Sequence[Field]) -> pd.DataFrame:
    """The shown columns by their headings, notes beside them, nothing rounded but money: to the
    decimals of its currency, as everywhere."""
    found: dict[str, Any] = {}
    for field in fields:
        values = frame[field.column]
        if field.decimals is not None:
            values = values.astype("float64").round(field.decimals)
        if field.decimals == 0:
            values = values.astype("Int64")
        found[field.heading] = values.array
        if field.note and field.note not in {one.column for one in fields}:
            found[field.note.capitalize()] = frame[field.note].to_numpy()
    return pd.DataFrame(found)


def longest(frame: pd.DataFrame, fields: Sequence[Field]) -> tuple[pd.Series[float], float] | None:
    """The sizes that bars are drawn of, and the largest of them; ``None`` without any."""
    measured = next((field.column for field in fields if field.bar), None)
    if measured is None:
        return None
    sizes = pd.to_numeric(frame[measured]).abs().astype("float64")
    return (sizes, float(sizes.max())) if sizes.notna().any() and sizes.max() > 0 else None
