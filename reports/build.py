"""Builds a report: sends the queries of its pages and turns their layouts into chapters, and these
into the content of a file."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, Literal

from access.notes import Note
from access.permissions import AuthorizedClient
from access.reader import Reader
from components import (
    blocks,
    conditions,
    formats,
    history,
    note_effects,
    notes,
    texts,
    view_description,
)
from components.areas import PageInfo
from components.blocks import Block, Chart, Findings, Params, Text
from components.loading import Collector, QueryClient, fault_location
from components.notes import Flag
from components.page_registry import AREAS, PAGES
from components.texts import _
from reports import chromium, html, xlsx
from reports.chromium import Paper
from reports.document import Chapter, Cover, Report, Section
from umami.api.websites import Website
from umami.background_task import ProgressCallback
from umami.errors import UmamiError
from umami.period import zone
from umami.view import View

FileKind = Literal["html", "pdf", "xlsx"]
MIMES: Final[dict[FileKind, str]] = {
    "html": "text/html",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What to build: pages by name, of a View.

    ``sites`` are the websites that may be seen. ``params`` holds the pages' own parameters, by
    page. ``tells_address`` says whether readers may know the address of the server.
    """

    view: View
    pages: Sequence[str]
    sites: Sequence[Website]
    params: Mapping[str, Params] = field(default_factory=dict)
    tells_address: bool = False


def within_exports(
    client: AuthorizedClient, sites: Sequence[Website]
) -> tuple[AuthorizedClient, Sequence[Website]]:
    """The client and the websites of a report, which is handed on: some pages show other websites
    than that of the View, and their reader may be allowed to see one, but not to export it."""
    exported = [site for site in sites if client.permissions.exports(site.id)]
    if len(exported) == len(sites):
        return client, sites
    return client.within({site.id for site in exported}), exported


def offered() -> list[PageInfo]:
    """The pages that reports can have, in the order of the navigation."""
    return [page for page in PAGES if page.in_reports]


def make(
    client: QueryClient,
    order: Order,
    progress: ProgressCallback = lambda done, total: None,
    reader: Reader | None = None,
) -> Report:
    """Build a report; ``progress`` is called with the number of finished chapters.

    It has the notes, rules, groups and costs that ``reader`` may see, and the notes of Umami, but
    nothing that is private to an account, since reports are handed on. A section that fails says so
    in its place. Raises whatever ``progress`` raises.
    """
    pages = [page for page in offered() if page.name in order.pages]
    chapters = []
    query = Collector(client, reader=reader)
    # Chapters have no buttons, so they need not know whose report it is.
    of_chapters = replace(reader, account="") if reader else None
    shared = _notes(query, order.view, pages)
    flags = notes.flags(shared, order.view.period)
    listing = blocks.Section(_("Notes"), partial(_listed, query, order.view, shared, flags))
    listed = tuple(_blocks(listing)) if flags else ()
    as_of = now = datetime.now(zone(order.view.period.timezone))
    for done, page in enumerate(pages):
        progress(done, len(pages))
        query = Collector(client, reader=of_chapters)
        try:
            made = chapter(query, page, order.view, order.params.get(page.name, {}))
            chapters.append(_with_notes(made, listed) if page.shows_notes else made)
        finally:
            query.leave()
        answered = (reply.answered_at for _unused, reply in query.sent if reply.answered_at)
        as_of = min((as_of, *answered))
    progress(len(pages), len(pages))
    cover = _cover(Collector(client, reader=of_chapters), order, now, as_of)
    return Report(cover, tuple(chapters), flags)


def _notes(query: Collector, view: View, pages: Sequence[PageInfo]) -> list[Note]:
    """The notes of the period that are not private, the newest first, if any page shows notes."""
    if not any(page.shows_notes for page in pages):
        return []
    every = query.notes(view).result()
    return [note for note in every if note.audience != "me" and note.touches(view.period)]


def _listed(
    query: Collector, view: View, shared: Sequence[Note], flags: Sequence[Flag]
) -> tuple[Block, ...]:
    """The table of notes with their measured effects, and which notes these are."""
    table = notes.report_table(flags, note_effects.of_newest(query, view, shared))
    if len(note_effects.on_days(shared)) <= note_effects.MOST:
        return (table,)
    text = _("Effects are measured for the {most} newest notes on days.")
    return table, Text(text.format(most=note_effects.MOST))


def _with_notes(chapter: Chapter, listed: tuple[Block, ...]) -> Chapter:
    """A chapter with the table of notes below its first chart, which is over time."""
    places = (at for at, part in enumerate(chapter.sections, 1) if _has_chart(part))
    at = next(places, None)
    if at is None or not listed:
        return chapter
    section = Section(_("Notes"), "", listed, wide=True)
    return replace(chapter, sections=(*chapter.sections[:at], section, *chapter.sections[at:]))


def _has_chart(section: Section) -> bool:
    return any(isinstance(block, Chart) for block in section.blocks)


def chapter(query: Collector, page: PageInfo, view: View, params: Params) -> Chapter:
    """One page of the dashboard as a chapter; sends its queries and waits for the answers."""
    printed = {name: values for name, values in params.items() if name not in page.page_params}
    try:
        layout = list(AREAS[page.name].ask(query, view, printed))
        sections = list(blocks.sections(layout, "report"))
    except UmamiError as problem:
        sections = [blocks.blocks_section(_(page.title), Text(texts.sentence(problem)))]
    days = history.ask_shown(query, view, params) if page.marks_unusual_days else ()
    made = tuple(map(_section, sections))
    marks = history.marks(history.shown(day.result() for day in days), view.period)
    return Chapter(page.name, _(page.title), _(page.about), made, marks)


def _section(section: blocks.Section) -> Section:
    made = _blocks(section)
    findings = any(isinstance(block, Findings) for block in made)
    printed = tuple(blocks.printed(made))
    return Section(section.title, section.about, printed, findings=findings)


def _blocks(section: blocks.Section) -> Sequence[Block]:
    try:
        answers = [answer.result() for answer in section.answers]
        if section.ask_more:
            answers += [answer.result() for answer in section.ask_more(*answers)]
        return section.make(*answers)
    except UmamiError as problem:
        return (Text(texts.sentence(problem)),)
    except Exception as problem:  # a fault of ours stays in its section
        _LOG.error("a section of a report could not be made: %s", fault_location(problem))
        return (Text(_("This part of the report could not be created.")),)


def _cover(query: Collector, order: Order, made: datetime, as_of: datetime) -> Cover:
    view, server = order.view, query.client.server
    site = next((site for site in order.sites if site.id == view.website), None)
    website = site.name if site else view.website
    any_of = _("any of: ") if len(view.filters) > 1 and view.match == "any" else ""
    filters = "; ".join(conditions.in_words(query, view))
    as_of = as_of.astimezone(made.tzinfo)
    lines = {
        _("Website"): f"{website} ({site.domain})" if site and site.domain else website,
        _("Period"): formats.period(view.period),
        _("Time zone"): view.period.timezone,
        _("Filters"): f"{any_of}{filters}" or _("None"),
        _("Compared with"): view_description.compared(view) or _("No comparison"),
        _("Server"): " ".join(filter(None, (_(server.label), server.version)))
        + (_(" at {address}").format(address=server.address) if order.tells_address else "")
        + (_(", demo data") if server.demo else ""),
        _("Created"): formats.moment(made, "hour"),
        _("Figures as of"): formats.moment(as_of, "hour"),
    }
    return Cover(website, lines[_("Period")], lines, made, as_of)


def file_stem(name: str) -> str:
    """A name as ASCII letters, digits and hyphens, for a file: ``nordlicht-shop``."""
    return re.sub(r"\W+", "-", name.casefold(), flags=re.ASCII).strip("-")[:40] or "report"


def render(report: Report, kind: FileKind, paper: Paper = "A4") -> bytes:
    """Return the content of a file with a report; ``paper`` is the size of a PDF's pages.

    Raises ``NoBrowser`` and ``BrowserFailed`` for a PDF.
    """
    if kind == "xlsx":
        return xlsx.workbook(report)
    page = html.page(report)
    return page.encode() if kind == "html" else chromium.pdf(page, paper)
