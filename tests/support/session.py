"""A session without a browser, which answers the app's messages over a raw WebSocket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.typing import Origin, Subprotocol

GOOD: Final = ("FINISHED_SUCCESSFULLY", "FINISHED_FRAGMENT_RUN_SUCCESSFULLY")
"""How a run ends that ends well."""
STREAMLIT: Final = Subprotocol("streamlit")
TROUBLE: Final = ":material/cloud_off:"
"""What the app's own boxes begin with, where something could not be shown."""
LOST: Final = (OSError, ConnectionClosed, InvalidMessage, TimeoutError)
"""What a connection raises that is gone, or that cannot be made."""


def _stream(address: str) -> str:
    return f"ws://{urlsplit(address).netloc}/_stcore/stream"


@dataclass(slots=True, eq=False)
class Run:
    """One run as its viewer saw it; moments are of ``time.monotonic``.

    ``begun`` is when the app told that it runs, ``drawn`` when its first heading came, about when a
    page's questions leave. ``troubles`` are what the app says in its own boxes; ``faults`` is what
    no page should ever do, in words.
    """

    sent_at: float
    page: str
    query: str
    every: float = 0.0
    """Seconds after which this part of the page runs again by itself; 0 for a whole page."""
    begun: float = 0.0
    drawn: float = 0.0
    finished: float = 0.0
    headings: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether it was a run of the whole page."""
        return not self.every

    @property
    def seconds(self) -> float:
        """From sending the request to the end of the run."""
        return self.finished - self.sent_at


@dataclass(frozen=True, slots=True)
class _Kept:
    """A message that need not be sent again, and at which of the runs it was used last."""

    message: ForwardMsg
    used: int


class Session:
    """One session over a WebSocket, as a browser's tab has it; what comes is read as it comes.

    It keeps large messages as a browser does, so that it need not be sent them again, and runs the
    fragments that the app wants run every so often. ``ran`` is told of each of those runs, and of
    those of the whole page that the app begins by itself. It moves as Back and Forward do, which
    ask for a page and its whole address at once.
    """

    def __init__(
        self, address: str, *, patience: float = 60.0, ran: Callable[[Run], None] | None = None
    ) -> None:
        self.address = address
        self._patience = patience
        self._ran = ran
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._kept: dict[str, _Kept] = {}
        self._age = 0
        self._oldest = 2
        self._under_way = False
        self._pages: dict[str, str] = {}
        self._widgets: dict[str, str] = {}
        self._unfilled: set[tuple[int, ...]] = set()
        self._ticking: dict[str, asyncio.Task[None]] = {}
        self._whole: tuple[Run, asyncio.Future[Run]] | None = None
        self._parts: dict[str, Run] = {}
        self._now: list[Run] = []
        self.page, self.query, self.id = "", "", ""

    @property
    def alive(self) -> bool:
        """Whether the app is connected to."""
        return self._reading is not None and not self._reading.done()

    async def connect(self, address: str | None = None) -> None:
        """Connect with a new session, or with the one that was lost. Raises the errors in
        ``LOST``."""
        await self.close()
        self.address = address or self.address
        known = [Subprotocol("no-token"), Subprotocol(self.id)] if self.id else []
        self._socket = await connect(
            _stream(self.address),
            subprotocols=[STREAMLIT, *known],
            origin=Origin("http://" + urlsplit(self.address).netloc),
            max_size=None,
            compression=None,
            proxy=None,
            open_timeout=self._patience,
        )
        self._reading = asyncio.create_task(self._read(self._socket))

    async def close(self) -> None:
        """End the connection, as a tab that is closed does."""
        self._stop_ticking(*self._ticking)
        if self._socket is not None:
            await self._socket.close()
        if self._reading is not None:
            await self._reading
        self._socket = self._reading = None
        self._parts.clear()

    async def drop(self) -> None:
        """Drop the connection without closing it, as a closed laptop does."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self.close()

    async def go(self, page: str, query: str = "") -> Run:
        """Open a page (its path; none is the first) with these parameters, and wait for its end.

        Raises what ``LOST`` has where the connection breaks meanwhile.
        """
        if not self.alive:
            await self.connect()
        self.page, self.query = page, query
        return await self._run(self._rerun_message(is_history_navigation=bool(self._pages)))

    async def press(self, button: str, **typed: str) -> Run:
        """Press the button of this key once the inputs of these keys have been filled."""
        message = self._rerun_message()
        states = message.rerun_script.widget_states.widgets
        for key, text in typed.items():
            states.add(id=self._widgets[key], string_value=text)
        states.add(id=self._widgets[button], trigger_value=True)
        return await self._run(message)

    def _rerun_message(self, **more: Any) -> BackMsg:
        message = BackMsg()
        wanted = message.rerun_script
        wanted.query_string = self.query
        if self._pages:
            wanted.page_script_hash = self._pages[self.page]
        else:
            wanted.page_name = self.page
        wanted.cached_message_hashes.extend(self._kept)
        wanted.context_info.timezone = "UTC"
        wanted.context_info.color_scheme = "light"
        for name, value in more.items():
            setattr(wanted, name, value)
        return message

    async def _run(self, message: BackMsg) -> Run:
        run = Run(time.monotonic(), self.page, self.query)
        over: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self._whole = run, over
        # What was running in parts is given up for it.
        self._parts.clear()
        try:
            await self._send(message)
            return await asyncio.wait_for(over, self._patience)
        except TimeoutError:
            run.finished = time.monotonic()
            run.faults.append(f"it did not end within {self._patience:.0f} s")
            return run
        finally:
            self._whole = None

    async def _send(self, message: BackMsg) -> None:
        if self._socket is None:
            raise ConnectionError("The session is closed.")
        self._under_way = False
        await self._socket.send(message.SerializeToString())

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for answer in socket:
                assert isinstance(answer, bytes)
                self._receive(ForwardMsg.FromString(answer))
        except ConnectionClosed:
            pass
        finally:
            self._stop_ticking(*self._ticking)
            if self._whole is not None and not self._whole[1].done():
                self._whole[1].set_exception(ConnectionError("The connection is gone."))

    def _receive(self, message: ForwardMsg) -> None:
        what = message.WhichOneof("type")
        path = message.metadata.delta_path
        if what == "ref_hash":
            if message.ref_hash not in self._kept:
                self._fault("it names a message that was not kept")
                return
            message = self._kept[message.ref_hash].message
            what = message.WhichOneof("type")
        if message.metadata.cacheable:
            self._kept[message.hash] = _Kept(message, self._age)
        if what == "delta":
            self._drawn(tuple(path), message)
        elif what == "new_session":
            self._begun(message)
        elif what == "script_finished":
            self._finished(message)
        elif what == "navigation":
            self._pages = {
                "" if page.is_default else page.url_pathname: page.page_script_hash
                for page in message.navigation.app_pages
            }
        elif what == "auto_rerun":
            name = message.auto_rerun.fragment_id
            self._stop_ticking(name)
            self._ticking[name] = asyncio.create_task(self._tick(name, message.auto_rerun.interval))
        elif what == "stop_auto_rerun":
            self._stop_ticking(*message.stop_auto_rerun.fragment_ids)
        elif what == "page_not_found":
            self._fault("there is no such page")
        elif what == "session_event":
            self._fault(f"the session says {message.session_event.WhichOneof('type')}")

    def _begun(self, message: ForwardMsg) -> None:
        self._under_way = True
        self.id = message.new_session.initialize.session_id or self.id
        self._oldest = message.new_session.config.max_cached_message_age or self._oldest
        parts = message.metadata.run.fragment_ids
        if parts:
            self._now = [self._parts[key] for key in parts if key in self._parts]
        else:
            self._stop_ticking(*self._ticking)
            self._unfilled.clear()
            self._parts.clear()
            by_itself = Run(time.monotonic(), self.page, self.query)
            self._now = [self._whole[0] if self._whole else by_itself]
        for run in self._now:
            run.begun = run.begun or time.monotonic()

    def _finished(self, message: ForwardMsg) -> None:
        status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
        if status == "FINISHED_EARLY_FOR_RERUN":
            return
        if self._under_way:  # else what was named in the latest question would be let go of
            self._let_go(message.metadata.run.fragment_ids)
        if status not in GOOD:
            self._fault(status)
        if self._unfilled:
            self._fault(f"{len(self._unfilled)} places were never filled")
        over, self._now = self._now, []
        self._parts = {name: run for name, run in self._parts.items() if run not in over}
        for run in over:
            run.finished = time.monotonic()
            if self._whole is None or self._whole[0] is not run:
                self._tell(run)
            elif not self._whole[1].done():
                self._whole[1].set_result(run)

    def _let_go(self, parts: Sequence[str]) -> None:
        """Forget messages that some runs have not used, of the fragments that ran or of all."""
        self._age += 1
        self._kept = {
            name: entry
            for name, entry in self._kept.items()
            if (parts and entry.message.delta.fragment_id not in parts)
            or self._age - entry.used <= self._oldest
        }

    def _tell(self, run: Run) -> None:
        if self._ran is not None:
            self._ran(run)

    def _drawn(self, path: tuple[int, ...], message: ForwardMsg) -> None:
        self._unfilled = {place for place in self._unfilled if place[: len(path)] != path}
        if message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        drawn = getattr(element, kind) if kind else None
        if named := getattr(drawn, "id", ""):
            self._widgets[named.split("-", 2)[-1]] = named
        if kind == "skeleton":
            self._unfilled.add(path)
        elif kind == "exception":
            self._fault(f"{element.exception.type}: {element.exception.message}")
        elif kind == "heading":
            for run in self._now:
                run.drawn = run.drawn or time.monotonic()
                run.headings.append(element.heading.body)
        elif kind == "markdown":
            said = element.markdown.body
            for run in self._now:
                (run.troubles if TROUBLE in said else run.texts).append(said)

    def _fault(self, sentence: str) -> None:
        for run in self._now:
            run.faults.append(sentence)

    async def _tick(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            run = self._parts.setdefault(
                fragment, Run(time.monotonic(), self.page, self.query, interval)
            )
            if time.monotonic() - run.sent_at > self._patience:
                run.faults.append(f"a part did not end within {self._patience:.0f} s")
                self._tell(self._parts.pop(fragment))
            with suppress(*LOST):
                await self._send(self._rerun_message(fragment_id=fragment, is_auto_rerun=True))

    def _stop_ticking(self, *fragments: str) -> None:
        for name in fragments:
            if name in self._ticking:
                self._ticking.pop(name).cancel()


async def opened(address: str, page: str, query: str = "") -> Run:
    """Open a page once in a session of its own."""
    session = Session(address)
    run = await session.go(page, query)
    await session.close()
    return run
