"""Saved reports: the parameters of an analysis, under a name.

The saved funnels and goals of a website (3.4) are saved reports of these types with the same ids.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationError, create_model

from umami.embedded.http import Call, Parameters, Routes, Text
from umami.embedded.parameters import MOST_ROWS, Listing, Page, Ranged, one_of, scope
from umami.embedded.refusals import BadRequest
from umami.embedded.routes import reports
from umami.embedded.routes.records import Records

routes = Routes()

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


class Listed(Page):
    """A page of saved reports."""

    websiteId: UUID | None = None
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10

    @property
    def conditions(self) -> dict[str, Any]:
        """The SQL conditions of the page, with their values."""
        return {"website_id = ?": self.websiteId} if self.websiteId else {}


class ListedOfWebsite(Listing):
    """A page of saved reports, of one type or of all."""

    type: Text | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """The SQL conditions of the page, with their values."""
        return {} if self.type is None else {"type = ?": self.type}


class Report(Parameters):
    """A report to save."""

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


routes("GET", "/reports", Listed)(REPORTS.page)
routes("GET", "/websites/{website_id}/reports", ListedOfWebsite)(REPORTS.page)
REPORTS.declare(routes, "/reports", Report, listed=None)
_declare_analysis("funnel", reports.Funnel)
_declare_analysis("goal", reports.Goal)
