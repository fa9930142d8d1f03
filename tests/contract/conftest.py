"""The embedded server over the contract's tables, and a client of it."""

from tests.embedded.conftest import server, tables, umami, umami3

__all__ = ["server", "tables", "umami", "umami3"]
