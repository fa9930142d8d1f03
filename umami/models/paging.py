"""A page of a longer list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from umami.parsing import Count, Row

T = TypeVar("T")


class _Paged(Row):
    data: list[Any]
    count: Count
    page: Count = 1
    pageSize: Count = 0
    isCapped: bool = False


_PAGED = TypeAdapter(_Paged)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of ``count`` in all; ``page`` counts from 1.

    ``capped`` says that the server stopped counting there: there are more.
    """

    rows: tuple[T, ...]
    count: int
    page: int
    page_size: int
    capped: bool = False


def paged(read: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    """A reader of pages whose rows ``read`` reads."""

    def reader(answer: Any) -> Page[T]:
        found = _PAGED.validate_python(answer)
        rows = tuple(read(row) for row in found.data)
        size = found.pageSize or len(rows)
        return Page(rows, found.count, found.page, size, found.isCapped)

    return reader
