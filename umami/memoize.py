"""Memoization of pure functions of answers. Ranking, joining and naming the rows of an answer takes
longer than drawing them, and has the same result each time as long as the answer is the same."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

from cachetools import TTLCache, cached

P = ParamSpec("P")
T = TypeVar("T")

MOST_RESULTS: Final = 4_000
LIFETIME: Final = 120.0
"""Seconds after which a result and its arguments are dropped: by then the answers of running
periods are others."""
_RESULTS: Final[TTLCache[Hashable, Any]] = TTLCache(MOST_RESULTS, LIFETIME)
_GUARD: Final = Lock()


def memoize(function: Callable[P, T]) -> Callable[P, T]:
    """Compute the result of a pure function once. Hashable arguments are compared by value, others
    (frames) by identity. All callers share the result and must not change it. Exceptions are not
    remembered."""
    return cached(_RESULTS, key=partial(key_of, function), lock=_GUARD)(function)


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Equal for the same object only, which it keeps alive: no other object gets its id."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def key_of(*args: object, **kwargs: object) -> Hashable:
    """A key for these arguments: hashable ones by value, others by identity."""
    return tuple(map(_hashable, (*args, *kwargs.items())))


def _hashable(value: object) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return tuple(map(_hashable, value)) if isinstance(value, tuple) else _Same(value)
    return value
