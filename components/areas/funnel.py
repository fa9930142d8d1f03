"""Funnel: how many visitors go from step to step, and where they are lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import content_groups, conversions, formats, loading, texts
from components.areas import PageInfo, last_value
from components.charts import flows as charts
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _, memoize
from components.view_description import described, why_empty
from umami.analysis import steps as analysis
from umami.analysis.steps import KINDS, read_steps
from umami.api import reports, traffic
from umami.api.reports import FunnelResult
from umami.api.traffic import Value
from umami.conversion import FunnelStep
from umami.view import View

INFO: Final = PageInfo(
    "funnel",
    N_("Funnel"),
    "filter_list",
    N_("Behaviour"),
    3,
    N_("How many visitors continue from step to step, and where they leave."),
    ("values", "reports"),
    ("funnel", *conversions.ENDPOINTS[1:]),
    params=("window",),
    list_params=("step",),
)
FEWEST, MOST = 2, 8
WINDOWS: Final[dict[int, str]] = {
    30: N_("30 minutes"),
    60: N_("1 hour"),
    360: N_("6 hours"),
    1_440: N_("1 day"),
    10_080: N_("7 days"),
    43_200: N_("30 days"),
}
DEFAULT_WINDOW: Final = 60


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of a funnel; ``window`` is in minutes."""

    steps: tuple[FunnelStep, ...]
    window: int

    @property
    def complete(self) -> bool:
        """Whether there are at least two steps and all have a value."""
        return len(self.steps) >= FEWEST and all(step.value for step in self.steps)


def parse(params: ui.Params) -> tuple[Chain, tuple[str, ...]]:
    """Parse the page's parameters; returns the funnel and error messages."""
    steps, faults = read_steps(params.get("step", ()))
    text = last_value(params, "window")
    window = int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= 525_600 else 0
    if text and not window:
        faults = (
            *faults,
            _("“{text}” is not a valid number of minutes; 1 hour is used instead.").format(
                text=text[:20]
            ),
        )
    if len(steps) > MOST:
        faults = (
            *faults,
            _("A funnel has at most {most} steps; the others are left out.").format(most=MOST),
        )
    blanks = (FunnelStep("path", ""),) * max(0, FEWEST - len(steps))
    return Chain((*steps[:MOST], *blanks), window or DEFAULT_WINDOW), faults


def opened(query: Collector, view: View, params: ui.Params) -> tuple[Chain, tuple[str, ...]]:
    """The funnel of the parameters and error messages; without steps, the first saved funnel, else
    a suggestion. Waits for the queries of these."""
    chain, faults = parse(params)
    if params.get("step"):
        return chain, faults
    for _unused, saved in loading.saved_analyses(query, view, "funnel"):
        if (chosen := parse(saved)[0]).complete:
            return chosen, faults
    steps = suggested(query, view)
    return (Chain(steps, chain.window) if steps else chain), faults


def suggested(query: Collector, view: View) -> tuple[FunnelStep, ...]:
    """Steps from what is frequent to the conversion; none if there are fewer than two."""
    goal = conversions.chosen(query, view).step or conversions.suggested(query, view)[0]
    no_values: tuple[Value, ...] = ()
    hints = [query.hint(traffic.values(view, field), no_values) for field in ("path", "event")]
    paths, events = ([row.value for row in hint.result() if row.value] for hint in hints)
    return steps_to(goal, paths, events)


def steps_to(
    goal: FunnelStep | None, paths: Sequence[str], events: Sequence[str]
) -> tuple[FunnelStep, ...]:
    """The most frequent page, the most frequent event, and the ``goal`` or another page."""
    pages = [step for path in paths if (step := FunnelStep("path", path)) != goal]
    before = [step for event in events if (step := FunnelStep("event", event)) != goal]
    steps = (*pages[:1], *before[:1], *([goal] if goal else pages[1:2]))
    return steps if len(steps) >= FEWEST else ()


def within(window: int) -> str:
    """The time window as a text: ``Within 1 hour``."""
    return _("Within {window}").format(
        window=_(WINDOWS[window])
        if window in WINDOWS
        else _("{window} minutes").format(window=formats.whole(window))
    )


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The funnel of the parameters; without any, a page shows one, and reports all saved ones."""
    if parse(params)[0].complete:
        yield _conversion(query, view, _("Conversion"), parse(params)[0])
        return
    empty = ui.Text(
        _(
            "Choose at least two steps. The funnel shows how many visitors go from each to the "
            "next."
        ),
        "empty",
    )
    chain, _unused = opened(query, view, params)
    if chain.complete:
        yield replace(_conversion(query, view, _("Conversion"), chain), medium="page")
    else:
        yield ui.Card(_("Conversion"), [ui.blocks_section("", empty)], described(view), "page")
    yield ui.ReportItems(partial(_saved, query, view))


def _saved(query: Collector, view: View) -> list[ui.Item]:
    saved = [
        (name, parse(params)[0]) for name, params in loading.saved_analyses(query, view, "funnel")
    ]
    none = ui.Text(_("No funnel was chosen, and none is saved in Umami."))
    return [_conversion(query, view, name, chain) for name, chain in saved if chain.complete] or [
        ui.blocks_section(_("Conversion"), none)
    ]


def _conversion(query: Collector, view: View, title: str, chain: Chain) -> ui.Card:
    steps = tuple(content_groups.resolved(query, view.website, step) for step in chain.steps)
    results = query.compared(view, partial(reports.funnel, steps=steps, window=chain.window))
    about = _("{described}. Each step: {within}.").format(
        described=described(view), within=texts.inside(within(chain.window))
    )
    section = ui.Section(
        title, partial(blocks, view), [*results], about, height=554 + ui.CHART_BUTTONS
    )
    return ui.Card(_("Conversion"), [section], described(view))


def blocks(
    view: View, now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None = None
) -> list[ui.Block]:
    """The share that completed the funnel, the largest loss, a chart and a table of the steps."""
    table = analysis.funnel_table(now, before)
    worst = analysis.worst(now)
    steps = ui.Table(
        _("funnel steps"), *_table(table, compared=before is not None), "funnel_steps", printed=MOST
    )
    if not now or not now[0].visitors:
        no_visitors = _(
            "No visitor took the first step in this period. Choose another first step or period."
        )
        return [ui.Text(why_empty(view, no_visitors), "empty"), steps]
    last = now[-1]
    counts = _("{visitors} of {counted_visitors}").format(
        visitors=formats.whole(last.visitors),
        counted_visitors=formats.counted("{count} visitor", "{count} visitors", now[0].visitors),
    )
    loss = []
    if worst is not None:
        step = now[worst]
        sentence = _(
            "Biggest drop: step {number}, {step}. {visitors} left before it, {drop_off} of those "
            "at the step before."
        ).format(
            number=worst + 1,
            step=content_groups.step_name(step.step, 60),
            visitors=formats.counted("{count} visitor", "{count} visitors", step.dropped),
            drop_off=formats.percent(step.drop_off),
        )
        loss = [ui.Text(sentence, icon="trending_down")]
    return [
        ui.Text(
            _("({remaining}) completed the funnel.").format(
                remaining=formats.percent(last.remaining)
            ),
            "body",
            lead=counts,
        ),
        *loss,
        ui.Chart(
            _("Visitors at each step of the funnel"), "funnel", partial(charts.funnel, table, worst)
        ),
        steps,
    ]


@memoize
def _table(table: pd.DataFrame, *, compared: bool) -> tuple[pd.DataFrame, list[Field]]:
    """A row for each step, from ``umami.analysis.steps.funnel_table``."""
    fields = [
        Field("value", _("Step"), "text", note="kind"),
        Field("visitors", _("Visitors"), bar=True),
        Field("dropped", _("Lost before this step"), wide=True),
        Field("kept", _("% of previous step"), "percent"),
        Field("of_first", _("% of first step"), "percent"),
    ]
    if compared:
        fields += [
            Field("visitors_before", _("Visitors before"), wide=True),
            Field("change", _("Change"), "change", wide=True),
            Field("points", _("Change in % of first step"), "points", wide=True),
        ]
    return table.assign(kind=[_(KINDS[kind]) for kind in table["kind"]]), fields
