"""Notes on dates, which Umami calls annotations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from umami.api.params import for_view, iso_time, paging, uuid_of
from umami.api.records import Created, Moment, Page, Record, done, paged
from umami.endpoint import Access, Effort, Freshness, RawQuery, endpoint
from umami.errors import InvalidView
from umami.parsing import Time
from umami.view import View


@dataclass(frozen=True, slots=True)
class Annotation(Record):
    """A note on a date of a website: a release, a campaign. ``at`` is an instant (UTC); with
    ``all_day`` only its date counts."""

    missing: ClassVar[str] = "There is no such annotation."
    of_other: ClassVar[str] = "This website has no such annotation."

    id: str
    at: Annotated[Moment, Field(alias="date")]
    note: str
    all_day: Annotated[bool, BeforeValidator(lambda value: value is None or value)] = True
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None


LONGEST_NOTE = 500


# The import of ``annotations`` above is only a message to the compiler.
@endpoint(  # type: ignore[no-redef]
    "GET",
    "/websites/{website}/annotations",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.4",
    subject="annotations",
    filtered=False,
)
def annotations(
    view: View, search: str | None = None, page: int = 1, page_size: int = 100
) -> RawQuery[Page[Annotation]]:
    """The notes on dates of the period, a page at a time; takes no filters."""
    return for_view(paged(Annotation.read), view, paging(page, page_size, search))


@endpoint(
    "GET",
    "/websites/{website}/annotations/{annotation}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.4",
    subject="annotations",
)
def annotation(website: str, annotation: str) -> RawQuery[Annotation]:
    """One note; raises ``NotFound`` where the website has no such note."""
    return RawQuery(
        partial(Annotation.read_of, website=uuid_of(website)), path=_path(website, annotation)
    )


@endpoint(
    "POST",
    "/websites/{website}/annotations",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="3.4",
    subject="annotations",
)
def create_annotation(
    website: str, at: datetime, note: str, all_day: bool = True
) -> RawQuery[Annotation]:
    """Add a note of up to 500 characters to a date; ``at`` is an aware datetime."""
    return RawQuery(
        Annotation.read, path={"website": uuid_of(website)}, body=_body(at, note, all_day)
    )


@endpoint(
    "POST",
    "/websites/{website}/annotations/{annotation}",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="3.4",
    subject="annotations",
)
def update_annotation(
    website: str, annotation: str, at: datetime, note: str, all_day: bool = True
) -> RawQuery[Annotation]:
    """Change a note or its date."""
    return RawQuery(Annotation.read, path=_path(website, annotation), body=_body(at, note, all_day))


@endpoint(
    "DELETE",
    "/websites/{website}/annotations/{annotation}",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="3.4",
    subject="annotations",
)
def delete_annotation(website: str, annotation: str) -> RawQuery[None]:
    """Delete a note."""
    return RawQuery(done, path=_path(website, annotation))


def _path(website: str, annotation: str) -> dict[str, str]:
    return {
        "website": uuid_of(website),
        "annotation": uuid_of(annotation, "annotation"),
    }


def _body(at: datetime, note: str, all_day: bool) -> dict[str, Any]:
    if at.tzinfo is None:
        raise InvalidView("An annotation needs an instant, not a wall-clock time.")
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise InvalidView(f"An annotation has 1 to {LONGEST_NOTE} characters.")
    return {"date": iso_time(at.astimezone(UTC)), "note": note, "allDay": all_day}
