"""Goals: how often what you want to happen does, against its target."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import (
    content_groups,
    conversions,
    figure_parts,
    formats,
    history,
    loading,
    visit_tables,
    what_changed,
)
from components.areas import PageInfo
from components.charts import over_time
from components.charts.tiles import figure, figures, unexplained
from components.content_groups import step_name
from components.formats import Field
from components.loading import Collector, computed_from
from components.texts import N_, _
from components.view_description import described
from umami.analysis import pace as monthly
from umami.analysis import steps as analysis
from umami.analysis.steps import KINDS, Target, read_targets
from umami.api import events, reports, traffic
from umami.api.conversions import VisitGroups
from umami.api.conversions import over_time as visits_over_time
from umami.api.events import EventSeries
from umami.api.reports import Goal
from umami.api.traffic import Timeline, Value
from umami.conversion import Conversion, FunnelStep, spell
from umami.errors import UmamiError
from umami.view import View

INFO: Final = PageInfo(
    "goals",
    N_("Goals"),
    "flag",
    N_("Behaviour"),
    6,
    N_("How often visitors reach your goals, compared with your targets."),
    ("reports", "goal", "annotations"),
    ("series", "pageviews", "visit_groups", *conversions.ENDPOINTS),
    list_params=("goal",),
)
MOST: Final = 12
SUGGESTED: Final = 3
"""Most goals that the page suggests."""
TIMES: Final = {
    "path": N_("Views of the page, and events on it."),
    "event": N_("How often the event was sent."),
    "group": N_("Views of pages of the group, and events on them."),
    "channel": N_(
        "Page views that match the patterns of the channel, and those of no channel before it."
    ),
}
COUNTED: Final = {
    "goal_times": {"times": "times"},
    "goal_visitors": {"visitors": "converters"},
    "goal_rate": {"visitors": "converters", "of_visitors": "visitors"},
}
"""For each figure that Compare explains, the attributes of a goal that equal columns of visits."""
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
    targets = [
        replace(target, step=content_groups.resolved(query, view.website, target.step))
        for target in targets
    ]
    results = [
        query.compared(
            view, partial(reports.goal, kind=step.kind, value=step.value, rows=step.rows)
        )
        for step in (target.step for target in targets)
    ]
    trends = [_trend_section(query, view, at, target) for at, target in enumerate(targets)]
    # The card of a goal that cannot be counted says why; all others have figures.
    shown = [
        (target, result)
        for target, result in zip(targets, results, strict=True)
        if _is_countable(query, view, target.step)
    ]
    countable = [target for target, _unused in shown]
    table = partial(_table, countable)
    now = [result.now for _unused, result in shown]
    if shown:
        yield ui.Section(_("Goals"), table, now, medium="report")
        each = [answer for _unused, result in shown for answer in result]
        yield ui.Section(_("Conversion"), partial(_conversion, countable), each, framed=False)
    cards = []
    for at, (target, result, trend) in enumerate(zip(targets, results, trends, strict=True)):
        name, about = step_name(target.step), f"{_(KINDS[target.step.kind])} · {described(view)}"
        totals: list[Future[VisitGroups | None]] = []
        if view.whole_visits:
            with query.later():
                totals = figure_parts.ask_visit_totals(query, view, Conversion(target.step))
        figures = ui.Section(
            name, partial(_figures, query, view, at, target), [*result, *totals], about
        )
        cards.append(ui.Card(formats.shortened(name), [figures, trend], about))
    yield ui.Grid(cards)
    yield _pace_section(query, view, countable)
    if shown:
        yield ui.Section(_("Goals"), table, now, height=38, framed=False, medium="page")


def _is_countable(query: Collector, view: View, step: FunnelStep) -> bool:
    """Whether the server can count a goal: it may have no wildcards, or a group may be gone."""
    goal = reports.goal(view, kind=step.kind, value=step.value, rows=step.rows)
    try:
        return query.client.refusal(goal) is None
    except UmamiError:
        # The answer to the query itself says what is wrong.
        return True


@dataclass(frozen=True, slots=True)
class Paced:
    """What is summed up from visits: the ``column`` of ``over_time``."""

    name: str
    column: str
    counted: Conversion
    target: Target | None = None


def _by_time(query: Collector, view: View, conversion: Conversion) -> Future[pd.DataFrame | None]:
    """Send the query for the visits of a View by time, with their conversions."""
    groups = visit_tables.groups_query(conversion, "time")(view)
    return query.known(groups, partial(visits_over_time, period=view.period))


def _pace_section(query: Collector, view: View, targets: Sequence[Target]) -> ui.Section:
    """Send the queries for where this month ends: its views, the goals that are events, and on
    servers that keep whole visits those that are pages, and the revenue."""
    last = history.yesterday(view)
    parts = history.views(view, last)
    counted = [target for target in targets if target.step.kind == "event"]
    paced: list[Paced] = []
    if view.whole_visits:
        pages = [target for target in targets if target.step.kind != "event"]
        paced = [
            Paced(step_name(target.step), "times", Conversion(target.step), target)
            for target in pages
        ]
        currency = conversions.chosen(query, view).currency
        if currency:
            name = _("Revenue in {currency}").format(currency=currency)
            paced.append(Paced(name, "revenue", Conversion(None, currency)))
    with query.later():
        sent: list[Future[Any]] = [query.optional(traffic.pageviews(part)) for part in parts]
        if counted:
            sent += [query.optional(events.series(part)) for part in parts]
        for row in paced:
            sent += [_by_time(query, part, row.counted) for part in parts]
    return ui.Section(
        _("Pace of this month"),
        partial(pace_blocks, last, counted, is_month(view), paced=paced),
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
    last: date,
    targets: Sequence[Target],
    are_monthly: bool,
    *answers: Timeline | EventSeries | pd.DataFrame | None,
    paced: Sequence[Paced] = (),
) -> list[ui.Block]:
    """The sums so far, the ranges of the end of the month, and how often such a range was right in
    the past three months; ``last`` is the last complete day. As many answers about each of the
    ``paced`` come last."""
    views = history.joined(answers)["views"]
    # Goals of different kinds can have the same name.
    days: list[tuple[str, pd.Series[Any], float | None, str]] = [(_("Views"), views, None, "")]
    series = [answer for answer in answers if isinstance(answer, EventSeries)]
    for target in targets:
        frames = [analysis.trend(part, target) for part in series]
        if frames:
            counts = pd.concat(frames).set_index("time")["count"]
            on_days = history.on_days(counts, views.index)
            days.append((target.step.value, on_days, _monthly(target, are_monthly), ""))
    parts = sum(isinstance(answer, Timeline) for answer in answers)
    last_ones = iter(answers[len(answers) - parts * len(paced) :])
    for row in paced:
        known = [part for part in islice(last_ones, parts) if isinstance(part, pd.DataFrame)]
        if parts and len(known) == parts:
            amounts = pd.concat(known).set_index("time")[row.column]
            goal = _monthly(row.target, are_monthly) if row.target else None
            on_days = history.on_days(amounts, views.index)
            days.append((row.name, on_days, goal, row.counted.currency))
    # On the first of a month, the history ends before it.
    today = last + timedelta(days=1)
    rows = [
        _pace_row(name, pace, currency)
        for name, counts, goal, currency in days
        if len(counts) and (pace := monthly.pace(counts, today, goal))
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


def _monthly(target: Target, are_monthly: bool) -> float | None:
    return float(target.times) if are_monthly and target.times else None


def _pace_row(name: str, pace: monthly.Pace, currency: str) -> dict[str, Any]:
    def shown(number: float) -> str:
        return formats.money_short(number, currency) if currency else formats.whole(round(number))

    low, high = shown(pace.low), shown(pace.high)
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
        "so_far": round(pace.so_far),
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


def _conversion(targets: Sequence[Target], *answers: Goal) -> list[ui.Block]:
    """A tile with the conversion rate of each goal; ``answers`` are those of the first goal, with
    its comparison if there is any, then those of the second, and so on."""
    per_goal = len(answers) // len(targets)
    tiles = []
    for at, target in enumerate(targets):
        rates = [goal.conversion for goal in answers[at * per_goal : (at + 1) * per_goal]]
        now, before = (*rates, None)[:2]
        label = _("Conversion: {step}").format(step=step_name(target.step, 24))
        tiles.append(figure(label, now, before, _(OF_ALL), "percent"))
    return [ui.Tiles(unexplained(tiles, _("The card of the goal explains it.")))]


def _figures(
    query: Collector,
    view: View,
    at: int,
    target: Target,
    now: Goal,
    before: Goal | None = None,
    *totals: VisitGroups | None,
) -> list[ui.Block]:
    """Tiles with times, visitors and conversion rate, and the share of the target.

    Compare explains them where they equal the ``totals`` of the visits of both periods, if the
    server counts those.
    """
    tiles = figures(
        now,
        before,
        [
            (_("Count"), "times", _(TIMES[target.step.kind]), "count"),
            (_("Visitors"), "visitors", _("Visitors who reached it at least once."), "count"),
            (_("Conversion"), "conversion", OF_ALL, "percent"),
        ],
    )
    step = target.step
    question = reports.goal(view, kind=step.kind, value=step.value, rows=step.rows)
    source = computed_from(query.client, question)
    shown = what_changed.explaining(
        ui.Tiles(
            [replace(tile, source=source) for tile in tiles],
            framed=False,
            # Two goals can have the same step.
            key=f"goal_{at}_",
        ),
        ("goal_times", "goal_visitors", "goal_rate"),
        partial(_why_not, view, target, list(zip((now, before), totals, strict=False))),
        replace(view, conversion=spell(target.step)),
    )
    share = analysis.reached(now, target)
    if share is None:
        return [shown]
    sentence = _("{share} of the target of {times}.").format(
        share=formats.percent(share), times=formats.whole(target.times)
    )
    return [shown, ui.Text(sentence, progress=share)]


def _why_not(
    view: View,
    target: Target,
    pairs: Sequence[tuple[Goal | None, VisitGroups | None]],
    figure: str,
) -> str:
    """Why Compare cannot explain a figure of a goal; ``pairs`` are both counts of each period."""
    if not view.whole_visits:
        return figure_parts.why_not(view, Conversion(target.step), figure)
    is_equal = bool(pairs)
    for goal, groups in pairs:
        sums = groups.frame.sum(numeric_only=True) if groups else None
        for attribute, column in COUNTED[figure].items():
            is_equal &= sums is not None and getattr(goal, attribute) == sums[column]
    return figure_parts.why_differs(is_equal)


def _trend_section(query: Collector, view: View, number: int, target: Target) -> ui.Section:
    """The trend of a goal; it sends no query where none can return it."""
    answers: list[Future[Any]] = []
    if target.step.kind == "event":
        answers = [query.ask(events.series(view))]
    elif view.whole_visits:
        groups = visit_tables.groups_query(Conversion(target.step), "time")(view)
        answers = [query.derived(groups, partial(visits_over_time, period=view.period))]
    elif viewing := analysis.viewing(view, target):
        answers = [query.ask(traffic.pageviews(viewing))]
    make = partial(trend, view, number, target)
    return ui.Section(
        _("{step} over time").format(step=step_name(target.step)),
        make,
        answers,
        height=150 + ui.CHART_BUTTONS,
    )


def trend(
    view: View,
    number: int,
    target: Target,
    answer: EventSeries | Timeline | pd.DataFrame | None = None,
) -> list[ui.Block]:
    """Events or page views over time; ``number`` makes the chart's key unique."""
    match answer:
        case EventSeries():
            frame, column, unit = analysis.trend(answer, target), "count", _("times")
        case pd.DataFrame():
            frame, column, unit = answer, "times", _("times")
        case Timeline():
            frame, column, unit = answer.frame, "views", _("views")
        case None:
            no_trend = _(
                "Its trend is shown for a single page, a content group or an own channel, without "
                "filters on pages or sources."
            )
            return [ui.Text(no_trend, "empty")]
    if not frame[column].any():
        return [ui.Text(_("The goal was not reached in this period."), "empty")]
    draw = partial(over_time.trend, frame, column, view.period.unit, unit, target.times)
    alt = _("How often the goal {step} was reached over time").format(step=step_name(target.step))
    return [ui.Chart(alt, f"trend_{number}", draw)]
