"""Multiplies the contract's rows: the same traffic at the same times by other visitors."""

from __future__ import annotations

from pathlib import Path

import duckdb

TABLES = Path(__file__).parent.parent / "contract" / "data" / "tables"
SHARED = {"website_id"}
"""Ids that copies keep; every other id is made anew for each copy."""


def multiply(events: int, folder: Path) -> int:
    """Write the contract's tables with at least ``events`` events; return their number."""
    database = duckdb.connect()
    # Drawn where nobody seems to have started a script.
    database.execute("SET enable_progress_bar = false")
    count = len(database.read_csv(str(TABLES / "website_event.csv.gz"), all_varchar=True))
    copies = -(-events // count)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(TABLES.glob("*.csv.gz")):
        table = source.name.removesuffix(".csv.gz")
        read = f"read_csv('{source}', all_varchar=true, header=true, allow_quoted_nulls=false)"
        names = [row[0] for row in database.execute(f"DESCRIBE FROM {read}").fetchall()]
        columns = ", ".join(
            f"CASE WHEN copy = 0 OR {name} IS NULL THEN {name} "
            f"ELSE md5({name} || '-' || copy)::UUID::VARCHAR END AS {name}"
            if name.endswith("_id") and name not in {*SHARED, "li_fat_id", "distinct_id"}
            else name
            for name in names
        )
        times = 1 if table == "website" else copies
        database.execute(
            f"COPY (SELECT {columns} FROM {read}, range({times}) AS copies(copy)) "
            f"TO '{folder / table}.csv' (HEADER)"
        )
    return count * copies
