"""Sessions: totals, the list, and the way to one of them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from components import paging, parameters, tiles
from components.full_csv_export import Whole
from components.notices import show_note
from components.paging import Place
from components.told import sessions as told
from umami.endpoints import sessions as endpoints
from umami.models.paging import Page
from umami.models.sessions import Session, SessionStats
from umami.view import View

LIST = "sessions"


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the sessions is looked at."""

    place: Place
    session: str | None
    property: str | None


def choice() -> Choice:
    """Read the choice off the URL; what cannot be is said."""
    given = parameters.read(*paging.spelled(LIST), "session", told.PROPERTY)
    session = (given["session"] or [""])[-1]
    try:
        session = str(UUID(session)) if session else ""
    except ValueError:
        show_note(f"“{session[:40]}” is not the id of a session.")
        session = ""
    name = (given[told.PROPERTY] or [""])[-1][:500]
    return Choice(paging.read(LIST, given), session or None, name or None)


def totals(now: SessionStats, before: SessionStats | None = None) -> None:
    """The sums over all sessions of the View."""
    tiles.draw(told.totals(now, before))


def sessions(view: View, place: Place, found: Page[Session]) -> None:
    """One page of the list; a click opens the profile."""
    whole = Whole(
        lambda number, size: endpoints.sessions(view, number, size, place.search),
        lambda rows: told.frame(rows, view.period.timezone),
    )
    paging.listed(
        whole.frame(found.rows),
        told.fields(found.rows),
        found,
        place,
        what="sessions",
        key="session_list",
        empty=told.NO_SESSIONS,
        whole=whole,
        value="id",
        on_choose=lambda id: parameters.write(session=id),
    )


def choose(_event: str, name: str) -> None:
    """Look at the values of a property."""
    parameters.write(**{told.PROPERTY: name})
