"""The figures whose change can be explained, and the queries for their totals and for the parts
that the values of a field have in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Final, TypeVar, cast, get_args

import pandas as pd

from components import converters, formats, visit_tables
from components.loading import Collector
from components.texts import N_, _
from umami.analysis.changes import KEYS, Figure, Totals
from umami.analysis.converters import SESSION_FIELDS
from umami.api import events, reports, revenue, sessions, traffic
from umami.api.conversions import VisitField, VisitGroups
from umami.api.events import EventTotals
from umami.api.reports import Goal, Utm
from umami.api.revenue import Revenue
from umami.api.sessions import SessionStats
from umami.api.traffic import Groups, Metric, Ranking, Stats
from umami.conversion import Conversion
from umami.endpoint import Query
from umami.errors import InvalidView
from umami.filters import FIELDS
from umami.view import View

T = TypeVar("T")
ENDPOINTS: Final = ("stats", "metrics", "pageviews", *visit_tables.ENDPOINTS)
"""What a page that explains the figures of a website queries."""
OPTIONAL_ENDPOINTS: Final = ("groups",)
"""What it queries where a rate changed, on servers of Umami."""
LABELS: Final = {
    **FIELDS,
    "channel": N_("Channel"),
    "entry": N_("Landing page"),
    "utmCampaign": N_("Campaign"),
}
ONE_VALUE: Final = frozenset({"browser", "os", "device", "language", "country", "channel"})
"""Fields by which servers of Umami tell the bounces and durations of visits."""
PARTS_OF_REVENUE: Final = {
    "country": "countries",
    "channel": "channels",
    "referrer": "referrers",
    "region": "regions",
}
"""Fields by which servers of Umami tell revenue, with the attributes of their answer."""
SEVERAL_VALUES: Final = frozenset({"path", "title", "query", "tag"})
"""Fields of which a visit can have several values."""
MOST_EVENTS: Final = 500
"""Names of events by which their number is explained."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words for a figure: its name, and the clauses that say that the rate of some visits rose
    or fell."""

    name: str
    kind: formats.Kind = "count"
    up: str = ""
    down: str = ""


WORDS: Final = {
    "visitors": Words(N_("Visitors")),
    "views": Words(N_("Views")),
    "visits": Words(N_("Visits")),
    "bounce_rate": Words(
        N_("Bounce rate"),
        "percent",
        N_("{part} because visits with {name} bounce more often"),
        N_("{part} because visits with {name} bounce less often"),
    ),
    "duration": Words(
        N_("Visit duration"),
        "seconds",
        N_("{part} because visits with {name} last longer"),
        N_("{part} because visits with {name} are shorter"),
    ),
    "conversions": Words(N_("Conversions")),
    "conversion_rate": Words(
        N_("Conversion rate"),
        "percent",
        N_("{part} because visits with {name} convert more often"),
        N_("{part} because visits with {name} convert less often"),
    ),
    "goal_times": Words(N_("Times converted")),
    "goal_visitors": Words(N_("Converted visitors")),
    "goal_rate": Words(
        N_("Conversion rate of visitors"),
        "percent",
        N_("{part} because visitors with {name} convert more often"),
        N_("{part} because visitors with {name} convert less often"),
    ),
    "revenue": Words(N_("Revenue"), "money"),
    "revenue_per_visit": Words(
        N_("Revenue per visit"),
        "money",
        N_("{part} because visits with {name} bring more"),
        N_("{part} because visits with {name} bring less"),
    ),
    "revenue_per_visitor": Words(
        N_("Revenue per visitor"),
        "money",
        N_("{part} because visitors with {name} bring more"),
        N_("{part} because visitors with {name} bring less"),
    ),
    "orders": Words(N_("Orders")),
    "average_order": Words(
        N_("Average order"),
        "money",
        N_("{part} because orders with {name} are larger"),
        N_("{part} because orders with {name} are smaller"),
    ),
    "buyers": Words(N_("Paying visitors")),
    "events": Words(N_("Events")),
    "event_visitors": Words(N_("Visitors with events")),
    "event_visits": Words(N_("Visits with events")),
    "event_names": Words(N_("Different events")),
    "countries": Words(N_("Countries")),
    "tagged_views": Words(N_("Tagged views")),
}
"""The figures in the order of the interface."""


@dataclass(frozen=True, slots=True)
class Share:
    """The words for shares of what a rate divides by."""

    larger: str
    smaller: str
    before: str
    now: str


SHARES: Final = {
    "visits": Share(
        N_("{part} because {name} has a larger share of visits"),
        N_("{part} because {name} has a smaller share of visits"),
        N_("Share of visits before"),
        N_("Share of visits now"),
    ),
    "visitors": Share(
        N_("{part} because {name} has a larger share of visitors"),
        N_("{part} because {name} has a smaller share of visitors"),
        N_("Share of visitors before"),
        N_("Share of visitors now"),
    ),
    "orders": Share(
        N_("{part} because {name} has a larger share of orders"),
        N_("{part} because {name} has a smaller share of orders"),
        N_("Share of orders before"),
        N_("Share of orders now"),
    ),
}
"""By the column that a rate divides by."""
_OF_VIEWS: Final = ("visitors", "views", "visits", "countries", "tagged_views")
_BY_VISIT: Final = ("conversions", "conversion_rate", "revenue_per_visit")
_ORDERS: Final = ("orders", "average_order")
_GOAL: Final = ("goal_times", "goal_visitors", "goal_rate")
_MONEY: Final = ("revenue", "revenue_per_visit", "revenue_per_visitor", *_ORDERS, "buyers")
OF_CONVERSION: Final = frozenset({*_BY_VISIT, *_GOAL, *_MONEY})
"""Figures that need the conversion or its currency."""
DISTINCT: Final = frozenset({"visitors", "converters", "buyers", "event_visitors", "event_visits"})
"""What a figure counts only once, although several values may have it, so that they overlap."""
_EVENTS: Final = ("events", "event_visitors", "event_visits", "event_names")
_FIXED: Final = {
    **dict.fromkeys(_EVENTS, "event"),
    "countries": "country",
    "tagged_views": "utmSource",
}
"""Figures that are known by a single field."""


def why_not(view: View, conversion: Conversion | None, name: str) -> str:
    """Why a server cannot explain a figure of a View, in a sentence; empty where it can."""
    whole = view.whole_visits
    if name in (*_OF_VIEWS, "bounce_rate", "duration", *_BY_VISIT) and not view.keeps_views:
        return _("With a filter on events, this server counts no views.")
    if name in ("bounce_rate", "duration") and not view.keeps_whole_visits:
        return _(
            "With these filters, this server keeps only the matching parts of visits, so this "
            "figure is unknown."
        )
    if name in _BY_VISIT and not whole:
        return _("This server reports conversions and revenue by visitor, not by visit.")
    if name in _ORDERS and not whole:
        return _("This server reports the revenue of a country or source, not its orders.")
    if name in _MONEY and not (conversion and conversion.currency):
        return _("This website has no revenue.")
    if name in OF_CONVERSION and not conversion:
        return _("Choose the page or the event that counts as a conversion: Conversion in the bar.")
    if name in (*_GOAL, "buyers") and not whole:
        of_goal = conversion is None or conversion.step is None or conversion.is_exact
        if not (of_goal and view.keeps_whole_visits):
            return _(converters.UNTOLD)
    return ""


def why_no_parts(figure: Figure) -> str:
    """Why the values of a field are unknown although the figure itself is known."""
    if figure.amount in ("converters", "times", "buyers"):
        return _(
            "This server does not list the visitors who converted, or there are more than {most}."
        ).format(most=formats.whole(converters.MOST_LISTED))
    return _("This server does not report this figure by this field.")


def figures_of(view: View, conversion: Conversion | None) -> list[str]:
    """The figures that a View can explain, in the order of the interface."""
    return [name for name in WORDS if not why_not(view, conversion, name)]


def field_of(view: View, conversion: Conversion | None, figure: Figure, field: Metric) -> Metric:
    """The field by which a figure is explained: this one, unless visits can have several values of
    it, so that their parts would overlap, or the server does not tell the figure by it."""
    known = _fields_of(view, conversion, figure)
    overlaps = field in SEVERAL_VALUES and figure.name != "views"
    for candidate in ("entry" if overlaps else field, "device"):
        if candidate in known:
            return candidate
    return cast(Metric, known[0])


def _fields_of(view: View, conversion: Conversion | None, figure: Figure) -> Sequence[str]:
    """The fields by which the server tells a figure."""
    if figure.name in _FIXED:
        return (_FIXED[figure.name],)
    if conversion and view.whole_visits:
        # Visitors can have visits with several values of any other field.
        return SESSION_FIELDS if figure.per == "visitors" else get_args(VisitField)
    match figure.name:
        case "revenue":
            return tuple(PARTS_OF_REVENUE)
        case "revenue_per_visitor":
            return ("country",)
        case "goal_times" | "goal_visitors" | "goal_rate" | "buyers":
            return SESSION_FIELDS
    return (*ONE_VALUE,) if figure.per else get_args(Metric)


def totals_of(stats: Stats, groups: VisitGroups | None) -> Totals:
    """The totals of a period; those of conversions are the sums of groups of visits."""
    current = stats.current
    totals = {
        name: float(getattr(current, name))
        for name in ("visitors", "views", "visits", "bounces", "seconds")
    }
    if groups is not None:
        sums = groups.frame.sum(numeric_only=True)
        names = ("conversions", "converters", "times", "revenue", "orders", "buyers")
        totals |= {name: float(sums[name]) for name in names}
    return totals


def both_totals(view: View, answers: Sequence[Any]) -> tuple[Totals, Totals] | None:
    """The totals of both periods from the answers of ``Collector.totals`` and of the groups of
    visits of both periods, in this order; ``None`` without a comparison."""
    stats = [answer for answer in answers if isinstance(answer, Stats)]
    groups = [answer for answer in answers if isinstance(answer, VisitGroups)]
    now, *earlier = stats
    if view.comparison == "umami" and now.previous:
        earlier = [Stats(now.previous, None)]
    if not earlier:
        return None
    known: list[VisitGroups | None] = [*groups] if len(groups) == 2 else [None, None]
    return totals_of(now, known[0]), totals_of(earlier[0], known[1])


def ask_groups(
    query: Collector, view: View, conversion: Conversion | None, field: str, figure: Figure
) -> tuple[Future[Any], Future[Any]]:
    """Send the queries for the values of a field in both periods; their answers are arguments of
    ``frames``. An answer is ``None`` where the server does not tell them."""
    earlier = view.compared() or view
    if conversion and view.whole_visits:
        ask = visit_tables.groups_query(conversion, cast(VisitField, field))
        return query.optional(ask(view)), query.optional(ask(earlier))
    if figure.amount == "visitors":
        return _ranked(query, view, field), _ranked(query, earlier, field)
    ask_all = partial(traffic.groups, field=cast(Metric, field), limit=visit_tables.MOST)
    return query.optional(ask_all(view)), query.optional(ask_all(earlier))


def _ranked(query: Collector, view: View, field: str) -> Future[Ranking | None]:
    return query.optional(traffic.metrics(view, cast(Metric, field), visit_tables.MOST))


@dataclass(frozen=True, slots=True)
class Counted:
    """The queries for a figure that the tiles of a website do not show: the totals of both periods,
    and as many answers about each period as it takes to make ``frames`` of the values."""

    totals: Sequence[Future[Totals]]
    parts: Sequence[Future[Any]]


def ask_counted(
    query: Collector, view: View, conversion: Conversion | None, field: str, figure: Figure
) -> Counted | None:
    """Send the queries for a figure that the tiles of a website do not show; ``None`` for a figure
    that they show. Raises ``UmamiError``."""
    ask = _asking(query, view, conversion, field, figure.name)
    if ask is None:
        return None
    both = [ask(each) for each in (view, view.compared() or view)]
    return Counted([totals for totals, _parts in both], [*both[0][1], *both[1][1]])


_Ask = Callable[[View], tuple[Future[Any], Sequence[Future[Any]]]]


def _asking(
    query: Collector, view: View, conversion: Conversion | None, field: str, name: str
) -> _Ask | None:
    """A function that sends the queries for one period: for the totals, and for the values."""

    def of_events(each: View) -> tuple[Future[Any], Sequence[Future[Any]]]:
        totals = query.derived(events.event_stats(each), _totals_of_events)
        if name in ("event_visitors", "event_visits"):
            return totals, [query.derived(traffic.groups(each, "event", MOST_EVENTS), _with_events)]
        return totals, [query.derived(traffic.metrics(each, "event", MOST_EVENTS), _events)]

    def of_countries(each: View) -> tuple[Future[Any], Sequence[Future[Any]]]:
        totals = query.derived(sessions.session_stats(each), _totals_of_sessions)
        return totals, [query.derived(traffic.metrics(each, "country", MOST_EVENTS), _countries)]

    def of_tags(each: View) -> tuple[Future[Any], Sequence[Future[Any]]]:
        tags = reports.utm(each)
        return query.derived(tags, _totals_of_tags), [query.derived(tags, _tagged)]

    def of_money(each: View) -> tuple[Future[Any], Sequence[Future[Any]]]:
        money = revenue.revenue(each, currency)
        by_field = partial(_revenue_by, PARTS_OF_REVENUE.get(field, ""))
        more = [_ranked(query, each, field)] if name == "revenue_per_visitor" else []
        return query.derived(money, _totals_of_revenue), [query.derived(money, by_field), *more]

    def of_converters(each: View) -> tuple[Future[Any], Sequence[Future[Any]]]:
        step = conversion.step if conversion and name != "buyers" else None
        totals = (
            query.derived(reports.goal(each, step.kind, step.value), _totals_of_goal)
            if step
            else query.derived(revenue.revenue(each, currency), _totals_of_buyers)
        )
        listed = converters.ask_by(query, each, Conversion(step, currency), field)
        more = [_ranked(query, each, field)] if name == "goal_rate" else []
        return totals, [listed, *more]

    currency = conversion.currency if conversion else ""
    match name:
        case "events" | "event_visitors" | "event_visits" | "event_names":
            return of_events
        case "countries":
            return of_countries
        case "tagged_views":
            return of_tags
        case "revenue" | "revenue_per_visitor" if conversion and not view.whole_visits:
            _refuse_filters(query, view)
            return of_money
        case "goal_times" | "goal_visitors" | "goal_rate" | "buyers" if not view.whole_visits:
            return of_converters
    return None


def _refuse_filters(query: Collector, view: View) -> None:
    """Raise ``InvalidView`` where a server cannot filter revenue as the View says."""
    fields = query.client.definitions.revenue_fields
    if view.segment or any(filter_.field not in fields for filter_ in view.filters):
        raise InvalidView(
            N_("This server cannot filter revenue by these filters."),
            remedy=N_("Remove the filters, or explain another figure."),
        )


def _totals_of_events(stats: EventTotals) -> Totals:
    return {
        "events": float(stats.times),
        "event_visitors": float(stats.visitors),
        "event_visits": float(stats.visits),
        "event_names": float(stats.names),
        "visitors": float(stats.visitors),
    }


def _events(ranking: Ranking) -> pd.DataFrame | None:
    if ranking.measure != "times":
        return None
    return ranking.frame.rename(columns={"count": "events"}).assign(event_names=1)


def _with_events(groups: Groups) -> pd.DataFrame:
    names = {"visitors": "event_visitors", "visits": "event_visits"}
    return groups.frame[[*KEYS, *names]].rename(columns=names)


def _totals_of_sessions(stats: SessionStats) -> Totals:
    return {"countries": float(stats.countries), "visitors": float(stats.visitors)}


def _countries(ranking: Ranking) -> pd.DataFrame:
    frame = ranking.frame
    return frame[frame["name"].fillna("") != ""].assign(countries=1)


def _totals_of_tags(answer: Utm) -> Totals:
    return {"tagged_views": float(_tagged(answer)["tagged_views"].sum())}


def _tagged(answer: Utm) -> pd.DataFrame:
    sources = answer.frame[answer.frame["parameter"] == "source"]
    columns = {"value": "name", "views": "tagged_views"}
    return sources.rename(columns=columns).assign(country=None)


def _totals_of_revenue(answer: Revenue) -> Totals:
    return {
        "revenue": float(answer.total),
        "orders": float(answer.orders),
        "visitors": float(answer.of_visitors or answer.visitors),
    }


def _totals_of_buyers(answer: Revenue) -> Totals:
    return _totals_of_goal(Goal(answer.orders, answer.visitors, answer.of_visitors))


def _totals_of_goal(goal: Goal) -> Totals:
    known = {
        "times": goal.times,
        "converters": goal.visitors,
        "buyers": goal.visitors,
        "visitors": goal.of_visitors,
    }
    return {name: float(count) for name, count in known.items() if count is not None}


def _revenue_by(attribute: str, answer: Revenue) -> pd.DataFrame | None:
    frame: pd.DataFrame | None = getattr(answer, attribute, None)
    if frame is None:
        return None
    # Visitors without a source have no name.
    named = frame.assign(name=frame["name"].fillna(""), country=None)
    return named.rename(columns={"amount": "revenue"})


def frames(figure: Figure, answers: Sequence[Any]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The values of a field in both periods from the answers about the period and then those about
    the comparison, of which each has some columns; ``None`` where they are unknown."""
    half = len(answers) // 2
    columns = figure.columns
    sides = []
    for side in (answers[:half], answers[half:]):
        known = [_frame(answer) for answer in side]
        if any(frame is None for frame in known):
            return None
        frame = reduce(_joined, cast(list[pd.DataFrame], known))
        if not set(columns) <= set(frame.columns) or frame[columns].isna().any(axis=None):
            return None
        sides.append(frame)
    return sides[0], sides[1]


def _frame(answer: VisitGroups | Groups | Ranking | pd.DataFrame | None) -> pd.DataFrame | None:
    if isinstance(answer, Ranking):
        if answer.measure != "visitors":
            return None
        return answer.frame.rename(columns={"count": "visitors"})
    return answer if answer is None or isinstance(answer, pd.DataFrame) else answer.frame


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The columns of two frames by value; 0 for a value that one of them lacks."""
    named = [frame.assign(**frame[KEYS].fillna("")) for frame in (first, second)]
    return named[0].merge(named[1], on=KEYS, how="outer").fillna(0)


def ask_totals(query: Collector, view: View) -> list[Future[Stats | None]]:
    """Send the queries for the totals of a View in both periods, if it has a comparison."""
    return _ask_both(query, view, traffic.stats)


def ask_visit_totals(
    query: Collector, view: View, conversion: Conversion
) -> list[Future[VisitGroups | None]]:
    """Send the queries for all visits, as one group, in both periods, if there is a comparison."""
    return _ask_both(query, view, visit_tables.groups_query(conversion, None))


def _ask_both(
    query: Collector, view: View, ask: Callable[[View], Query[T]]
) -> list[Future[T | None]]:
    earlier = view.compared()
    return [query.optional(ask(each)) for each in (view, earlier)] if earlier else []


def why_differs(is_equal: bool) -> str:
    """Why Compare cannot explain a figure, if it has another number for it."""
    return "" if is_equal else _("For this figure, the server has no parts that add up to it.")


def equal_figures(
    names: Sequence[str], answers: Sequence[object], totals: Sequence[Stats | None]
) -> list[str]:
    """The figures that the ``answers`` of both periods share with the totals, which Compare
    explains; none without a comparison."""
    pairs = list(zip(answers, totals, strict=False))
    return [
        name
        for name in names
        if pairs
        and all(
            stats and getattr(answer, name, None) == getattr(stats.current, name)
            for answer, stats in pairs
        )
    ]
