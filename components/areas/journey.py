"""Journey: what visits do before and after a page, and the paths that they begin with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import formats
from components.areas import PageInfo, last_value
from components.charts import flows as charts
from components.formats import Field
from components.loading import Collector, answered
from components.texts import N_, _, memoize
from components.view_description import dates, why_empty
from umami.analysis import activity as analysis
from umami.analysis.activity import Flow, Link, Node, Side
from umami.analysis.steps import Target, viewing
from umami.api import conversions, reports, traffic
from umami.api.conversions import StepsAround
from umami.api.reports import Path
from umami.api.traffic import Stats, Value
from umami.conversion import FunnelStep
from umami.endpoint import Query
from umami.filters import LONGEST_VALUE
from umami.view import View

INFO: Final = PageInfo(
    "journey",
    N_("Journey"),
    "route",
    N_("Behaviour"),
    5,
    N_("What visits do before and after a page, and the paths that they begin with."),
    ("journey", "values", "steps_around", "stats"),
    params=("at", "side", "kinds", "steps", "start", "end"),
)
SIDES: Final[dict[Side, str]] = {"after": N_("After this page"), "before": N_("Before this page")}
KINDS: Final = {"": N_("Pages and events"), "pages": N_("Pages only")}
EDGES: Final[dict[Side, str]] = {"after": N_("(visit ended)"), "before": N_("(visit began here)")}
NO_FURTHER: Final = N_("(no further step)")
LENGTHS: Final = range(3, 8)
DEFAULT_LENGTH: Final = 5
MOST_LISTED: Final = 12
MOST_DRAWN: Final = 6
MOST_OFFERED: Final = 5
AROUND_FIELDS: Final = (
    Field("label", N_("Page or event"), "text"),
    Field("visits", N_("Visits"), bar=True),
    Field("share", N_("% of visits"), "percent"),
)
FIELDS: Final = (
    Field("path", N_("Path"), "text"),
    Field("length", N_("Steps"), wide=True),
    Field("visits", N_("Visits"), bar=True),
    Field("share", N_("% of visits"), "percent"),
)
LINK_FIELDS: Final = (
    Field("source", N_("Step"), "text"),
    Field("target", N_("Next step"), "text"),
    Field("visits", N_("Visits")),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The page of the question (``""``: see ``page_of``), the side to list, and whether events
    are steps; the number of steps, first and last step of the paths."""

    page: str
    side: Side
    events: bool
    length: int
    start: str | None
    end: str | None


def parse(params: ui.Params) -> tuple[Selection, tuple[str, ...]]:
    """Parse the page's parameters; returns the selection and error messages."""
    text = {name: last_value(params, name)[:LONGEST_VALUE] for name in INFO.params}
    length = next((length for length in LENGTHS if str(length) == text["steps"]), DEFAULT_LENGTH)
    faults: tuple[str, ...] = ()
    if text["steps"] and str(length) != text["steps"]:
        faults = (
            _("“{text}” is not a number of steps from 3 to 7.").format(text=text["steps"][:20]),
        )
    side: Side = "before" if text["side"] == "before" else "after"
    ends = text["start"] or None, text["end"] or None
    selection = Selection(text["at"], side, text["kinds"] != "pages", length, *ends)
    return selection, faults


def page_of(query: Collector, view: View, selection: Selection) -> str:
    """The page of the question: by default that of a filter, else the most frequent one, for which
    it waits; ``""`` if the server names none."""
    page = selection.page
    for filter_ in view.filters:
        if (filter_.field, filter_.operator) == ("path", "eq") and len(filter_.values) == 1:
            page = page or filter_.values[0]
    return page or next((row.value for row in _pages(query, view).result() if row.value), "")


def _pages(query: Collector, view: View) -> Future[tuple[Value, ...]]:
    none: tuple[Value, ...] = ()
    return query.hint(traffic.values(view, "path"), none)


def path_query(selection: Selection, view: View) -> Query[tuple[Path, ...]]:
    """The query of the paths."""
    return reports.journey(view, selection.length, selection.start, selection.end)


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The steps around the page as a list and as a diagram, and the paths."""
    selection, _unused = parse(params)
    paths = query.ask(path_query(selection, view))
    pages = _pages(query, view)
    page = page_of(query, view, selection)
    around: list[Future[Any]]
    if not page:
        none = ui.Text(_("Choose a page to see what visits do before and after it."), "empty")
        yield ui.blocks_section(_("Visits through a page"), none)
    else:
        if view.whole_visits:
            around = [query.ask(conversions.steps_around(view, page, selection.events))]
        else:
            around = [query.ask(reports.journey(view, max(LENGTHS))), _total(query, view, page)]
        shown = formats.shortened(page, 40)
        listed = {
            "after": _("What happens after {shown}?"),
            "before": _("What happens before {shown}?"),
        }[selection.side].format(shown=shown)
        yield ui.Columns(
            [
                ui.Section(
                    listed,
                    partial(_list, view, selection, page),
                    [pages, *around],
                    about=dates(view),
                    height=279,
                ),
                ui.Section(
                    _("Visits through {shown}").format(shown=shown),
                    partial(_around, selection, page),
                    around,
                    about=dates(view),
                    height=416 + ui.CHART_BUTTONS,
                ),
            ],
            widths=(2, 3),
        )
    yield ui.Section(
        _("Paths from the first step"),
        partial(blocks, view, selection, page),
        [paths],
        about=dates(view),
        height=1040 + ui.CHART_BUTTONS,
    )


def _total(query: Collector, view: View, page: str) -> Future[Stats | None]:
    """The totals of the visits with a page; ``None`` where the server cannot tell."""
    narrowed = viewing(view, Target(FunnelStep("path", page)))
    return query.optional(traffic.stats(narrowed)) if narrowed else answered(None)


def _list(
    view: View,
    selection: Selection,
    page: str,
    pages: tuple[Value, ...],
    answer: StepsAround | tuple[Path, ...],
    total: Stats | None = None,
) -> list[ui.Block]:
    """What visits did on one side of the page; their visits add up to those of the page."""
    around, side = _steps_around(selection, page, answer), selection.side
    if not around.visits:
        names = dict.fromkeys(row.value for row in pages if row.value and row.value != page)
        offered = [(name, "", ui.SetParams({"at": name})) for name in [*names][:MOST_OFFERED]]
        return [
            ui.Text(why_empty(view, _("No visit in this period has this page.")), "empty"),
            *([ui.Text(_("Frequent pages:"), medium="page")] if offered else []),
            ui.Buttons("frequent_pages", offered),
        ]
    exact = isinstance(answer, StepsAround)
    edge = _(EDGES[side]) if exact or side == "before" else _(NO_FURTHER)
    frame = _labelled(analysis.step_table(around, side, MOST_LISTED), edge)
    table = ui.Table(
        _("steps after the page") if side == "after" else _("steps before the page"),
        frame,
        formats.translated(AROUND_FIELDS),
        f"steps_{side}",
        shown=len(frame),
        printed=len(frame),
        value="value",
        on_choose=lambda name: ui.SetParams({"at": name}),
    )
    return [ui.Text(_coverage(around, exact, total)), table]


def _coverage(around: StepsAround, exact: bool, total: Stats | None) -> str:
    """A sentence with the number of visits that are counted, and of how many."""
    visits = formats.whole(around.visits)
    if exact:
        return _(
            "{visits} visits have this page. Each counts once, from its first view of the page."
        ).format(visits=visits)
    sentence = _(
        "Counted from the top {most_paths} paths of up to {lengths} steps, which include {visits}"
    ).format(most_paths=analysis.MOST_PATHS, lengths=max(LENGTHS), visits=visits)
    if not total or not total.current.visits:
        return _("{sentence} visits with this page.").format(sentence=sentence)
    share = min(1.0, around.visits / total.current.visits)
    known = formats.whole(max(around.visits, total.current.visits))
    return _("{sentence} of the {known} visits with this page ({share}).").format(
        sentence=sentence, known=known, share=formats.percent(share)
    )


def _steps_around(
    selection: Selection, page: str, answer: StepsAround | tuple[Path, ...]
) -> StepsAround:
    """The server's answer, or what the paths tell."""
    if isinstance(answer, StepsAround):
        return answer
    return analysis.steps_around(answer, page, selection.events)


@memoize
def _labelled(table: pd.DataFrame, edge: str) -> pd.DataFrame:
    """The table with a ``label`` for each row, and the page to open as ``value``."""
    labels = {"edge": edge, "other": _("Other")}
    rows = zip(table["kind"], table["name"], table["folded"], strict=True)
    return table.assign(
        label=[
            _("Other ({folded})").format(folded=folded)
            if folded
            else labels.get(kind, name or _("(no path)"))
            for kind, name, folded in rows
        ],
        value=table["name"].where((table["kind"] == "path") & (table["name"] != ""), None),
    )


def _around(
    selection: Selection,
    page: str,
    answer: StepsAround | tuple[Path, ...],
    _total: Stats | None = None,
) -> list[ui.Block]:
    """A diagram of the steps before the page, the page, and the steps after it."""
    around = _steps_around(selection, page, answer)
    if not around.visits:
        return [ui.Text(_("There is nothing to draw without a visit."), "empty")]
    exact = isinstance(answer, StepsAround)
    flow = around_flow(around, page, exact)
    shown = formats.shortened(page, 40)
    alt = _("Visits through {shown}").format(shown=shown)
    return _diagram("around", alt, _("steps around the page"), flow, page)


@memoize
def around_flow(around: StepsAround, page: str, exact: bool) -> Flow:
    """The steps before the page, the page, and the steps after it, as a flow.

    ``exact`` means that a visit without a further step ended.
    """
    nodes = [Node(2, page, around.visits)]
    links = []
    edges = EDGES if exact else {**EDGES, "after": NO_FURTHER}
    sides: tuple[tuple[Side, int], ...] = (("before", 1), ("after", 3))
    for side, step in sides:
        frame = _labelled(analysis.step_table(around, side, MOST_DRAWN), _(edges[side]))
        for label, visits, folded in zip(
            frame["label"], frame["visits"], frame["folded"], strict=True
        ):
            other = len(nodes)
            nodes.append(Node(step, label, int(visits), int(folded)))
            source, target = (other, 0) if side == "before" else (0, other)
            links.append(Link(source, target, int(visits)))
    return Flow(tuple(nodes), tuple(links), (_("Before"), _("Page"), _("After")))


def blocks(view: View, selection: Selection, page: str, answer: tuple[Path, ...]) -> list[ui.Block]:
    """The selected paths as a sentence, a diagram and a table."""
    if not answer:
        nothing = _("No visit took such a path in this period.")
        anywhere = ui.SetParams({"start": "", "end": ""})
        chosen = selection.start or selection.end
        return [
            ui.Text(why_empty(view, nothing), "empty"),
            ui.Buttons("paths", [(_("Any start and end"), "close", anywhere)] if chosen else []),
        ]
    translated = formats.translated(FIELDS)
    table = ui.Table(_("paths"), analysis.path_table(answer), translated, "paths", shown=15)
    paths = _("Visits from step to step")
    return [
        ui.Text(_counts(selection, answer)),
        *_diagram("flow", paths, _("steps of the paths"), analysis.flow(answer), page),
        table,
    ]


def _counts(selection: Selection, answer: Sequence[Path]) -> str:
    """A sentence with the numbers of visits and paths."""
    visits = sum(path.visits for path in answer)
    top = _("the top ") if len(answer) >= analysis.MOST_PATHS else ""
    sentence = _("{visits} visits on {top}{count} paths").format(
        visits=formats.whole(visits), top=top, count=formats.whole(len(answer))
    )
    ends = [(_("start with"), selection.start), (_("end with"), selection.end)]
    which = _(" and ").join(f"{verb} {formats.shortened(step)}" for verb, step in ends if step)
    return (
        _("{sentence} that {which}.").format(sentence=sentence, which=which)
        if which
        else f"{sentence}."
    )


def _diagram(key: str, alt: str, title: str, flow: Flow, page: str) -> list[ui.Block]:
    """A Sankey diagram; a click on a page shows what visits do before and after it. ``title`` names
    its links in workbooks."""
    if not flow.links:
        return [ui.Text(_("These visits ended with their first step."), "empty", medium="page")]

    def select(position: int) -> ui.SetParams | None:
        name = flow.nodes[position].name
        return ui.SetParams({"at": name}) if name.startswith("/") else None

    frame, fields = charts.table(flow), formats.translated(LINK_FIELDS)
    return [
        ui.EChart(
            alt,
            key,
            partial(charts.sankey_spec, flow, page),
            charts.height(flow),
            frame,
            fields,
            charts.least_width(flow),
            select,
        ),
        ui.Chart(alt, key, partial(charts.sankey_figure, flow, page), medium="report"),
        ui.Table(title, frame, fields, f"{key}_links", printed=0, medium="report"),
    ]
