"""Reproducible random numbers and ids, as hashes of the rows that they belong to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Fractions = NDArray[np.float64]

_GOLDEN, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


def mixed(*parts: Any) -> Numbers:
    """A 64-bit hash of each row of equal-length parts (splitmix64, part by part)."""
    with np.errstate(over="ignore"):
        state: Any = np.uint64(0)
        for part in parts:
            state = (state ^ np.asarray(part).astype(np.uint64)) + _GOLDEN
            state = (state ^ (state >> np.uint64(30))) * _FIRST
            state = (state ^ (state >> np.uint64(27))) * _SECOND
            state = state ^ (state >> np.uint64(31))
    return np.asarray(state)


def fraction(*parts: Any) -> Fractions:
    """A number in [0, 1) for each row of the parts."""
    return (mixed(*parts) >> np.uint64(11)).astype(np.float64) / float(2**53)


def ids(*parts: Any) -> NDArray[np.bytes_]:
    """A UUID (in the format of version 4) for each row of the parts, as 16 bytes."""
    high = (mixed(*parts, 1) & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    low = (mixed(*parts, 2) & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    return np.frombuffer(np.column_stack([high, low]).astype(">u8").tobytes(), dtype="S16")


def weighted(chances: Fractions, weights: Any) -> NDArray[np.int64]:
    """The position in ``weights`` that each number in [0, 1) selects."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    places = np.searchsorted(edges / edges[-1], chances, side="right")
    return np.minimum(places, len(edges) - 1)
