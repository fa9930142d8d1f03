"""What follows from answers, worked out once for all who look at them.

Ranking, joining and naming the rows of an answer takes longer than drawing them, and gives the
same each time as long as the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

from cachetools import TTLCache

P = ParamSpec("P")
T = TypeVar("T")

ROOM: Final = 4_000
"""Results that are kept."""
AGE: Final = 120.0
"""Seconds after which a result is forgotten, and what it was worked out from with it: by then the
answers of running periods are others."""
_KEPT: Final[TTLCache[Hashable, tuple[Any, object]]] = TTLCache(ROOM, AGE)
_GUARD: Final = Lock()


def memoize(work: Callable[P, T]) -> Callable[P, T]:
    """Have a pure function work something out once.

    Arguments with frames are told apart by which they are, others by what they say. What it returns
    is shared by all who ask, so nobody may change it. What it raises is not kept.
    """

    @wraps(work)
    def known(*given: P.args, **named: P.kwargs) -> T:
        key = (
            work,
            *map(_told_apart, given),
            *((name, _told_apart(value)) for name, value in named.items()),
        )
        with _GUARD:
            kept = _KEPT.get(key)
        if kept is None:
            # With its arguments: another one must not come to be where one of them was.
            kept = (work(*given, **named), (given, named))
            with _GUARD:
                _KEPT[key] = kept
        result: T = kept[0]
        return result

    return known


def _told_apart(value: object) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return "at", id(value)
    return value
