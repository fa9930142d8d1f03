"""Events: totals, the list, the way to whoever did one."""

from __future__ import annotations

from dataclasses import dataclass

from components import navigation, paging, parameters, tiles
from components.full_csv_export import Whole
from components.paging import Place
from components.told import events as told
from umami.endpoints import events as endpoints
from umami.models.events import Event, EventTotals
from umami.models.paging import Page
from umami.view import View

LIST = "events"


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the events is looked at: a page of the list, a property of an event."""

    place: Place
    property: tuple[str, str] | None


def choice() -> Choice:
    """Read the choice off the URL."""
    given = parameters.read(*paging.spelled(LIST), "event", told.PROPERTY)
    event, name = ((given[one] or [""])[-1][:500] for one in ("event", told.PROPERTY))
    return Choice(paging.read(LIST, given), (event, name) if event and name else None)


def totals(now: EventTotals, before: EventTotals | None = None) -> None:
    """How many custom events there were, and by how many."""
    tiles.draw(told.totals(now, before))


def events(view: View, place: Place, found: Page[Event]) -> None:
    """One page of the list; a click opens the profile of who did it."""
    whole = Whole(
        lambda number, size: endpoints.events(view, number, size, place.search),
        lambda rows: told.frame(rows, view.period.timezone),
    )
    paging.listed(
        whole.frame(found.rows),
        told.FIELDS,
        found,
        place,
        what="views and events",
        key="event_list",
        empty=told.NOTHING,
        whole=whole,
        value="session",
        on_choose=lambda session: navigation.go("sessions", session=session),
    )


def choose(event: str, name: str) -> None:
    """Look at the values of a property."""
    parameters.write(event=event, **{told.PROPERTY: name})
