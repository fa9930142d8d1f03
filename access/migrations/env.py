"""Alembic runs this script to migrate: in the connection and transaction of ``migrate``."""

from alembic import context

context.configure(**context.config.attributes)
context.run_migrations()
