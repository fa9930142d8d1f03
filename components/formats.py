"""Formats numbers, durations and dates for the reader's locale, and describes the columns of
tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final, Literal

import pandas as pd
from babel.dates import format_timedelta, parse_pattern
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    get_currency_precision,
    get_currency_symbol,
)

from components import texts
from components.texts import N_, _
from umami.period import MILLISECOND, WEEKDAYS, Period, Unit, Weekday, zone

ABSENT: Final = "–"
SLIGHT: Final = 0.01
"""Relative changes below this are neither good nor bad."""
_REMEMBERED: Final = 16_384
"""Formatted values that are kept: Babel takes 20 µs and more for each."""
_WORLDWIDE: Final = {
    "yMMMd": "d MMM y",
    "yMMMEd": "E d MMM y",
    "yMMMMd": "d MMMM y",
    "MMMd": "d MMM",
    "short": "HH:mm",
    "medium": "HH:mm:ss",
}
"""The patterns of the default locale. Babel has none for readers of English in other countries: its
``en`` is that of the United States."""
_SPANS: Final = {
    "d": ("d – ", "d MMM y"),
    "M": ("d MMM – ", "d MMM y"),
    "y": ("d MMM y – ", "d MMM y"),
}
"""The same for spans of days, by the largest part in which their ends differ."""


@dataclass(frozen=True, slots=True)
class _Formats:
    """The formats of a locale, whose tag is ``tag``."""

    tag: str
    separators: dict[int, str] | None
    """Replaces the separators of English numbers; ``None`` where they are the same."""
    percent: str
    """What follows the number of a percentage."""

    def pattern(self, name: str) -> str:
        """Babel's pattern of a date (by its skeleton) or of a time (``short`` or ``medium``)."""
        if self.tag == texts.ENGLISH and name in _WORLDWIDE:
            return _WORLDWIDE[name]
        locale = texts.parsed_locale(self.tag)
        known = locale.time_formats if name in ("short", "medium") else locale.datetime_skeletons
        return str(known[name].pattern)

    def span(self, differs: str, skeleton: str) -> tuple[str, str]:
        """The patterns of both ends of a span of days."""
        if self.tag == texts.ENGLISH:
            begin, end = _SPANS[differs]
            return begin, end.removesuffix(" y") if skeleton == "MMMd" else end
        begin, end = texts.parsed_locale(self.tag).interval_formats[skeleton][differs]
        return str(begin), str(end)


@cache
def _formats(tag: str) -> _Formats:
    locale = texts.parsed_locale(tag)
    symbols = locale.number_symbols["latn"]
    separators = str.maketrans({",": symbols["group"], ".": symbols["decimal"]})
    same = symbols["group"] == "," and symbols["decimal"] == "."
    percent = str(locale.percent_formats[None].pattern).rpartition("0")[2]
    return _Formats(tag, None if same else separators, percent)


def decimal(value: float, digits: int = 0, *, sign: bool = False) -> str:
    """A number with separators and a fixed number of decimals; ``sign`` writes the plus, too."""
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    separators = _formats(texts.locale()).separators
    return text.translate(separators) if separators else text


def whole(number: float) -> str:
    """A whole number with thousands separators: ``10,797``."""
    return decimal(number)


def counted(singular: str, plural: str, number: int) -> str:
    """A number with its noun in the form for that number: ``7 visits``.

    ``singular`` and ``plural`` are its English forms: ``{count} visit`` and ``{count} visits``.
    """
    return texts.ngettext(singular, plural, number).format(count=whole(number))


def number(value: float) -> str:
    """A number without trailing zeros: ``19.99``, ``0.0042``, ``1,260``."""
    text = f"{value:,.{2 if abs(value) >= 1 else 4}f}".rstrip("0").rstrip(".")
    separators = _formats(texts.locale()).separators
    return text.translate(separators) if separators else text


def short(number: float) -> str:
    """A number for small tiles: all digits below a million, then ``1.2M`` and ``3.4B``."""
    return whole(number) if abs(number) < 1e6 else _compact(number, texts.locale())


@lru_cache(_REMEMBERED)
def _compact(number: float, tag: str) -> str:
    return str(format_compact_decimal(number, locale=texts.parsed_locale(tag), fraction_digits=1))


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as per cent, with one decimal by default: ``0.4531`` is ``45.3%``."""
    if fraction is None:
        return ABSENT
    return f"{decimal(100 * fraction, digits)}{_formats(texts.locale()).percent}"


def duration(seconds: float | None) -> str:
    """Seconds in at most two units: ``1m 49s``, ``2h 05m``, ``12s``."""
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("{hours}h {minutes:02}m").format(hours=whole(hours), minutes=minutes)
    if minutes:
        return _("{minutes}m {seconds:02}s").format(minutes=minutes, seconds=rest)
    return _("{seconds}s").format(seconds=rest)


def milliseconds(value: float) -> str:
    """Milliseconds: ``180 ms``, from a second on ``2.50 s``."""
    if value < 999.5:
        return _("{number} ms").format(number=whole(value))
    return _("{number} s").format(number=decimal(value / 1000, 2))


def money(amount: float, currency: str) -> str:
    """An amount in the format of its currency: ``€1,234.50``, ``¥1,235``, ``12.00 POINTS``. Whole
    amounts from 100 on have no decimals: ``€1,234``."""
    return _money(amount, currency, texts.locale())


@lru_cache(_REMEMBERED)
def _money(amount: float, currency: str, tag: str) -> str:
    code = iso_currency(currency)
    # Adding 0.0 turns -0.0 into 0.0, which would be printed as “-€0.00”.
    rounded = round(amount, decimals(currency)) + 0.0
    if code and abs(rounded) >= 100 and rounded == int(rounded):
        return _whole(rounded, code, tag)
    if code:
        return _apart(format_currency(rounded, code, locale=texts.parsed_locale(tag)))
    return f"{decimal(rounded, 2)} {currency.strip()}"


def _whole(amount: float, code: str, tag: str) -> str:
    locale = texts.parsed_locale(tag)
    pattern = str(locale.currency_formats["standard"].pattern).replace("0.00", "0")
    return _apart(format_currency(amount, code, pattern, locale=locale, currency_digits=False))


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
        locale = texts.babel_locale()
        return _apart(format_compact_currency(amount, code, locale=locale, fraction_digits=1))
    return _whole(amount, code, texts.locale())


def _apart(amount: str) -> str:
    """Insert a space between letters and digits, which Babel omits: ``CHF 12.00``."""
    return re.sub(r"(?<=[A-Za-z])(?=\d)", "\u00a0", amount)


def iso_currency(currency: str) -> str | None:
    """The ISO 4217 code of a currency, ``None`` for unknown text: servers return whatever websites
    sent."""
    code = currency.strip().upper()
    return code if code in texts.parsed_locale(texts.ENGLISH).currencies else None


def decimals(currency: str) -> int:
    """The decimals of a currency's amounts: 2 for EUR, 0 for JPY, 3 for KWD, 2 where unknown."""
    code = iso_currency(currency)
    return int(get_currency_precision(code)) if code else 2


def symbol(currency: str) -> str:
    """The short form of a currency: ``€``; the text itself where it is no ISO code."""
    code = iso_currency(currency)
    return str(get_currency_symbol(code, locale=texts.babel_locale())) if code else currency.strip()


def symbol_first() -> bool:
    """Whether the reader's locale writes the symbol of a currency before the amount."""
    return str(texts.babel_locale().currency_formats["standard"].pattern).startswith("¤")


def shortened(text: str, longest: int = 60) -> str:
    """Truncate a text that is too long for a title or a sentence."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def ago(seconds: float) -> str:
    """A time span in seconds as text: ``just now``, ``12 min ago``."""
    for size in (86_400, 3_600, 60):
        if seconds >= size:
            span = timedelta(seconds=-(seconds // size) * size)
            locale = texts.babel_locale()
            text = format_timedelta(
                span, threshold=size, add_direction=True, format="short", locale=locale
            )
            return str(text)
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
    digits = 1 if abs(change) < 10 else 0
    return f"{decimal(100 * change, digits, sign=True)}{_formats(texts.locale()).percent}"


def points(change: float) -> str:
    """A difference of two fractions in percentage points: ``+1.2 pts``."""
    return _("{points} pts").format(points=decimal(100 * change, 1, sign=True))


_MOMENTS: Final[dict[Unit, tuple[str, str]]] = {
    "minute": ("yMMMd", "short"),
    "hour": ("yMMMEd", "short"),
    "day": ("yMMMEd", ""),
    "month": ("yMMMM", ""),
    "year": ("y", ""),
}
"""The date and the time of the label of a bucket."""
_TICKS: Final[dict[Unit, tuple[str, str]]] = {
    "minute": ("short", ""),
    "hour": ("short", "MMMd"),
    "day": ("MMMd", ""),
    "month": ("MMM", "y"),
    "year": ("y", ""),
}
"""The formats of a tick's label and of its second line, which appears only where it changes."""


def moment(wall: datetime, unit: Unit) -> str:
    """The label of a time bucket: ``Mon 3 Aug 2026``, ``August 2026``."""
    return _dated(_naive(wall), _moment_pattern(unit, texts.locale()), texts.locale())


def _naive(wall: datetime) -> datetime:
    # Equal instants of two zones are equal keys of a cache.
    return wall.replace(tzinfo=None) if wall.tzinfo else wall


@cache
def _moment_pattern(unit: Unit, tag: str) -> str:
    return ", ".join(_formats(tag).pattern(name) for name in _MOMENTS[unit] if name)


@lru_cache(_REMEMBERED)
def _dated(wall: datetime, pattern: str, tag: str) -> str:
    return str(parse_pattern(pattern).apply(wall, texts.parsed_locale(tag)))


def dated(wall: datetime, name: str) -> str:
    """A local time in a format of the reader's locale: ``short`` (14:05), ``medium`` (with
    seconds), or the skeleton of a date, such as ``MMMd`` (3 Aug)."""
    tag = texts.locale()
    return _dated(_naive(wall), _formats(tag).pattern(name), tag)


def date_input() -> str:
    """The format of Streamlit's inputs of dates, which take numbers only."""
    pattern = str(texts.babel_locale().date_formats["short"].pattern)
    if texts.locale() == texts.ENGLISH:
        return "YYYY-MM-DD"
    separator = next(sign for sign in pattern if sign in "./-")
    order = sorted(("DD", "MM", "YYYY"), key=lambda part: pattern.lower().index(part[0].lower()))
    return separator.join(order)


def week_start() -> Weekday:
    """The day on which weeks begin for the reader."""
    day = texts.babel_locale().first_week_day
    # A week of the default locale is that of ISO 8601.
    return {5: WEEKDAYS[1], 6: WEEKDAYS[2]}.get(day, WEEKDAYS[0])


def weekday(day: int, *, short: bool = False) -> str:
    """The name of a weekday, of which Monday is 0."""
    names = texts.babel_locale().days["stand-alone"]
    return str(names["abbreviated" if short else "wide"][day])


def hour(hour: int) -> str:
    """The beginning of an hour of the day: ``14:00``."""
    return dated(datetime(2000, 1, 1, hour % 24), "short")


def hours(first: int) -> str:
    """An hour of the day, from its beginning to its end: ``14:00 to 15:00``."""
    end = "24:00" if first == 23 and hour(23) == "23:00" else hour(first + 1)
    return _("{start} to {end}").format(start=hour(first), end=end)


def at(instant: datetime | None, timezone: str) -> str:
    """An instant in a time zone as text: ``Mon 3 Aug 2026, 14:05``."""
    local = wall(instant, timezone)
    return ABSENT if local is None else moment(local, "hour")


def wall(instant: datetime | None, timezone: str) -> pd.Timestamp | None:
    """An instant as naive local time of a time zone; ``None`` for ``None``."""
    if instant is None:
        return None
    return pd.Timestamp(instant).tz_convert(timezone).tz_localize(None)


_D3: Final = {
    **dict.fromkeys(("E", "EEE", "ccc"), "%a"),
    **dict.fromkeys(("MMM", "LLL"), "%b"),
    "MMMM": "%B",
    "d": "%-d",
    "y": "%Y",
    "H": "%-H",
    "HH": "%H",
    "h": "%-I",
    "mm": "%M",
    "a": "%p",
}
"""How D3 spells the fields of Babel's patterns."""


def hover_format(unit: Unit) -> str:
    """The format of ``moment`` for the hover labels of Plotly's axes, with the names of
    ``plotly_locale``."""
    pattern = _moment_pattern(unit, texts.locale())
    parts = re.findall(r"'([^']*)'|([a-zA-Z]+)|([^a-zA-Z']+)", pattern)
    return "".join(quoted or _D3.get(field, "") or rest for quoted, field, rest in parts)


@cache
def _plotly_format(tag: str) -> dict[str, Any]:
    locale = texts.parsed_locale(tag)
    symbols, names = locale.number_symbols["latn"], {}
    for name, table, first in (("days", locale.days, 6), ("months", locale.months, 1)):
        for key, width in ((name, "wide"), (f"short{name.capitalize()}", "abbreviated")):
            listed = table["format"][width]
            # D3's week begins with Sunday, Babel's with Monday.
            names[key] = [
                str(listed[(first + at) % 7 if name == "days" else first + at])
                for at in range(len(listed))
            ]
    periods = [str(locale.day_periods["format"]["abbreviated"][half]) for half in ("am", "pm")]
    return {
        **names,
        "periods": periods,
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
    }


def plotly_locale() -> dict[str, Any]:
    """The keys of a Plotly configuration that write numbers and dates as the reader does."""
    tag = texts.locale()
    return {"locale": tag, "locales": {tag: {"dictionary": {}, "format": _plotly_format(tag)}}}


def ticks(times: Sequence[datetime], unit: Unit) -> list[str]:
    """Short tick labels of a time axis; a second line shows the day or year where it changes."""
    upper, lower = _TICKS[unit]
    wholes = [dated(time, lower) if lower else "" for time in times]
    return [
        f"{dated(time, upper)}<br>{whole}" if whole != before else dated(time, upper)
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
        end = dated(last, "yMMMd") if at_end else moment(after, "minute")
        if not at_end and first.date() == after.date():
            end = dated(after, "short")
        return f"{moment(first, 'minute')} – {end}"
    until = "" if at_end else _(", until {time}").format(time=dated(after, "short"))
    if first.date() == last.date():
        return f"{moment(first, 'day')}{until}"
    return f"{_span(first, last, 'yMMMd')}{until}"


def days(dates: Period) -> str:
    """The first and the last day of a period, without the current year: ``1 – 31 Oct``."""
    return dates_between(*dates.days, dates.timezone)


def dates_between(first_day: date, last_day: date, timezone: str) -> str:
    """Two days as ``days`` writes them; ``timezone`` tells the current year."""
    first, last = pd.Timestamp(first_day), pd.Timestamp(last_day)
    now = datetime.now(zone(timezone))
    skeleton = "MMMd" if first.year == last.year == now.year else "yMMMd"
    return dated(last, skeleton) if first == last else _span(first, last, skeleton)


def _span(first: datetime, last: datetime, skeleton: str) -> str:
    """Two different days: ``1 – 31 Oct 2026``."""
    tag = texts.locale()
    differs = "y" if first.year != last.year else "M" if first.month != last.month else "d"
    parts = zip((first, last), _formats(tag).span(differs, skeleton), strict=True)
    return "".join(_dated(_naive(day), part, tag) for day, part in parts)


Kind = Literal[
    "text",
    "time",
    "count",
    "number",
    "percent",
    "seconds",
    "milliseconds",
    "money",
    "change",
    "points",
    "delta",
]
"""What a column holds: text, local times, whole numbers, any numbers, fractions, seconds,
milliseconds, money, relative changes as fractions, differences of fractions, differences of
numbers."""
Tone = Literal["", "good", "bad", "muted"]


_LEAST_POINTS: Final = 0.0005
"""The difference of fractions that is shown as more than zero."""


NOTES: Final = (
    N_("About"),
    N_("Description"),
    N_("Next"),
    N_("Starts"),
    N_("Username"),
    N_("What"),
    N_("Why"),
    N_("With"),
)
"""The headings of notes that are columns of their own and have no other text of the same name."""


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
    curve: str | None = None
    """Another column, whose sequences of numbers are drawn as curves before the values on pages."""
    falls_well: bool = False
    """Whether a fall is good, as of a bounce rate."""
    neutral: bool = False
    """Whether a change is neither good nor bad."""

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
        moves = self.kind in ("change", "points", "delta") and not self.neutral
        slight = {"change": SLIGHT, "points": _LEAST_POINTS}.get(self.kind, 0)
        if not moves or pd.isna(value) or not value or abs(value) < slight:
            return ""
        return "good" if (value > 0) is not self.falls_well else "bad"

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
    def note_heading(self) -> str:
        """The heading of the notes, where they have a column of their own."""
        return _(texts.capitalised(self.note)) if self.note else ""

    @property
    def number(self) -> bool:
        """Whether the column holds numbers, which are right-aligned."""
        return self.kind not in ("text", "time")


_SHOWN: Final[dict[str, Callable[[float, str], str]]] = {
    "count": lambda value, _unused: whole(value),
    "number": lambda value, _unused: number(value),
    "percent": lambda value, _unused: percent(value),
    "seconds": lambda value, _unused: duration(value),
    "milliseconds": lambda value, _unused: milliseconds(value),
    "money": money,
    "change": lambda value, _unused: relative(value) or f"0{_formats(texts.locale()).percent}",
    "points": lambda value, _unused: points(value) if abs(value) >= 0.0005 else _("0 pts"),
    "delta": lambda value, currency: (
        f"{'+' if value > 0 else ''}{money(value, currency)}"
        if currency
        else decimal(value, sign=True)
    ),
}


def translated(fields: Sequence[Field]) -> list[Field]:
    """Columns that were defined before the reader's language was known, in that language."""
    return [replace(field, label=_(field.label), help=_(field.help)) for field in fields]


def headings(fields: Sequence[Field]) -> list[str]:
    """The headings of columns for bare numbers, each once: of several changes, each names the
    column that it follows."""
    labels = [field.label for field in fields]
    named: list[str] = []
    subject = ""
    for field in fields:
        repeated = labels.count(field.label) > 1
        named.append(f"{subject} {texts.inside(field.label)}" if repeated else field.heading)
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
            columns[field.note_heading] = frame[field.note].to_numpy()
    return pd.DataFrame(columns)


def bar_lengths(frame: pd.DataFrame, fields: Sequence[Field]) -> list[float | None]:
    """The length of each row's bar in per cent of the longest; ``None`` for rows without a bar."""
    measured = next((field.column for field in fields if field.bar), None)
    values = [None] * len(frame) if measured is None else frame[measured].tolist()
    sizes = [None if pd.isna(value) else abs(float(value)) for value in values]
    most = max(filter(None, sizes), default=0)
    return [round(100 * size / most, 1) if most and size is not None else None for size in sizes]
