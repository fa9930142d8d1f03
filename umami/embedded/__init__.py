"""An embedded Umami server: Umami's HTTP API over DuckDB, on a loopback socket. ``serve`` starts it
in this process; ``python -m umami.embedded`` runs it alone."""

from umami.embedded.server import PortTaken, Running, serve
from umami.embedded.store import StoreRefused
from umami.embedded.tables import ImportRefused

__all__ = ["ImportRefused", "PortTaken", "Running", "StoreRefused", "serve"]
