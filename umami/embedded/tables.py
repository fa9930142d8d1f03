"""The CSV layouts of Umami's tables: required and optional columns, and the SQL that reads them."""

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from umami.embedded.collect import CLICK_IDS, LONGEST_TERM, UTM
from umami.embedded.scope import OF_SESSION
from umami.embedded.store import TABLES, escape_globs

SESSION_ATTRIBUTES = tuple(OF_SESSION.values())
CLOUD = "browser"
"""A column of events that only exports of Umami Cloud have."""
UNKNOWN = "column "
FROM_QUERY = (*UTM, *CLICK_IDS)
"""Columns that Umami fills from the query string of an event's URL."""
FOLLOWING = ("visit_id", "event_type")
"""Required columns whose values are derived from other columns if a file does not have them."""
NOT_UTF_8 = (
    "This is not UTF-8. Save the file in that encoding (Excel calls it “CSV UTF-8”), "
    "and import it again."
)


class ImportRefused(Exception):
    """The tables cannot be imported; ``str()`` is a sentence with file, line and column."""

    def __init__(
        self, reason: str, file: str = "", line: int | None = None, column: str | None = None
    ) -> None:
        parts = (file, line and f"line {line}", column and f"column {column[:60]}")
        place = ", ".join(part for part in parts if part)
        super().__init__(f"{place}: {reason}" if place else reason)
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Layout:
    filled: tuple[str, ...]
    """Columns in which every row has a value."""
    known_by: tuple[str, ...]
    """Columns of the store that identify a row: a row with equal values exists already."""
    empty: tuple[str, ...] = ()
    """Columns in which values can be missing."""
    ignored: tuple[str, ...] = ()
    """Columns of other versions of Umami that are not imported."""
    unique: tuple[str, ...] = ()
    """Columns that identify a row of the file."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Current names of columns by their names in earlier versions."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are imported."""
        return self.filled + self.empty


_LAYOUTS = tomllib.loads(Path(__file__).with_name("layouts.toml").read_text("utf-8"))
MAY_LACK = {*_LAYOUTS["may_lack"], *FOLLOWING, *FROM_QUERY}
"""Columns that a file can lack: some version of Umami does not have them."""
WORDS = ("null", "[null]", "<null>", "(null)", "nan", "none")
"""Words that tools write for NULL, in lower case, besides an empty field and ``\\N``."""
FIXED = frozenset(_LAYOUTS["fixed"])
"""Text columns whose values have a form that none of ``WORDS`` has."""
DESCRIBED = {"event_name": ("event_type", "2"), "string_value": ("data_type", "1", "3", "5")}
"""Text columns in which a word is a value if another column has one of these values, and NULL
otherwise: pageviews have no event name, and the text of a number or date has a fixed form."""


def _layout(
    table: str,
    filled: Sequence[str],
    empty: Sequence[str] = (),
    ignored: Sequence[str] = (),
    key: Sequence[str] | None = None,
    known_by: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
) -> Layout:
    """The layout of a table: by default the key is the first column, and the columns that are not
    ``filled`` can be empty."""
    unique = tuple(filled[:1] if key is None else key)
    rest = tuple(empty or (name for name in TABLES[table] if name not in filled))
    known = tuple(known_by) or unique
    return Layout(tuple(filled), known, rest, tuple(ignored), unique, renamed or {})


POSTGRES, _CLOUD_DATA = (
    {table: _layout(table, **columns) for table, columns in _LAYOUTS[kind].items()}
    for kind in ("postgres", "cloud")
)
_EVENT = POSTGRES["website_event"]
CLOUD_EXPORT = {
    "website_event": replace(_EVENT, empty=_EVENT.empty + SESSION_ATTRIBUTES, ignored=("job_id",)),
    **_CLOUD_DATA,
}
SECRET = re.compile(r"user|two_factor_\w+|app_setting|api_key")
"""Tables with passwords, keys and codes, which are never read."""


@dataclass(frozen=True, slots=True)
class Table:
    """The format of one table's CSV file."""

    name: str
    """The name of the file, such as ``website_event.csv.gz``."""
    header: tuple[str, ...]
    """The current name of each column; names that begin with ``UNKNOWN`` for unknown columns."""
    layout: Layout
    kinds: dict[str, str] = field(default_factory=dict)
    """The DuckDB type of each column."""
    delimiter: str = ","
    written: dict[str, str] = field(default_factory=dict)
    """The names in the file of the columns whose current names differ."""
    words: tuple[str, ...] = ()
    """Words that mean NULL, besides an empty field and ``\\N``."""
    quoted_words: tuple[str, ...] = ()
    """Words that mean NULL in quotes, too."""

    def reader(self, path: Path) -> str:
        """SQL that reads an unpacked file with all columns as text; ``''`` is not NULL."""
        if not self.words:
            return self._read_csv(path)
        # Columns in which a word can be a value are read without replacing words by NULL.
        raw = (*self.layout.filled, *DESCRIBED, *FROM_QUERY)
        columns = ", ".join(
            f'{"raw" if name in raw else "cleaned"}."{name}"' for name in self.header
        )
        return (
            f"(SELECT {columns} FROM {self._read_csv(path, *self.words)} cleaned "
            f"POSITIONAL JOIN {self._read_csv(path)} raw)"
        )

    def _read_csv(self, path: Path, *nulls: str) -> str:
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in self.header)
        # PostgreSQL, MySQL and ClickHouse write NULL as \N, which no value is.
        nulls = ("", r"\N", *nulls)
        return (
            f"read_csv({quoted(escape_globs(path))}, auto_detect=false, header=true, "
            f"delim={quoted(self.delimiter)}, "
            "quote='\"', escape='\"', strict_mode=true, allow_quoted_nulls=false, "
            f"nullstr=[{_quoted_list(nulls)}], columns={{{columns}}})"
        )

    @property
    def unknown(self) -> list[str]:
        """The columns that no supported version of Umami has; they are not imported."""
        return [self.name_in_file(name) for name in self.header if name.startswith(UNKNOWN)]

    def name_in_file(self, column: str) -> str:
        """A column's name in the file."""
        return self.written.get(column, column)

    def text(self, column: str) -> str:
        """SQL of a column's text, with NULL for words that mean it."""
        text = f'"{column}"'
        is_null = f"lower({text}) IN ({_quoted_list(WORDS)})"
        words = (*self.words, *self.quoted_words)
        if column in self.layout.filled:
            return text
        if self.kinds[column] != "VARCHAR" or column in FIXED:
            pass
        elif column in DESCRIBED and DESCRIBED[column][0] in self.header:
            other, *values = DESCRIBED[column]
            is_null += f' AND "{other}" NOT IN ({_quoted_list(values)})'
        elif column in FROM_QUERY and words:
            # A word that the URL contains is a value.
            query = '"url_query"' if "url_query" in self.header else "NULL"
            is_null = (
                f"{text} IN ({_quoted_list(words)}) AND NOT contains(lower(coalesce({query}, '')), "
                f"{quoted(column + '=')} || lower({text}))"
            )
        elif self.quoted_words:
            is_null = f"{text} IN ({_quoted_list(self.quoted_words)})"
        else:
            return text
        return f"CASE WHEN {is_null} THEN NULL ELSE {text} END"

    def value(self, column: str) -> str:
        """SQL of a column's typed value; for a column that the file does not have, SQL that derives
        it from others, or NULL."""
        if column in self.header:
            value = typed("CAST", self.text(column), self.kinds[column])
            if self.written.get(column) == "event_string_value":
                # The upgrade of Umami 2.3 derives it from numbers and dates.
                date = f"strftime({self.value('date_value')}, '%Y-%m-%dT%H:%M:%SZ')"
                return f"coalesce({value}, {self.value('number_value')}::VARCHAR, {date})"
            return value
        if column in FROM_QUERY and "url_query" in self.header:
            encoded = (
                f"nullif(regexp_extract({self.value('url_query')}, "
                f"'(?i)(?:^|[&?]){column}=([^&]+)', 1), '')"
            )
            decoded = f"coalesce(TRY(url_decode(replace({encoded}, '+', ' '))), {encoded})"
            return f"left({decoded}, {LONGEST_TERM})"
        if column == "event_type":
            return f"CASE WHEN {self.value('event_name')} <> '' THEN 2 ELSE 1 END"
        if column == "visit_id":
            # As in the upgrade of Umami: a visit per hour of a session.
            hour = f"date_trunc('hour', {self.value('created_at')})"
            return f"CAST(md5(concat({self.value('session_id')}, ' ', {hour})) AS UUID)"
        return "NULL"


def checked(
    table: str, name: str, names: tuple[str, ...], layout: Layout, delimiter: str = ","
) -> Table:
    """The format of a file with this header. Raises ``ImportRefused`` if it does not fit."""
    known = {*layout.columns, *layout.ignored}
    columns: list[str] = []
    written = {}
    for number, column in enumerate(names, 1):
        current = column if column in known else layout.renamed.get(column, column)
        # In exports of Umami Cloud, ``event_id`` of data is the id of the event.
        of_event = column == "event_id" and "website_event_id" not in names
        if current != column and (current in names or of_event):
            current = column
        columns.append(current if current in known else f"{UNKNOWN}{number}")
        if columns[-1] != column:
            written[columns[-1]] = column
    for column, times in Counter(columns).items():
        if times > 1:
            place = written.get(column, column)
            raise ImportRefused("The header names this column twice.", name, 1, place)
    for column in layout.columns:
        if column not in columns and (
            column not in MAY_LACK or (column in layout.filled and column not in FOLLOWING)
        ):
            raise ImportRefused("This column is missing.", name, 1, column)
    kinds = dict.fromkeys(columns, "VARCHAR") | {"event_id": "UUID"}
    kinds |= {column: kind.split(" ")[0] for column, kind in TABLES[table].items()}
    return Table(name, tuple(columns), layout, kinds, delimiter, written)


def header(name: str, line: bytes, known: Collection[str]) -> tuple[tuple[str, ...], str]:
    """The column names in a file's first line, in lower case, and its delimiter: the one with the
    most ``known`` names."""
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ImportRefused(NOT_UTF_8, name, 1) from None
    if not text:
        raise ImportRefused("There is no header.", name, 1)
    if text.lower().startswith("sep="):
        raise ImportRefused("The header has to be the first line. Delete this line.", name, 1)
    headers = []
    for delimiter in ",;\t|":
        try:
            row = next(csv.reader([text], strict=True, delimiter=delimiter))
        except csv.Error:
            continue
        headers.append((tuple(column.strip(" \"'`\t").lower() for column in row), delimiter))
    if not headers:
        raise ImportRefused("This is not the header of a CSV file.", name, 1)
    return max(headers, key=lambda candidate: len({*known} & {*candidate[0]}))


def limits(column: str) -> tuple[str, str]:
    """The first and last time that a column can have: a four-digit year, for events since 1970."""
    if column in ("created_at", "date"):
        return "1970-01-02", "2100-01-01"
    return "0001-01-01", "9999-12-31"


def typed(cast: str, text: str, kind: str) -> str:
    """SQL that converts a text to a DuckDB type; ``cast`` is ``CAST`` or ``TRY_CAST``."""
    if kind == "VARCHAR":
        return text
    if kind == "TIMESTAMP":
        # The connection's time zone is UTC: so are times without a zone.
        return f"({cast}(nullif({text}, '') AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    return f"{cast}(nullif({text}, '') AS {kind})"


def _quoted_list(texts: Iterable[str]) -> str:
    return ", ".join(map(quoted, texts))


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
