"""Databases of Umami in a real PostgreSQL, and replicas of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.access.conftest import postgres
from tests.embedded.conftest import tables
from tests.support import umami_database

__all__ = ["postgres", "tables"]

MakeDatabase = Callable[..., str]


@pytest.fixture(scope="module")
def make_database(postgres: str, tables: Path) -> Iterator[MakeDatabase]:
    """Makes a database as a version of Umami does, with the contract's rows or without any rows;
    returns its address. With ``empty``, it has no tables at all."""
    with psycopg.connect(postgres, autocommit=True) as server, ExitStack() as made:

        def make(version: str = "3.1", *, rows: bool = False, empty: bool = False) -> str:
            name = f"umami_{uuid4().hex}"
            server.execute(f"CREATE DATABASE {name}".encode())
            made.callback(server.execute, f"DROP DATABASE {name} WITH (FORCE)".encode())
            url = postgres.replace("/postgres?", f"/{name}?")
            if not empty:
                with psycopg.connect(url) as connection:
                    umami_database.create(connection, version)
                    if rows:
                        umami_database.fill(connection, tables)
            return url

        yield make


@pytest.fixture(scope="module")
def filled(make_database: MakeDatabase) -> str:
    """The address of a database of Umami 3.1 with the contract's rows; for reading only."""
    return make_database("3.1", rows=True)
