"""Funnel: how many visitors go from step to step, and where they are lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import conversions, formats, loading
from components.areas import PageInfo, last_value
from components.charts import flows as charts
from components.formats import Field
from components.loading import Collector
from components.view_description import described, why_empty
from umami.analysis import steps as analysis
from umami.analysis.steps import KINDS, read_steps
from umami.api import reports, traffic
from umami.api.reports import FunnelResult
from umami.api.traffic import Value
from umami.conversion import FunnelStep
from umami.memoize import memoize
from umami.view import View

INFO: Final = PageInfo(
    "funnel",
    "Funnel",
    "filter_list",
    "Behaviour",
    3,
    "How many visitors continue from step to step, and where they leave.",
    ("values", "reports"),
    ("funnel", *conversions.ENDPOINTS[1:]),
    params=("window",),
    list_params=("step",),
)
FEWEST, MOST = 2, 8
WINDOWS: Final[dict[int, str]] = {
    30: "30 minutes",
    60: "1 hour",
    360: "6 hours",
    1_440: "1 day",
    10_080: "7 days",
    43_200: "30 days",
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
            f"“{text[:20]}” is not a valid number of minutes; 1 hour is used instead.",
        )
    if len(steps) > MOST:
        faults = (*faults, f"A funnel has at most {MOST} steps; the others are left out.")
    blanks = (FunnelStep("path", ""),) * max(0, FEWEST - len(steps))
    return Chain((*steps[:MOST], *blanks), window or DEFAULT_WINDOW), faults


def opened(query: Collector, view: View, params: ui.Params) -> tuple[Chain, tuple[str, ...]]:
    """The funnel of the parameters and error messages; without steps, the first saved funnel, else
    a suggestion. Waits for the queries of these."""
    chain, faults = parse(params)
    if params.get("step"):
        return chain, faults
    for _, saved in loading.saved_analyses(query, view, "funnel"):
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
    return f"Within {WINDOWS.get(window, f'{formats.whole(window)} minutes')}"


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The funnel of the parameters; without any, a page shows one, and reports all saved ones."""
    if parse(params)[0].complete:
        yield _conversion(query, view, "Conversion", parse(params)[0])
        return
    empty = ui.Text(
        "Choose at least two steps. The funnel shows how many visitors go from each to the next.",
        "empty",
    )
    chain, _ = opened(query, view, params)
    if chain.complete:
        yield replace(_conversion(query, view, "Conversion", chain), medium="page")
    else:
        yield ui.Card("Conversion", [ui.blocks_section("", empty)], described(view), "page")
    yield ui.ReportItems(partial(_saved, query, view))


def _saved(query: Collector, view: View) -> list[ui.Item]:
    saved = [
        (name, parse(params)[0]) for name, params in loading.saved_analyses(query, view, "funnel")
    ]
    none = ui.Text("No funnel was chosen, and none is saved in Umami.")
    return [_conversion(query, view, name, chain) for name, chain in saved if chain.complete] or [
        ui.blocks_section("Conversion", none)
    ]


def _conversion(query: Collector, view: View, title: str, chain: Chain) -> ui.Card:
    results = query.compared(view, partial(reports.funnel, steps=chain.steps, window=chain.window))
    about = f"{described(view)}. Each step: {within(chain.window).lower()}."
    section = ui.Section(title, partial(blocks, view), [*results], about, height=420)
    return ui.Card("Conversion", [section], described(view))


def blocks(
    view: View, now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None = None
) -> list[ui.Block]:
    """The share that completed the funnel, the largest loss, a chart and a table of the steps."""
    table = analysis.funnel_table(now, before)
    worst = analysis.worst(now)
    steps = ui.Table(
        "funnel steps", *_table(table, compared=before is not None), "funnel_steps", printed=MOST
    )
    if not now or not now[0].visitors:
        no_visitors = (
            "No visitor took the first step in this period. Choose another first step or period."
        )
        return [ui.Text(why_empty(view, no_visitors), "empty"), steps]
    last = now[-1]
    counts = f"{formats.whole(last.visitors)} of {formats.counted(now[0].visitors, 'visitor')}"
    loss = []
    if worst is not None:
        step = now[worst]
        sentence = (
            f"Biggest drop: step {worst + 1}, {formats.shortened(step.step.value)}. "
            f"{formats.counted(step.dropped, 'visitor')} left before it, "
            f"{formats.percent(step.drop_off)} of those at the step before."
        )
        loss = [ui.Text(sentence, icon="trending_down")]
    return [
        ui.Text(f"({formats.percent(last.remaining)}) completed the funnel.", "body", lead=counts),
        *loss,
        ui.Chart(
            "Visitors at each step of the funnel", "funnel", partial(charts.funnel, table, worst)
        ),
        steps,
    ]


@memoize
def _table(table: pd.DataFrame, *, compared: bool) -> tuple[pd.DataFrame, list[Field]]:
    """A row for each step, from ``umami.analysis.steps.funnel_table``."""
    fields = [
        Field("value", "Step", "text", note="kind"),
        Field("visitors", "Visitors", bar=True),
        Field("dropped", "Lost before this step", wide=True),
        Field("kept", "% of previous step", "percent"),
        Field("of_first", "% of first step", "percent"),
    ]
    if compared:
        fields += [
            Field("visitors_before", "Visitors before", wide=True),
            Field("change", "Change", "change", wide=True),
            Field("points", "Change in % of first step", "points", wide=True),
        ]
    return table.assign(kind=table["kind"].map(KINDS)), fields
