"""Umami's metrics over the store, each defined in words above its SQL. The functions take a
``Store`` and a ``Scope`` and do not depend on HTTP. Where a query answers a request by itself, its
rows have the names of Umami's API."""
