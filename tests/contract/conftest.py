"""The embedded server over the contract's tables, and a client of it."""

from tests.embedded.conftest import server, tables, umami

__all__ = ["server", "tables", "umami"]
