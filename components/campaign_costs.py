"""Costs in the tables of campaigns and sources: cost per visit and conversion, and return on ad
spend, all from sums. Amounts of different currencies are never added."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import pandas as pd

from access.costs import Spend
from components import blocks as ui
from components import formats, merged_tags
from components.charts.tiles import Tile, figure
from components.converters import FieldTable
from components.formats import Field
from components.loading import Collector
from components.merged_tags import Merge
from components.texts import N_, _
from components.visit_tables import OTHER, VisitTable
from umami.conversion import Conversion
from umami.memoize import memoize
from umami.view import View

COLUMNS: Final = {"utmCampaign": "campaign", "utmSource": "source"}
"""The column of costs for each field whose table shows them."""
MOST_NAMED: Final = 5
"""Names that a sentence lists."""
MOST_ADDED: Final = 500
"""Rows for names without visits, of those with the highest costs."""
_SUMMED: Final = ("visits", "visitors", "conversions", "revenue")
MOST_SHOWN: Final = 2
"""Currencies whose costs a table shows; full lists have those in all."""
_MINOR: Final = ("order", "revenue_change")
"""Columns that only full lists show beside costs, and beside those in several currencies."""
_MINOR_BESIDE_SEVERAL: Final = (*_MINOR, "bounce_rate", "each")
_SEPARATORS: Final = re.compile(r"[\W_]+")
_FILTERED: Final = N_(
    "Costs are of the whole website. Filters do not apply to them, so there are no costs per visit."
)
_PART_OF_DAY: Final = N_(
    "Costs are of whole days, and the period begins or ends within one, so there are no costs per "
    "visit."
)


def simplified(name: str) -> str:
    """A name without case and separators, in which names of ads and tags of links often differ."""
    return _SEPARATORS.sub("", name.casefold())


@dataclass(frozen=True, slots=True)
class Matches:
    """Costs by the rows of a table. ``amounts`` has a column for each currency and a row for each
    value with costs; ``spellings`` are the other names by which a value was found, and ``rest`` the
    costs without a row, by name."""

    amounts: pd.DataFrame
    spellings: Mapping[str, Sequence[str]]
    rest: pd.DataFrame


def targets(
    names: Iterable[str], values: Iterable[str], merges: Iterable[Merge] = ()
) -> dict[str, str]:
    """The row of each of the ``names`` of costs in a table with these ``values``: that of the rule
    that merges it or of the same name, else the only one with a spelling that differs just in case
    and separators. It may be a row of a rule that is not in the table. Other names are left out."""
    of_spelling = {value: value for value in values} | {
        value: merge.name for merge in merges for value in merge.values
    }
    alike: dict[str, set[str]] = {}
    for value, row in of_spelling.items():
        alike.setdefault(simplified(value), set()).add(row)
    row_of: dict[str, str] = {}
    for name in names:
        simple = simplified(name)
        candidates = alike.get(simple, ()) if simple else ()
        if name in of_spelling:
            row_of[name] = of_spelling[name]
        elif len(candidates) == 1:
            row_of[name] = next(iter(candidates))
    return row_of


@memoize
def matched(
    spend: Spend, column: str, values: tuple[str, ...], merges: tuple[Merge, ...] = ()
) -> Matches:
    """The costs of ``spend`` by the ``values`` of a table (``targets``)."""
    amounts = spend.frame.pivot_table(
        index=column, columns="currency", values="amount", aggfunc="sum", sort=False
    )
    rows = targets(amounts.index, values, merges)
    merged = {value for merge in merges for value in merge.values}
    spellings: dict[str, list[str]] = {}
    for name, row in rows.items():
        if name != row and name not in merged:
            spellings.setdefault(row, []).append(name)
    by_row = amounts.groupby(lambda name: rows.get(name, name), sort=False).sum(min_count=1)
    has_row = by_row.index.isin(values)
    return Matches(by_row[has_row], spellings, by_row[~has_row])


def section(
    query: Collector,
    view: View,
    conversion: Conversion,
    table: VisitTable | FieldTable,
    spend: Spend | None,
    spend_before: Spend | None = None,
    *,
    is_complete: bool,
) -> ui.Section:
    """The section of a table, with the costs of its rows and their change, if it is one of those
    that show them.

    ``is_complete`` says that the table has a row for every value with a visit, so that costs
    without one are of campaigns without visits.
    """
    drawn = table.section(query, view, conversion)
    if spend is None or table.field not in COLUMNS:
        return drawn
    add = partial(
        with_costs,
        conversion=conversion,
        column=COLUMNS[table.field],
        merges=merged_tags.of(query, view.website, table.field),
        is_complete=is_complete,
    )
    before = view.compared()
    if before is None or spend_before is None:
        return replace(
            drawn, make=lambda *answers: add(drawn.make(*answers), view=view, spend=spend)
        )
    earlier, count = table.section(query, before, conversion), len(drawn.answers)

    def make(*answers: Any) -> list[ui.Block]:
        priced = Earlier(before, spend_before, tuple(earlier.make(*answers[count:])))
        return add(drawn.make(*answers[:count]), view=view, spend=spend, earlier=priced)

    return replace(drawn, make=make, answers=[*drawn.answers, *earlier.answers])


def tiles(spend: Spend, before: Spend | None = None) -> list[Tile]:
    """A tile with the costs in each currency, and their change if those ``before`` are known."""
    about = _("What was uploaded for the days of this period.")
    totals, earlier = spend.totals, before.totals if before else {}
    return [
        figure(
            _label(_("Cost"), currency, several=len(totals) > 1),
            amount,
            earlier.get(currency),
            about,
            "money",
            currency=currency,
            good="none",
        )
        for currency, amount in totals.items()
    ]


def notes(view: View, spend: Spend) -> list[str]:
    """What costs leave out, in sentences: days without any, filters, and parts of days."""
    first, last = view.period.days
    days = (last - first).days + 1
    sentences: list[str] = []
    if set(spend.by_source.values()) != {spend.days}:
        lacking = sorted(spend.by_source.items(), key=lambda item: item[1])
        parts = [
            f"{formats.shortened(source) or _('(no source)')} {formats.whole(count)}"
            for source, count in lacking
            if count < days
        ]
        named = listed(parts, len(parts))
        sentences.append(
            _("Days with costs, of {days}: {named}. The others count as free.").format(
                days=formats.whole(days), named=named
            )
        )
    elif spend.days < days:
        sentences.append(
            _("Costs for {known} of {days} days. The others count as free.").format(
                known=formats.whole(spend.days), days=formats.whole(days)
            )
        )
    if not _has_rates(view):
        sentences.append(_(_FILTERED) if view.is_filtered else _(_PART_OF_DAY))
    return sentences


def _has_rates(view: View) -> bool:
    """Whether costs are about the same visits as the tables. A running period of several days ends
    within the day that has the fewest of its visits."""
    starts, ends = view.period.edges_of_days
    first, last = view.period.days
    return not view.is_filtered and starts and (ends or first < last)


@dataclass(frozen=True, slots=True)
class Earlier:
    """The comparison: its View, its costs, and the blocks of its table."""

    view: View
    spend: Spend
    blocks: tuple[ui.Block, ...]


def with_costs(
    blocks: Sequence[ui.Block],
    *,
    view: View,
    conversion: Conversion,
    spend: Spend,
    column: str,
    merges: tuple[Merge, ...] = (),
    is_complete: bool,
    earlier: Earlier | None = None,
) -> list[ui.Block]:
    """The blocks of a table with costs in it, and sentences about them below."""
    table = next((block for block in blocks if isinstance(block, ui.Table)), None)
    if table is None:
        said = [_total(spend)]
        return [*blocks, *_sentences(said), *_sentences(notes(view, spend), "note")]
    matches = matched(spend, column, tuple(table.frame["value"].dropna()), merges)
    rest, said = matches.rest, []
    has_other = bool((table.frame["label"] == _(OTHER)).any())
    frame = table.frame
    nameless = rest.index == ""
    if nameless.any():
        said.append(_without_source(rest[nameless]))
        rest = rest[~nameless]
    if len(rest) and not view.is_filtered:
        said.append(_without_row(rest, table.title))
        if is_complete and not has_other:
            frame = _with_rows(frame, rest)
            matches = replace(matches, amounts=pd.concat([matches.amounts, rest]))
    with_rates = _has_rates(view)
    frame, fields, more = _columns(frame, matches, conversion, with_rates=with_rates)
    if with_rates:
        said.insert(0, _summary(frame, conversion, spend))
    changes: list[Field] = []
    if earlier:
        price = partial(
            with_costs,
            conversion=conversion,
            column=column,
            merges=merges,
            is_complete=is_complete,
        )
        priced = price(earlier.blocks, view=earlier.view, spend=earlier.spend)
        was = next((block.frame for block in priced if isinstance(block, ui.Table)), None)
        if was is not None:
            if with_rates and _has_rates(earlier.view):
                said.append(_summary_of_changes(frame, was, conversion, spend))
            frame, changes = _changes(frame, was)
        said.append(_coverage(earlier))
    # On phones, the return leaves no room for the revenue that it is made of.
    narrow = any(field.column == "roas" for field in fields)
    first, *others = (
        replace(field, wide=field.wide or (narrow and field.column == "revenue"))
        for field in table.fields
    )
    minor: tuple[str, ...] = _MINOR
    if len(matches.amounts.columns) > 1:
        minor, more = _MINOR_BESIDE_SEVERAL, [*more, *changes]
    elif changes:
        minor = _MINOR_BESIDE_SEVERAL
        after = {each.column.removesuffix("_change"): each for each in changes}
        fields = [
            each
            for field in fields
            for each in (field, after.get(field.column))
            if each is not None
        ]
    shown = replace(
        table,
        frame=frame.head(len(table.frame) + MOST_ADDED),
        fields=[
            replace(first, note="note"),
            *(field for field in others if field.column not in minor),
            *fields,
        ],
        more_fields=[
            *(field for field in others if field.column in minor),
            *table.more_fields,
            *more,
        ],
    )
    return [
        *(shown if block is table else block for block in blocks),
        *_sentences(said),
        *_sentences(notes(view, spend), "note"),
    ]


def _sentences(
    sentences: Iterable[str], kind: Literal["caption", "note"] = "caption"
) -> list[ui.Block]:
    text = " ".join(filter(None, sentences))
    return [ui.Text(text, kind)] if text else []


def _label(name: str, currency: str, *, several: bool) -> str:
    """A heading, which names the currency where there are ``several``."""
    if not several:
        return name
    return _("{name} in {currency}").format(name=name, currency=currency)


def _sentence(label: str, parts: Sequence[str]) -> str:
    return _("{label}: {parts}.").format(label=label, parts=", ".join(parts))


def _with_rows(frame: pd.DataFrame, rest: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table, and a row without visits for each other name."""
    names = [str(name) for name in rest.index]
    counts = {
        name: 0
        for name in ("visits", "visitors", "views", "conversions", "revenue", "other")
        if name in frame
    }
    labels = [formats.shortened(name, 100) for name in names]
    rows = pd.DataFrame({"value": names, "label": labels, **counts}, columns=frame.columns)
    rows = rows.astype({name: frame[name].dtype for name in counts})
    notes = [_("no visits")] * len(rows)
    return pd.concat(
        [frame, rows.assign(note=notes).astype({"value": "object", "label": "object"})],
        ignore_index=True,
    )


def _columns(
    frame: pd.DataFrame, matches: Matches, conversion: Conversion, *, with_rates: bool
) -> tuple[pd.DataFrame, list[Field], list[Field]]:
    """The rows with columns of their costs, the fields of these, and those for full lists only: of
    further currencies, and the rates of all but the first, which is that of revenue where there are
    such costs."""
    amounts = matches.amounts.reindex(frame["value"]).set_axis(frame.index)
    notes = frame["note"] if "note" in frame else pd.Series([None] * len(frame), dtype="object")
    currencies = sorted(map(str, amounts), key=lambda name: not _is_same(name, conversion.currency))
    # What one currency bought is unknown where another one paid for the same row.
    payers = amounts.gt(0).sum(axis=1)
    alone = payers == 1
    frame = frame.assign(note=_noted(frame["value"], notes, matches.spellings, payers > 1))
    unit, each = _unit(frame)
    divisors = {
        "cost_each": (unit, _("Cost per {each}").format(each=each)),
        "cost_action": ("conversions", _("Cost per conversion")),
    }
    shown: list[Field] = []
    more: list[Field] = []
    for currency in currencies:
        is_first = currency == currencies[0]
        money = partial(Field, kind="money", currency=currency)
        cost = amounts[currency]
        frame = frame.assign(**{f"cost_{currency}": cost})
        label = _label(_("Cost"), currency, several=len(currencies) > 1)
        is_shown = currency in currencies[:MOST_SHOWN]
        (shown if is_shown else more).append(money(f"cost_{currency}", label))
        paid = cost.where(alone & (cost > 0))
        for name, (divisor, label) in divisors.items():
            if with_rates and divisor in frame:
                frame = frame.assign(**{f"{name}_{currency}": _ratio(paid, frame[divisor])})
                label = _label(label, currency, several=not is_first)
                (shown if is_first else more).append(money(f"{name}_{currency}", label, wide=True))
        if with_rates and "revenue" in frame and _is_same(currency, conversion.currency):
            earned = _ratio(frame["revenue"], paid)
            frame = frame.assign(roas=earned.round(2), **{"return": earned})
            about = _("Return on ad spend: revenue in {currency} divided by costs.")
            shown.append(Field("roas", _("ROAS"), "number", help=about.format(currency=currency)))
    return frame, shown, more


def _changes(frame: pd.DataFrame, before: pd.DataFrame) -> tuple[pd.DataFrame, list[Field]]:
    """The rows with the changes of their costs, of those per conversion, and of the return, and the
    fields of these, which follow the columns that they are of, unless there are several currencies.
    A change is unknown where one of both numbers is."""
    was = before.dropna(subset=["value"]).set_index("value")
    fields: list[Field] = []
    currencies = [str(name).removeprefix("cost_") for name in frame if _is_cost(str(name))]
    for currency in currencies:
        labels = {
            f"cost_{currency}": _("Cost change"),
            f"cost_action_{currency}": _("Cost per conversion change"),
        }
        several = len(currencies) > 1
        for name, label in labels.items():
            if name not in frame or name not in was:
                continue
            earlier = frame["value"].map(was[name])
            frame = frame.assign(**{f"{name}_change": _ratio(frame[name], earlier) - 1})
            label = _label(label, currency, several=True) if several else _("Change")
            change = Field(f"{name}_change", label, "change", wide=True)
            is_cost = _is_cost(name)
            fields.append(replace(change, falls_well=not is_cost, neutral=is_cost))
    if "return" in frame and "return" in was:
        returns = _ratio(frame["return"], frame["value"].map(was["return"]))
        frame = frame.assign(roas_change=returns - 1)
        label = _("ROAS change") if len(currencies) > 1 else _("Change")
        fields.append(Field("roas_change", label, "change", wide=True))
    return frame, fields


def _is_cost(column: str) -> bool:
    return column.startswith("cost_") and not column.startswith(("cost_each_", "cost_action_"))


def _coverage(earlier: Earlier) -> str:
    """On how many days of the comparison there are no costs, in a sentence."""
    first, last = earlier.view.period.days
    days = (last - first).days + 1
    if earlier.spend.days >= days:
        return ""
    text = _("The comparison has costs for {known} of {days} days. The others count as free.")
    return text.format(known=formats.whole(earlier.spend.days), days=formats.whole(days))


def _unit(frame: pd.DataFrame) -> tuple[str, str]:
    """The column of what costs are divided by, and its word; views say nothing of people."""
    words = {"visits": _("visit"), "visitors": _("visitor")}
    return next(((name, word) for name, word in words.items() if name in frame), ("", ""))


def _is_same(currency: str, other: str) -> bool:
    return currency == other.strip().upper()


def _ratio(number: pd.Series[Any], of: pd.Series[Any]) -> pd.Series[Any]:
    divisor = of.astype("float64")
    return number.astype("float64") / divisor.where(divisor > 0)


def _noted(
    values: pd.Series[Any],
    notes: pd.Series[Any],
    spellings: Mapping[str, Sequence[str]],
    several: pd.Series[Any],
) -> pd.Series[Any]:
    """The notes of rows, with the other spellings of names whose costs they have, and why those
    with costs in ``several`` currencies have no rates."""
    noted: list[str | None] = []
    for value, note, mixed in zip(values, notes, several, strict=True):
        parts = [note] if isinstance(note, str) else []
        if names := spellings.get(value, ()):
            listed = ", ".join(f"“{formats.shortened(name)}”" for name in names[:MOST_NAMED])
            parts.append(_("costs of {names}").format(names=listed))
        if mixed:
            parts.append(_("costs in several currencies"))
        noted.append(" · ".join(parts) or None)
    return pd.Series(noted, index=values.index, dtype="object")


def money(amounts: Mapping[str, float]) -> str:
    """Amounts of several currencies, side by side."""
    return " + ".join(formats.money(amount, currency) for currency, amount in amounts.items())


def _sums(rows: pd.DataFrame) -> dict[str, float]:
    sums = rows.sum()
    return {str(currency): float(amount) for currency, amount in sums.items() if amount}


def _total(spend: Spend) -> str:
    return _("Costs in this period: {amounts}.").format(amounts=money(spend.totals))


def _without_source(rows: pd.DataFrame) -> str:
    amounts = money(_sums(rows))
    return _("Costs without a source: {amounts}.").format(amounts=amounts) if amounts else ""


def _without_row(rest: pd.DataFrame, many: str) -> str:
    """Which costs have no visits, in a sentence."""
    amounts = money(_sums(rest))
    if not amounts:
        return ""
    shown = [f"“{formats.shortened(str(name), 40)}”" for name in rest.index[:MOST_NAMED]]
    names = listed(shown, len(rest))
    return _("No visits are known of these {many} with costs of {amounts}: {names}.").format(
        many=many, amounts=amounts, names=names
    )


def listed(names: Sequence[str], count: int, most: int = MOST_NAMED) -> str:
    """The first of the names for a sentence, and how many of the ``count`` it does not name."""
    shown, more = ", ".join(names[:most]), count - most
    if more <= 0:
        return shown
    return _("{names} and {more} more").format(names=shown, more=formats.whole(more))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the rows with costs in one currency cost together, and their rates; ``None`` is
    unknown."""

    cost: float
    each: float | None
    action: float | None
    roas: float | None


def _sums_of(frame: pd.DataFrame, conversion: Conversion) -> dict[str, Sums]:
    """The sums of the rows with costs in only one currency, by the currency."""
    names = [name for name in map(str, frame) if _is_cost(name)]
    alone = frame[names].gt(0).sum(axis=1) == 1
    unit, _each = _unit(frame)
    sums: dict[str, Sums] = {}
    for name in names:
        rows = frame[alone & (frame[name] > 0)]
        cost = float(rows[name].sum())
        of = {each: rows[each].sum(skipna=False) for each in _SUMMED if each in rows}
        if not cost or not unit:
            continue
        each, action = (
            cost / float(of[part]) if of.get(part, 0) > 0 else None
            for part in (unit, "conversions")
        )
        currency, revenue = name.removeprefix("cost_"), of.get("revenue", math.nan)
        returns = "roas" in frame and _is_same(currency, conversion.currency)
        roas = float(revenue) / cost if returns and not pd.isna(revenue) else None
        sums[currency] = Sums(cost, each, action, roas)
    return sums


def _summary(frame: pd.DataFrame, conversion: Conversion, spend: Spend) -> str:
    """The rates of all rows with costs together, in a sentence for each currency."""
    sums, sentences = _sums_of(frame, conversion), []
    several = sum(f"cost_{name}" in frame for name in spend.totals) > 1
    words = _unit(frame)[1], _("conversion")
    for currency in filter(sums.__contains__, spend.totals):
        of = sums[currency]
        parts = [
            _("{amount} per {word}").format(amount=formats.money(rate, currency), word=word)
            for rate, word in zip((of.each, of.action), words, strict=True)
            if rate is not None
        ]
        if of.roas is not None:
            parts.append(_("ROAS {roas}").format(roas=formats.number(round(of.roas, 2))))
        if parts:
            label = _label(_("Rows with costs"), currency, several=several)
            parts.insert(0, formats.money(of.cost, currency))
            sentences.append(_sentence(label, parts))
    return " ".join(sentences)


def _summary_of_changes(
    frame: pd.DataFrame, before: pd.DataFrame, conversion: Conversion, spend: Spend
) -> str:
    """How these rates changed, in a sentence for each currency."""
    now, was = _sums_of(frame, conversion), _sums_of(before, conversion)
    shown = Field("", "", "change").shown
    sentences = []
    for currency in spend.totals:
        if currency not in now or currency not in was:
            continue
        pairs = (
            (_("cost {change}"), now[currency].cost, was[currency].cost),
            (_("cost per conversion {change}"), now[currency].action, was[currency].action),
            (_("ROAS {change}"), now[currency].roas, was[currency].roas),
        )
        parts = [
            text.format(change=shown(change))
            for text, *both in pairs
            if (change := formats.change(*both)) is not None
        ]
        label = _label(_("Compared with before"), currency, several=len(spend.totals) > 1)
        sentences.append(_sentence(label, parts))
    return " ".join(sentences)
