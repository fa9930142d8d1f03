"""Starts the embedded server where no Umami server is configured.

No other module of the dashboard imports the embedded server.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from components.texts import N_, _
from umami.background_task import ProgressCallback
from umami.client import Client, Waiting, Writer, connect
from umami.errors import SettingsError
from umami.instrumentation import Instrumentation
from umami.settings import DEFINITIONS, Settings

if TYPE_CHECKING:
    from umami.embedded.replica.worker import ReplicaStatus as ReplicaStatus
    from umami.embedded.server import Running as Running

_CREATING: Final = threading.Lock()


def own_server(
    data: Path | None,
    store: Path | None = None,
    definitions: str = DEFINITIONS[-1],
    database: str | None = None,
) -> Running:
    """Start the embedded server on exported tables, a store file, a replica of a database, or
    generated demo data.

    ``definitions`` is the version of Umami whose definitions of figures it uses; those of a replica
    are of its source's version. Raises ``SettingsError`` for tables and databases that cannot be
    read and a file that cannot be used.
    """
    # Imported here, so that dashboards of other servers do not load the database.
    from umami.embedded.definitions import BY_VERSION
    from umami.embedded.server import serve

    with _in_settings():
        return serve(data, store, replica_of=database, definitions=BY_VERSION[definitions])


def create(store: Path) -> None:
    """Create an empty store file unless it exists. Raises ``SettingsError``."""
    from umami.embedded.store import Store

    # Another thread must not open a file whose tables are not complete yet.
    with _CREATING, _in_settings():
        if not store.exists():
            Store(store).close()


def take_in(data: Path, store: Path, report: ProgressCallback) -> tuple[str, ...]:
    """Import tables into the file that keeps them, all or nothing; ``report`` receives bytes read.
    Returns what was not read, a sentence each.

    A server of this process goes on answering from the file meanwhile. Raises ``SettingsError``.
    """
    from umami.embedded.importing import import_into

    with _in_settings():
        return tuple(import_into(store, data, lambda now: report(now.done, now.total)).notes)


@contextmanager
def _in_settings() -> Iterator[None]:
    """Convert errors of the embedded server to a ``SettingsError``."""
    from umami.embedded.replica.refusals import ReplicaRefused
    from umami.embedded.store import StoreRefused
    from umami.embedded.tables import ImportRefused

    try:
        yield
    except ReplicaRefused as refusal:
        raise SettingsError(
            _("UMAMI_DATABASE_URL cannot be used: {refusal}").format(refusal=refusal)
        ) from None
    except ImportRefused as refusal:
        raise SettingsError(
            _("UMAMI_DATA cannot be read: {refusal}").format(refusal=refusal)
        ) from None
    except StoreRefused as refusal:
        raise SettingsError(
            _("UMAMI_STORE cannot be used: {refusal}").format(refusal=refusal)
        ) from None


def filled(settings: Settings, running: Running) -> Settings:
    """The settings with the address and account of the running embedded server."""
    account = {"username": running.username, "password": running.password}
    return settings.model_copy(update={"api": f"{running.url}/api", **account})


def client_of(
    running: Running,
    settings: Settings,
    *,
    watch: Instrumentation | None = None,
    waiting: Waiting = nullcontext,
) -> Client:
    """A client of the embedded server; its cache drops answers about changed websites.

    Changes to a replica are made by the server of its database, where the settings name one.
    """
    writer = None
    if running.replica and settings.writer:
        server = connect(settings.writer, watch=watch, waiting=waiting)
        writer = Writer(server, running.replica.catch_up, running.replica.has_website)
    client = connect(
        filled(settings, running),
        label=N_("Built-in server"),
        demo=running.demo,
        watch=watch,
        waiting=waiting,
        defined_by=running.replica.definitions if running.replica else settings.definitions,
        writer=writer,
    )
    running.tell(client.forget)
    return client
