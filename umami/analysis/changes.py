"""Explains the change of a figure between two periods by the values of a field.

A count, such as visitors, is explained by the changes of its values. A rate, such as the bounce
rate, is split for each value into ``mix`` (the value is a larger or smaller part of the traffic)
and ``rate`` (its own rate changed). The parts add up to the change exactly: what the values leave
open is the part of a rest without a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from umami.analysis.expected import TO_DEVIATION

KEYS: Final = ["name", "country"]
Z: Final = 2.6
"""Standard deviations that a change must exceed to be beyond the usual variation, so that of one
hundred figures without a cause one does."""
LEAST: Final = 0.02
"""Relative change of a count that is never worth a sentence."""
LEAST_OF_RATE: Final = {"bounce_rate": 0.005, "conversion_rate": 0.0005, "goal_rate": 0.0005}
"""Changes of these rates that are never worth a sentence."""
CAUSE: Final = 0.25
"""The part of a change that a value must have to be named as its cause."""
DIRECT: Final = frozenset({"channel", "referrer"})
"""Fields without which visits came directly, which is a source as well."""
BEYOND_SHARE: Final = 0.15
"""How much larger that part must be than the value's share of the figure itself: a value that
changed like all others explains nothing."""
UNKNOWN_DISPERSION: Final = 4.0
"""Variance of daily counts in units of their mean, where the history is too short to tell."""
LEAST_DAYS: Final = 21
DIGITS: Final = 3
"""Decimals of amounts in any currency: what is smaller in a rest comes from adding up."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: the column ``amount`` of groups, for a rate divided by the column ``per``."""

    name: str
    amount: str
    per: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that it is computed from."""
        return [self.amount, *([self.per] if self.per else [])]


FIGURES: Final = {
    figure.name: figure
    for figure in (
        Figure("visitors", "visitors"),
        Figure("views", "views"),
        Figure("visits", "visits"),
        Figure("bounce_rate", "bounces", "visits"),
        Figure("duration", "seconds", "visits"),
        Figure("conversions", "conversions"),
        Figure("conversion_rate", "conversions", "visits"),
        Figure("goal_times", "times"),
        Figure("goal_visitors", "converters"),
        Figure("goal_rate", "converters", "visitors"),
        Figure("revenue", "revenue"),
        Figure("revenue_per_visit", "revenue", "visits"),
        Figure("revenue_per_visitor", "revenue", "visitors"),
        Figure("orders", "orders"),
        Figure("average_order", "revenue", "orders"),
        Figure("buyers", "buyers"),
        Figure("events", "events"),
        Figure("event_visitors", "event_visitors"),
        Figure("event_visits", "event_visits"),
        Figure("event_names", "event_names"),
        Figure("countries", "countries"),
        Figure("tagged_views", "tagged_views"),
    )
}
"""Every figure that can be explained. ``duration`` is in seconds, rates are fractions."""

Totals = Mapping[str, float]
"""The columns of groups for the whole of a period."""


def value(figure: Figure, totals: Totals) -> float | None:
    """The figure of a period; ``None`` where it is unknown or has nothing to divide by."""
    amount = totals.get(figure.amount)
    if amount is None or figure.per is None:
        return amount
    return amount / totals[figure.per] if totals.get(figure.per) else None


def parts(
    figure: Figure,
    now: pd.DataFrame,
    before: pd.DataFrame,
    total_now: Totals,
    total_before: Totals,
) -> pd.DataFrame | None:
    """The parts that the values of a field have in the change of a figure.

    ``now`` and ``before`` have ``KEYS`` and the figure's columns, a row for each value. The result
    has ``KEYS``, ``now`` and ``before`` (the figure of the value), ``share_now`` and
    ``share_before`` (the value's fraction of what the figure counts, or of the visits that a rate
    divides by) and ``change``, for a rate also ``mix`` and ``rate``, largest change first. The last
    row, whose name is ``None``, is the rest: rare values beyond a server's limit, or for visitors
    those with several values. ``None`` if the figure of either period is unknown.
    """
    if value(figure, total_now) is None or value(figure, total_before) is None:
        return None
    amounts, bases = (
        [*_aligned(column, now, before, total_now, total_before)]
        for column in (figure.amount, figure.per or figure.amount)
    )
    frame = pd.DataFrame(list(amounts[0].index), columns=KEYS)
    columns = ("now", "before")
    totals = [float(total[figure.per or figure.amount]) for total in (total_now, total_before)]
    for side, amount, base, total in zip(columns, amounts, bases, totals, strict=True):
        numbers = amount.to_numpy()
        frame[f"share_{side}"] = base.to_numpy() / total if total else 0.0
        frame[side] = numbers if figure.per is None else _divided(numbers, base.to_numpy())
    if figure.per is None:
        frame["change"] = frame["now"] - frame["before"]
    else:
        frame = frame.assign(**_split(frame, [amount.to_numpy() for amount in amounts], totals))
    named = frame["name"].notna()
    order = frame["change"].abs().where(named, -1.0)
    frame = frame.loc[order.sort_values(ascending=False, kind="stable").index]
    changed = (frame["change"] != 0) | frame["name"].notna()
    return frame[changed].reset_index(drop=True)


def _aligned(
    column: str,
    now: pd.DataFrame,
    before: pd.DataFrame,
    total_now: Totals,
    total_before: Totals,
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """A column of both periods over all values of either, and the rest of each at the end."""
    by_value = [
        frame.assign(country=frame["country"].fillna("")).groupby(KEYS, sort=False)[column].sum()
        for frame in (now, before)
    ]
    index = by_value[0].index.union(by_value[1].index, sort=False)
    rest = pd.MultiIndex.from_tuples([(None, "")], names=KEYS)
    sides = []
    for values, total in zip(by_value, (total_now, total_before), strict=True):
        values = values.reindex(index, fill_value=0)
        left = pd.Series([round(total[column] - values.sum(), DIGITS)], index=rest)
        sides.append(pd.concat([values, left]) if len(values) else left)
    return sides[0], sides[1]


def _divided(amounts: np.ndarray, bases: np.ndarray) -> np.ndarray:
    empty = np.full(len(amounts), np.nan)
    np.divide(amounts, bases, out=empty, where=bases > 0)
    return empty


def _split(
    frame: pd.DataFrame, amounts: Sequence[np.ndarray], totals: Sequence[float]
) -> dict[str, np.ndarray]:
    """The change of a rate for each value, split into mix and rate.

    The change of a value's contribution is ``w1 r1 - w0 r0`` with its shares ``w`` and rates ``r``.
    Its rate part is the mean share times the change of the rate. Its mix part is the rest, less the
    mean rate of the website times the change of the share, which adds up to 0 over all values: a
    value with an average rate explains nothing by becoming more frequent.
    """
    shares = [frame["share_now"].to_numpy(), frame["share_before"].to_numpy()]
    contributions = [numbers / total for numbers, total in zip(amounts, totals, strict=True)]
    mean = sum(float(part.sum()) for part in contributions) / 2
    change_of_rate = (frame["now"] - frame["before"]).fillna(0).to_numpy()
    rate = (shares[0] + shares[1]) / 2 * change_of_rate
    moved = shares[0] - shares[1]
    mix = contributions[0] - contributions[1] - rate - mean * moved
    return {"mix": mix, "rate": rate, "change": mix + rate}


def rounded(parts: Sequence[float], digits: int, total: float | None = None) -> list[float]:
    """The parts rounded so that they add up to their rounded sum, or to another rounded ``total``:
    those with the largest remainders are rounded up."""
    scaled = np.asarray(parts, dtype="float64") * 10**digits
    floors = np.floor(scaled)
    whole = float(scaled.sum()) if total is None else total * 10**digits
    missing = round(whole) - int(floors.sum())
    order = np.argsort(floors - scaled, kind="stable")
    floors[order[: max(missing, 0)]] += 1
    # Only a total that is not the sum can be lower than all parts rounded down.
    floors[order[len(order) + min(missing, 0) :]] -= 1
    return [float(number) for number in floors / 10**digits]


def dispersion(days: Sequence[float]) -> float:
    """The usual variance of daily counts in units of their mean, at least 1.

    It compares each day with the same weekday a week earlier, robustly: single unusual days do not
    count.
    """
    counts = np.asarray(days, dtype="float64")
    if len(counts) < LEAST_DAYS:
        return UNKNOWN_DISPERSION
    later, earlier = counts[7:], counts[:-7]
    known = (later + earlier) > 0
    if known.sum() < LEAST_DAYS - 7:
        return UNKNOWN_DISPERSION
    steps = (later - earlier)[known] / np.sqrt((later + earlier)[known])
    spread = TO_DEVIATION * float(np.median(np.abs(steps - np.median(steps))))
    return max(1.0, spread**2)


def is_beyond_usual(
    figure: Figure, now: Totals, before: Totals, spread: float = UNKNOWN_DISPERSION
) -> bool:
    """Whether the change of a figure exceeds its usual variation.

    ``spread`` is the ``dispersion`` of the website's days. Revenue varies with the number of orders
    and with their amounts, the duration of visits about as much as itself.
    """
    first, second = value(figure, before), value(figure, now)
    if first is None or second is None or first == second:
        return False
    change = abs(second - first)
    if change < LEAST_OF_RATE.get(figure.name, LEAST * abs(first)):
        return False
    if figure.name == "revenue":
        # The amounts of orders vary about as much as their mean.
        orders = [totals.get("orders", 0.0) for totals in (now, before)]
        variance = sum(orders) + _variance(orders, (now, before), spread)
        usual = (first + second) / sum(orders) * np.sqrt(variance) if sum(orders) else np.inf
    elif figure.per is None:
        usual = np.sqrt(_variance((second, first), (now, before), spread))
    else:
        usual = _deviation_of_rate(figure, now, before) * np.sqrt(
            sum(1 / totals[figure.per] for totals in (now, before))
        )
    return bool(change > Z * usual)


def _variance(counts: Sequence[float], periods: Sequence[Totals], spread: float) -> float:
    """The usual variance of the difference of two counts.

    Days that are good or bad for the whole website change a rare count by the same fraction, which
    is little beside its own chance: the excess of the variance grows with the square of the count.
    """
    return sum(
        count + (spread - 1) * count**2 / max(totals.get("visitors", 0.0), count, 1)
        for count, totals in zip(counts, periods, strict=True)
    )


def _deviation_of_rate(figure: Figure, now: Totals, before: Totals) -> float:
    """The standard deviation of the contribution to a rate of a visit, or of what else the rate
    divides by."""
    amount = now[figure.amount] + before[figure.amount]
    visits = now[figure.per or ""] + before[figure.per or ""]
    mean = amount / visits
    if figure.name in LEAST_OF_RATE:
        return float(np.sqrt(max(mean * (1 - mean), 0.0)))
    if figure.amount == "revenue":
        orders = now.get("orders", 0) + before.get("orders", 0)
        return float(np.sqrt(2 * amount**2 / orders / visits)) if orders else float("inf")
    return 1.5 * mean


@dataclass(frozen=True, slots=True)
class Cause:
    """The value of a field that has the largest part in a change. ``share`` is the change of its
    share, as a fraction."""

    field: str
    name: str
    country: str
    change: float
    share: float


def main_cause(
    figure: Figure,
    by_field: Mapping[str, pd.DataFrame],
    now: Totals,
    before: Totals,
    spread: float = UNKNOWN_DISPERSION,
) -> Cause | None:
    """The value that explains most of the change of a count; ``None`` where all changed alike.

    A value explains the change if its part exceeds both its own usual variation and its share of
    the figure. Of equal ones, that of the field that comes first is named.
    """
    change = (value(figure, now) or 0.0) - (value(figure, before) or 0.0)
    best, highest = None, BEYOND_SHARE
    for field, frame in by_field.items():
        for row in _named(frame)[:10]:
            if not row["name"] and field not in DIRECT:
                # That visits have no value explains nothing.
                continue
            part = row["change"] / change if change else 0.0
            usual = Z * np.sqrt(_variance((row["now"], row["before"]), (now, before), spread))
            if part < CAUSE or (figure.name != "revenue" and abs(row["change"]) <= usual):
                continue
            beyond = min(part, 1.0) - row["share_before"]
            if beyond > highest + 1e-9:
                best, highest = _cause(field, row, "change"), beyond
    return best


@dataclass(frozen=True, slots=True)
class Split:
    """The change of a rate by one field: for each kind of part, the value that has the largest."""

    field: str
    of_mix: Cause | None
    of_rate: Cause | None


def main_split(by_field: Mapping[str, pd.DataFrame], change: float) -> Split | None:
    """The field whose values explain most of the change of a rate; ``None`` without values.

    A field explains much if a single value has a large part, or if its mix does: that each rate
    changed a little is true for every field.
    """
    best, highest = None, 0.0
    for field, frame in by_field.items():
        if not frame["name"].notna().any():
            continue
        mix, rate = float(frame["mix"].sum()), float(frame["rate"].sum())
        causes = {
            column: _largest(field, frame, column, float(np.sign(total)))
            for column, total in (("mix", mix), ("rate", rate))
        }
        single = max((abs(cause.change) for cause in causes.values() if cause), default=0.0)
        weight = max(abs(mix), single) if change else 0.0
        if weight > highest + 1e-12:
            best, highest = Split(field, causes["mix"], causes["rate"]), weight
    return best


def _named(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of parts without the rest."""
    named = frame[frame["name"].notna()].to_dict("records")
    return [{str(column): value for column, value in row.items()} for row in named]


def _largest(field: str, frame: pd.DataFrame, column: str, sign: float) -> Cause | None:
    """The value with the largest part of one kind in the direction of their sum.

    A share that grew says more than one that fell for it, if its part is not much smaller.
    """
    row = max(
        _named(frame),
        key=lambda row: row[column] * sign * (1 if row["share_now"] > row["share_before"] else 0.5),
    )
    return _cause(field, row, column) if row[column] * sign > 0 else None


def _cause(field: str, row: Mapping[str, Any], column: str) -> Cause:
    share = row["share_now"] - row["share_before"]
    return Cause(field, row["name"], row["country"], float(row[column]), float(share))


def are_alike(frame: pd.DataFrame, fell: float = 0.3, rows: int = 8) -> bool:
    """Whether the most frequent values all fell by at least ``fell``, a fraction: a sign that
    counting failed, rather than that people stayed away."""
    named = frame[frame["name"].notna()].nlargest(rows, "before")
    frequent = named[named["before"] >= 20]
    if len(frequent) < 3:
        return False
    change = frequent["now"] / frequent["before"] - 1
    return bool((change <= -fell).all())
