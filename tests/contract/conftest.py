"""The embedded server over the contract's tables, and a client of it."""

from tests.embedded.conftest import newest_by_3_1, server, tables, umami, umami3

__all__ = ["newest_by_3_1", "server", "tables", "umami", "umami3"]
