"""Saved: the analyses that were saved in Umami, and the notes of the website.

Its page adds the saved views.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pandas as pd

from access.notes import Note
from components import blocks as ui
from components import formats, note_effects, notes, texts
from components.areas import PageInfo, last_value
from components.formats import Field, translated
from components.loading import Collector
from components.texts import N_, _
from umami.analysis import saved
from umami.api import reports
from umami.api.notes import every_annotation
from umami.api.reports import Report
from umami.errors import InvalidView, NotOffered, UmamiError
from umami.parsing import Page
from umami.view import View

INFO: Final = PageInfo(
    "reports",
    N_("Saved"),
    "bookmarks",
    N_("Manage"),
    1,
    N_("Saved views, analyses that are saved in Umami, and notes on dates."),
    ("reports", "annotations"),
    note_effects.ENDPOINTS,
    params=("report", "note", "saved"),
    in_reports=False,
)
FIELDS: Final = (
    Field("name", N_("Name"), "text", note="description"),
    Field("kind", N_("Kind"), "text"),
    Field("changed", N_("Changed"), "text", wide=True),
)


_TITLES: Final = {
    "attribution": N_("Attribution"),
    "breakdown": N_("Breakdown"),
    "funnel": N_("Funnel"),
    "goals": N_("Goals"),
    "journey": N_("Journey"),
    "retention": N_("Retention"),
    "revenue": N_("Revenue"),
    "utm": N_("Campaigns"),
}
"""The titles of the pages that show reports; their modules would import this one."""


def report_id(params: ui.Params) -> str:
    """The id of the selected report, ``""`` for none."""
    return last_value(params, "report")


def name(report: Report) -> str:
    """The name of a report, or a placeholder."""
    return report.name or _("(no name)")


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The list of reports; a click selects a report, a second click deselects it."""
    saved_reports = query.ask(reports.reports(view.website))
    yield ui.Section(
        _("Saved reports"), partial(blocks, view, report_id(params)), [saved_reports], height=267
    )


def note_key(params: ui.Params) -> str:
    """The key of the selected note, ``""`` for none."""
    return last_value(params, "note")


def ask_notes(query: Collector, view: View, params: ui.Params) -> ui.Section:
    """The list of notes; a click selects a note, a second click deselects it. It says so where
    those of Umami are missing, unless the server has none."""
    merged = query.notes(view)
    annotations = query.ask(every_annotation(view.website))

    def make(listed: Sequence[Note]) -> list[ui.Block]:
        blocks = note_blocks(view, note_key(params), listed)
        # The notes are there once it is known what Umami answers.
        problem = annotations.exception()
        if not isinstance(problem, UmamiError) or isinstance(problem, NotOffered):
            return blocks
        unread = _("The annotations in Umami cannot be read: {reason}")
        return [*blocks, ui.Text(unread.format(reason=texts.sentence(problem)))]

    return ui.Section(_("Notes"), make, [merged], height=267)


def ask_effect(query: Collector, view: View, params: ui.Params) -> list[ui.Item]:
    """The measured effect of the selected note, if one is selected."""
    selected = note_key(params)
    return [note_effects.section(query, view, selected)] if selected else []


def note_blocks(view: View, selected: str, listed: Sequence[Note]) -> list[ui.Block]:
    """A table of all notes that the reader may see, and a hint."""
    if not listed:
        text = _("No notes yet. A note on a day appears on every chart over time, and here.")
        return [ui.Text(text, "empty")]
    table = notes.table(listed, view.period.timezone, selected=selected)
    if not selected:
        return [table, ui.Text(_("Select a note to see its effect, or to change or delete it."))]
    if all(note.key != selected for note in listed):
        return [table, ui.Text(_("The note of this link does not exist for this website."))]
    return [table]


def blocks(view: View, selected: str, saved_reports: Page[Report]) -> list[ui.Block]:
    """A table of the reports, and a hint."""
    if not saved_reports.rows:
        text = _(
            "Nothing is saved for this website yet. Save a funnel or a goal on its page, or a "
            "report in Umami. It is then listed here."
        )
        return [ui.Text(text, "empty")]
    frame = pd.DataFrame(
        {
            "id": [report.id for report in saved_reports.rows],
            "name": [name(report) for report in saved_reports.rows],
            "kind": [_kind(report) for report in saved_reports.rows],
            "description": [report.description for report in saved_reports.rows],
            "changed": [_day(view, report) for report in saved_reports.rows],
        }
    )
    table = ui.Table(
        _("reports"),
        frame,
        translated(FIELDS),
        "reports",
        shown=50,
        value="id",
        on_choose=lambda id: ui.SetParams({"report": "" if id == selected else id}),
        active=(selected,),
    )
    texts = []
    if saved_reports.count > len(saved_reports.rows):
        first, count = len(saved_reports.rows), formats.whole(saved_reports.count)
        texts.append(
            ui.Text(_("The first {first} of {count} are listed.").format(first=first, count=count))
        )
    if not selected:
        texts.append(ui.Text(_("Select a report to open, rename or delete it.")))
    elif selected not in set(frame["id"]):
        texts.append(ui.Text(_("The report of this link does not exist for this website.")))
    return [table, *texts]


def _kind(report: Report) -> str:
    """The title of the page that shows a report."""
    page = saved.PAGES.get(report.type, (report.type,))[0]
    return _(_TITLES[page]) if page in _TITLES else texts.capitalised(page)


def _day(view: View, report: Report) -> str:
    changed = report.updated or report.created
    if changed is None:
        return formats.ABSENT
    return formats.moment(pd.Timestamp(changed).tz_convert(view.period.timezone), "day")


def opening(report: Report) -> saved.Opening | str:
    """How to open a report, or why no page can open it."""
    try:
        return saved.opening(report)
    except InvalidView as problem:
        return texts.sentence(problem)


def custom_dates(view: View, report: Report) -> dict[str, list[str]]:
    """URL parameters of the dates that a report was saved with; empty if it has none."""
    dates = saved.dates(report)
    if dates is None:
        return {}
    first, last = (
        pd.Timestamp(date).tz_convert(view.period.timezone).date().isoformat() for date in dates
    )
    return {"period": ["custom"], "from": [first], "to": [last], "unit": []}
