"""Saved reports: list, create, read, change, delete."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from umami.embedded import saved_reports
from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, to_iso
from umami.embedded.parameters import MOST_ROWS
from umami.embedded.refusals import BadRequest, Refusal
from umami.embedded.saved_reports import TYPES, Saved

routes = Routes()


class Listed(Parameters):
    """A page of saved reports."""

    websiteId: UUID | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10


class Given(Parameters):
    """A report to save."""

    websiteId: UUID
    type: Text
    name: Annotated[str, Field(max_length=200), AfterValidator(str.strip), Field(min_length=1)]
    description: Annotated[Text, Field(max_length=500)] = ""
    parameters: dict[str, Any]


@routes("GET", "/reports", Listed)
def reports(call: Call[Listed]) -> Any:
    """Saved reports, a page at a time."""
    asked = call.params
    skipped = (asked.page - 1) * asked.pageSize
    rows, count = saved_reports.page_of_reports(
        call.umami.store, asked.websiteId, asked.pageSize, skipped
    )
    return {
        "data": [spelled_report(report) for report in rows],
        "count": count,
        "page": asked.page,
        "pageSize": asked.pageSize,
    }


@routes("POST", "/reports", Given)
def create_report(call: Call[Given]) -> Any:
    """Save a report."""
    return save(call, None)


@routes("GET", "/reports/{report_id}", Nothing)
def report(call: Call[Nothing]) -> Any:
    """A saved report."""
    return spelled_report(found(call))


@routes("POST", "/reports/{report_id}", Given)
def update_report(call: Call[Given]) -> Any:
    """Save a report again."""
    return save(call, found(call))


@routes("DELETE", "/reports/{report_id}", Nothing)
def delete_report(call: Call[Nothing]) -> Any:
    """Delete a report."""
    saved_reports.delete(call.umami.store, found(call).id)
    return {"ok": True}


def found(call: Call[Any]) -> Saved:
    """The report of the path's id; ``Refusal`` 404 where there is none."""
    report = saved_reports.by_id(call.umami.store, call.id("report_id"))
    if report is None:
        raise Refusal(404, "Not found")
    return report


def save(call: Call[Given], instead: Saved | None, types: Collection[str] = TYPES) -> Any:
    """Save a report of one of the types, or save it ``instead`` of one that is there."""
    asked = call.params
    if asked.type not in types:
        raise BadRequest("type: Invalid report type")
    if call.user is None:
        raise Refusal(401, "Unauthorized")
    saved = saved_reports.save(
        call.umami.store,
        call.user.id,
        asked.websiteId,
        asked.type,
        asked.name,
        asked.description,
        asked.parameters,
        instead=instead,
    )
    return spelled_report(saved)


def spelled_report(report: Saved) -> dict[str, Any]:
    """A saved report as it is answered."""
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
