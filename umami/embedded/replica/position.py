"""How far a replica is: a row of its store, which each step changes in its own transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Final

import duckdb

from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.store import OF_WEBSITE, Store

_TABLE: Final = "umami_replica"


@dataclass(slots=True)
class Position:
    """The state of a replica; times are ISO texts in UTC."""

    identity: str = ""
    """The database that was copied."""
    version: str = ""
    """The version of Umami that made the tables."""
    columns: str = ""
    """A checksum of the tables and columns of the source."""
    complete: bool = False
    """Whether the first copy is complete."""
    copied: list[str] = field(default_factory=list)
    """The names of the steps of the first copy that are complete."""
    horizon: int = 0
    """The horizon of the last snapshot that was followed."""
    samples: list[tuple[str, int]] = field(default_factory=list)
    """Times, and the transactions from which on none had begun at that time; ascending."""
    as_of: str = ""
    """The time of the last snapshot that was followed."""
    proved: str = ""
    """The time of the snapshot at which the last complete proof began."""
    proved_horizon: int = 0
    """The horizon of that snapshot."""
    audited: str = ""
    """The time of the snapshot at which the last proof that compared every row began."""

    def save(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write it into the store, in the cursor's transaction."""
        cursor.execute(f"DELETE FROM {_TABLE}")
        cursor.execute(f"INSERT INTO {_TABLE} VALUES (?)", [json.dumps(asdict(self))])


def opened(store: Store) -> Position:
    """The position of a store, which is new for an empty one. Raises ``ReplicaRefused`` if the
    store contains other data than a replica."""
    with store.writing() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (position VARCHAR)")
        row = cursor.execute(f"FROM {_TABLE}").fetchone()
        if row is None and any(
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in OF_WEBSITE
        ):
            raise ReplicaRefused(
                "The file holds data of its own, which the replica of a database would replace: "
                "name another file."
            )
    if row is None:
        return Position()
    position = Position(**json.loads(row[0]))
    position.samples = [(at, next_) for at, next_ in position.samples]
    return position
