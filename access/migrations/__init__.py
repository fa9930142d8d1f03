"""The revisions of the database's schema, which Alembic upgrades and downgrades.

``versions/`` has one script for each. A script states the schema of its time and imports nothing of
``access``, so that it never changes its meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from umami.errors import SettingsError

_DIRECTORY: Final = Path(__file__).parent
REVISIONS: Final = sorted(
    path.stem.removeprefix("rev_") for path in _DIRECTORY.glob("versions/rev_*.py")
)
"""The revisions, oldest first."""
TABLE: Final = "dashboard_version"
"""Holds a database's revision; Alembic's usual name may be taken by another program's tables."""


def current(connection: Connection) -> str | None:
    """Return the revision of a database; ``None`` if it is empty or older than the first one."""
    if not sa.inspect(connection).has_table(TABLE):
        return None
    revision: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {TABLE}"))
    return revision


def migrate(connection: Connection, revision: str = REVISIONS[-1]) -> None:
    """Upgrade or downgrade a database to a revision, in the transaction of ``connection``.

    Raises ``SettingsError`` if this program does not know the revision, or that of the database.
    """
    if revision not in REVISIONS:
        raise SettingsError(
            f"The database has no revision {revision[:32]}.",
            remedy=f"Name one of these: {', '.join(REVISIONS)}.",
        )
    now = current(connection)
    if now is not None and now not in REVISIONS:
        raise SettingsError(
            f"The database has revision {now[:32]}, but this version of the dashboard knows "
            f"revisions up to {REVISIONS[-1]}.",
            remedy="Install the newer version again, or run its command: python -m access "
            f"downgrade {REVISIONS[-1]}",
        )
    if now == revision:
        return
    # Imported here, because most starts find nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": TABLE})
    config.set_main_option("script_location", str(_DIRECTORY).replace("%", "%%"))
    (command.downgrade if now and now > revision else command.upgrade)(config, revision)
