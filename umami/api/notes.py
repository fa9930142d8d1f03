"""Notes on dates, which Umami calls annotations."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from umami.api.params import paging
from umami.endpoint import Query, RawQuery, listing, write
from umami.errors import InvalidView
from umami.parsing import Created, Item, Moment, Page, Time
from umami.period import EARLIEST, LATEST, MILLISECOND, Period, iso_time
from umami.view import View

LONGEST_NOTE = 500
MOST_NOTES = 1_000
_ALL = "/websites/{website}/annotations"
_ONE = f"{_ALL}/{{annotation}}"
_listing = partial(listing, since="3.4", subject="annotations", filtered=False)
_write = partial(write, since="3.4", subject="annotations")


class Annotation(Item):
    """A note on a date of a website: a release, a campaign. ``at`` is an instant (UTC); with
    ``all_day`` only its date counts."""

    id: str
    at: Annotated[Moment, Field(alias="date")]
    note: str
    all_day: Annotated[bool, BeforeValidator(lambda value: value is None or value)] = True
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None


@_listing(_ALL)
def annotations(
    view: View, search: str | None = None, page: int = 1, page_size: int = 100
) -> RawQuery[Page[Annotation]]:
    """The notes on dates of the period, a page at a time; takes no filters."""
    return RawQuery(paging(page, page_size, search))


def every_annotation(website: str) -> Query[Page[Annotation]]:
    """The query of the notes of a website of any date: up to ``MOST_NOTES`` of
    them."""
    always = Period(EARLIEST, LATEST - MILLISECOND, "year", "UTC")
    return annotations(View(website, always), page_size=MOST_NOTES)


@_listing(_ONE)
def annotation(website: str, annotation: str) -> RawQuery[Annotation]:
    """One note; raises ``NotFound`` where the website has no such note."""
    return RawQuery()


@_write("POST", _ALL)
def create_annotation(
    website: str, at: datetime, note: str, all_day: bool = True
) -> RawQuery[Annotation]:
    """Add a note of up to 500 characters to a date; ``at`` is an aware datetime."""
    return RawQuery(body=_body(at, note, all_day))


@_write("POST", _ONE)
def update_annotation(
    website: str, annotation: str, at: datetime, note: str, all_day: bool = True
) -> RawQuery[Annotation]:
    """Change a note or its date."""
    return RawQuery(body=_body(at, note, all_day))


@_write("DELETE", _ONE)
def delete_annotation(website: str, annotation: str) -> RawQuery[None]:
    """Delete a note."""
    return RawQuery()


def _body(at: datetime, note: str, all_day: bool) -> dict[str, Any]:
    if at.tzinfo is None:
        raise InvalidView("An annotation needs an instant, not a wall-clock time.")
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise InvalidView(f"An annotation has 1 to {LONGEST_NOTE} characters.")
    return {"date": iso_time(at.astimezone(UTC)), "note": note, "allDay": all_day}
