"""The tables of version 1.0. A database made before there were revisions has them already, or some
of them; it keeps them with their rows. Nothing is older, so there is no downgrade."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, DateTime, Integer, String, Table

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables = sa.MetaData()
    Table(
        "dashboard_session",
        tables,
        Column("token", String(64), primary_key=True),
        Column("account", String(200), nullable=False, index=True),
        Column("fingerprint", String(64), nullable=False),
        Column("begun", DateTime, nullable=False),
        Column("ends", DateTime, nullable=False, index=True),
    )
    Table(
        "dashboard_signed_out",
        tables,
        Column("account", String(200), primary_key=True),
        Column("at", DateTime, nullable=False),
    )
    Table(
        "dashboard_attempt",
        tables,
        Column("about", String(64), primary_key=True),
        Column("failures", Integer, nullable=False),
        Column("last", sa.Float, nullable=False, index=True),
    )
    Table(
        "dashboard_share",
        tables,
        Column("id", String(64), primary_key=True),
        Column("name", String(200), nullable=False),
        Column("maker", String(200), nullable=False),
        Column("made", DateTime, nullable=False),
        Column("ends", DateTime, nullable=False),
        Column("revoked", DateTime),
        Column("password", String(100)),
        Column("locked", sa.Boolean, nullable=False),
        Column("sections", sa.JSON, nullable=False),
        Column("view", sa.JSON, nullable=False),
    )
    Table(
        "dashboard_audit",
        tables,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("at", DateTime, nullable=False),
        Column("who", String(200), nullable=False),
        Column("what", String(100), nullable=False),
        Column("about", String(500), nullable=False),
        Column("done", sa.Boolean, nullable=False),
        sa.Index("dashboard_audit_at", "at"),
    )
    Table(
        "dashboard_refused",
        tables,
        Column("who", String(200), primary_key=True),
        Column("what", String(100), primary_key=True),
        Column("hour", DateTime, primary_key=True),
        Column("count", Integer, nullable=False),
        Column("line", Integer),
    )
    tables.create_all(op.get_bind())
