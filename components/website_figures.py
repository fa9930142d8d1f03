"""The figures of several websites, side by side and summed, and what is missing from the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import pandas as pd

from components import conversions, formats, texts, visit_tables
from components.charts.tiles import Tile, figure
from components.figure_parts import WORDS
from components.formats import Field
from components.loading import Collector, answered
from components.texts import N_, _
from umami.analysis.changes import FIGURES, Figure
from umami.api import reports, revenue
from umami.api.conversions import VisitGroups
from umami.api.reports import Goal
from umami.api.revenue import RevenueTotals
from umami.api.traffic import Stats, Timeline
from umami.api.websites import Website
from umami.conversion import PURCHASE, Conversion, FunnelStep, read
from umami.endpoint import Query
from umami.errors import UmamiError
from umami.view import View

MOST_OTHERS: Final = 9
"""Other currencies of a website than that of its conversion, with a query each."""
MOST_COLUMNS: Final = 3
"""Currencies that the table shows; the full list shows all."""
MOST_NAMES: Final = 5
"""Websites that a sentence names."""
MOST_REASONS: Final = 2
"""Different reasons that a sentence tells."""
_SUMMED: Final = ("visitors", "visits", "views", "bounces")
Counted = VisitGroups | Goal | RevenueTotals | tuple[str, ...]
"""Conversions: of visits, of visitors, or of visitors who paid; the currencies of a website without
any, where purchases are counted."""
Unit = Literal["visits", "visitors"]
"""What converts."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of the websites whose change they explain."""

    figure: Figure
    columns: Mapping[str, str]
    """For each column of the figure, that of ``rows``."""
    currency: str = ""

    @classmethod
    def named(cls, name: str, unit: Unit, codes: Collection[str]) -> Sum:
        """The sum of the tile with this ``figure``, in one of the currencies ``codes`` if it is
        revenue; that of visitors if no tile has it."""
        by_visit = unit == "visits"
        match name:
            case "conversions":
                figure = FIGURES["conversions" if by_visit else "goal_visitors"]
                return cls(figure, {figure.amount: "conversions"})
            case "conversion_rate":
                figure = FIGURES["conversion_rate" if by_visit else "goal_rate"]
                return cls(figure, dict(zip(figure.columns, ("conversions", "all"), strict=True)))
        code = name.removeprefix("revenue_")
        if code != name and code in codes:
            return cls(FIGURES["revenue"], {"revenue": name}, code)
        figure = FIGURES[name if name in ("visits", "views", "bounce_rate") else "visitors"]
        return cls(figure, {column: column for column in figure.columns})

    @property
    def label(self) -> str:
        """Its name inside a sentence."""
        if self.currency:
            return texts.inside(_("Revenue in {currency}").format(currency=self.currency))
        return texts.inside(_(WORDS[self.figure.name].name))


class Answers(NamedTuple):
    """The answers about a website; an ``UmamiError`` where the server gives none."""

    site: Website
    now: Stats | UmamiError
    compared: Stats | UmamiError | None
    """The answer of the comparison, where that has a query of its own."""
    visits: tuple[tuple[Conversion, Counted | UmamiError], ...]
    """The visits with their conversions and, after the first, the revenue in other currencies."""
    timeline: Timeline | UmamiError | None = None
    visits_before: tuple[Counted | UmamiError, ...] = ()
    """The ``visits`` of the comparison; none without one."""

    def faults(self) -> Iterator[tuple[str, UmamiError]]:
        """The missing answers: "now", "compared", "visits" or "visits_before", each with its
        error."""
        parts: list[tuple[str, Any]] = [("now", self.now), ("compared", self.compared)]
        parts += [("visits", answer) for _unused, answer in self.visits]
        parts += [("visits_before", answer) for answer in self.visits_before]
        for name, answer in parts:
            if isinstance(answer, UmamiError):
                yield name, answer


@dataclass(frozen=True, slots=True)
class SiteQueries:
    """The queries about a website, whose results are those of ``Answers``."""

    site: Website
    now: Future[Stats | UmamiError]
    compared: Future[Stats | UmamiError] | None
    timeline: Future[Timeline | UmamiError]
    visits: tuple[tuple[Conversion, Future[Counted | UmamiError]], ...]
    visits_before: tuple[Future[Counted | UmamiError], ...] = ()

    def figures(self) -> list[Future[Any]]:
        """The answers that the sums are made of."""
        more = [answer for _unused, answer in self.visits]
        return [self.now, *filter(None, [self.compared]), *more, *self.visits_before]

    def answers(self, *, timeline: bool = False) -> Answers:
        """The answers, which have arrived."""
        return Answers(
            self.site,
            self.now.result(),
            self.compared.result() if self.compared else None,
            tuple((conversion, answer.result()) for conversion, answer in self.visits),
            self.timeline.result() if timeline else None,
            tuple(answer.result() for answer in self.visits_before),
        )


def ask_conversions(
    query: Collector, views: Sequence[View], same: str
) -> tuple[list[list[Conversion]], list[FunnelStep], frozenset[str]]:
    """The conversions that are counted for each website, the steps that are conversions of some of
    them, most common first, and the websites with more currencies than are counted. Waits for the
    queries of the suggestions.

    The first conversion is ``same``, else that of the website; the others are purchases in its
    other currencies. Where purchases are counted, a website without a currency has an empty
    conversion, so that its visits are among all. Servers of Umami count only the ``same``: they
    need a query for each part.
    """
    whole = bool(views) and views[0].whole_visits
    suggestions = [conversions.suggestion(query, view) if whole else _nothing for view in views]
    asks_currencies = whole or same == PURCHASE
    currencies = [
        conversions.ask_every_currency(query, view) if asks_currencies else answered(())
        for view in views
    ]
    steps: Counter[FunnelStep] = Counter()
    counted: list[list[Conversion]] = []
    cut = set()
    for view, suggestion, answer in zip(views, suggestions, currencies, strict=True):
        text, currency = query.saved_conversions().get(view.website, ("", ""))
        conversion = conversions.resolved(text, currency, suggestion)
        steps.update(filter(None, [conversion.step]))
        if asks_currencies:
            currency = conversion.currency or conversions.suggested_currency(answer.result()) or ""
        if same:
            conversion = Conversion(None if same == PURCHASE else read(same), currency)
        conversion = conversions.with_group(query, view.website, conversion)
        codes = conversions.choices(answer.result(), currency)
        others = [code for code in codes if code != currency]
        if len(others) > MOST_OTHERS:
            cut.add(view.website)
        listed = [conversion, *(Conversion(None, code) for code in others[:MOST_OTHERS])]
        counted.append(listed if same else list(filter(None, listed)) if whole else [])
    return counted, [step for step, _unused in steps.most_common()], frozenset(cut)


def _nothing() -> tuple[None, str]:
    return None, ""


def counts_query(view: View, conversion: Conversion) -> Query[Any]:
    """The query for the conversions of a website, and their revenue; that for its currencies where
    it has none."""
    if not conversion:
        return conversions.every_currency(view)
    if view.whole_visits:
        return visit_tables.groups_query(conversion, None)(view)
    if step := conversion.step:
        return reports.goal(view, step.kind, step.value, step.rows)
    return revenue.revenue_stats(view, conversion.currency)


def currencies_of(answers: Sequence[Answers | SiteQueries]) -> list[str]:
    """The currencies of the websites' revenue, each once in capitals, those of most websites
    first, and of several those of conversions."""
    counts = Counter(
        conversion.currency.strip().upper()
        for each in answers
        for conversion, _unused in each.visits
        if conversion.currency
    )
    return [code for code, _unused in counts.most_common()]


@texts.memoize
def rows(
    answers: tuple[Answers, ...], complete: int, *, purchases: bool = False, unit: Unit = "visits"
) -> pd.DataFrame:
    """A row for each website, most visitors first; what is unknown is missing.

    ``before_…`` are the figures of the comparison, ``series`` the visitors in the first buckets
    that are ``complete``, ``all`` the visits among which conversions are counted, and ``revenue_…``
    the revenue by currency; ``change_…`` are the changes of conversions and revenue. With
    ``purchases``, those in every currency are conversions; ``unit`` is what is counted of websites
    without any. A website whose figures are unknown has nothing else either, so that all sums are
    of the same websites.
    """
    brought = ["conversions", *(f"revenue_{code}" for code in currencies_of(answers))]
    numbers = [
        *(f"{each}{name}" for each in ("", "before_") for name in (*_SUMMED, *brought, "all")),
        *("change", "bounce_rate", "rate"),
        *(f"change_{name}" for name in brought),
    ]
    columns = ["id", "name", "domain", "conversion", "series", *numbers]
    listed = [_row(each, complete, purchases, unit) for each in answers]
    frame = pd.DataFrame(listed).reindex(columns=columns)
    frame = frame.astype(dict.fromkeys(numbers, "float64"))
    return frame.sort_values(["visitors", "name"], ascending=[False, True], ignore_index=True)


def _row(answers: Answers, complete: int, purchases: bool, unit: Unit) -> dict[str, Any]:
    site, stats, compared, visits, timeline, visits_before = answers
    row: dict[str, Any] = {"id": site.id, "name": site.name, "domain": site.domain or ""}
    row["series"] = ()
    if isinstance(stats, UmamiError):
        return row
    before = compared.current if isinstance(compared, Stats) else stats.previous
    for prefix, totals in (("", stats.current), ("before_", before)):
        if totals:
            row |= {f"{prefix}{name}": getattr(totals, name) for name in _SUMMED}
    row["bounce_rate"] = stats.current.bounce_rate
    row["change"] = formats.change(row["visitors"], row.get("before_visitors"))
    if isinstance(timeline, Timeline):
        row["series"] = tuple(timeline.frame["sessions"].iloc[:complete].tolist())
    row |= _brought(visits, getattr(stats.current, unit), purchases)
    converted = row.get("conversions")
    row["rate"] = converted / row["all"] if row.get("all") and converted is not None else None
    if before and visits_before:
        pairs = zip((conversion for conversion, _unused in visits), visits_before, strict=True)
        counted = (*(answer for _unused, answer in visits), *visits_before)
        unknown = {"conversion"}
        if purchases and any(isinstance(answer, UmamiError) for answer in counted):
            # Purchases in the currencies of one period are no match for those of the other.
            unknown |= {"conversions", "all"}
        for name, number in _brought(tuple(pairs), getattr(before, unit), purchases).items():
            if name not in unknown:
                row[f"before_{name}"] = number
                row[f"change_{name}"] = formats.change(row.get(name), number)
    return row


def _brought(
    visits: Sequence[tuple[Conversion, Counted | UmamiError]], everybody: int, purchases: bool
) -> dict[str, Any]:
    """The conversions of a website (``conversion`` is their name), ``all`` that they are counted
    among, and the revenue by currency, as far as they are known."""
    row: dict[str, Any] = {}
    for place, (conversion, answer) in enumerate(visits):
        of_all, revenue_of_all = None, None
        match answer:
            case VisitGroups():
                sums = answer.frame.sum(numeric_only=True)
                of_all, revenue_of_all = (sums["conversions"], sums["visits"]), sums["revenue"]
            case Goal():
                of_all = answer.visitors, answer.of_visitors
            case RevenueTotals():
                of_all, revenue_of_all = (answer.visitors, answer.of_visitors), answer.total
            case tuple() if not answer:
                of_all = 0, everybody
        if place == 0 and of_all:
            row["conversion"] = conversions.described(conversion) if conversion else None
            row["conversions"], row["all"] = of_all
        elif purchases and of_all and "conversion" in row:
            row["conversion"] += f", {conversion.currency.strip().upper()}"
            row["conversions"] += of_all[0]
        if conversion.currency:
            row[f"revenue_{conversion.currency.strip().upper()}"] = revenue_of_all
    return row


def fields(
    frame: pd.DataFrame, codes: Sequence[str], counted: str
) -> tuple[list[Field], list[Field]]:
    """The fields that the table shows, and those that only the full list shows. Each of the
    currencies, ``codes``, has a column. ``counted`` is what converts: visits or visitors."""
    label = _("Revenue") if len(codes) == 1 else _("Revenue in {currency}")
    money = [
        Field(f"revenue_{code}", label.format(currency=code), "money", wide=True, currency=code)
        for code in codes
    ]

    def changes_of(column: str, label: str) -> list[Field]:
        """The field of the change of a column, if it is known of any website."""
        change = f"change_{column}"
        known = change in frame and frame[change].notna().any()
        return [Field(change, label, "change", wide=True)] if known else []

    visits = Field("visits", _("Visits"), wide=True)
    fields = [
        Field("name", _("Website"), "text", note="domain"),
        Field("visitors", _("Visitors"), bar=True, curve="series"),
        *([Field("change", _("Change"), "change")] if frame["change"].notna().any() else []),
        visits,
        Field("views", _("Views"), wide=True),
        Field("bounce_rate", _("Bounce rate"), "percent", wide=True),
    ]
    if frame["conversions"].notna().any():
        named = frame["conversion"].dropna().unique()
        of = named[0] if len(named) == 1 else ""
        fields += [
            Field(
                "conversions",
                _("Conversions"),
                note=None if of else "conversion",
                help=_("{counted} with the conversion “{of}”.").format(counted=counted, of=of)
                if of
                else "",
                wide=True,
            ),
            *changes_of("conversions", _("Change")),
            Field("rate", _("Rate"), "percent", wide=True),
        ]
    changes: list[Field] = []
    if len(money) == 1:
        fields += [*money, *changes_of(money[0].column, _("Change"))]
        money = []
    for each in money:
        changes += changes_of(each.column, _("{name} change").format(name=each.label))
    # Visits give way to a third currency, so that reports have room for all columns.
    more = [visits] if len(money) >= MOST_COLUMNS else []
    shown = [field for field in fields if field not in more]
    return [*shown, *money[:MOST_COLUMNS]], [*more, *money[MOST_COLUMNS:], *changes]


def tiles(
    frame: pd.DataFrame, codes: Sequence[str], what: str, *, purchases: bool = False
) -> list[Tile]:
    """The sums of the websites, and the rates of the sums. They have a change if the comparison of
    every website in them is known; it is explained by the ``Sum`` that their ``figure`` names.
    ``purchases`` as in ``rows``."""
    counted = frame.dropna(subset=["visitors"])
    # A sum of nothing but missing values is unknown, not 0.
    total = counted.sum(numeric_only=True, min_count=1).astype("object")
    total = total.where(total.notna(), None)
    is_compared = bool(counted["before_visitors"].notna().all())

    def sums(name: str) -> tuple[float, float | None]:
        return float(total[name]), float(total[f"before_{name}"]) if is_compared else None

    def known(*names: str) -> tuple[pd.DataFrame, bool]:
        """The websites whose figures are known, and whether those of the comparison are, too."""
        rows = counted.dropna(subset=[*names])
        return rows, bool(rows[[f"before_{name}" for name in names]].notna().all(axis=None))

    (visits, visits_before), (bounces, bounces_before) = sums("visits"), sums("bounces")
    bounce_rate = bounces / visits if visits else None
    bounce_rate_before = (
        bounces_before / visits_before if bounces_before is not None and visits_before else None
    )
    added_up = _("Added up, not deduplicated: a person who visited two websites counts twice.")
    tiles = {
        "visitors": figure(_("Visitors"), *sums("visitors"), added_up),
        "visits": figure(_("Visits"), *sums("visits"), _("Visits of all websites.")),
        "views": figure(_("Views"), *sums("views"), _("Views of all websites.")),
        "bounce_rate": figure(
            _("Bounce rate"),
            bounce_rate,
            bounce_rate_before,
            _("Bounces of all websites, of all their visits."),
            "percent",
            good="down",
        ),
    }
    if counted["conversions"].notna().any():
        rated, is_known = known("conversions", "all")
        rate = rated["conversions"].sum() / of if (of := rated["all"].sum()) else None
        rate_before = None
        if is_known and (of_before := rated["before_all"].sum()):
            rate_before = rated["before_conversions"].sum() / of_before
        converting, has_before = known("conversions")
        before = float(converting["before_conversions"].sum()) if has_before else None
        converted = _("{counted} that converted.").format(counted=what)
        of_all = _("Conversions of all {counted}.")
        if len(rated) < len(counted):
            of_all = _("Conversions of all {counted} of the websites whose conversions are known.")
        of_all = of_all.format(counted=texts.inside(what))
        currencies = counted[[f"revenue_{code}" for code in codes]].notna().sum(axis="columns")
        if purchases and (currencies > 1).any():
            twice = _("A visitor who paid in two currencies counts twice.")
            converted = f"{converted} {twice}"
        tiles |= {
            "conversions": figure(_("Conversions"), float(total["conversions"]), before, converted),
            "conversion_rate": figure(_("Conversion rate"), rate, rate_before, of_all, "percent"),
        }
    for code in codes:
        label = _("Revenue") if len(codes) == 1 else _("Revenue in {currency}")
        about = _("Revenue in {currency}, which is not added to that in other currencies.")
        earning, has_before = known(f"revenue_{code}")
        tiles[f"revenue_{code}"] = figure(
            label.format(currency=code),
            total[f"revenue_{code}"],
            float(earning[f"before_revenue_{code}"].sum()) if has_before else None,
            about.format(currency=code),
            "money",
            currency=code,
        )
    return [replace(tile, figure=name) for name, tile in tiles.items()]


_LEFT_OUT: Final = {
    "now": N_(
        "{count} of {total} websites did not answer and are not in the sums: {names}. {reason}"
    ),
    "compared": N_("The sums have no change: the comparison lacks {names}. {reason}"),
    "visits": N_("Conversions and revenue do not include all of {names}. {reason}"),
    "visits_before": N_(
        "The sums of conversions and revenue have no change: the comparison lacks {names}. {reason}"
    ),
}
"""What is said about missing answers."""


def left_out(answers: Sequence[Answers]) -> Iterator[str]:
    """Sentences that name the websites whose answers are missing, and say why they are."""
    missing: dict[str, list[tuple[str, UmamiError]]] = {part: [] for part in _LEFT_OUT}
    for each in answers:
        faults: dict[str, UmamiError] = {}
        for part, problem in each.faults():
            faults.setdefault(part, problem)
        # Without its figures, a website is in no sum at all.
        for part in ["now"] if "now" in faults else faults:
            missing[part].append((each.site.name, faults[part]))
    for part, problems in missing.items():
        if problems:
            reasons = dict.fromkeys(texts.sentences(problem) for _unused, problem in problems)
            yield _(_LEFT_OUT[part]).format(
                count=formats.whole(len(problems)),
                total=formats.whole(len(answers)),
                names=listed([name for name, _unused in problems]),
                reason=" ".join([*reasons][:MOST_REASONS]),
            )


def listed(names: Sequence[str]) -> str:
    """Names of websites in a sentence: ``Docs, Shop, 3 others``."""
    shown = [formats.shortened(name, 40) for name in names]
    if more := len(shown[MOST_NAMES:]):
        shown[MOST_NAMES:] = [formats.counted("{count} other", "{count} others", more)]
    return ", ".join(shown)
