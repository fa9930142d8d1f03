"""Queries that only 2.x has; the others are those of the embedded server."""
