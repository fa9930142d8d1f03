"""The recorded tables with hostile names in the place of all names."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

MARK: Final = "xyzzy"
"""A word in every hostile name, by which it is found again."""
NAMES: Final = (
    f"<script>alert('{MARK}')</script>",
    f'<img src=x onerror="alert(`{MARK}`)">',
    f"**{MARK}** [click](javascript:alert(1)) ![i](http://127.0.0.1:9/i.png)",
    f"$\\frac{{{MARK}}}{{2}}$ and $$x^2$$",
    f"\"{MARK}' `code` \\back",
    f"=cmd|'/c {MARK}'!A0",
    f"+{MARK}",
    f"@{MARK}",
    f":red[{MARK}] :material/home: :smile:",
    f"\u202e{MARK} עברית العربية",
    f"{MARK} 🧨👩‍🚀",
    f"{MARK}\u200b\u200d\ufeff",
    f"# {MARK}\n- list",
    f"%{{{MARK}}} {{b}} {{c}} {{{{x}}}}",
    f"{MARK}" + "/long" * 98,
    f"null {MARK} &lt;b&gt; &amp;",
)
COLUMNS: Final = {
    "website_event": (
        *("url_path", "url_query", "referrer_domain", "page_title", "event_name", "tag"),
        *("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term"),
    ),
    "session": ("browser", "os", "device", "screen", "language", "region", "city", "distinct_id"),
    "event_data": ("data_key", "string_value"),
    "session_data": ("data_key", "string_value", "distinct_id"),
    "revenue": ("event_name",),
    "website": ("name",),
}
WIDTHS: Final = {
    "browser": 20,
    "os": 20,
    "device": 20,
    "screen": 11,
    "language": 35,
    "region": 20,
    "city": 50,
    "event_name": 50,
    "tag": 50,
    "distinct_id": 50,
    "name": 100,
}
"""Characters that columns of the real database hold; others hold 500."""
SESSIONS: Final = 150
KEPT: Final = {"currency", "revenue"}
"""Keys of event data that have a meaning."""


def build(tables: Path, folder: Path) -> Path:
    """Write the tables anew into a folder, with fewer sessions and hostile names."""
    known: dict[tuple[str, str], str] = {}
    numbers = count()
    sessions: set[str] = set()
    for name in ("website", "session", "website_event", "session_data", "event_data", "revenue"):
        rows = list(_rows(tables / f"{name}.csv.gz"))
        if name == "session":
            rows = rows[:SESSIONS]
            sessions = {row["session_id"] for row in rows}
        elif "session_id" in rows[0]:
            rows = [row for row in rows if row["session_id"] in sessions]
        elif name == "event_data":
            rows = rows[:4000]
        for row in rows:
            for column in COLUMNS[name]:
                if row[column] and row[column] not in KEPT:
                    key = (column, row[column])
                    if key not in known:
                        known[key] = _hostile(column, next(numbers))
                    row[column] = known[key]
        _write(folder / f"{name}.csv.gz", rows)
    return folder


def _hostile(column: str, number: int) -> str:
    name = NAMES[number % len(NAMES)]
    prefix = "/" if column == "url_path" else ""
    # The number keeps names apart; a column is no wider than the real one.
    width = WIDTHS.get(column, 500)
    return f"{prefix}{name}"[: width - 4] + f" {number % 1000}"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as lines:
        yield from csv.DictReader(lines)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode()))
