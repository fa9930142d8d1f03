"""Groups of websites, rules of a website, and what campaigns cost."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = ("cost", "cost_upload", "rule", "website_group")


def upgrade() -> None:
    op.create_table(
        "dashboard_website_group",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("websites", sa.JSON, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
    op.create_table(
        "dashboard_rule",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("website", sa.String(36), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
    op.create_table(
        "dashboard_cost_upload",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("website", sa.String(36), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
    op.create_table(
        "dashboard_cost",
        sa.Column("website", sa.String(36), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("campaign", sa.String(200), primary_key=True),
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("micros", sa.BigInteger, nullable=False),
        sa.Column("clicks", sa.BigInteger),
        sa.Column("impressions", sa.BigInteger),
        sa.Column("upload", sa.String(36), nullable=False, index=True),
    )


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(f"dashboard_{name}")
