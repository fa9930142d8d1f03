"""Subscriptions, alerts, what was sent for them, and saved views."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = ("saved_view", "unsubscribed", "receipt", "delivery", "notification", "key")


def upgrade() -> None:
    op.create_table(
        "dashboard_notification",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False, index=True),
        sa.Column("address", sa.String(500), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("ended", sa.DateTime),
        sa.Column("why", sa.String(500), nullable=False),
    )
    op.create_table(
        "dashboard_delivery",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("notification", sa.String(36), nullable=False),
        sa.Column("occasion", sa.String(100), nullable=False),
        sa.Column("due", sa.DateTime, nullable=False, index=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt", sa.DateTime, nullable=False),
        sa.Column("lease", sa.DateTime),
        sa.Column("worker", sa.String(36), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("ended", sa.DateTime),
        sa.UniqueConstraint("notification", "occasion"),
    )
    op.create_table(
        "dashboard_receipt",
        sa.Column("delivery", sa.String(36), primary_key=True),
        sa.Column("recipient", sa.String(500), primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
    )
    op.create_table(
        "dashboard_unsubscribed",
        sa.Column("notification", sa.String(36), primary_key=True),
        sa.Column("recipient", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "dashboard_saved_view",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("website", sa.String(36), nullable=False, index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("page", sa.String(40), nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("audience", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("starts", sa.Boolean, nullable=False),
    )
    op.create_table(
        "dashboard_key",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.String(100), nullable=False),
    )


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(f"dashboard_{name}")
