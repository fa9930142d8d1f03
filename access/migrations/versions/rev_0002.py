"""What counts as a conversion on each website."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "dashboard_website",
        sa.Column("website", sa.String(36), primary_key=True),
        sa.Column("conversion", sa.String(510), nullable=False),
        sa.Column("currency", sa.String(100), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("dashboard_website")
