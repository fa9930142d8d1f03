"""Umami servers of several versions over the same tables, as test doubles.

They share the queries of the embedded server and differ in routes, parameters, definitions and
error bodies, as the real servers of those versions do. ``python -m tests.doubles.umami`` runs one.
"""

from tests.doubles.umami.server import VERSIONS, serve

__all__ = ["VERSIONS", "serve"]
