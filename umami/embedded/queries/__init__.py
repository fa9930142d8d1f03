"""Umami's metrics over the store, each defined in words above its SQL.

The functions take a ``Store`` and a ``Scope`` and return plain Python values. They depend neither
on HTTP nor on the format of any version of Umami.
"""
