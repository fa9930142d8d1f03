"""The CSV layouts of Umami's tables: which columns a file must and may have, and how to read it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from umami.embedded.store import TABLES, escape_globs

SESSION_ATTRIBUTES = (
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "region",
    "city",
    "distinct_id",
)
CLOUD = "browser"
"""A column of events that only the Cloud's layout has."""
TIMES = ("1970-01-02", "2100-01-01")
"""When something can have happened; elsewhere a date may be any of four digits."""
DATES = ("0001-01-01", "9999-12-31")


class ImportRefused(Exception):
    """The tables cannot be read; ``str()`` is a sentence that names file, line and column."""

    def __init__(
        self, reason: str, file: str = "", line: int | None = None, column: str | None = None
    ) -> None:
        place = ", ".join(
            part
            for part in (file, line and f"line {line}", column and f"column {column[:60]}")
            if part
        )
        super().__init__(f"{place}: {reason}" if place else reason)
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of one file must and may be."""

    filled: tuple[str, ...]
    """Columns without whose value a row says nothing."""
    known_by: tuple[str, ...]
    """Columns of the store by which a row is the same as one that is there already."""
    empty: tuple[str, ...] = ()
    """Columns whose values may be missing."""
    ignored: tuple[str, ...] = ()
    """Columns of other generations that no question asks for."""
    unique: tuple[str, ...] = ()
    """The columns that no two rows may have in common."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return self.filled + self.empty


VITALS = ("lcp", "inp", "cls", "fcp", "ttfb")
MAY_LACK = {
    *("created_at", "updated_at", "reset_at", "deleted_at", "domain", "share_id"),
    *("tag", "hostname", "distinct_id", "event_name"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
    *("fbclid", "gclid", "li_fat_id", "msclkid", "ttclid", "twclid"),
    *("team_id", "user_id", "all_day"),
    *VITALS,
}
"""Columns that some release of Umami did not have, or that can be told otherwise."""


def _layout(
    table: str,
    filled: str,
    ignored: tuple[str, ...] = (),
    *,
    key: str | None = None,
    known_by: str | None = None,
) -> Layout:
    """As PostgreSQL has it, where the first column is the primary key unless ``key`` names it."""
    names = tuple(filled.split())
    rest = tuple(name for name in TABLES[table] if name not in names)
    unique = tuple(key.split()) if key else names[:1]
    return Layout(names, (known_by,) if known_by else unique, rest, ignored, unique)


POSTGRES = {
    "website": _layout(
        "website",
        "website_id name",
        (
            *("user_id", "created_by", "replay_enabled", "replay_config", "recorder_enabled"),
            *("errors_enabled", "error_retention_days"),
        ),
    ),
    "session": _layout(
        "session",
        "session_id website_id created_at",
        ("hostname", "subdivision1", "subdivision2"),
    ),
    "website_event": _layout(
        "website_event",
        "event_id website_id session_id visit_id created_at event_type",
    ),
    "event_data": _layout(
        "event_data", "event_data_id website_id website_event_id data_key data_type created_at"
    ),
    "session_data": _layout(
        "session_data", "session_data_id website_id session_id data_key data_type created_at"
    ),
    # Where an export has no such table, it is made with ids of our own: an event tells better.
    "revenue": _layout(
        "revenue",
        "revenue_id website_id session_id event_id currency created_at",
        known_by="event_id",
    ),
    "session_link": _layout(
        "session_link",
        "website_id session_id distinct_id",
        key="website_id distinct_id session_id",
    ),
    "annotation": _layout("annotation", "annotation_id website_id date note"),
    "team": _layout(
        "team",
        "team_id name",
        ("access_code", "logo_url", "deleted_at", "two_factor_required"),
    ),
    "team_user": _layout("team_user", "team_user_id team_id user_id role"),
    "link": _layout("link", "link_id name url slug", ("user_id",)),
    "pixel": _layout("pixel", "pixel_id name slug", ("user_id",)),
}
SECRET = re.compile(r"user|two_factor_\w+|app_setting|api_key")
"""Tables of passwords, keys and codes, which are never read."""
CLOUD_EXPORT = {
    "website_event": replace(
        POSTGRES["website_event"],
        empty=POSTGRES["website_event"].empty + SESSION_ATTRIBUTES,
        ignored=("job_id",),
    ),
    # Rows of data have no ids there.
    "event_data": Layout(
        ("website_id", "event_id", "data_key", "data_type", "created_at"),
        ("website_event_id", "data_key"),
        ("string_value", "number_value", "date_value"),
        ("session_id", "url_path", "event_name", "job_id"),
    ),
    "session_data": Layout(
        ("website_id", "session_id", "data_key", "data_type", "created_at"),
        ("session_id", "data_key", "created_at"),
        ("string_value", "number_value", "date_value", "distinct_id"),
        ("job_id",),
    ),
}


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table as CSV with a header."""

    name: str
    """The file as a person knows it: ``website_event.csv.gz``."""
    header: tuple[str, ...]
    layout: Layout
    kinds: dict[str, str] = field(default_factory=dict)
    """DuckDB type by column."""

    def reader(self, path: Path) -> str:
        """``read_csv(…)`` of a plain file, with every column as text; a quoted empty field is
        ``''``, not NULL."""
        nulls = r"['', '\N']" if self.layout in CLOUD_EXPORT.values() else "''"
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in self.header)
        return (
            f"read_csv({quoted(escape_globs(path))}, auto_detect=false, header=true, delim=',', "
            "quote='\"', escape='\"', strict_mode=true, allow_quoted_nulls=false, "
            f"nullstr={nulls}, "
            f"columns={{{columns}}})"
        )

    def numbered(self, path: Path) -> str:
        """The same with ``record``, the place of each row in the file, from 0."""
        return f"(SELECT row_number() OVER () - 1 AS record, * FROM {self.reader(path)})"

    @property
    def unknown(self) -> list[str]:
        """Columns that no release of Umami is known to have; they are not read."""
        known = {*self.layout.columns, *self.layout.ignored}
        return [column for column in self.header if column not in known]

    def value(self, column: str) -> str:
        """SQL of a column's typed value; NULL where the file has no such column."""
        if column not in self.header:
            return "NULL"
        return typed("CAST", f'"{column}"', self.kinds[column])


def checked(table: str, name: str, found: tuple[str, ...], layout: Layout) -> Table:
    """The table of a file whose header is as the layout wants it."""
    for column, times in Counter(found).items():
        if times > 1:
            raise ImportRefused("The header names this column twice.", name, 1, column)
    for column in layout.columns:
        if column not in found and (column in layout.filled or column not in MAY_LACK):
            raise ImportRefused("This column is missing.", name, 1, column)
    kinds = dict.fromkeys(found, "VARCHAR") | {"event_id": "UUID"}
    kinds |= {column: kind.split(" ")[0] for column, kind in TABLES[table].items()}
    return Table(name, found, layout, kinds)


def header(name: str, line: bytes) -> tuple[str, ...]:
    """The names in a file's first line."""
    try:
        names = next(csv.reader([line.decode("utf-8-sig")], strict=True), None)
    except UnicodeDecodeError:
        raise ImportRefused("This is not UTF-8.", name, 1) from None
    except csv.Error:
        raise ImportRefused("This is no header of a CSV file.", name, 1) from None
    if not names:
        raise ImportRefused("There is no header.", name, 1)
    return tuple(names)


def limits(column: str) -> tuple[str, str]:
    """The first and last time that a column may hold."""
    return TIMES if column in ("created_at", "date") else DATES


def typed(cast: str, text: str, kind: str) -> str:
    """SQL of a text as a DuckDB type; ``cast`` is ``CAST`` or ``TRY_CAST``."""
    if kind == "VARCHAR":
        return text
    if kind == "TIMESTAMP":
        # Times without a zone are UTC: so is the connection.
        return f"({cast}(nullif({text}, '') AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    return f"{cast}(nullif({text}, '') AS {kind})"


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
