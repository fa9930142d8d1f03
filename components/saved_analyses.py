"""Analyses saved in Umami: the list of a website, and what reports show of them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Final

from components.blocks import Params
from components.loading import Collector
from umami.analysis import saved
from umami.endpoints import reports
from umami.errors import InvalidView
from umami.models.records import Page
from umami.models.reports import Report
from umami.view import View

MOST: Final = 6
"""Saved analyses of a kind that a report has, the first ones listed."""
_NONE: Final[Page[Report]] = Page((), 0, 1, 0)


def ask(query: Collector, view: View) -> Future[Page[Report]]:
    """The analyses that were saved for the website; none where the server cannot list them."""
    return query.hint(reports.reports(view.website), _NONE)


def of_kind(query: Collector, view: View, kind: str) -> list[tuple[str, Params]]:
    """Names and page parameters of the first saved analyses of a kind. Waits for the list."""
    analyses: list[tuple[str, Params]] = []
    for report in ask(query, view).result().rows:
        if report.type != kind or len(analyses) == MOST:
            continue
        try:
            params = saved.opening(report).parameters
        except InvalidView:
            # The Reports page says what is wrong with it.
            continue
        spelled = {name: [text] if isinstance(text, str) else text for name, text in params.items()}
        analyses.append((report.name or "(no name)", spelled))
    return analyses
