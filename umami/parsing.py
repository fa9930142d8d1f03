"""Parse JSON in the formats of several generations of servers: numbers, times, series, and objects
as frozen models.

Numbers are numbers, texts or null; times are ISO texts; buckets are local times or instants.
Everything here raises ``ValueError`` or ``LookupError`` for other values, which becomes
``UnexpectedAnswer``.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, dataclass_transform

import numpy as np
import pandas as pd
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from umami.errors import NotFound
from umami.period import EARLIEST, LATEST, Period, floor, zone
from umami.texts import Message

T = TypeVar("T")

LARGEST = 10**15
"""No website has larger counts and sums."""


def _decimal(value: Any) -> Decimal:
    if type(value) is int and abs(value) <= LARGEST:
        return Decimal(value)
    is_number = isinstance(value, int | float | str | Decimal) and not isinstance(value, bool)
    if not is_number or (isinstance(value, str) and len(value) > 40):
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
Moment = Annotated[datetime, BeforeValidator(TypeAdapter(Time).validate_python)]
"""An instant, aware in UTC; null is refused."""
Created = Annotated[Time, Field(alias="createdAt")]
"""When an object was created (UTC), or null."""
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""A text; null becomes the empty text."""
Object = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)]
"""A JSON object in the server's format; null becomes an empty one."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """Base of models: its subclasses are frozen dataclasses that are parsed from JSON objects. A
    field is read from the member of its name in camelCase, or of its alias. Unknown members are
    ignored. A model that is made of another form of JSON has a ``read``."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        extra="ignore", alias_generator=to_camel, arbitrary_types_allowed=True
    )

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        super().__init_subclass__()
        dataclass(frozen=True, kw_only=kw_only)(cls)


class Item(Record):
    """Base of models of what has an id; raises ``NotFound`` for ``null``, by which servers report
    that it is missing, and for an item of another website than the requested one."""

    @model_validator(mode="before")
    @classmethod
    def _exists(cls, answer: Any, info: ValidationInfo) -> Any:
        noun = cls.__name__.lower()
        if answer is None:
            raise NotFound(Message("There is no such {noun}.", noun=noun))
        ids = info.context["ids"] if info.context else {}
        website = ids.get("website") if noun in ids else None
        if website and answer.get("websiteId") not in (None, website):
            raise NotFound(Message("This website has no such {noun}.", noun=noun))
        return answer


def parse(kind: type[T], answer: Any, **context: Any) -> T:
    """Validate decoded JSON as a type: a ``Record``, or a list or tuple of them."""
    hashable: Any = kind
    result: T = _adapter(hashable).validate_python(answer, context=context)
    return result


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def frame_of(rows: Iterable[Any], /, **dtypes: Any) -> pd.DataFrame:
    """A frame with one row per object and a column, of the dtype, per named attribute."""
    rows = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([getattr(row, name) for row in rows], dtype=dtype)
            for name, dtype in dtypes.items()
        }
    )


class Page(Record, Generic[T]):
    """Some rows of ``count`` in all; ``page`` counts from 1. ``capped`` means that the server
    stopped counting at ``count`` and has more rows."""

    rows: Annotated[tuple[T, ...], Field(alias="data")]
    count: Count
    page: Count = 1
    page_size: Count = 0
    capped: Annotated[bool, Field(alias="isCapped")] = False

    @model_validator(mode="after")
    def _size(self) -> Self:
        return self if self.page_size else replace(self, page_size=len(self.rows))


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
def bucket(text: str, period: Period) -> datetime:
    """The bucket of a server's text, as naive local time in the period's zone. A text that ends in
    ``Z`` is an instant; any other is local time already."""
    if len(text) > 40:
        raise ValueError("not a bucket")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone(period.timezone))
    return floor(pd.Timestamp(moment.replace(tzinfo=None)), period.unit).to_pydatetime()


@lru_cache(maxsize=64)  # the series of a page have the same period
def _places(period: Period) -> dict[datetime, int]:
    """The positions of the period's buckets."""
    return {time: place for place, time in enumerate(period.axis().to_pydatetime())}


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
    ``clip`` drops buckets outside the period, which raise ``ValueError`` otherwise."""
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
    answer: Any, period: Period, columns: Mapping[str, str], *, additive: bool, clip: bool = False
) -> pd.DataFrame:
    """A frame of ``time`` and each of ``columns`` (server's name to ours) on the complete axis.
    Buckets without a row are 0 where the figures are ``additive``, else ``NaN``. Where a zone
    repeats an hour in autumn, additive figures are added up; of averages and percentiles the later
    one counts. ``clip`` drops buckets outside the period, which raise ``ValueError`` otherwise."""
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
