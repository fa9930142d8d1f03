"""What the dashboard stores for a website: what counts as a conversion there."""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert, select

from access.database import WEBSITES, Opening, exclusive, reading

Texts = tuple[str, str]
"""The conversion and the currency as texts of URLs (``View.conversion``, ``View.currency``)."""


def conversion(engine: Engine, website: str) -> Texts | None:
    """Return what was saved for a website; ``None`` if nothing was."""
    query = select(WEBSITES.c.conversion, WEBSITES.c.currency).where(WEBSITES.c.website == website)
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return (row.conversion, row.currency) if row else None


def conversions(engine: Opening) -> dict[str, Texts]:
    """Return what was saved for every website that something was saved for; nothing while the
    database cannot be reached."""
    rows = reading(engine, select(WEBSITES))
    return {row["website"]: (row["conversion"], row["currency"]) for row in rows}


def save_conversion(engine: Engine, website: str, saved: Texts | None) -> None:
    """Save what counts as a conversion for everybody who opens a website; ``None`` forgets it."""
    with exclusive(engine) as connection:
        connection.execute(delete(WEBSITES).where(WEBSITES.c.website == website))
        if saved:
            values = dict(zip(("conversion", "currency"), saved, strict=True))
            connection.execute(insert(WEBSITES).values(website=website, **values))
