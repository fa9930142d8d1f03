"""A server of our own where none is set: the one place that knows the embedded server, and it knows
only how to start it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from starlette.types import ASGIApp

from umami.background_task import ProgressCallback
from umami.client import Client, connect
from umami.errors import SettingsError
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.settings import DEFINITIONS, Settings

_CREATING: Final = threading.Lock()


class Running(Protocol):
    """A server of our own that runs until it is stopped."""

    url: str
    username: str
    password: str

    @property
    def demo(self) -> bool:
        """Whether what it holds is made up."""
        ...

    @property
    def collector(self) -> ASGIApp:
        """What visitors of websites may reach of it: its tracker, and where that sends to."""
        ...

    def tell(self, changed: Callable[[str | None], None]) -> None:
        """Call this with the id of each website whose rows are changed from now on."""
        ...

    def stop(self) -> None:
        """Answer no more."""
        ...


def own_server(
    data: Path | None, store: Path | None = None, definitions: str = DEFINITIONS[-1]
) -> Running:
    """Start the embedded server over tables, over the file that keeps them, or over a demo that it
    makes. It answers by the definitions of this version of Umami.

    Raises ``SettingsError`` for tables that cannot be read, and a file that cannot be used.
    """
    # Whoever has a server of their own need not load a database.
    from umami.embedded.definitions import BY_VERSION
    from umami.embedded.server import serve

    with _in_settings():
        return serve(data, store, definitions=BY_VERSION[definitions])


def create(store: Path) -> None:
    """Make an empty file to collect into, where there is none. Raises ``SettingsError``."""
    from umami.embedded.store import Store

    # Another thread must not find a file whose tables are still being made.
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
    """What the embedded server refuses, in the words of the settings."""
    from umami.embedded.store import StoreRefused
    from umami.embedded.tables import ImportRefused

    try:
        yield
    except ImportRefused as refusal:
        problem = f"UMAMI_DATA cannot be read: {refusal}"
    except StoreRefused as refusal:
        problem = f"UMAMI_STORE cannot be used: {refusal}"
    else:
        return
    raise SettingsError(problem)


def filled(settings: Settings, running: Running) -> Settings:
    """Settings that mean a server of our own, with where it is."""
    return replace(
        settings,
        api=f"{running.url}/api",
        username=running.username,
        password=running.password,
    )


def client_of(
    running: Running, settings: Settings, *, watch: Instrumentation = NO_INSTRUMENTATION
) -> Client:
    """A client of it, which lets go of what is changed there, by whomever."""
    located = filled(settings, running)
    client = connect(
        located,
        label="Built-in server",
        demo=running.demo,
        watch=watch,
        defined_by=settings.definitions,
    )
    running.tell(client.forget)
    return client
