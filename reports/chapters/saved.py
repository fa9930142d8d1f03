"""Analyses saved in Umami, for chapters whose page has parameters of its own to be asked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reports.asking import Asking
from umami.analysis import saved
from umami.endpoints import reports
from umami.errors import InvalidView
from umami.models.paging import Page
from umami.models.reports import Report

MOST: Final = 6
"""Saved analyses of a kind that a report has, the first ones listed."""
_NONE: Final[Page[Report]] = Page((), 0, 1, 0)


def of_kind(page: Asking, kind: str) -> list[tuple[str, Mapping[str, Sequence[str]]]]:
    """Names and page parameters of the analyses that were saved for the website; none where the
    server cannot tell. Waits for the answer."""
    listed = page.hint(reports.reports(page.view.website), _NONE).result()
    found: list[tuple[str, Mapping[str, Sequence[str]]]] = []
    for report in listed.rows:
        if report.type != kind or len(found) == MOST:
            continue
        try:
            given = saved.opening(report).parameters
        except InvalidView:
            # The page of reports says what is wrong with it.
            continue
        spelled = {name: [one] if isinstance(one, str) else one for name, one in given.items()}
        found.append((report.name or "(no name)", spelled))
    return found
