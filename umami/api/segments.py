"""Saved segments and cohorts."""

from collections.abc import Mapping
from dataclasses import field
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from umami.endpoint import RawQuery, listing, write
from umami.parsing import Item, Object, Page
from umami.texts import N_

Kind = Literal["segment", "cohort"]
_ALL = "/websites/{website}/segments"
_ONE = f"{_ALL}/{{segment}}"
_listing = partial(listing, since="2.19", subject="segments")
_save = partial(write, "POST", since="2.19", subject="segments")
MISSING: Final = N_("This website has no such segment or cohort: it may have been deleted.")


class Segment(Item):
    """A saved set of filters; ``parameters`` are in the server's format."""

    id: str
    kind: Annotated[Kind, Field(alias="type")]
    name: str
    parameters: Object = field(default_factory=dict)


@_listing(_ALL)
def segments(website: str, kind: Kind = "segment") -> RawQuery[Page[Segment]]:
    """The segments or cohorts that were saved for a website: all ``count`` of them, or the first 20
    where the server lists no more."""
    return RawQuery({"type": kind})


@_listing(_ONE)
def segment(website: str, segment: str) -> RawQuery[Segment]:
    """One segment or cohort; raises ``NotFound`` where the website has no such segment."""
    return RawQuery()


@_save(_ALL)
def create_segment(
    website: str, kind: Kind, name: str, parameters: Mapping[str, Any]
) -> RawQuery[Segment]:
    """Save a segment or cohort: ``parameters`` are ``{filters: [{name, operator, value}], match}``;
    those of a cohort also have ``dateRange`` and ``action`` (``{type, value}``)."""
    return RawQuery(body={"type": kind, "name": name, "parameters": dict(parameters)})


@_save(_ONE)
def update_segment(
    website: str, segment: str, kind: Kind, name: str, parameters: Mapping[str, Any]
) -> RawQuery[Segment]:
    """Change a segment or cohort."""
    return RawQuery(body={"type": kind, "name": name, "parameters": dict(parameters)})


@write("DELETE", _ONE, since="2.19", subject="segments")
def delete_segment(website: str, segment: str) -> RawQuery[None]:
    """Delete a segment or cohort."""
    return RawQuery()
