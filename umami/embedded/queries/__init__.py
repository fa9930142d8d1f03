"""Umami's metrics over the store, each with its definition in words above its SQL.

Functions take a ``Store`` and a ``Scope`` and return plain Python values; they know nothing of
HTTP and of no generation's spelling.
"""
