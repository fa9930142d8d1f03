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

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from umami.embedded.archives import SAMPLE
from umami.embedded.tables import DESCRIBED, FIXED, FROM_QUERY, WORDS, Table, Words

Field = tuple[str, bool]
"""The text of a field, and whether it is in quotes."""
ALMOST_FIXED = {"city", "distinct_id", "tag", "url_query", "referrer_query", *FROM_QUERY}


def words_of(tables: Iterable[tuple[Table, bytes]]) -> tuple[Words, list[str]]:
    """The words of an export, and a sentence for each file that contains one.

    ``tables`` are paired with their first bytes.
    """
    proven: set[Field] = set()
    occurring: dict[str, set[Field]] = {}
    for table, sample in tables:
        text = sample.decode(errors="replace")
        alternatives = "|".join(map(re.escape, WORDS))
        ends = f'["\\r\\n{re.escape(table.delimiter)}]'
        if re.search(f"{ends}(?:{alternatives})(?:{ends}|$)", text, re.IGNORECASE):
            records = _records(text, table.delimiter, len(sample) >= SAMPLE)
            occurring[table.name] = _judge(table, records, proven)
    plain = tuple(sorted({word for word, quoted in proven if not quoted}))
    quoted = tuple(sorted({word for word, quoted in proven if quoted}))
    notes = []
    for name, words in occurring.items():
        if shown := sorted({word for word, _ in words & proven}):
            verb = "was" if len(shown) == 1 else "were"
            notes.append(f"{name}: {' and '.join(shown)} {verb} read as no value.")
    return Words(plain, quoted), notes


def _judge(table: Table, records: Iterable[list[Field]], proven: set[Field]) -> set[Field]:
    """Add the words that a sample proves to ``proven``; returns all words that occur in it."""
    counts: defaultdict[str, Counter[Field]] = defaultdict(Counter)
    occurring: set[Field] = set()
    for row in records:
        values = dict(zip(table.header, row, strict=False))
        for column, field in values.items():
            if field[0].lower() in WORDS:
                occurring.add(field)
            if _can_prove(table, column, values):
                counts[column][field] += 1
    for column, fields in counts.items():
        empty = fields[("", False)] + fields[("", True)] + fields[(r"\N", False)]
        needed = fields.total() / 2 if column in ALMOST_FIXED else 0
        proven |= {
            field
            for field, count in fields.items()
            if field[0].lower() in WORDS and count > max(empty, needed)
        }
    return occurring


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


def _records(text: str, delimiter: str, cut: bool) -> Iterator[list[Field]]:
    """The records after the header, without the last one if the text is cut."""
    pattern = re.compile(
        f'("[^"]*(?:""[^"]*)*"|[^\\r\\n{re.escape(delimiter)}]*)({re.escape(delimiter)}|\\r?\\n|$)'
    )
    records: list[list[Field]] = [[]]
    for match in pattern.finditer(text):
        field, end = match.groups()
        quoted = field.startswith('"') and len(field) > 1
        records[-1].append((field[1:-1].replace('""', '"') if quoted else field, quoted))
        if end != delimiter:
            records.append([])
    return iter(records[1 : -2 if cut else None])
