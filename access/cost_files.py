"""Reads what campaigns cost from a CSV file of Google Ads, Meta Ads or a spreadsheet.

A file is read as a whole or refused as a whole: a fault names its line and its column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from itertools import islice
from typing import Any, Final, Literal

import pandas as pd

from access.notes import cleaned
from umami.errors import InvalidView
from umami.period import EARLIEST, LATEST
from umami.texts import N_, Message

Kind = Literal["google", "meta", "plain"]
Role = Literal[
    "day", "start", "end", "campaign", "source", "currency", "cost", "clicks", "impressions"
]
MOST_ROWS: Final = 50_000
"""Lines below the names of the columns, without blank ones."""
MOST_BYTES: Final = 10_000_000
LONGEST_NAME: Final = 200
"""Characters of a campaign or source."""
MICROS: Final = 1_000_000
"""Costs are stored in millionths of their currency."""
KEY: Final = ("day", "campaign", "source", "currency")
"""What tells costs of a website apart."""
SOURCES: Final[Mapping[Kind, str]] = {"google": "google", "meta": "facebook", "plain": ""}
"""The usual ``utm_source`` of campaigns in files that name none."""
_ABOVE: Final = 30
"""Lines in which the names of the columns are searched."""
_NAMES: Final[Mapping[Role, tuple[str, ...]]] = {
    "day": ("day", "date", "tag", "datum", "jour", "día", "fecha"),
    "start": ("reporting starts", "berichtsstart", "début des rapports", "inicio del informe"),
    "end": ("reporting ends", "berichtsende", "fin des rapports", "fin del informe"),
    "campaign": (
        *("utm campaign", "campaign", "campaign name"),
        *("kampagne", "kampagnenname", "campagne", "nom de la campagne"),
        *("campaña", "nombre de la campaña"),
    ),
    "source": ("utm source", "source", "quelle", "fuente"),
    "currency": (
        *("currency", "currency code", "währung", "währungscode"),
        *("devise", "code de devise", "code devise", "moneda", "código de moneda"),
    ),
    "cost": (
        *("cost", "costs", "spend", "amount spent", "kosten", "ausgegebener betrag", "ausgaben"),
        *("coût", "montant dépensé", "coste", "costo", "importe gastado"),
    ),
    "clicks": (
        *("link clicks", "clicks", "link-klicks", "klicks"),
        *("clics sur un lien", "clics en el enlace", "clics"),
    ),
    "impressions": ("impr.", "impressions", "impressionen", "impresiones"),
}
"""How the columns are called in English, German, French and Spanish, in lower case. Of several, the
first is read: tags are what visits have."""
_META: Final = ("amount spent", "ausgegebener betrag", "montant dépensé", "importe gastado")
_WITH_CURRENCY: Final = re.compile(r"(.+?)\s*\(([A-Za-z]{3})\)")
_TOTAL: Final = re.compile(r"(total|totals|gesamt|summe|totaux|totales)\b", re.IGNORECASE)
_NOTHING: Final = ("", "-", "--", "–", "—")
"""What Google Ads and Meta Ads write instead of 0."""
_SPACES: Final = re.compile("[\\s'’\u00a0\u202f]")
_FIRST_YEAR: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_LAST_YEAR: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})")
_BY_DAY: Final = N_(
    "Export one line for each day: segment by day in Google Ads, break down by day in Meta Ads."
)
_LAYOUT: Final = N_("A file has columns named day, campaign, cost and currency.")
_CORRECT: Final = N_("Nothing was saved: correct the file and choose it again.")


@dataclass(frozen=True, slots=True)
class CostFile:
    """The costs of a file. ``frame`` has a row for each line: ``day`` (datetime64), ``campaign``,
    ``source`` and ``currency`` (``""`` where the file names none), ``micros``, and ``clicks`` and
    ``impressions``, which may be missing."""

    kind: Kind
    frame: pd.DataFrame

    @property
    def names_currency(self) -> bool:
        """Whether every line has a currency."""
        return bool(self.frame["currency"].ne("").all())

    @property
    def names_source(self) -> bool:
        """Whether every line has a source."""
        return bool(self.frame["source"].ne("").all())

    def rows(self, currency: str = "", source: str = "") -> pd.DataFrame:
        """The costs with these defaults, lines of the same day, campaign, source and currency
        added up. Raises ``InvalidView``."""
        frame = self.frame.assign(
            currency=self.frame["currency"].where(self.frame["currency"] != "", currency),
            source=self.frame["source"].where(self.frame["source"] != "", cleaned(source)),
        )
        if not frame["currency"].str.fullmatch("[A-Z]{3}").all():
            raise InvalidView(
                N_("The file names no currency."), remedy=N_("Choose the currency of its costs.")
            )
        # Sums of integers would overflow silently.
        if frame["micros"].astype("float64").sum() >= 2**63:
            raise InvalidView(N_("The costs add up to more than can be saved."), remedy=_CORRECT)
        groups = frame.groupby(list(KEY), sort=False, as_index=False)
        return groups[["micros", "clicks", "impressions"]].sum(min_count=1)


@dataclass(slots=True)
class _Reading:
    """The lines below the names of the columns, and what is wrong with them."""

    lines: list[int]
    cells: list[list[str]]
    columns: Mapping[Role, int]
    names: Sequence[str]
    faults: list[tuple[int, Message]] = field(default_factory=list)

    def texts(self, role: Role) -> pd.Series[Any]:
        """A column as stripped text; ``""`` where a line is too short or has no such column."""
        at = self.columns.get(role)
        if at is None:
            return pd.Series([""] * len(self.cells), dtype="str")
        texts = [row[at].strip() if at < len(row) else "" for row in self.cells]
        return pd.Series(texts, dtype="str")

    def refuse(self, wrong: pd.Series[Any], role: Role, sentence: str) -> None:
        """Remember the faults of a column: ``sentence`` has a place for its ``text``."""
        if not wrong.any():
            return
        texts = self.texts(role)
        for at in wrong.index[wrong]:
            reason = Message(sentence, text=cleaned(texts[at])[:40])
            fault = Message(
                "Line {line}, column “{column}”: {reason}",
                line=self.lines[at],
                column=cleaned(self.names[self.columns[role]])[:40],
                reason=reason,
            )
            self.faults.append((self.lines[at], fault))

    def check(self, remedy: str = _CORRECT) -> None:
        """Raise ``InvalidView`` with the first fault, if there is any."""
        if not self.faults:
            return
        first = min(self.faults, key=lambda fault: fault[0])[1]
        if more := len(self.faults) - 1:
            first = Message("{fault} Further faults: {more}.", fault=first, more=more)
        raise InvalidView(first, remedy=remedy)


def parse(content: bytes | str) -> CostFile:
    """Read a file or a pasted text. Raises ``InvalidView``."""
    if len(content) > MOST_BYTES:
        raise InvalidView(
            Message("The file is larger than {most} MB.", most=MOST_BYTES // 1_000_000),
            remedy=N_("Split it by month."),
        )
    text = content if isinstance(content, str) else _decoded(content)
    try:
        delimiter, reading, above = _read(text)
    except csv.Error:
        raise InvalidView(N_("The file cannot be read as CSV."), remedy=_LAYOUT) from None
    costs, currency = _cost_column(reading)
    kind: Kind = "plain"
    if costs in _META or "start" in reading.columns:
        kind = "meta"
    elif above or "impr." in map(_normal, reading.names):
        kind = "google"
    if len(reading.lines) > MOST_ROWS:
        raise InvalidView(
            Message("The file has more than {most} lines.", most=MOST_ROWS),
            remedy=N_("Split it by month."),
        )
    _leave_totals_out(reading)
    if not reading.lines:
        raise InvalidView(N_("The file has no costs."), remedy=_BY_DAY)
    days = _days(reading)
    frame = pd.DataFrame(
        {
            "day": days,
            "campaign": _names(reading, "campaign"),
            "source": _names(reading, "source"),
            "currency": _currencies(reading, currency),
            **_numbers(reading, kind, semicolons=delimiter == ";"),
        }
    )
    reading.check()
    return CostFile(kind, frame.astype({"day": "datetime64[s]", "micros": "int64"}))


def _decoded(content: bytes) -> str:
    encodings = ["utf-8-sig", "cp1252"]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InvalidView(
        N_("The file is no text."), remedy=N_("Export it as CSV, not as a spreadsheet.")
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each record, with the number of its first line."""
    reader, line = csv.reader(StringIO(text, newline=""), delimiter=delimiter), 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _read(text: str) -> tuple[str, _Reading, bool]:
    """The delimiter, the lines with costs, and whether a title is above the names of the columns.

    Raises ``InvalidView`` and ``csv.Error``.
    """
    most: tuple[int, Mapping[Role, int]] = (1, {})
    for delimiter in "\t;,":
        records = _records(text.lstrip("\ufeff"), delimiter)
        above = False
        for line, names in islice(records, _ABOVE):
            columns = _columns(names)
            if {"campaign", "cost"} < columns.keys() and (
                "day" in columns or {"start", "end"} <= columns.keys()
            ):
                filled = (record for record in records if any(map(str.strip, record[1])))
                rest = list(islice(filled, MOST_ROWS + 1))
                lines, cells = [number for number, _row in rest], [row for _number, row in rest]
                return delimiter, _Reading(lines, cells, columns, names), above
            above = above or any(names)
            if len(columns) > len(most[1]):
                most = line, columns
    raise _no_header(*most)


def _no_header(line: int, columns: Mapping[Role, int]) -> InvalidView:
    if not columns:
        return InvalidView(N_("No line of the file names its columns."), remedy=_LAYOUT)
    needed = {"day": N_("day"), "campaign": N_("campaign"), "cost": N_("cost")}
    missing = next(name for role, name in needed.items() if role not in columns)
    message = Message(
        "Line {line} names no column of the {name}.", line=line, name=Message(missing)
    )
    return InvalidView(message, remedy=_BY_DAY if "day" not in columns else _LAYOUT)


def _normal(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def _columns(names: Sequence[str]) -> Mapping[Role, int]:
    """The places of the columns by what they hold."""
    normal = [_normal(name) for name in names]
    for at, name in enumerate(normal):
        match = _WITH_CURRENCY.fullmatch(name)
        if match and match[1] in _NAMES["cost"]:
            normal[at] = match[1]
    return {
        role: normal.index(known[0])
        for role, spellings in _NAMES.items()
        if (known := [name for name in spellings if name in normal])
    }


def _cost_column(reading: _Reading) -> tuple[str, str]:
    """The name of the column of costs, and the currency in it (``""``). Raises ``InvalidView``."""
    columns = []
    for name in map(_normal, reading.names):
        match = _WITH_CURRENCY.fullmatch(name)
        parts = (match[1], match[2].upper()) if match else (name, "")
        if parts[0] in _NAMES["cost"]:
            columns.append(parts)
    if len(columns) > 1:
        raise InvalidView(
            N_("Several columns of the file hold costs."),
            remedy=N_("Export the costs in one currency and one column."),
        )
    return columns[0]


def _leave_totals_out(reading: _Reading) -> None:
    """Drop lines with totals: they have no day, or say so where others have theirs."""
    days = reading.texts("day" if "day" in reading.columns else "start").tolist()
    campaigns = reading.texts("campaign").tolist()
    lines, cells = [], []
    for at, row in enumerate(reading.cells):
        if days[at] in _NOTHING:
            first = next((text for cell in row if (text := cell.strip()) not in _NOTHING), "")
            if not first or not campaigns[at] or _TOTAL.match(first):
                continue
        elif _TOTAL.match(days[at]):
            continue
        lines.append(reading.lines[at])
        cells.append(row)
    reading.lines, reading.cells = lines, cells


def _days(reading: _Reading) -> pd.Series[Any]:
    """The day of each line. Raises ``InvalidView`` where days are ambiguous, or where lines are
    about several days."""
    roles: tuple[Role, ...] = ("day",) if "day" in reading.columns else ("start", "end")
    texts = {role: reading.texts(role) for role in roles}
    every = {text for column in texts.values() for text in column.unique()}
    readings = [{text: _day(text, month_first=order) for text in every} for order in (False, True)]
    complete = [dates for dates in readings if None not in dates.values()]
    if len(complete) == 2 and complete[0] != complete[1]:
        wrong = texts[roles[0]].map(lambda text: complete[0][text] != complete[1][text])
        reading.refuse(wrong, roles[0], N_("“{text}” may be day and month, or month and day."))
        reading.check(N_("Write days as 2026-10-31."))
    dates = max(readings, key=lambda dates: sum(day is not None for day in dates.values()))
    days = {role: column.map(dates) for role, column in texts.items()}
    for role, column in days.items():
        reading.refuse(column.isna(), role, N_("“{text}” is no day such as 2026-10-31."))
    reading.check()
    if len(roles) == 2:
        several = days["start"] != days["end"]
        reading.refuse(several, "end", N_("The line ends on another day than it starts on."))
        reading.check(_BY_DAY)
    return days[roles[0]]


def _day(text: str, *, month_first: bool) -> date | None:
    if match := _FIRST_YEAR.fullmatch(text):
        year, month, day = match[1], match[2], match[3]
    elif match := _LAST_YEAR.fullmatch(text):
        year, month, day = match[4], match[3], match[1]
        if month_first and match[2] != ".":
            month, day = day, month
    else:
        return None
    try:
        parsed = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return parsed if EARLIEST.date() <= parsed < LATEST.date() else None


def _mapped(texts: pd.Series[Any], values: Iterable[tuple[str, Any]]) -> pd.Series[Any]:
    return texts.map(dict(values)).astype("object")


def _names(reading: _Reading, role: Role) -> pd.Series[Any]:
    """Names on one line without control characters."""
    texts = reading.texts(role)
    names = _mapped(texts, ((text, cleaned(text)) for text in texts.unique()))
    lengths = names.str.len()
    if role == "campaign":
        reading.refuse(lengths == 0, role, N_("The line names no campaign."))
    reading.refuse(lengths > LONGEST_NAME, role, N_("“{text}…” is longer than 200 characters."))
    return names


def _currencies(reading: _Reading, default: str) -> pd.Series[Any]:
    codes = reading.texts("currency").str.upper()
    wrong = ~codes.str.fullmatch("[A-Z]{3}|")
    reading.refuse(wrong, "currency", N_("“{text}” is no currency such as EUR."))
    if default:
        other = ~wrong & ~codes.isin(["", default])
        reading.refuse(other, "currency", N_("“{text}” is not the currency of the costs."))
    return codes.where(codes != "", default)


def _numbers(reading: _Reading, kind: Kind, *, semicolons: bool) -> dict[str, pd.Series[Any]]:
    """Costs in millionths, clicks and impressions. Raises ``InvalidView``."""
    roles: tuple[Role, ...] = ("cost", "clicks", "impressions")
    texts = {role: reading.texts(role).str.replace(_SPACES, "", regex=True) for role in roles}
    if kind != "plain":
        texts["cost"] = texts["cost"].where(~texts["cost"].isin(_NOTHING), "0")
    for role in roles[1:]:
        texts[role] = texts[role].where(~texts[role].isin(_NOTHING), "")
    points, commas = (
        {role: _parsed(role, column, decimal) for role, column in texts.items()} for decimal in ".,"
    )
    failures = [
        sum(int(numbers.isna().sum()) for numbers in by.values()) for by in (points, commas)
    ]
    if failures[0] == failures[1]:
        differs = (points["cost"] != commas["cost"]).fillna(True) & points["cost"].notna()
        if not semicolons and not failures[0]:
            reading.refuse(differs, "cost", N_("“{text}” may be a thousand or a fraction."))
            reading.check(N_("Write costs with two decimals: 1234.00."))
        # Programs that write decimal commas separate cells by semicolons.
        failures[0] += semicolons
    decimal = "." if failures[0] <= failures[1] else ","
    numbers = points if decimal == "." else commas
    if not semicolons:
        unclear = texts["cost"].str.fullmatch(rf"[1-9][0-9]{{0,2}}[{decimal}][0-9]{{3}}")
        reading.refuse(unclear, "cost", N_("“{text}” may be a thousand or a fraction."))
        reading.check(N_("Write costs with two decimals: 1234.00."))
    reading.refuse(numbers["cost"].isna(), "cost", N_("“{text}” is no amount of 0 or more."))
    for role in roles[1:]:
        reading.refuse(numbers[role].isna(), role, N_("“{text}” is no whole number."))
    reading.check()
    counts: dict[str, pd.Series[Any]] = {
        role: numbers[role].where(texts[role] != "").astype("Int64") for role in roles[1:]
    }
    return {"micros": numbers["cost"], **counts}


def _parsed(role: Role, texts: pd.Series[Any], decimal: str) -> pd.Series[Any]:
    """Numbers with this decimal sign, costs in millionths, 0 for no number of clicks or
    impressions, and ``NA`` for other texts."""
    group = "," if decimal == "." else "."
    whole = rf"(?:[0-9]{{1,3}}(?:[{group}][0-9]{{3}}){{1,3}}|[0-9]{{1,12}})"
    pattern = rf"{whole}(?:[{decimal}][0-9]{{1,9}})?" if role == "cost" else f"{whole}|"
    numbers = texts.str.replace(group, "", regex=False).str.replace(decimal, ".", regex=False)
    valid = texts.str.fullmatch(pattern)
    # Integers, since fractions of large amounts are not exact.
    parts = numbers.where(valid, "").str.extract(r"^([0-9]*)\.?([0-9]*)$")
    integers = pd.to_numeric(parts[0]).astype("Int64")
    if role != "cost":
        return integers.where(texts != "", 0)
    billionths = pd.to_numeric(parts[1].str.pad(9, side="right", fillchar="0")).astype("Int64")
    return integers * MICROS + (billionths + 500) // 1000
