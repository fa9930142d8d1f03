"""Saved segments and cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from umami.api.params import uuid_of
from umami.api.records import Object, Page, Record, done, paged
from umami.endpoint import Access, Effort, Freshness, RawQuery, endpoint

Kind = Literal["segment", "cohort"]


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """A saved set of filters; ``parameters`` are in the server's format."""

    missing: ClassVar[str] = "There is no such segment."
    of_other: ClassVar[str] = "This website has no such segment."

    id: str
    kind: Annotated[Kind, Field(alias="type")]
    name: str
    parameters: Object = field(default_factory=dict)


@endpoint(
    "GET",
    "/websites/{website}/segments",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.19",
    subject="segments",
)
def segments(website: str, kind: Kind = "segment") -> RawQuery[Page[Segment]]:
    """The segments or cohorts that were saved for a website."""
    return RawQuery(paged(Segment.read), path={"website": uuid_of(website)}, query={"type": kind})


@endpoint(
    "GET",
    "/websites/{website}/segments/{segment}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.19",
    subject="segments",
)
def segment(website: str, segment: str) -> RawQuery[Segment]:
    """One segment or cohort; raises ``NotFound`` where the website has no such segment."""
    return RawQuery(
        partial(Segment.read_of, website=uuid_of(website)), path=_path(website, segment)
    )


@endpoint(
    "POST",
    "/websites/{website}/segments",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="3.0",
    subject="segments that can be saved in today’s form",
)
def create_segment(
    website: str, kind: Kind, name: str, parameters: Mapping[str, Any]
) -> RawQuery[Segment]:
    """Save a segment or cohort: ``parameters`` are ``{filters: [{name, operator, value}], match}``;
    those of a cohort also have ``dateRange`` and ``action`` (``{type, value}``)."""
    return RawQuery(
        Segment.read, path={"website": uuid_of(website)}, body=_body(kind, name, parameters)
    )


@endpoint(
    "POST",
    "/websites/{website}/segments/{segment}",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="3.0",
    subject="segments that can be saved in today’s form",
)
def update_segment(
    website: str, segment: str, kind: Kind, name: str, parameters: Mapping[str, Any]
) -> RawQuery[Segment]:
    """Change a segment or cohort."""
    return RawQuery(Segment.read, path=_path(website, segment), body=_body(kind, name, parameters))


@endpoint(
    "DELETE",
    "/websites/{website}/segments/{segment}",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="2.19",
    subject="segments",
)
def delete_segment(website: str, segment: str) -> RawQuery[None]:
    """Delete a segment or cohort."""
    return RawQuery(done, path=_path(website, segment))


def _path(website: str, segment: str) -> dict[str, str]:
    return {"website": uuid_of(website), "segment": uuid_of(segment, "segment")}


def _body(kind: Kind, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "name": name, "parameters": dict(parameters)}
