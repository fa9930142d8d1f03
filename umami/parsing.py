"""Parse JSON in the formats of several generations of servers.

Numbers are numbers, texts or null; times are ISO texts; buckets are local times or instants.
Everything here raises ``ValueError`` or ``LookupError`` for other values, which becomes
``UnexpectedAnswer``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, TypeAdapter
from typing_extensions import TypedDict

from umami.period import EARLIEST, LATEST, Period, floor

LARGEST = 10**15
"""No website has larger counts and sums."""


def _decimal(value: Any) -> Decimal:
    if type(value) is int and abs(value) <= LARGEST:
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("not a number")
    if isinstance(value, str) and len(value) > 40:
        raise ValueError("not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise ValueError("not a number")
    return number


def _count(value: Any) -> int:
    number = _decimal(0 if value is None else value)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def _amount(value: Any) -> Decimal:
    return _decimal(0 if value is None else value)


def _figure(value: Any) -> float:
    return float(_amount(value))


def _optional_number(value: Any) -> float | None:
    return None if value is None else float(_decimal(value))


def _time(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("not a time")
    moment = datetime.fromisoformat(value)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("not a time")
    return moment


Count = Annotated[int, BeforeValidator(_count)]
"""A whole number; null, which some servers return for an empty period, is 0."""
Amount = Annotated[Decimal, BeforeValidator(_amount)]
"""A sum of money, exact; null is 0."""
Figure = Annotated[float, BeforeValidator(_figure)]
"""A number; null is 0."""
Ratio = Annotated[float | None, BeforeValidator(_optional_number)]
"""A number or null."""
Time = Annotated[datetime | None, BeforeValidator(_time)]
"""An instant, aware in UTC, or null."""


class Bucket(TypedDict):
    """A point of a series; ``x`` is its time. Dictionaries, as there are very many."""

    x: str
    y: Count


class NamedBucket(TypedDict):
    """A point of one of several series; ``t`` is its time."""

    x: str | None
    t: str
    y: Amount


_BUCKETS = TypeAdapter(list[Bucket])
_MEASURED = TypeAdapter(list[dict[str, Any]])
_NAMED = TypeAdapter(list[NamedBucket])


@lru_cache(maxsize=8192)  # every series of a period has the same texts
def bucket(text: str, period: Period) -> pd.Timestamp:
    """The bucket of a server's text, as naive local time in the period's zone.

    A text that ends in ``Z`` is an instant; any other is local time already.
    """
    if len(text) > 40:
        raise ValueError("not a bucket")
    moment = pd.Timestamp(text)
    if pd.isna(moment):
        raise ValueError("not a bucket")
    if moment.tzinfo is not None:
        moment = moment.tz_convert(period.timezone).tz_localize(None)
    return floor(moment, period.unit)


@lru_cache(maxsize=64)  # the series of a page have the same period
def _places(period: Period) -> dict[pd.Timestamp, int]:
    """The positions of the period's buckets."""
    return {time: place for place, time in enumerate(period.axis())}


def series(answer: Any, period: Period) -> list[int]:
    """Counts for each bucket of the period; buckets without a row are 0."""
    places = _places(period)
    counts = [0] * len(places)
    for row in _BUCKETS.validate_python(answer):
        counts[places[bucket(row["x"], period)]] += row["y"]
    return counts


def named_series(
    answer: Any, period: Period, value: str, dtype: str = "float64", *, clip: bool = False
) -> pd.DataFrame:
    """A frame of ``time``, ``event`` and ``value`` with every event in every bucket of the period.

    ``clip`` drops buckets outside the period, which raise ``ValueError`` otherwise.
    """
    axis = period.axis()
    rows = _NAMED.validate_python(answer)
    # Very many rows have few different texts.
    known = _places(period)
    places = {text: known.get(bucket(text, period), -1) for text in {row["t"] for row in rows}}
    if clip:
        rows = [row for row in rows if places[row["t"]] >= 0]
    elif min(places.values(), default=0) < 0:
        raise ValueError("buckets outside the period")
    names = sorted({row["x"] or "" for row in rows})
    order = {name: number for number, name in enumerate(names)}
    sums: dict[tuple[int, int], Decimal] = {}
    for row in rows:
        at = order[row["x"] or ""], places[row["t"]]
        before = sums.get(at)
        sums[at] = row["y"] if before is None else before + row["y"]
    values = np.zeros((len(names), len(axis)), dtype)
    if sums:
        values[tuple(np.array(list(sums)).T)] = list(map(float, sums.values()))
    events = pd.array(names, dtype="str").take(np.repeat(np.arange(len(names)), len(axis)))
    return pd.DataFrame(
        {
            "time": pd.DatetimeIndex(np.tile(axis.to_numpy(), len(names))),
            "event": events,
            value: values.ravel(),
        }
    )


def measured_series(
    answer: Any,
    period: Period,
    columns: Mapping[str, str],
    *,
    additive: bool,
    clip: bool = False,
) -> pd.DataFrame:
    """A frame of ``time`` and each of ``columns`` (server's name to ours) on the complete axis.

    Buckets without a row are 0 where the figures are ``additive``, else ``NaN``. Where a zone
    repeats an hour in autumn, additive figures are added up; of averages and percentiles the later
    one counts. ``clip`` drops buckets outside the period, which raise ``ValueError`` otherwise.
    """
    axis, places = period.axis(), _places(period)
    figures = {column: [0.0 if additive else math.nan] * len(axis) for column in columns.values()}
    for row in _MEASURED.validate_python(answer):
        place = places.get(bucket(row["t"], period))
        for name, column in columns.items():
            figure = _figure(row[name]) if additive else _optional_number(row[name])
            if place is not None:
                before = figures[column][place] if additive else 0.0
                figures[column][place] = math.nan if figure is None else before + figure
            elif not clip:
                raise ValueError("buckets outside the period")
    return pd.DataFrame({"time": axis, **figures})
