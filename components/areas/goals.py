"""Goals: how often what you want to happen does, against its target."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import conversions, formats, history, loading, what_changed
from components.areas import PageInfo
from components.charts import over_time
from components.charts.tiles import figure, figures
from components.formats import Field
from components.loading import Collector, computed_from
from components.texts import N_, _
from components.view_description import described
from umami.analysis import pace as monthly
from umami.analysis import steps as analysis
from umami.analysis.steps import KINDS, Target, read_targets
from umami.api import events, reports, traffic
from umami.api.events import EventSeries
from umami.api.reports import Goal
from umami.api.traffic import Stats, Timeline, Value
from umami.conversion import FunnelStep
from umami.errors import InvalidView
from umami.view import View

INFO: Final = PageInfo(
    "goals",
    N_("Goals"),
    "flag",
    N_("Behaviour"),
    6,
    N_("How often visitors reach your goals, compared with your targets."),
    ("reports", "goal", "annotations"),
    ("series", "pageviews", "stats", *conversions.ENDPOINTS),
    list_params=("goal",),
)
MOST: Final = 12
SUGGESTED: Final = 3
"""Most goals that the page suggests."""
TIMES: Final = {
    "path": N_("Views of the page, and events on it."),
    "event": N_("How often the event was sent."),
}
OF_ALL: Final = N_("Share of all visitors in the period who reached it.")
FIELDS: Final = (
    Field("value", N_("Goal"), "text"),
    Field("kind", N_("Kind"), "text"),
    Field("times", N_("Count")),
    Field("visitors", N_("Visitors")),
    Field("conversion", N_("Conversion"), "percent"),
    Field("target", N_("Target")),
    Field("reached", N_("% of target"), "percent"),
)


def parse(params: ui.Params) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Parse the page's parameters; returns the goals and error messages."""
    targets, faults = read_targets(params.get("goal", ()))
    if len(targets) > MOST:
        faults = (
            *faults,
            _("At most {most} goals are shown; the others are left out.").format(most=MOST),
        )
    return targets[:MOST], faults


def opened(query: Collector, view: View, params: ui.Params) -> tuple[Target, ...]:
    """The goals of the parameters; without any, the saved ones, else the conversion and the most
    frequent other events. Waits for the queries of these."""
    targets, _unused = parse(params)
    if targets:
        return targets
    saved = [
        target
        for _unused, saved_params in loading.saved_analyses(query, view, "goal")
        for target in parse(saved_params)[0]
        if target.step.value
    ]
    if saved:
        return tuple(dict.fromkeys(saved))[:MOST]
    conversion = conversions.chosen(query, view).step
    no_values: tuple[Value, ...] = ()
    events_of_view = query.hint(traffic.values(view, "event"), no_values).result()
    named = [FunnelStep("event", row.value) for row in events_of_view if row.value]
    steps = dict.fromkeys([*([conversion] if conversion else []), *named])
    return tuple(map(Target, steps))[:SUGGESTED]


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The goals of the parameters, else the saved ones, else suggested ones."""
    targets = [target for target in opened(query, view, params) if target.step.value]
    if targets:
        yield from _goals(query, view, targets)
    else:
        text = _("Choose a page or an event. Its card shows how often visitors reach it.")
        yield ui.blocks_section(_("Goals"), ui.Text(text, "empty"))


def _goals(query: Collector, view: View, targets: Sequence[Target]) -> Iterator[ui.Item]:
    """A card with figures and a trend for each goal, and a table of all goals."""
    results = [
        query.compared(view, partial(reports.goal, kind=step.kind, value=step.value))
        for step in (target.step for target in targets)
    ]
    trends = [_trend_section(query, view, at, target) for at, target in enumerate(targets)]
    table = partial(_table, targets)
    now = [result.now for result in results]
    yield ui.Section(_("Goals"), table, now, medium="report")
    each = [answer for result in results for answer in result]
    yield ui.Section(
        _("Conversion"), partial(_conversion, targets), each, framed=False, medium="page"
    )
    cards = []
    for target, result, trend in zip(targets, results, trends, strict=True):
        name, about = target.step.value, f"{_(KINDS[target.step.kind])} · {described(view)}"
        opened = _reached_by(view, target)
        with query.later():
            totals = what_changed.ask_totals(query, opened) if opened else []
        figures = ui.Section(
            name, partial(_figures, query, view, target), [*result, *totals], about
        )
        cards.append(ui.Card(formats.shortened(name), [figures, trend], about))
    yield ui.Grid(cards)
    yield _pace_section(query, view, targets)
    yield ui.Section(_("Goals"), table, now, height=38, framed=False, medium="page")


def _pace_section(query: Collector, view: View, targets: Sequence[Target]) -> ui.Section:
    """Send the queries for where this month ends: its views, and the goals that are events."""
    last = history.yesterday(view)
    parts = history.views(view, last)
    counted = [target for target in targets if target.step.kind == "event"]
    with query.later():
        sent: list[Future[Any]] = [query.optional(traffic.pageviews(part)) for part in parts]
        if counted:
            sent += [query.optional(events.series(part)) for part in parts]
    return ui.Section(
        _("Pace of this month"),
        partial(pace_blocks, last, counted, is_month(view)),
        sent,
        _("Where the month will end, as a range that is right in about 80% of the cases."),
        height=180,
    )


def is_month(view: View) -> bool:
    """Whether the period is a calendar month or this month so far, so that targets are monthly."""
    first, last = view.period.days
    whole = last.day == monthrange(last.year, last.month)[1]
    same = (first.year, first.month) == (last.year, last.month)
    return same and first.day == 1 and (whole or view.preset == "month")


def pace_blocks(
    last: date, targets: Sequence[Target], are_monthly: bool, *answers: Timeline | EventSeries
) -> list[ui.Block]:
    """The sums so far, the ranges of the end of the month, and how often such a range was right in
    the past three months; ``last`` is the last complete day."""
    days: dict[str, tuple[pd.Series[Any], float | None]] = {}
    views = history.joined(answers)["views"]
    days[_("Views")] = views, None
    series = [answer for answer in answers if isinstance(answer, EventSeries)]
    for target in targets:
        frames = [analysis.trend(part, target) for part in series]
        if frames:
            counts = pd.concat(frames).set_index("time")["count"]
            goal = float(target.times) if are_monthly and target.times else None
            days[target.step.value] = history.on_days(counts, views.index), goal
    # On the first of a month, the month before is not over: nothing of this one is known.
    rows = [
        _pace_row(name, pace)
        for name, (counts, goal) in days.items()
        if len(counts) and (pace := monthly.pace(counts, last, goal))
    ]
    if not rows:
        text = _("Five weeks of traffic are needed to tell where the month will end.")
        return [ui.Text(text, "empty")]
    fields = [
        Field("name", _("Figure"), "text"),
        Field("so_far", _("Until yesterday")),
        Field("range", _("End of the month"), "text"),
        Field("verdict", _("Target"), "text", wide=True),
        Field("held", _("Range was right"), "text", wide=True),
    ]
    return [ui.Table(_("pace"), pd.DataFrame(rows), fields, "pace", csv=False)]


def _pace_row(name: str, pace: monthly.Pace) -> dict[str, Any]:
    low, high = formats.whole(round(pace.low)), formats.whole(round(pace.high))
    held = sum(month.held for month in pace.checked)
    verdict = formats.ABSENT
    if pace.target is not None:
        verdict = _("{target}: {chance} likely").format(
            target=formats.whole(pace.target), chance=formats.percent(pace.chance, 0)
        )
        if pace.verdict == "reached":
            verdict = _("{target}: reached").format(target=formats.whole(pace.target))
    return {
        "name": name,
        "so_far": int(pace.so_far),
        "range": low if low == high else f"{low} – {high}",
        "verdict": verdict,
        "held": _("{held} of {months} months").format(held=held, months=len(pace.checked))
        if pace.checked
        else formats.ABSENT,
    }


def _table(targets: Sequence[Target], *goals: Goal) -> list[ui.Block]:
    frame = analysis.goal_table(targets, goals)
    frame = frame.assign(kind=[_(KINDS[target.step.kind]) for target in targets])
    return [ui.Table(_("goals"), frame, formats.translated(FIELDS), "goals", shown=0)]


def _reached_by(view: View, target: Target) -> View | None:
    """The View of the visitors who reached a goal; ``None`` where no filter selects them."""
    step = target.step
    if any(filter_.field == step.kind for filter_ in view.filters) or "*" in step.value:
        return None
    if step.kind == "event" and not view.whole_visits:
        return None
    try:
        return view.filtered(step.kind, step.value)
    except InvalidView:
        return None


def _conversion(targets: Sequence[Target], *answers: Goal) -> list[ui.Block]:
    """A tile with the conversion rate of each goal; ``answers`` are those of the first goal, with
    its comparison if there is any, then those of the second, and so on."""
    per_goal = len(answers) // len(targets)
    tiles = []
    for at, target in enumerate(targets):
        rates = [goal.conversion for goal in answers[at * per_goal : (at + 1) * per_goal]]
        now, before = (*rates, None)[:2]
        label = _("Conversion: {step}").format(step=formats.shortened(target.step.value, 24))
        tiles.append(figure(label, now, before, _(OF_ALL), "percent"))
    return [ui.Tiles(tiles)]


def _figures(
    query: Collector,
    view: View,
    target: Target,
    now: Goal,
    before: Goal | None = None,
    *totals: Stats | None,
) -> list[ui.Block]:
    """Tiles with times, visitors and conversion rate, and the share of the target.

    Compare explains the visitors where they equal the ``totals`` of those who reached it.
    """
    opened = _reached_by(view, target)
    tiles = figures(
        now,
        before,
        [
            (_("Count"), "times", _(TIMES[target.step.kind]), "count"),
            (_("Visitors"), "visitors", _("Visitors who reached it at least once."), "count"),
            (_("Conversion"), "conversion", OF_ALL, "percent"),
        ],
    )
    question = reports.goal(view, kind=target.step.kind, value=target.step.value)
    source = computed_from(query.client, question)
    shown = what_changed.explaining(
        ui.Tiles(
            [replace(tile, source=source) for tile in tiles],
            framed=False,
            key=f"{target.step.kind}_{target.step.value}",
        ),
        ["", "visitors", ""],
        what_changed.equal_figures(["visitors"], (now, before), totals),
        opened,
    )
    share = analysis.reached(now, target)
    if share is None:
        return [shown]
    sentence = _("{share} of the target of {times}.").format(
        share=formats.percent(share), times=formats.whole(target.times)
    )
    return [shown, ui.Text(sentence, progress=share)]


def _trend_section(query: Collector, view: View, number: int, target: Target) -> ui.Section:
    """The trend of a goal; it sends no query where none can return it."""
    answers: list[Future[Any]] = []
    if target.step.kind == "event":
        answers = [query.ask(events.series(view))]
    elif viewing := analysis.viewing(view, target):
        answers = [query.ask(traffic.pageviews(viewing))]
    make = partial(trend, view, number, target)
    return ui.Section(
        _("{step} over time").format(step=target.step.value),
        make,
        answers,
        height=150 + ui.CHART_BUTTONS,
    )


def trend(
    view: View, number: int, target: Target, answer: EventSeries | Timeline | None = None
) -> list[ui.Block]:
    """Events or page views over time; ``number`` makes the chart's key unique."""
    match answer:
        case EventSeries():
            frame, column, unit = analysis.trend(answer, target), "count", _("times")
        case Timeline():
            frame, column, unit = answer.frame, "views", _("views")
        case None:
            no_trend = _("Its trend is shown for a single page, without a filter on pages.")
            return [ui.Text(no_trend, "empty")]
    if not frame[column].any():
        return [ui.Text(_("The goal was not reached in this period."), "empty")]
    draw = partial(over_time.trend, frame, column, view.period.unit, unit, target.times)
    alt = _("How often the goal {step} was reached over time").format(step=target.step.value)
    return [ui.Chart(alt, f"trend_{number}", draw)]
