"""Saved reports of the analyses that 2.x has."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Routes
from umami.embedded.routes import saved_reports as newest
from umami.embedded.routes.saved_reports import Report, requested, save

routes = Routes()

TYPES = (*("attribution", "funnel", "goals", "insights", "journey", "retention", "revenue", "utm"),)


@routes("POST", "/reports", Report)
def create_report(call: Call[Report]) -> Any:
    """Save a report."""
    return save(call, None, TYPES)


@routes("POST", "/reports/{report_id}", Report)
def update_report(call: Call[Report]) -> Any:
    """Replace a saved report."""
    return save(call, requested(call), TYPES)


routes.all += [route for route in newest.routes.all if route.path.startswith("/api/reports")]
