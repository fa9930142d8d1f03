"""What the models share: parsing of JSON objects into frozen values, and pages of longer lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

import pandas as pd
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from umami.errors import NotFound
from umami.parsing import Count, Row, Time

T = TypeVar("T")


Moment = Annotated[datetime, BeforeValidator(TypeAdapter(Time).validate_python)]
"""An instant, aware in UTC; null is refused."""
Created = Annotated[Time, Field(alias="createdAt")]
"""When an object was created (UTC), or null."""
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""A text; null becomes the empty text."""
Object = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)]
"""A JSON object in the server's format; null becomes an empty one."""


class Record:
    """Base of frozen dataclasses that are parsed from JSON objects.

    A field is read from the member of its name in camelCase, or of its alias. Unknown members are
    ignored.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore", alias_generator=to_camel)
    missing: ClassVar[str] = ""
    """The sentence of ``NotFound`` for ``null``, by which servers report a missing object."""
    of_other: ClassVar[str] = ""
    """The sentence of ``NotFound`` for an object of another website than the requested one."""

    @classmethod
    def read(cls, answer: Any) -> Self:
        """Parse a JSON object; raises ``NotFound`` for ``null`` where ``missing`` is set."""
        if answer is None and cls.missing:
            raise NotFound(cls.missing)
        return parse(cls, answer)

    @classmethod
    def read_of(cls, answer: Any, website: str) -> Self:
        """Parse an object that must belong to the website; raises ``NotFound`` otherwise."""
        record = cls.read(answer)
        if answer.get("websiteId") not in (None, website):
            raise NotFound(cls.of_other)
        return record


def parse(kind: type[T], answer: Any) -> T:
    """Validate decoded JSON as a type: a ``Record``, a ``Row``, or a list or tuple of them."""
    hashable: Any = kind
    result: T = _adapter(hashable).validate_python(answer)
    return result


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def array_of(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A parser of JSON arrays whose items ``read`` parses."""

    def parse_array(answer: Any) -> tuple[T, ...]:
        if not isinstance(answer, list):
            raise ValueError("no array")
        return tuple(read(item) for item in answer)

    return parse_array


def frame_of(rows: Iterable[Any], /, **dtypes: Any) -> pd.DataFrame:
    """A frame with one row per object and a column, of the dtype, per named attribute."""
    rows = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([getattr(row, name) for row in rows], dtype=dtype)
            for name, dtype in dtypes.items()
        }
    )


class _Paged(Row):
    data: list[Any]
    count: Count
    page: Count = 1
    pageSize: Count = 0
    isCapped: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of ``count`` in all; ``page`` counts from 1.

    ``capped`` means that the server stopped counting at ``count`` and has more rows.
    """

    rows: tuple[T, ...]
    count: int
    page: int
    page_size: int
    capped: bool = False


def paged(read: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    """A parser of pages whose rows ``read`` parses."""

    def parse_page(answer: Any) -> Page[T]:
        page = _Paged.model_validate(answer)
        rows = tuple(read(row) for row in page.data)
        return Page(rows, page.count, page.page, page.pageSize or len(rows), page.isCapped)

    return parse_page


def done(answer: Any) -> None:
    """Accept ``{"ok": true}``, or any other JSON object."""
    if not isinstance(answer, dict):
        raise ValueError("no object")
