"""The client as one viewer may use it: what they have no right to is never asked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from access.permissions import OF_REPORTS, Permissions
from umami.capabilities import Capabilities
from umami.client import Client
from umami.connection import Server
from umami.definitions import Definitions
from umami.endpoint import Access, Query
from umami.endpoints import notes, reports, segments
from umami.errors import UmamiError
from umami.fair_queue import ANYONE, Caller
from umami.models.records import Page
from umami.models.websites import Website
from umami.reply import Reply

T = TypeVar("T")
Written = Callable[[Query[Any], UmamiError | None], None]
"""Told of every change that was asked for, and of what went wrong with it."""

_DEFINITIONS: Final[dict[str, Callable[[str, str], Query[Any]]]] = {
    "segment": segments.segment,
    "annotation": notes.annotation,
}
"""How to read what a question names beside its website. The answer is ``NotFound`` where it is of
another website."""


class AuthorizedClient:
    """Answers the questions that ``permissions`` allow; a refused one is done at once, with
    ``Forbidden``, and neither the cache nor the server is asked."""

    def __init__(
        self, client: Client, permissions: Permissions, written: Written | None = None
    ) -> None:
        self._client = client
        self._rights = permissions
        self._written = written

    def __repr__(self) -> str:
        return f"Guarded({self._client!r})"

    @property
    def server(self) -> Server:
        """What is asked."""
        return self._client.server

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn, at a server that counts them."""
        return self._client.waiting

    @property
    def capabilities(self) -> Capabilities:
        """What this server can narrow an answer by; may have to ask it. Raises ``UmamiError``."""
        return self._client.capabilities

    @property
    def definitions(self) -> Definitions:
        """What figures mean on this server; may have to ask it. Raises ``UmamiError``."""
        return self._client.definitions

    def ask(self, question: Query[T]) -> T:
        """The answer. Raises ``Forbidden`` or another ``UmamiError``."""
        return self.submit(question).result()

    def ask_all(self, *questions: Query[Any]) -> list[Reply[Any]]:
        """Ask several at once."""
        return [self.submit(question) for question in questions]

    def submit(
        self,
        question: Query[T],
        caller: Caller = ANYONE,
        since: float = 0.0,
        *,
        keep: bool = True,
    ) -> Reply[T]:
        """Ask without waiting; done already where the answer is kept, or refused."""
        refused = self._refusal(question)
        writes = question.endpoint.access is Access.WRITES
        if refused is not None:
            reply: Reply[T] = Reply()
            reply.set_exception(refused)
        else:
            reply = self._client.submit(question, caller, since, keep=keep)
        if writes and self._written is not None:
            reply.add_done_callback(self._told(question, self._written))
        if question.name == "websites" and refused is None:
            return cast(Reply[T], self._known(cast(Reply[Page[Website]], reply)))
        return reply

    def _refusal(self, question: Query[Any]) -> UmamiError | None:
        if question.name not in OF_REPORTS:
            refusals = (
                self._rights.refusal(question, website) for website in question.websites or (None,)
            )
            refused = next(filter(None, refusals), None)
            return refused or self._of_another_website(question)
        named = question.website
        permissions = self._rights if named else self._rights.anywhere()
        refused = permissions.refusal(question, named)
        if refused is not None or self._rights.refusal(question, None) is None:
            return refused
        # Any website may be named beside a report of another one; the report itself tells.
        try:
            own = self._client.ask(reports.report(question.arguments["report"])).website
        except UmamiError as problem:
            return problem
        return self._rights.refusal(question, own)

    def _of_another_website(self, question: Query[Any]) -> UmamiError | None:
        """Why a segment or annotation may not be changed: it may be of another website than the one
        that is named beside it, and not every server looks."""
        if question.endpoint.access is Access.READS or self._rights.admin:
            return None
        for name, read in _DEFINITIONS.items():
            if name in question.arguments:
                try:
                    self._client.ask(read(question.website or "", question.arguments[name]))
                except UmamiError as problem:
                    return problem
        return None

    def _known(self, coming: Reply[Page[Website]]) -> Reply[Page[Website]]:
        """The list of websites without those that the viewer has no access to."""
        shown: Reply[Page[Website]] = Reply()

        def arrived(answer: Future[Page[Website]]) -> None:
            problem = answer.exception()
            if problem is not None:
                shown.set_exception(problem)
                return
            found = answer.result()
            mine = tuple(site for site in found.rows if self._rights.sees(site.id))
            shown.answered_at, shown.stale = coming.answered_at, coming.stale
            shown.problem = coming.problem
            shown.set_result(replace(found, rows=mine))

        coming.add_done_callback(arrived)
        return shown

    @staticmethod
    def _told(question: Query[Any], written: Written) -> Callable[[Future[Any]], None]:
        def told(answer: Future[Any]) -> None:
            problem = answer.exception()
            written(question, problem if isinstance(problem, UmamiError) else None)

        return told
