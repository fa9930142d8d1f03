"""Saved reports, and saved funnels and goals of a website (3.4), which are saved reports of these
types with the same ids."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationError, create_model

from umami.embedded import saved_reports
from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, to_iso
from umami.embedded.listing import Listing
from umami.embedded.parameters import MOST_ROWS, Page, Ranged, scope
from umami.embedded.refusals import BadRequest, Refusal
from umami.embedded.routes import reports
from umami.embedded.saved_reports import TYPES, Saved

routes = Routes()

Kind = Literal["funnel", "goal"]
Save = Callable[[Call[Any], Saved | None], Any]


class Listed(Page):
    """A page of saved reports."""

    websiteId: UUID | None = None
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10


class ListedOfWebsite(Listing):
    """A page of saved reports, of one type or of all."""

    type: Text | None = None


class Report(Parameters):
    """A report to save."""

    websiteId: UUID
    type: Text
    name: Annotated[str, Field(max_length=200), AfterValidator(str.strip), Field(min_length=1)]
    description: Annotated[Text, Field(max_length=500)] = ""
    parameters: dict[str, Any]


class Analysis(Parameters):
    """A funnel or a goal to save."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=500)] = ""


@routes("GET", "/reports", Listed)
def page(call: Call[Listed]) -> Any:
    """Return a page of the saved reports of a website or of all websites."""
    params = call.params
    rows, count = saved_reports.page_of_reports(
        call.umami.store, params.websiteId, params.pageSize, params.skipped
    )
    return params.response([_json(report) for report in rows], count)


@routes("GET", "/websites/{website_id}/reports", ListedOfWebsite)
def page_of_website(call: Call[ListedOfWebsite]) -> Any:
    """Return a page of the saved reports of a website, by name."""
    return _page(call, call.params.type)


def _declare(path: str, body: type[Parameters], kind: Kind | None, save: Save) -> None:
    """Declare the routes to create, read, change and delete saved reports, of one kind or all."""

    @routes("POST", path, body)
    def create(call: Call[Any]) -> Any:
        """Save a new report."""
        return save(call, None)

    @routes("GET", f"{path}/{{report_id}}", Nothing)
    def read(call: Call[Nothing]) -> Any:
        """Return a saved report."""
        return _json(requested(call, kind))

    @routes("POST", f"{path}/{{report_id}}", body)
    def change(call: Call[Any]) -> Any:
        """Replace a saved report."""
        return save(call, requested(call, kind))

    @routes("DELETE", f"{path}/{{report_id}}", Nothing)
    def delete(call: Call[Nothing]) -> Any:
        """Delete a saved report."""
        saved_reports.delete(call.umami.store, requested(call, kind).id)
        return {"ok": True}


def _declare_analysis(kind: Kind, analysis: type[reports.Funnel] | type[reports.Goal]) -> None:
    path = f"/websites/{{website_id}}/{kind}s"

    @routes("GET", path, Listing)
    def page(call: Call[Listing]) -> Any:
        """Return a page of the saved analyses, by name."""
        return _page(call, kind)

    @routes("GET", f"{path}/{{report_id}}/stats", Ranged)
    def stats(call: Call[Ranged]) -> Any:
        """Return the result of a saved analysis over a range."""
        parameters = requested(call, kind).parameters
        try:
            # Reports saved by /reports may have more parameters, such as their own range.
            params = analysis.model_validate(
                {name: parameters[name] for name in analysis.model_fields if name in parameters}
            )
        except (ValidationError, TypeError):
            raise BadRequest(f"The parameters of this {kind} cannot be read") from None
        return params.answer(call.umami.store, scope(call))

    def save(call: Call[Any], instead: Saved | None) -> Any:
        parameters = call.params.parameters.model_dump(mode="json", exclude_unset=True)
        return _save(call, call.id("website_id"), kind, parameters, instead)

    name = f"{analysis.__name__}Analysis"
    body = create_model(name, __base__=Analysis, parameters=(analysis, ...))
    _declare(path, body, kind, save)


def requested(call: Call[Any], kind: Kind | None = None) -> Saved:
    """Return the report of the path's id; raise ``Refusal`` 404 if it does not exist, or if it is
    not of the path's website and the kind."""
    report = saved_reports.by_id(call.umami.store, call.id("report_id"))
    if report is None or (kind and (report.website, report.type) != (call.id("website_id"), kind)):
        raise Refusal(404, "Not found")
    return report


def save(call: Call[Report], instead: Saved | None, types: Collection[str] = TYPES) -> Any:
    """Save a report of one of the types, or replace the report ``instead``."""
    params = call.params
    if params.type not in types:
        raise BadRequest("type: Invalid report type")
    return _save(call, params.websiteId, params.type, params.parameters, instead)


def _save(call: Call[Any], website: UUID, kind: str, parameters: Any, instead: Saved | None) -> Any:
    assert call.user
    name, description = call.params.name, call.params.description
    report = saved_reports.save(
        call.umami.store,
        call.user.id,
        website,
        kind,
        name,
        description,
        parameters,
        instead=instead,
    )
    return _json(report)


def _page(call: Call[Any], kind: str | None) -> Any:
    rows = saved_reports.of_website(call.umami.store, call.id("website_id"), kind)
    searched = call.params.searched
    return call.params.answer([_json(row) for row in rows if searched in row.name.lower()])


def _json(report: Saved) -> dict[str, Any]:
    return {
        "id": str(report.id),
        "userId": str(report.user),
        "websiteId": str(report.website),
        "type": report.type,
        "name": report.name,
        "description": report.description,
        "parameters": report.parameters,
        "createdAt": to_iso(report.created),
        "updatedAt": to_iso(report.updated),
    }


_declare("/reports", Report, None, save)
_declare_analysis("funnel", reports.Funnel)
_declare_analysis("goal", reports.Goal)
