"""A server of our own where none is set: the one place that knows the embedded server, and it knows
only how to start it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from umami.client import Client, connect
from umami.errors import SettingsError
from umami.settings import Settings
from umami.watching import NOBODY, Watch


class Running(Protocol):
    """A server of our own that runs until it is stopped."""

    url: str
    username: str
    password: str

    @property
    def demo(self) -> bool:
        """Whether what it holds is made up."""
        ...

    def tell(self, changed: Callable[[str | None], None]) -> None:
        """Call this with the id of each website whose rows are changed from now on."""
        ...

    def stop(self) -> None:
        """Answer no more."""
        ...


def own_server(data: Path | None, store: Path | None = None) -> Running:
    """Start the embedded server over tables, over the file that keeps them, or over a demo that it
    makes.

    Raises ``SettingsError`` for tables that cannot be read, and a file that cannot be used.
    """
    # Whoever has a server of their own need not load a database.
    from umami.embedded.server import serve
    from umami.embedded.store import StoreRefused
    from umami.embedded.tables import ImportRefused

    try:
        return serve(data, store, generation=3)
    except ImportRefused as refusal:
        raise SettingsError(f"UMAMI_DATA cannot be read: {refusal}") from None
    except StoreRefused as refusal:
        raise SettingsError(f"UMAMI_STORE cannot be used: {refusal}") from None


def filled(settings: Settings, running: Running) -> Settings:
    """Settings that mean a server of our own, with where it is."""
    return replace(
        settings,
        api=f"{running.url}/api",
        username=running.username,
        password=running.password,
    )


def client_of(running: Running, settings: Settings, *, watch: Watch = NOBODY) -> Client:
    """A client of it, which lets go of what is changed there, by whomever."""
    found = filled(settings, running)
    client = connect(found, label="Built-in server", demo=running.demo, watch=watch)
    running.tell(client.forget)
    return client
