"""Formats numbers, durations and dates in English, and describes the columns of tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd
from babel import Locale
from babel.numbers import (
    format_compact_currency,
    format_currency,
    get_currency_precision,
    get_currency_symbol,
)

from components.texts import _
from umami.period import MILLISECOND, Period, Unit

ABSENT: Final = "–"
SLIGHT: Final = 0.01
"""Relative changes below this are neither good nor bad."""
_ENGLISH: Final = Locale("en")

_MOMENTS: Final[dict[Unit, str]] = {
    "minute": "%-d %b %Y, %H:%M",
    "hour": "%a %-d %b %Y, %H:%M",
    "day": "%a %-d %b %Y",
    "month": "%B %Y",
    "year": "%Y",
}
_TICKS: Final[dict[Unit, tuple[str, str]]] = {
    "minute": ("%H:%M", ""),
    "hour": ("%H:%M", "%-d %b"),
    "day": ("%-d %b", ""),
    "month": ("%b", "%Y"),
    "year": ("%Y", ""),
}
"""The formats of a tick's label and of its second line, which appears only where it changes."""


def whole(number: float) -> str:
    """A whole number with thousands separators: ``10,797``."""
    return f"{number:,.0f}"


def counted(number: int, word: str) -> str:
    """A number with a noun, in the plural unless it is 1: ``7 visits``."""
    return f"{whole(number)} {word}{'' if number == 1 else 's'}"


def number(value: float) -> str:
    """A number without trailing zeros: ``19.99``, ``0.0042``, ``1,260``."""
    digits = 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".")


def short(number: float) -> str:
    """A number for small tiles: all digits below a million, then ``1.2M`` and ``3.4B``."""
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if abs(number) >= size:
            return f"{number / size:.1f}{letter}"
    return whole(number)


def percent(fraction: float | None) -> str:
    """A fraction as per cent with one decimal: ``0.4531`` is ``45.3%``."""
    return ABSENT if fraction is None else f"{fraction:.1%}"


def duration(seconds: float | None) -> str:
    """Seconds in at most two units: ``1m 49s``, ``2h 05m``, ``12s``."""
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def money(amount: float, currency: str) -> str:
    """An amount in the format of its currency: ``€1,234.50``, ``¥1,235``, ``12.00 POINTS``. Whole
    amounts from 100 on have no decimals: ``€1,234``."""
    code = iso_currency(currency)
    # Adding 0.0 turns -0.0 into 0.0, which would be printed as “-€0.00”.
    rounded = round(amount, decimals(currency)) + 0.0
    if code and abs(rounded) >= 100 and rounded == int(rounded):
        return _whole(rounded, code)
    if code:
        return _apart(format_currency(rounded, code, locale=_ENGLISH))
    return f"{rounded:,.2f} {currency.strip()}"


def _whole(amount: float, code: str) -> str:
    pattern = "¤#,##0"
    return _apart(format_currency(amount, code, pattern, locale=_ENGLISH, currency_digits=False))


def amount(value: float, currency: str) -> str:
    """An amount of money, or a whole number where ``currency`` is empty."""
    return money(value, currency) if currency else whole(value)


def money_short(amount: float, currency: str) -> str:
    """An amount for small tiles: without cents from 1,000 on, then ``€1.2M``."""
    size = abs(amount)
    code = iso_currency(currency)
    if size < 1_000:
        return money(amount, currency)
    if not code:
        return f"{short(amount)} {currency.strip()}"
    if size >= 1_000_000:
        return _apart(format_compact_currency(amount, code, locale=_ENGLISH, fraction_digits=1))
    return _whole(amount, code)


def _apart(amount: str) -> str:
    """Insert a space between letters and digits, which Babel omits: ``CHF 12.00``."""
    return re.sub(r"(?<=[A-Za-z])(?=\d)", "\u00a0", amount)


def iso_currency(currency: str) -> str | None:
    """The ISO 4217 code of a currency, ``None`` for unknown text: servers return whatever websites
    sent."""
    code = currency.strip().upper()
    return code if code in _ENGLISH.currencies else None


def decimals(currency: str) -> int:
    """The decimals of a currency's amounts: 2 for EUR, 0 for JPY, 3 for KWD, 2 where unknown."""
    code = iso_currency(currency)
    return int(get_currency_precision(code)) if code else 2


def symbol(currency: str) -> str:
    """The short form of a currency: ``€``; the text itself where it is no ISO code."""
    code = iso_currency(currency)
    return str(get_currency_symbol(code, locale=_ENGLISH)) if code else currency.strip()


def shortened(text: str, longest: int = 60) -> str:
    """Truncate a text that is too long for a title or a sentence."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def ago(seconds: float) -> str:
    """A time span in seconds as text: ``just now``, ``12 min ago``."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return _("{seconds:.0f} {unit} ago").format(seconds=seconds // size, unit=unit)
    return _("just now")


def change(now: float | None, before: float | None) -> float | None:
    """The relative change as a fraction.

    ``None`` without a value to compare with, or where that is zero or negative.
    """
    if now is None or before is None or before <= 0:
        return None
    return now / before - 1


def relative(change: float) -> str | None:
    """A relative change: ``+12.3%``, ``+4,888%``; ``None`` below 0.05%."""
    if abs(change) < 0.0005:
        return None
    return f"{change:+.1%}" if abs(change) < 10 else f"{change:+,.0%}"


def moment(wall: datetime, unit: Unit) -> str:
    """The label of a time bucket: ``Mon 3 Aug 2026``, ``August 2026``."""
    return wall.strftime(_MOMENTS[unit])


def at(instant: datetime | None, timezone: str) -> str:
    """An instant in a time zone as text: ``Mon 3 Aug 2026, 14:05``."""
    local = wall(instant, timezone)
    return ABSENT if local is None else moment(local, "hour")


def wall(instant: datetime | None, timezone: str) -> pd.Timestamp | None:
    """An instant as naive local time of a time zone; ``None`` for ``None``."""
    if instant is None:
        return None
    return pd.Timestamp(instant).tz_convert(timezone).tz_localize(None)


def hover_format(unit: Unit) -> str:
    """The format of ``moment`` for the hover labels of Plotly's axes."""
    return _MOMENTS[unit]


def ticks(times: Sequence[datetime], unit: Unit) -> list[str]:
    """Short tick labels of a time axis; a second line shows the day or year where it changes."""
    upper, lower = _TICKS[unit]
    wholes = [time.strftime(lower) for time in times]
    return [
        f"{time.strftime(upper)}<br>{whole}" if whole != before else time.strftime(upper)
        for time, whole, before in zip(times, wholes, ["", *wholes], strict=False)
    ]


def period(dates: Period) -> str:
    """The dates of a period in its time zone: ``1 Aug – 30 Sep 2026``.

    Times are included if it does not begin or end at midnight: ``1 – 23 Nov 2026, until 15:00``.
    """
    at_start, at_end = dates.edges_of_days
    first, last, after = (
        pd.Timestamp(moment).tz_convert(dates.timezone)
        for moment in (dates.start, dates.end, dates.end + MILLISECOND)
    )
    if not at_start:
        end = f"{last:%-d %b %Y}" if at_end else f"{after:%-d %b %Y, %H:%M}"
        if not at_end and first.date() == after.date():
            end = f"{after:%H:%M}"
        return f"{first:%-d %b %Y, %H:%M} – {end}"
    until = "" if at_end else _(", until {after:%H:%M}").format(after=after)
    if first.date() == last.date():
        return f"{first:%a %-d %b %Y}{until}"
    begin = "%-d" if first.month == last.month else "%-d %b"
    begin = begin if first.year == last.year else "%-d %b %Y"
    return f"{first.strftime(begin)} – {last:%-d %b %Y}{until}"


Kind = Literal[
    "text", "time", "count", "number", "percent", "seconds", "money", "change", "points", "delta"
]
"""What a column holds: text, local times, whole numbers, any numbers, fractions, seconds, money,
relative changes as fractions, differences of fractions, differences of numbers."""
Tone = Literal["", "good", "bad", "muted"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a frame and its format.

    ``note`` is another column, shown in small print below; ``bar`` draws a bar behind the row's
    name, relative to the largest value; ``wide`` hides the column on narrow screens; ``unit`` is
    the precision of times; ``help`` explains the column on pages.
    """

    column: str
    label: str
    kind: Kind = "count"
    note: str | None = None
    bar: bool = False
    wide: bool = False
    currency: str = ""
    unit: Unit = "minute"
    help: str = ""

    def shown(self, value: Any) -> str:
        """A value as text; a missing value is a dash."""
        if not isinstance(value, str) and pd.isna(value):
            return ABSENT
        if self.kind == "text":
            return str(value)
        if self.kind == "time":
            return moment(pd.Timestamp(value), self.unit)
        return _SHOWN[self.kind](float(value), self.currency)

    def tone(self, value: Any) -> Tone:
        """The colour of a change."""
        moves = self.kind in ("change", "points", "delta")
        slight = SLIGHT if self.kind == "change" else 0
        if not moves or pd.isna(value) or not value or abs(value) < slight:
            return ""
        return "good" if value > 0 else "bad"

    @property
    def decimals(self) -> int | None:
        """The decimals of amounts of money; ``None`` for other columns."""
        is_money = bool(self.currency) and self.kind in ("money", "delta")
        return decimals(self.currency) if is_money else None

    @property
    def heading(self) -> str:
        """The label for bare numbers, which includes the currency of amounts."""
        if self.decimals is None:
            return self.label
        return f"{self.label} ({iso_currency(self.currency) or self.currency.strip()})"

    @property
    def number(self) -> bool:
        """Whether the column holds numbers, which are right-aligned."""
        return self.kind not in ("text", "time")


_SHOWN: Final[dict[str, Callable[[float, str], str]]] = {
    "count": lambda value, _unused: whole(value),
    "number": lambda value, _unused: number(value),
    "percent": lambda value, _unused: percent(value),
    "seconds": lambda value, _unused: duration(value),
    "money": money,
    "change": lambda value, _unused: relative(value) or "0%",
    "points": lambda value, _unused: (
        _("{value:+.1f} pts").format(value=100 * value) if abs(value) >= 0.0005 else _("0 pts")
    ),
    "delta": lambda value, currency: (
        f"{'+' if value > 0 else ''}{money(value, currency)}" if currency else f"{value:+,.0f}"
    ),
}


def headings(fields: Sequence[Field]) -> list[str]:
    """The headings of columns for bare numbers, each once: of several changes, each names the
    column that it follows."""
    labels = [field.label for field in fields]
    named: list[str] = []
    subject = ""
    for field in fields:
        repeated = labels.count(field.label) > 1
        named.append(f"{subject} {field.label.lower()}" if repeated else field.heading)
        subject = subject if repeated else field.label
    return named


def labelled(frame: pd.DataFrame, fields: Sequence[Field]) -> pd.DataFrame:
    """The shown columns under their headings, with notes as extra columns.

    Only money is rounded, to the decimals of its currency.
    """
    columns: dict[str, Any] = {}
    for field, heading in zip(fields, headings(fields), strict=True):
        values = frame[field.column]
        if field.decimals is not None:
            values = values.astype("float64").round(field.decimals)
        if field.decimals == 0:
            values = values.astype("Int64")
        columns[heading] = values.array
        if field.note and field.note not in {field.column for field in fields}:
            columns[field.note.capitalize()] = frame[field.note].to_numpy()
    return pd.DataFrame(columns)


def bar_lengths(frame: pd.DataFrame, fields: Sequence[Field]) -> list[float | None]:
    """The length of each row's bar in per cent of the longest; ``None`` for rows without a bar."""
    measured = next((field.column for field in fields if field.bar), None)
    values = [None] * len(frame) if measured is None else frame[measured].tolist()
    sizes = [None if pd.isna(value) else abs(float(value)) for value in values]
    most = max(filter(None, sizes), default=0)
    return [round(100 * size / most, 1) if most and size is not None else None for size in sizes]
