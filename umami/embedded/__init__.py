"""An Umami server of our own: the same HTTP API over DuckDB, behind a real loopback socket."""
