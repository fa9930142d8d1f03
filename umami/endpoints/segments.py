"""Saved segments and cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from umami.endpoints.spelling import identified
from umami.models.paging import Page, paged
from umami.models.segments import Kind, Segment
from umami.models.websites import done
from umami.question import Access, Asked, Effort, Freshness, endpoint


@endpoint(
    "GET",
    "/websites/{website}/segments",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.19",
    subject="segments",
)
def segments(website: str, kind: Kind = "segment") -> Asked[Page[Segment]]:
    """The segments or cohorts that were saved for a website."""
    return Asked(paged(Segment.read), path={"website": identified(website)}, query={"type": kind})


@endpoint(
    "GET",
    "/websites/{website}/segments/{segment}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.19",
    subject="segments",
)
def segment(website: str, segment: str) -> Asked[Segment]:
    """One segment or cohort; raises ``NotFound`` where the website has no such segment."""
    return Asked(partial(Segment.read, website=identified(website)), path=_path(website, segment))


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
) -> Asked[Segment]:
    """Save a segment or cohort: ``parameters`` are ``{filters: [{name, operator, value}], match}``;
    those of a cohort also have ``dateRange`` and ``action`` (``{type, value}``)."""
    return Asked(
        Segment.read, path={"website": identified(website)}, body=_body(kind, name, parameters)
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
) -> Asked[Segment]:
    """Change a segment or cohort."""
    return Asked(Segment.read, path=_path(website, segment), body=_body(kind, name, parameters))


@endpoint(
    "DELETE",
    "/websites/{website}/segments/{segment}",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="2.19",
    subject="segments",
)
def delete_segment(website: str, segment: str) -> Asked[None]:
    """Delete a segment or cohort."""
    return Asked(done, path=_path(website, segment))


def _path(website: str, segment: str) -> dict[str, str]:
    return {"website": identified(website), "segment": identified(segment, "segment")}


def _body(kind: Kind, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "name": name, "parameters": dict(parameters)}
