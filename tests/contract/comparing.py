"""When an answer equals a recorded one.

Numbers are equal when they are numerically equal, whichever way they are written: real servers
write some counts and sums as strings. Whoever compares says what has no order: rows that tie for
their place in an order, and lists that are sets.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

RELATIVE = 1e-9
"""What ratios and sums of money may differ by."""
Row = dict[str, Any]


def differences(
    answer: Any, recorded: Any, *, numeric: Sequence[str] = (), at: str = "answer"
) -> list[str]:
    """Where the answer is another than the recorded one: keys, nulls, lengths, values.

    A number equals its text only under the keys ``numeric``; elsewhere a text stays a text.
    """
    if isinstance(recorded, dict):
        if not isinstance(answer, dict):
            return [f"{at}: {_short(answer)} is not an object"]
        differing = [f"{at}.{key} is missing" for key in recorded if key not in answer]
        differing += [f"{at}.{key} is superfluous" for key in answer if key not in recorded]
        for key in recorded:
            if key in answer:
                differing += _under(key, answer[key], recorded[key], numeric, f"{at}.{key}")
        return differing
    if isinstance(recorded, list):
        if not isinstance(answer, list):
            return [f"{at}: {_short(answer)} is not a list"]
        if len(answer) != len(recorded):
            return [f"{at} has {len(answer)} rows, not {len(recorded)}"]
        return [
            difference
            for place, pair in enumerate(zip(answer, recorded, strict=True))
            for difference in differences(*pair, numeric=numeric, at=f"{at}[{place}]")
        ]
    if same(answer, recorded):
        return []
    return [f"{at}: {_short(answer)} instead of {_short(recorded)}"]


def same(first: Any, other: Any) -> bool:
    """Whether two scalars are equal: numbers by value, ratios approximately."""
    if isinstance(first, bool) or isinstance(other, bool) or first is None or other is None:
        return first is other
    if isinstance(first, int | float) and isinstance(other, int | float):
        return first == other or math.isclose(first, other, rel_tol=RELATIVE)
    return type(first) is type(other) and bool(first == other)


def as_sets(answer: Any, recorded: Any, *, numeric: Sequence[str] = ()) -> list[str]:
    """Differences of two lists without an order."""
    if not isinstance(answer, list):
        return [f"answer: {_short(answer)} is not a list"]
    have, want = (Counter(_frozen(row, numeric) for row in rows) for rows in (answer, recorded))
    return [f"superfluous: {row}" for row in (have - want).elements()] + [
        f"missing: {row}" for row in (want - have).elements()
    ]


def ordered_by(
    answer: Any,
    recorded: list[Row],
    key: Callable[[Row], Any],
    *,
    cut: bool = False,
    complete: list[Row] | None = None,
    numeric: Sequence[str] = (),
) -> list[str]:
    """Differences of two lists in the order of ``key``; rows of an equal key may swap places.

    ``cut`` says that a limit ended the recorded list, so that any rows of the last key may be the
    last ones. With ``complete``, the answer without the limit, those must be among its rows.
    """
    if not isinstance(answer, list):
        return [f"answer: {_short(answer)} is not a list"]
    if len(answer) != len(recorded):
        return [f"{len(answer)} rows instead of {len(recorded)}"]
    have, want = (
        [_frozen(key(row), numeric) for row in answer],
        [_frozen(key(row), numeric) for row in recorded],
    )
    if have != want:
        place = next(
            at for at, pair in enumerate(zip(have, want, strict=True)) if pair[0] != pair[1]
        )
        return [f"row {place} has the key {have[place]} instead of {want[place]}"]
    last = want[-1] if cut and want else None
    differing = as_sets(
        [row for row, at in zip(answer, have, strict=True) if at != last],
        [row for row, at in zip(recorded, want, strict=True) if at != last],
        numeric=numeric,
    )
    if complete is not None:
        whole = Counter(_frozen(row, numeric) for row in complete)
        ends = Counter(_frozen(row, numeric) for row in answer)
        differing += [f"not a row at all: {row}" for row in (ends - whole).elements()]
    return differing


def _under(key: str, answer: Any, recorded: Any, numeric: Sequence[str], at: str) -> list[str]:
    if key in numeric and not isinstance(recorded, dict | list):
        if same(_number(answer), _number(recorded)):
            return []
        return [f"{at}: {_short(answer)} instead of {_short(recorded)}"]
    return differences(answer, recorded, numeric=numeric, at=at)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _frozen(value: Any, numeric: Sequence[str]) -> str:
    """A text that is the same for equal values."""

    def plain(part: Any, key: str | None = None) -> Any:
        if isinstance(part, dict):
            return {name: plain(inner, name) for name, inner in part.items()}
        if isinstance(part, list | tuple):
            return [plain(inner) for inner in part]
        number = _number(part) if key in numeric else part
        if isinstance(number, int | float) and not isinstance(number, bool):
            return float(f"{number:.9g}")
        return number

    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:120] + "…"
