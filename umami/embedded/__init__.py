"""An Umami server of our own: the same HTTP API over DuckDB, behind a real loopback socket.

``serve`` starts it in this process; ``python -m umami.embedded`` runs it alone.
"""

from umami.embedded.server import PortTaken, Running, serve
from umami.embedded.store import StoreRefused
from umami.embedded.tables import ImportRefused

__all__ = ["ImportRefused", "PortTaken", "Running", "StoreRefused", "serve"]
