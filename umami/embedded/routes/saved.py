"""What users save: segments and cohorts, annotations, links and pixels, and saved reports.

Clicks of links and views of pixels are events with their id as the website id, so every route that
analyses a website also accepts the id of a link or a pixel. The saved funnels and goals of a
website (3.4) are saved reports of these types with the same ids.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import AfterValidator, Field, ValidationError, create_model

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Text, from_milliseconds
from umami.embedded.parameters import MOST_ROWS, Listing, Page, Ranged, one_of, scope
from umami.embedded.refusals import BadRequest
from umami.embedded.routes import reports
from umami.embedded.routes.records import Changes, Records, Row
from umami.embedded.routes.reports import Date
from umami.embedded.state import ADMIN
from umami.embedded.store import COLLECTED

routes = Routes()

Kind = Literal["segment", "cohort"]


class ListedSegments(Page):
    equal = ("type",)
    type: Kind
    search: Text = ""


class Segment(Parameters):
    """A segment to save: its filters, and for a cohort also its dates and its action."""

    type: Kind
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    parameters: dict[str, Any]


_segments = Records(
    "segment", ("website_id", "type", "name", "parameters", "created_at", "updated_at")
)
_segments.declare(routes, "/websites/{website_id}/segments", Segment, listed=ListedSegments)


class ListedAnnotations(Listing):
    """A page of annotations; the dates restrict it only if both are set."""

    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        if self.startAt is None or self.endAt is None:
            return {}
        dates = from_milliseconds(self.startAt), from_milliseconds(self.endAt)
        return dict(zip(("date >= ?", "date <= ?"), dates, strict=True))


class Annotation(Parameters):
    date: Date
    note: Annotated[Text, Field(min_length=1, max_length=500)]
    allDay: bool = True


_annotations = Records(
    "annotation",
    ("website_id", "user_id", "date", "all_day", "note", "created_at", "updated_at"),
    searched=("note",),
    order="date",
)
_PATH = "/websites/{website_id}/annotations"
_annotations.declare(routes, _PATH, Annotation, listed=ListedAnnotations)


LinkName = Annotated[Text, Field(min_length=1, max_length=100)]
Slug = Annotated[str, Field(pattern=r"^[\w.-]{1,100}$")]
Url = Annotated[Text, Field(min_length=1, max_length=500)]


class CreatedPixel(Parameters):
    name: LinkName
    slug: Slug
    teamId: UUID | None = None
    id: UUID | None = None


class CreatedLink(CreatedPixel):
    url: Url


class ChangedPixel(Changes):
    name: LinkName = ""
    slug: Slug = ""


class ChangedLink(ChangedPixel):
    url: Url = ""


def _require_free(
    table: str, cursor: duckdb.DuckDBPyConnection, params: ChangedPixel, id: UUID
) -> None:
    query = f"SELECT 1 FROM {table} WHERE slug = ? AND {table}_id <> ? AND deleted_at IS NULL"
    if cursor.execute(query, [params.slug, id]).fetchone():
        raise BadRequest("slug: That slug is taken")


def _owner(row: Row) -> dict[str, Any]:
    return {"userId": None if row["team_id"] else ADMIN.id}


def _links(table: str, *columns: str) -> Records:
    return Records(
        table,
        (*columns, "slug", "team_id", "created_at", "updated_at", "deleted_at"),
        fixed={"deleted_at": None},
        searched=("name", "slug"),
        more=_owner,
        require_free=partial(_require_free, table),
        erased=COLLECTED,
    )


_links("link", "name", "url").declare(routes, "/links", CreatedLink, ChangedLink)
_links("pixel", "name").declare(routes, "/pixels", CreatedPixel, ChangedPixel)


TYPES = (
    *("attribution", "breakdown", "funnel", "goal", "journey", "performance", "retention"),
    *("revenue", "utm"),
)
"""The analyses whose parameters can be saved."""
COLUMNS = (
    *("user_id", "website_id", "type", "name", "description", "parameters"),
    *("created_at", "updated_at"),
)
REPORTS = Records("report", COLUMNS)


class ListedReports(Page):
    equal = ("websiteId",)
    websiteId: UUID | None = None
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10


class ListedReportsOfWebsite(Listing):
    """A page of saved reports, of one type or of all."""

    equal = ("type",)
    type: Text | None = None


class Report(Parameters):
    websiteId: UUID
    type: Annotated[Text, one_of(TYPES, "Invalid report type")]
    name: Annotated[str, Field(max_length=200), AfterValidator(str.strip), Field(min_length=1)]
    description: Annotated[Text, Field(max_length=500)] = ""
    parameters: dict[str, Any]


class Analysis(Parameters):
    """A funnel or a goal to save."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=500)] = ""


def _declare_analysis(kind: str, analysis: type[reports.Funnel] | type[reports.Goal]) -> None:
    path = f"/websites/{{website_id}}/{kind}s"
    saved = Records("report", COLUMNS, fixed={"type": kind})

    @routes("GET", f"{path}/{{report_id}}/stats", Ranged)
    def stats(call: Call[Ranged]) -> Any:
        """Return the result of a saved analysis over a range."""
        parameters = saved.read(call)["parameters"]
        try:
            # Reports saved by /reports may have more parameters, such as their own range.
            params = analysis.model_validate(
                {name: parameters[name] for name in analysis.model_fields if name in parameters}
            )
        except (ValidationError, TypeError):
            raise BadRequest(f"The parameters of this {kind} cannot be read") from None
        return params.answer(call.umami.store, scope(call))

    name = f"{analysis.__name__}Analysis"
    body = create_model(name, __base__=Analysis, parameters=(analysis, ...))
    saved.declare(routes, path, body)


routes("GET", "/reports", ListedReports)(REPORTS.page)
routes("GET", "/websites/{website_id}/reports", ListedReportsOfWebsite)(REPORTS.page)
REPORTS.declare(routes, "/reports", Report, listed=None)
_declare_analysis("funnel", reports.Funnel)
_declare_analysis("goal", reports.Goal)
