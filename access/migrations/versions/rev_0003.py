"""Notes on days and hours of websites."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "dashboard_note",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("website", sa.String(36), nullable=False, index=True),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("at", sa.DateTime),
        sa.Column("audience", sa.String(20), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("annotation", sa.String(36)),
    )


def downgrade() -> None:
    op.drop_table("dashboard_note")
