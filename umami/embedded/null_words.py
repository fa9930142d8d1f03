"""The words by which an export spells NULL, told from its own rows.

A tool writes NULL in one way. A word such as ``NULL`` or ``None`` is taken for that way where it
stands in columns in which it can be nothing else (numbers, times, or text of a fixed form such as
``referrer_domain``), more often than empty fields do there. In columns whose values are free but
hardly ever such a word (``city``, ``distinct_id``, tags, campaigns, queries) it has to be most of
the values, too. Elsewhere, in ``page_title`` say, a word alone proves nothing.

A word that is proven means NULL in every file of the export, but for columns that Umami never
leaves empty: the name of a custom event and the text of a property stay what they are. A word in
quotes means NULL only if it is in quotes where it is proven.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from umami.embedded.archives import SAMPLE
from umami.embedded.tables import DESCRIBED, FIXED, FROM_QUERY, WORDS, Table, Words

Field = tuple[str, bool]
"""A field's text, and whether it is in quotes."""
ALMOST_FIXED = {"city", "distinct_id", "tag", "url_query", "referrer_query", *FROM_QUERY}


def words_of(tables: Iterable[tuple[Table, bytes]]) -> tuple[Words, list[str]]:
    """The words of an export, and a sentence for each file in which one stands.

    ``tables`` come with the first bytes of each.
    """
    proven: set[Field] = set()
    standing: dict[str, set[Field]] = {}
    for table, sample in tables:
        text = sample.decode(errors="replace")
        alternatives = "|".join(map(re.escape, WORDS))
        ends = f'["\\r\\n{re.escape(table.delimiter)}]'
        if re.search(f"{ends}(?:{alternatives})(?:{ends}|$)", text, re.IGNORECASE):
            records = _records(text, table.delimiter, len(sample) >= SAMPLE)
            standing[table.name] = _judge(table, records, proven)
    plain = tuple(sorted({word for word, quoted in proven if not quoted}))
    quoted = tuple(sorted({word for word, quoted in proven if quoted}))
    notes = []
    for name, words in standing.items():
        if shown := sorted({word for word, _ in words & proven}):
            verb = "was" if len(shown) == 1 else "were"
            notes.append(f"{name}: {' and '.join(shown)} {verb} read as no value.")
    return Words(plain, quoted), notes


def _judge(table: Table, records: Iterable[list[Field]], proven: set[Field]) -> set[Field]:
    """Add the words that a sample proves; returns all that stand in it."""
    counts: defaultdict[str, Counter[Field]] = defaultdict(Counter)
    standing: set[Field] = set()
    for row in records:
        values = dict(zip(table.header, row, strict=False))
        for column, field in values.items():
            if field[0].lower() in WORDS:
                standing.add(field)
            if _tells(table, column, values):
                counts[column][field] += 1
    for column, fields in counts.items():
        empty = fields[("", False)] + fields[("", True)] + fields[(r"\N", False)]
        needed = fields.total() / 2 if column in ALMOST_FIXED else 0
        proven |= {
            field
            for field, count in fields.items()
            if field[0].lower() in WORDS and count > max(empty, needed)
        }
    return standing


def _tells(table: Table, column: str, row: dict[str, Field]) -> bool:
    """Whether a word in this column of the row would tell how NULL is spelled."""
    if column in table.layout.filled or column not in table.layout.empty:
        return False
    if column in DESCRIBED:
        other, *values = DESCRIBED[column]
        return other in row and row[other][0] not in values
    if column in FROM_QUERY and "url_query" in row:
        return f"{column}={row[column][0]}".lower() not in row["url_query"][0].lower()
    return column in FIXED or column in ALMOST_FIXED or table.kinds[column] != "VARCHAR"


def _records(text: str, delimiter: str, cut: bool) -> Iterator[list[Field]]:
    """The records after the header; of a text that is cut, not the last."""
    pattern = re.compile(
        f'("[^"]*(?:""[^"]*)*"|[^\\r\\n{re.escape(delimiter)}]*)({re.escape(delimiter)}|\\r?\\n|$)'
    )
    records: list[list[Field]] = [[]]
    for found in pattern.finditer(text):
        field, end = found.groups()
        quoted = field.startswith('"') and len(field) > 1
        records[-1].append((field[1:-1].replace('""', '"') if quoted else field, quoted))
        if end != delimiter:
            records.append([])
    return iter(records[1 : -2 if cut else None])
