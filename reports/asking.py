"""How chapters ask, as pages do: all of it together, each section made of its own answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVarTuple, Unpack

from components import blocks
from components.blocks import Item
from components.loading import Collector, fault_location
from reports.document import Block, Section, Sentence
from umami.errors import UmamiError
from umami.view import View

Ts = TypeVarTuple("Ts")
Given = Mapping[str, Sequence[str]]
"""A page's own parameters, as its URL spells them."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Coming:
    title: str
    about: str
    make: Callable[..., Sequence[Block]]
    answers: tuple[Future[Any], ...]


@dataclass(slots=True)
class Asking(Collector):
    """One chapter as it is asked for."""

    view: View
    given: Given
    _coming: list[_Coming] = field(default_factory=list, kw_only=True)

    def one(self, name: str) -> list[str]:
        """The values of one of the page's own parameters; none where it is not given."""
        return [value for value in self.given.get(name, ()) if value]

    @property
    def answered(self) -> list[datetime]:
        """When the server gave each of the answers that are there."""
        return [reply.answered_at for _, reply in self.sent if reply.answered_at]

    def add(self, items: Iterable[Item]) -> None:
        """The sections of a layout."""
        for part in blocks.sections(list(items), "report"):
            self.section(part.title, _printed(part), *part.answers, about=part.about)

    def section(
        self,
        title: str,
        make: Callable[[Unpack[Ts]], Sequence[Block]],
        *answers: Future[Any],
        about: str = "",
    ) -> None:
        """A section, made by ``make`` of what the futures hold."""
        self._coming.append(_Coming(title, about, make, answers))

    def said(self, title: str, *sentences: str) -> None:
        """A section of sentences."""
        blocks = [Sentence(one) for one in sentences]
        self._coming.append(_Coming(title, "", lambda: blocks, ()))

    def finish(self) -> tuple[Section, ...]:
        """All sections once their answers are there; one that fails says so in its place."""
        return tuple(Section(one.title, one.about, _made(one)) for one in self._coming)


def _printed(section: blocks.Section) -> Callable[..., list[Block]]:
    def make(*answers: Any) -> list[Block]:
        return list(blocks.printed(section.make(*answers)))

    return make


def _made(section: _Coming) -> tuple[Block, ...]:
    try:
        return tuple(section.make(*(answer.result() for answer in section.answers)))
    except UmamiError as problem:
        return (Sentence(str(problem)),)
    except Exception as problem:  # a fault of ours stays in its section
        _LOG.error("a section of a report could not be made: %s", fault_location(problem))
        return (Sentence("This part of the report could not be made."),)
