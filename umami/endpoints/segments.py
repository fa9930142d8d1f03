"""Saved segments and cohorts."""

from __future__ import annotations

from typing import Literal

from umami.endpoints.spelling import identified
from umami.models.paging import Page, paged
from umami.models.segments import Segment
from umami.question import Asked, Effort, Freshness, endpoint


@endpoint(
    "GET",
    "/websites/{website}/segments",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.19",
)
def segments(website: str, kind: Literal["segment", "cohort"] = "segment") -> Asked[Page[Segment]]:
    """The segments or cohorts that were saved for a website."""
    return Asked(paged(Segment.read), path={"website": identified(website)}, query={"type": kind})
