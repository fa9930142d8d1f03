"""Backups: all rows of the database as JSON in one compressed file, from SQLite or PostgreSQL to
either of them."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    select,
)

from access import atomic_write, migrations
from access.database import PREFIX, exclusive
from umami.errors import SettingsError

FORMAT: Final = "umami-dashboard backup 1"


def backup(engine: Engine, path: Path) -> int:
    """Write all rows to a file that only its owner can read; return their number.

    Raises ``SettingsError`` for a database without tables, ``OSError`` if the file is not writable.
    """
    if engine.dialect.name == "postgresql":
        # One snapshot for all tables, although others may write meanwhile.
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with exclusive(engine) as store:
        revision = migrations.current(store) or migrations.REVISIONS[0]
        rows = {
            table.name: [dict(row) for row in store.execute(select(table)).mappings()]
            for table in _reflected(store).sorted_tables
        }
    if not rows:
        raise SettingsError(
            "The database of DASHBOARD_STORE has no tables of the dashboard.",
            remedy="Name the database that the dashboard uses.",
        )
    content = {"format": FORMAT, "revision": revision, "rows": rows}
    text = json.dumps(content, default=lambda moment: moment.isoformat())
    atomic_write.replace_file(path, gzip.compress(text.encode()))
    return sum(map(len, rows.values()))


def restore(engine: Engine, path: Path, *, replace: bool = False) -> int:
    """Make the database what it was at a backup, upgraded to this program's revision; return the
    number of rows. It is one transaction, so that an interrupted restore changes nothing.

    Raises ``SettingsError`` if the database has rows and ``replace`` is false, or if the file is no
    complete backup or of a newer version; ``OSError`` if the file cannot be read.
    """
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
        if content["format"] != FORMAT:
            raise ValueError
        revision, rows = content["revision"], content["rows"]
    except (ValueError, LookupError, TypeError, EOFError, zlib.error, gzip.BadGzipFile):
        revision, rows = "", {}
    if revision not in migrations.REVISIONS:
        raise SettingsError(
            f"{path.name} is not a complete backup, or one of a newer version of the dashboard.",
            remedy="Choose another file, or restore it with that version.",
        )
    with exclusive(engine) as store:
        tables = _reflected(store)
        used = any(store.execute(select(table).limit(1)).first() for table in tables.sorted_tables)
        if used and not replace:
            raise SettingsError(
                "The database of DASHBOARD_STORE already has rows.",
                remedy="Name another database, or add --replace to delete these rows.",
            )
        tables.drop_all(store)
        store.exec_driver_sql(f"DROP TABLE IF EXISTS {migrations.TABLE}")
        migrations.migrate(store, revision)
        tables = _reflected(store)
        for name, inserted in rows.items():
            _insert(store, tables.tables[name], inserted)
        migrations.migrate(store)
    return sum(map(len, rows.values()))


def _reflected(store: Connection) -> MetaData:
    """The tables that the database has now, which may be those of another revision."""

    def ours(name: str, _: object) -> bool:
        return name.startswith(PREFIX) and name != migrations.TABLE

    metadata = MetaData()
    metadata.reflect(store, only=ours)
    return metadata


def _insert(store: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    for kind, parse in ((DateTime, datetime.fromisoformat), (Date, date.fromisoformat)):
        names = [column.name for column in table.columns if isinstance(column.type, kind)]
        for row in rows:
            row.update((name, parse(row[name])) for name in names if row[name])
    if rows:
        store.execute(insert(table), rows)
    if store.dialect.name == "postgresql":
        # The next new row gets a number after those inserted here.
        for column in table.primary_key:
            if isinstance(column.type, Integer):
                sequence = func.pg_get_serial_sequence(table.name, column.name)
                store.execute(select(func.setval(sequence, func.max(column))))
