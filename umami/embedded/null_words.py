"""Detect the words for NULL in an export from its rows.

A tool has one word for NULL, such as ``NULL`` or ``None``. A word is proven if it occurs more often
than empty fields in a column in which it cannot be a value: numbers, times, or text of a fixed form
such as ``referrer_domain``. In columns of free text in which it is an unlikely value (``city``,
``distinct_id``, tags, campaigns, queries), it must also be most of the values. Other columns, such
as ``page_title``, prove nothing.

A proven word means NULL in every file of the export, except in columns that Umami never leaves
empty: the name of a custom event, and the text of a property. A word in quotes means NULL only if
it is proven in quotes.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from umami.embedded.tables import DESCRIBED, FIXED, FROM_QUERY, WORDS, Table

Field = tuple[str, bool]
"""The text of a field, and whether it is in quotes."""
ALMOST_FIXED = {"city", "distinct_id", "tag", "url_query", "referrer_query", *FROM_QUERY}


def with_words(
    tables: dict[str, Table], samples: dict[str, bytes]
) -> tuple[dict[str, Table], list[str]]:
    """The tables with the words of the export, and a sentence for each file that contains one.
    ``samples`` are the first records of each table."""
    proven: set[Field] = set()
    occurring: defaultdict[str, set[Field]] = defaultdict(set)
    for name, table in tables.items():
        text = samples[name].decode(errors="replace")
        if not any(word in text.lower() for word in WORDS):
            continue
        counts: defaultdict[str, Counter[Field]] = defaultdict(Counter)
        for row in _records(text, table):
            for column, field in row.items():
                if field[0].lower() in WORDS:
                    occurring[table.name].add(field)
                if _can_prove(table, column, row):
                    counts[column][field] += 1
        for column, fields in counts.items():
            empty = sum(fields[field] for field in (("", False), ("", True), (r"\N", False)))
            needed = max(empty, fields.total() / 2 if column in ALMOST_FIXED else 0)
            proven |= {
                field for field in fields if field[0].lower() in WORDS and fields[field] > needed
            }
    words = tuple(sorted(word for word, quoted in proven if not quoted))
    quoted_words = tuple(sorted(word for word, quoted in proven if quoted))
    notes = []
    for name, fields_of_file in occurring.items():
        if shown := sorted({word for word, _ in fields_of_file & proven}):
            verb = "was" if len(shown) == 1 else "were"
            notes.append(f"{name}: {' and '.join(shown)} {verb} read as no value.")
    return {
        name: replace(table, words=words, quoted_words=quoted_words)
        for name, table in tables.items()
    }, notes


def _can_prove(table: Table, column: str, row: dict[str, Field]) -> bool:
    """Whether a word in this column of a row would mean NULL."""
    if column in table.layout.filled or column not in table.layout.empty:
        return False
    if column in DESCRIBED:
        other, *values = DESCRIBED[column]
        return other in row and row[other][0] not in values
    if column in FROM_QUERY and "url_query" in row:
        return f"{column}={row[column][0]}".lower() not in row["url_query"][0].lower()
    return column in FIXED or column in ALMOST_FIXED or table.kinds[column] != "VARCHAR"


def _records(text: str, table: Table) -> Iterator[dict[str, Field]]:
    """The records after the header."""
    delimiter = re.escape(table.delimiter)
    pattern = rf'("[^"]*(?:""[^"]*)*"|[^\r\n{delimiter}]*)({delimiter}|\r?\n|$)'
    record: list[Field] = []
    for match in re.finditer(pattern, text[text.find("\n") + 1 :]):
        field, end = match.groups()
        quoted = field.startswith('"') and len(field) > 1
        record.append((field[1:-1].replace('""', '"') if quoted else field, quoted))
        if end != table.delimiter:
            yield dict(zip(table.header, record, strict=False))
            record = []
