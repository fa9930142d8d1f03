"""Memoization of pure functions of answers.

Ranking, joining and naming the rows of an answer takes longer than drawing them, and has the same
result each time as long as the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import wraps
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

from cachetools import TTLCache

P = ParamSpec("P")
T = TypeVar("T")

MOST_RESULTS: Final = 4_000
LIFETIME: Final = 120.0
"""Seconds after which a result and its arguments are dropped: by then the answers of running
periods are others."""
_RESULTS: Final[TTLCache[Hashable, tuple[Any, object]]] = TTLCache(MOST_RESULTS, LIFETIME)
_GUARD: Final = Lock()


def memoize(function: Callable[P, T]) -> Callable[P, T]:
    """Compute the result of a pure function once.

    Hashable arguments are compared by value, others (frames) by identity. All callers share the
    result and must not change it. Exceptions are not remembered.
    """

    @wraps(function)
    def memoized(*args: P.args, **kwargs: P.kwargs) -> T:
        key = key_of(function, args, kwargs)
        with _GUARD:
            entry = _RESULTS.get(key)
        if entry is None:
            # The entry keeps the arguments alive, so that no other object gets the same id.
            entry = (function(*args, **kwargs), (args, kwargs))
            with _GUARD:
                _RESULTS[key] = entry
        result: T = entry[0]
        return result

    return memoized


def key_of(
    function: Callable[..., object], args: Sequence[object], kwargs: Mapping[str, object]
) -> Hashable:
    """A key for a call, by the ids of arguments that are not hashable.

    It is valid as long as those arguments are alive.
    """
    named = ((name, _key(arg)) for name, arg in kwargs.items())
    return (function, *map(_key, args), *named)


def _key(value: object) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return "id", id(value)
    return value
