"""What the models share: parsing of JSON objects into frozen values, and pages of longer lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, dataclass_transform

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

from umami.errors import NotFound
from umami.parsing import Count, Time

T = TypeVar("T")


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
    """Base of models: its subclasses are frozen dataclasses that are parsed from JSON objects.

    A field is read from the member of its name in camelCase, or of its alias. Unknown members are
    ignored. A model that is made of another form of JSON has a ``read``.
    """

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
            raise NotFound(f"There is no such {noun}.")
        ids = info.context["ids"] if info.context else {}
        website = ids.get("website") if noun in ids else None
        if website and answer.get("websiteId") not in (None, website):
            raise NotFound(f"This website has no such {noun}.")
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
    """Some rows of ``count`` in all; ``page`` counts from 1.

    ``capped`` means that the server stopped counting at ``count`` and has more rows.
    """

    rows: Annotated[tuple[T, ...], Field(alias="data")]
    count: Count
    page: Count = 1
    page_size: Count = 0
    capped: Annotated[bool, Field(alias="isCapped")] = False

    @model_validator(mode="after")
    def _size(self) -> Self:
        return self if self.page_size else replace(self, page_size=len(self.rows))
