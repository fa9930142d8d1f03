"""Figures that are drawn once, for everybody who looks at the same data.

Building a Plotly figure takes longer than anything else in a run, and as a function of its data
and the appearance it gives the same one each time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, TypeVar

import plotly.graph_objects as go
from cachetools import LRUCache, cached
from pydantic_core import from_json

from components.theme import Mode

Data = TypeVar("Data", bound=Hashable)

ROOM: Final = 8 * 2**20
"""Characters of figures that are kept; what they were drawn from weighs about thrice as much."""
KEPT: Final[LRUCache[Any, str]] = LRUCache(ROOM, getsizeof=len)


class Finished(go.Figure):  # type: ignore[misc]  # Plotly tells no types
    """A figure that is only sent: what sends it asks for its dictionary and nothing else."""

    def __init__(self, text: str) -> None:
        # Without Plotly's own beginning, which would build all of it again.
        self._text = text

    def to_dict(self) -> dict[str, Any]:
        """What is drawn, and how."""
        found: dict[str, Any] = from_json(self._text)
        return found


def finished(draw: Callable[[Data, Mode], go.Figure], data: Data, mode: Mode) -> Finished:
    """The figure of this data in this appearance, drawn now or kept from before."""
    return Finished(_text(draw, data, mode))


@cached(KEPT, lock=Lock())
def _text(draw: Callable[[Data, Mode], go.Figure], data: Data, mode: Mode) -> str:
    return str(draw(data, mode).to_json(validate=False))
