"""Saved reports of the analyses that 2.x has."""

from __future__ import annotations

from typing import Annotated

from umami.embedded.http import Routes, Text
from umami.embedded.parameters import one_of
from umami.embedded.routes import saved

routes = Routes()

TYPES = (*("attribution", "funnel", "goals", "insights", "journey", "retention", "revenue", "utm"),)


class Report(saved.Report):
    """A report to save."""

    type: Annotated[Text, one_of(TYPES, "Invalid report type")]


saved.REPORTS.declare(routes, "/reports", Report, listed=saved.ListedReports)
