"""Reports: the analyses that were saved in Umami."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import pandas as pd

from components import formats
from components.areas import PageInfo
from components.blocks import (
    Block,
    Item,
    Params,
    Section,
    SetParams,
    Table,
    Text,
)
from components.formats import Field
from components.loading import Collector
from umami.analysis import saved
from umami.endpoints import reports
from umami.errors import InvalidView
from umami.models.paging import Page
from umami.models.reports import Report
from umami.view import View

INFO: Final = PageInfo(
    "reports",
    "Reports",
    "bookmarks",
    "Manage",
    1,
    "The analyses that were saved in Umami.",
    ("reports",),
    params=("report",),
    in_reports=False,
)
FIELDS: Final = (
    Field("name", "Report", "text", note="description"),
    Field("kind", "Kind", "text"),
    Field("changed", "Changed", "text", wide=True),
)


def report_id(params: Params) -> str:
    """The id of the report that is looked at, ``""`` where none is."""
    return (list(params.get("report", ())) or [""])[-1]


def name(report: Report) -> str:
    """The name of a report, or a text in place of it."""
    return report.name or "(no name)"


def ask(query: Collector, view: View, params: Params) -> Iterator[Item]:
    """The list of reports; a click looks at one, another click closes it."""
    listed = query.ask(reports.reports(view.website))
    yield Section("Saved reports", partial(blocks, view, report_id(params)), [listed], height=300)


def blocks(view: View, chosen: str, listed: Page[Report]) -> list[Block]:
    """The reports, and what to do with them."""
    if not listed.rows:
        text = (
            "No report is saved for this website yet. Save a funnel or a goal on its page, or any "
            "report in Umami, and it is listed here."
        )
        return [Text(text, "empty")]
    frame = pd.DataFrame(
        {
            "id": [report.id for report in listed.rows],
            "name": [name(report) for report in listed.rows],
            "kind": [_kind(report) for report in listed.rows],
            "description": [report.description for report in listed.rows],
            "changed": [_day(view, report) for report in listed.rows],
        }
    )
    table = Table(
        "reports",
        frame,
        FIELDS,
        "reports",
        shown=50,
        value="id",
        on_choose=lambda id: SetParams({"report": "" if id == chosen else id}),
        active=(chosen,),
    )
    texts = []
    if listed.count > len(listed.rows):
        first, count = len(listed.rows), formats.whole(listed.count)
        texts.append(Text(f"The first {first} of {count} are listed."))
    if not chosen:
        texts.append(Text("Choose a report to open, rename or delete it."))
    elif chosen not in set(frame["id"]):
        texts.append(Text("The report of this link is not among those of this website."))
    return [table, *texts]


def _kind(report: Report) -> str:
    """The title of the page that shows a report."""
    page = saved.PAGES.get(report.type, report.type)
    return "UTM" if page == "utm" else page.capitalize()


def _day(view: View, report: Report) -> str:
    changed = report.updated or report.created
    if changed is None:
        return formats.ABSENT
    return formats.moment(pd.Timestamp(changed).tz_convert(view.period.timezone), "day")


def opening(report: Report) -> saved.Opening | str:
    """How to open a report, or why no page can."""
    try:
        return saved.opening(report)
    except InvalidView as problem:
        return str(problem)


def custom_dates(view: View, report: Report) -> dict[str, list[str]]:
    """The parameters of a View over the dates that a report was saved with; none without any."""
    dates = saved.dates(report)
    if dates is None:
        return {}
    first, last = (
        pd.Timestamp(date).tz_convert(view.period.timezone).date().isoformat() for date in dates
    )
    return {"period": ["custom"], "from": [first], "to": [last], "unit": []}
