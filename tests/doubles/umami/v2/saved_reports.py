"""Saved reports, of the analyses that 2.x has."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Routes
from umami.embedded.routes import saved_reports as newest
from umami.embedded.routes.saved_reports import Given, found, save

routes = Routes()

TYPES = (*("attribution", "funnel", "goals", "insights", "journey", "retention", "revenue", "utm"),)


@routes("POST", "/reports", Given)
def create_report(call: Call[Given]) -> Any:
    """Save a report."""
    return save(call, None, TYPES)


@routes("POST", "/reports/{report_id}", Given)
def update_report(call: Call[Given]) -> Any:
    """Save a report again."""
    return save(call, found(call), TYPES)


routes.all += newest.routes.all
