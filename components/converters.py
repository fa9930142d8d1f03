"""Conversions on servers of Umami, which report none by source, place or device.

They come from the list of the visitors who converted, from what each of them did, and from the
attribution to the first touch. Conversions are visitors here, not visits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import conversions, merged_tags
from components.formats import Field
from components.loading import Collector, answered, domain
from components.merged_tags import Merge
from components.texts import N_, _
from components.view_description import value_name, why_empty
from umami.analysis import converters as analysis
from umami.api import reports, revenue, sessions, traffic
from umami.api.reports import Utm
from umami.api.revenue import Attribution
from umami.api.sessions import Session
from umami.conversion import Conversion
from umami.endpoint import Query
from umami.errors import UmamiError
from umami.parsing import Page
from umami.view import View

ENDPOINTS: Final = ("metrics", "attribution", "revenue", "revenue_stats")
"""What a page queries here, besides suggestions. Lists of visitors are asked for, too, but only
viewers of the page of visitors get them: for others, what they would tell is missing."""
MOST_LISTED: Final = 500
"""Most visitors who converted whose places and devices are counted."""
MOST_ACTIVE: Final = 200
"""Most visitors who converted whose visits are read, each with a query of its own."""
MOST_ACTIVE_CLOUD: Final = 20
"""The same on Umami Cloud, which limits the rate of requests."""
MOST_PRICED: Final = 10
"""Most names whose revenue is asked for, each with a query of its own."""
FIRST_TOUCH: Final = N_(
    "A visitor who converted counts for the source of their first visit in the period. Umami lists "
    "the 20 sources with the most conversions."
)
BY_CHANNEL: Final = N_(
    "A visitor who converted counts for the channel of the visit in which they converted. Revenue "
    "counts for the channel of a visitor’s first visit in the period."
)
TOO_MANY: Final = N_(
    "Umami does not report conversions by channel. The dashboard counts them itself for up to "
    "{most} visitors who converted. Choose a shorter period, or look at Sources."
)
UNTOLD: Final = N_(
    "Conversions are unknown here. This server counts them for a single page or event, and without "
    "filters that keep parts of visits. You also need access to the page Visitors to see them."
)
NO_REVENUE: Final = N_("This version of Umami does not report this revenue; newer versions do.")
PARTS: Final = {
    "referrer": "referrer",
    "utmSource": "source",
    "utmMedium": "medium",
    "utmCampaign": "campaign",
    "utmContent": "content",
    "utmTerm": "term",
}
"""The part of an attribution for each field."""
Counts = Mapping[str, int]
Amounts = Mapping[str, float]
UTM_FIELDS: Final = PARTS.keys() - {"referrer"}


def ask(query: Collector, view: View, conversion: Conversion) -> Future[Page[Session] | None]:
    """The visitors who converted, ``MOST_LISTED`` at most; ``None`` where the server cannot tell.

    Filters of rows would have to match the row of the conversion, so with them nothing is asked.
    """
    listed = _listed(view, conversion)
    return query.optional(listed) if listed else answered(None)


def ask_by(
    query: Collector, view: View, conversion: Conversion, field: str
) -> Future[pd.DataFrame | None]:
    """The visitors who converted (``converters``) and how often they did (``times``), by ``name``
    and ``country``; ``None`` where ``by_field`` is."""
    listed = _listed(view, conversion)

    def named(page: Page[Session]) -> pd.DataFrame | None:
        frame = by_field(page, field)
        if frame is None:
            return None
        return frame.rename(columns={"conversions": "converters"}).assign(
            buyers=frame["conversions"]
        )

    return query.known(listed, named) if listed else answered(None)


def _listed(view: View, conversion: Conversion) -> Query[Page[Session]] | None:
    step = conversion.step
    if view.keeps_whole_visits and step and conversion.is_exact:
        return sessions.sessions(view.filtered(step.kind, step.value), page_size=MOST_LISTED)
    if view.keeps_whole_visits and not step and conversion.currency:
        return revenue.revenue_sessions(view, conversion.currency, page_size=MOST_LISTED)
    return None


def by_field(listed: Page[Session] | None, field: str) -> pd.DataFrame | None:
    """The visitors who converted (``conversions``) by ``name`` and ``country``, and the ``times``
    (``analysis.by_session_field``); ``None`` where the list is missing or incomplete."""
    if listed is None or listed.count > len(listed.rows):
        return None
    return analysis.by_session_field(listed.rows, field)


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A table of the values of a field: their visitors, conversions and revenue."""

    field: traffic.Metric
    title: str
    many: str
    """The rows in the plural: ``campaigns``."""
    name: str
    """The heading of the first column."""
    none: str
    """The name of the row of visitors without a value."""
    on_choose: Callable[[str], ui.Change] | None = None

    def section(self, query: Collector, view: View, conversion: Conversion) -> ui.Section:
        """Send the queries; waits for the names whose revenue it asks for."""
        earlier = view.compared()
        views = [view, *([earlier] if earlier else [])]
        visitors = [query.optional(traffic.metrics(each, self.field)) for each in views]
        exceeded = 0
        if self.field == "channel":
            count, exceeded = _by_channel(query, view, conversion)
            counts = [count]
        else:
            counts = _by_first_touch(query, views, conversion, self.field)
        amounts: list[Amounts | None] = []
        if conversion.currency:
            shown = sorted(counts[0] or {}, key=lambda name: -(counts[0] or {})[name])
            amounts = [
                _revenue(query, each, conversion.currency, self.field, shown[:MOST_PRICED])
                for each in views
            ]
        tagged = [query.ask(reports.utm(each)) for each in views if self.field in UTM_FIELDS]
        filters = self.field in query.client.capabilities.fields
        merges = merged_tags.of(query, view.website, self.field)
        draw = partial(
            self._draw, view, conversion, counts, amounts, len(views), filters, exceeded, merges
        )
        return ui.Section(_(self.title), draw, [*visitors, *tagged], height=420)

    def _draw(
        self,
        view: View,
        conversion: Conversion,
        counts: Sequence[Counts | None],
        amounts: Sequence[Amounts | None],
        periods: int,
        filters: bool,
        exceeded: int,
        merges: tuple[Merge, ...],
        *answers: Any,
    ) -> list[ui.Block]:
        visitors: list[Counts | None] = [
            None if ranking is None else {row.name or "": row.count for row in ranking.rows}
            for ranking in answers[:periods]
        ]
        views: list[Counts | None] = [_views(utm, self.field) for utm in answers[periods:]]
        columns = {"visitors": visitors, "views": views, "conversions": counts, "revenue": amounts}
        frame = rows(self, columns, merges)
        if frame.empty:
            nothing = _("No {many} in this period.").format(many=_(self.many))
            return [
                ui.Text(
                    why_empty(view, nothing),
                    "empty",
                )
            ]
        priced, currency = "revenue" in frame, conversion.currency
        of = _("Visitors with the conversion “{described}”.").format(
            described=conversions.described(conversion)
        )
        base = next(name for name in columns if name in frame)
        change = partial(Field, label=_("Change"), kind="change", wide=True)
        fields = [
            Field("label", _(self.name), "text", note="note" if merges else None),
            Field("visitors", _("Visitors")),
            change("visitors_change"),
            Field("views", _("Views"), wide=base != "views"),
            *([change("views_change")] if base == "views" else []),
            Field("conversions", _("Conversions"), help=of),
            change("conversions_change"),
            Field("rate", _("Rate"), "percent", wide=True, help=_("Conversions of all visitors.")),
            Field("revenue", _("Revenue"), "money", currency=currency),
            change("revenue_change"),
        ]
        fields = [field for field in fields if field.column in frame]
        table = ui.Table(
            _(self.many),
            frame,
            [replace(field, bar=field.column == base) for field in fields],
            f"brought_{self.field}",
            value="value" if filters else None,
            filter_field=None if self.on_choose else self.field,
            on_choose=self.on_choose,
            merged=merged_tags.filters(merges),
        )
        notes = [_(BY_CHANNEL) if self.field == "channel" else _(FIRST_TOUCH)]
        if counts[0] is None:
            notes = [_(TOO_MANY).format(most=exceeded) if exceeded else _(UNTOLD)]
        if conversion.currency and not priced:
            notes.append(_(NO_REVENUE))
        return [table, ui.Text(" ".join(notes))]


def rows(
    table: FieldTable,
    known: Mapping[str, Sequence[Amounts | None]],
    merges: Sequence[Merge] = (),
) -> pd.DataFrame:
    """A row for each value (``value``, ``label``), with the numbers that are known for the period
    and the comparison: columns for those of the period, and for their changes (fractions); ``rate``
    is the fraction of the visitors who converted. Most conversions come first. ``note`` marks rows
    that are merged, whose visitors are missing."""
    named = dict.fromkeys(name for each in known.values() for name in (each and each[0]) or ())
    if merges:
        known = {
            column: [each and _merged(column, each, merges, named) for each in numbers]
            for column, numbers in known.items()
        }
    noted = merged_tags.notes(merges, named)
    current = {name: numbers[0] for name, numbers in known.items() if numbers}
    counted = [numbers for numbers in current.values() if numbers is not None]
    values = [
        name
        for name in dict.fromkeys(name for numbers in counted for name in numbers)
        if name or any(numbers.get("") for numbers in counted)
    ]
    columns: dict[str, pd.Series[float]] = {}
    for column, numbers in known.items():
        now, before = [*numbers, None, None][:2]
        if now is None:
            continue
        columns[column] = _series(now, values, 0.0 if column == "conversions" else math.nan)
        if before is not None:
            was = _series(before, values, 0.0)
            columns[f"{column}_change"] = columns[column] / was.where(was > 0) - 1
    if "visitors" in columns and "conversions" in columns:
        columns["rate"] = columns["conversions"] / columns["visitors"]
    labels = [value_name(table.field, name) if name else _(table.none) for name in values]
    value = pd.Series([name or None for name in values], dtype="object")
    note = [noted.get(name) for name in values]
    frame = pd.DataFrame({"value": value, "label": labels, "note": note, **columns})
    order = [name for name in ("conversions", "revenue", "visitors", "views") if name in frame]
    if not order:
        return frame[:0]
    frame = frame.sort_values(order, ascending=False, ignore_index=True)
    # The sort is stable, so that only the row without a value moves: to the end.
    return frame.sort_values("value", key=pd.isna, kind="stable", ignore_index=True)


def _merged(
    column: str, numbers: Amounts, merges: Sequence[Merge], named: Iterable[str]
) -> Amounts:
    """The numbers of a column with one number for what is merged."""
    priced = named if column == "revenue" else ()
    return merged_tags.amounts(numbers, merges, names=priced, additive=column != "visitors")


def _views(utm: Utm, field: str) -> Counts:
    tags = utm.frame[utm.frame["parameter"] == PARTS[field]]
    return dict(zip(tags["value"], tags["views"], strict=True))


def _series(numbers: Amounts, values: Sequence[str], missing: float) -> pd.Series[float]:
    return pd.Series([float(numbers.get(name, missing)) for name in values], dtype="float64")


def _by_first_touch(
    query: Collector, views: Sequence[View], conversion: Conversion, field: str
) -> list[Counts | None]:
    """Conversions by the first value of a field; those that no value is credited with have the name
    ``""``. ``None`` where the server cannot tell. Waits for the answers."""
    step = conversion.step
    if step is None or not conversion.is_exact or not views[0].keeps_whole_visits:
        return [None for _unused in views]
    queries = [revenue.attribution(view, "first-click", step.kind, step.value) for view in views]
    answers = [query.optional(credited) for credited in queries]
    return [_credited(answer.result(), PARTS[field]) for answer in answers]


def _credited(answer: Attribution | None, part: str) -> Counts | None:
    if answer is None:
        return None
    credit = answer.frame[answer.frame["part"] == part].dropna(subset=["visitors"])
    counts = dict(zip(credit["name"], credit["visitors"].astype("int64"), strict=True))
    return {**counts, "": max(0, answer.visitors - sum(counts.values()))}


def _by_channel(query: Collector, view: View, conversion: Conversion) -> tuple[Counts | None, int]:
    """Conversions by channel, ``None`` where they are unknown; and if that is because too many
    visitors converted, how many are counted at most, else 0. Waits for the answers."""
    listed = ask(query, view, conversion).result()
    most = MOST_ACTIVE_CLOUD if query.client.server.cloud else MOST_ACTIVE
    if listed is None or conversion.step is None or listed.count > most:
        return None, most if listed is not None and listed.count > most else 0
    answers = [query.optional(sessions.activity(view, session.id)) for session in listed.rows]
    steps = [taken for answer in answers if (taken := answer.result()) is not None]
    if len(steps) < len(answers):
        return None, 0
    site = domain(query.client, view.website)
    # Both came with Umami 3.3: the channel of visits without a source, and that of assistants.
    assistants = query.client.definitions.direct
    return analysis.by_channel(steps, conversion.step, site, assistants=assistants), 0


def _revenue(
    query: Collector, view: View, currency: str, field: str, shown: Sequence[str]
) -> Amounts | None:
    """Revenue by the values of a field; ``None`` where the server does not report it. Waits for the
    answers."""
    if field in ("channel", "referrer"):
        parts = query.optional(revenue.revenue(view, currency)).result()
        if parts is None:
            return None
        frame = parts.channels if field == "channel" else parts.referrers
        if frame is None:
            return None
        named = frame["name"].fillna("")
        # Before 3.3, this is the channel of visits without a source.
        named = named.where(named != "Unknown", "direct") if field == "channel" else named
        sums = frame.groupby(named)["amount"].sum()
        return {str(name): float(amount) for name, amount in sums.items()}
    try:
        if field not in query.client.definitions.revenue_fields or not view.keeps_whole_visits:
            return None
    except UmamiError:
        return None
    queries = {
        name: revenue.revenue_stats(view.filtered(field, name), currency) for name in shown if name
    }
    totals_of = {name: query.optional(totals) for name, totals in queries.items()}
    answers = {name: answer.result() for name, answer in totals_of.items()}
    if None in answers.values():
        return None
    return {name: float(answer.total) for name, answer in answers.items() if answer}
