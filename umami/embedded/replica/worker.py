"""Keeps the replica of a database up to date in a thread, and says how far behind it is."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from umami.embedded.replica.follower import Follower
from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.schema import definitions_of
from umami.embedded.replica.source import Source
from umami.embedded.replica.transfer import Stopped
from umami.embedded.state import Umami
from umami.embedded.store import StoreRefused

INTERVAL: Final = 5.0
"""Seconds between two looks at the source."""
CALM: Final = 9.0
"""The least pause between two looks, in times that a look took: while a transaction is open for
long, each look reads again what was written since that began."""
CATCHES_UP_WITHIN: Final = 10.0
"""The most seconds to wait for a look at the source."""
LONGEST_PAUSE: Final = 60.0
"""The most seconds until the source is tried again after failures."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """How good the replica is; times are UTC."""

    complete: bool
    """Whether the first copy is complete; before, nothing can be answered."""
    as_of: datetime | None
    """The replica contains what was committed until then."""
    proved: datetime | None
    """Until then, it was compared with the source row by row; differences were repaired."""
    problem: str
    """Why it does not follow at the moment, as a sentence; empty if it does."""
    steps: tuple[int, int]
    """Steps of the first copy that are complete, and all of them."""
    version: str
    """The version of Umami that made the source's tables."""
    lag: timedelta
    """How far the source was behind its primary at the last look; 0 unless it is a standby."""


class Replica:
    """The replica in the store of a server, which applies the definitions of the source's version.

    The first connection is made at once. Raises ``ReplicaRefused`` if it fails, unless an earlier
    copy can answer, and if the store contains other data.
    """

    def __init__(self, url: str, umami: Umami, *, interval: float = INTERVAL) -> None:
        self._umami = umami
        self._interval = interval
        self._problem = ""
        self._is_behind = True
        """Whether it did not follow in between, so that older answers may lack what came."""
        self._stop = threading.Event()
        self._complete = threading.Event()
        self._early = threading.Event()
        """Set to end the pause before the next look."""
        self._looking = threading.Condition()
        self._begun = self._ended = 0
        """Numbers of looks at the source."""
        source = Source(url)
        self._follower = Follower(
            source,
            umami.store,
            stopped=self._stop.is_set,
            changed=lambda website: umami.changed(website),
        )
        try:
            self._follower.prepare()
        except ReplicaRefused as refused:
            source.close()
            if not self._follower.position.complete:
                raise
            self._failed(refused)
        self._settle()
        self._thread = threading.Thread(target=self._run, name="replica", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give up the current step, and disconnect. Can be called twice."""
        self._stop.set()
        self._early.set()
        while self._thread.is_alive():
            # The next statement may have begun just after the one that was cancelled.
            self._follower.source.cancel()
            self._thread.join(1)
        self._follower.source.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the first copy is complete; returns whether it is."""
        return self._complete.wait(timeout)

    def catch_up(self) -> None:
        """Look at the source now, and wait until that is done, a few seconds at most."""
        with self._looking:
            last = self._begun
            self._early.set()
            self._looking.wait_for(lambda: self._ended > last, CATCHES_UP_WITHIN)

    def has_website(self, website: str) -> bool:
        """Whether the database has a website; looks at the source before it denies that."""

        def has() -> bool:
            sql = "SELECT 1 FROM website WHERE website_id = TRY_CAST(? AS UUID)"
            return self._umami.store.row(sql, [website]) is not None

        if not has():
            self.catch_up()
        return has()

    @property
    def definitions(self) -> str:
        """The version that names the definitions of figures."""
        return definitions_of(self._follower.position.version)[0]

    @property
    def status(self) -> ReplicaStatus:
        position = self._follower.position
        return ReplicaStatus(
            position.complete,
            _instant(position.as_of),
            _instant(position.proved),
            self._problem,
            self._follower.progress,
            position.version,
            self._follower.lag,
        )

    @property
    def waiting(self) -> str:
        """Why traffic cannot be answered yet, as a sentence; empty if it can."""
        if self._follower.position.complete:
            return ""
        if self._problem:
            return f"The database is not copied yet: {self._problem}"
        done, total = self._follower.progress
        return f"The database is being copied for the first time: {done} of {total} steps are done."

    def _run(self) -> None:
        pause = self._interval
        while not self._stop.is_set():
            try:
                began = time.monotonic()
                with self._looking:
                    self._begun += 1
                more = self._follower.advance()
                pause = max(self._interval, CALM * (time.monotonic() - began))
                if self._problem:
                    _log.info("The replica follows the database again.")
                self._problem = ""
                self._settle()
                if self._is_behind:
                    self._is_behind = False
                    self._umami.changed(None)
                if more:
                    continue
            except Stopped:
                return
            except (ReplicaRefused, StoreRefused) as refused:
                self._failed(refused)
                pause = min(2 * pause, LONGEST_PAUSE)
            except Exception as error:
                # The message can contain values of rows.
                name, trace = type(error).__name__, traceback.format_tb(error.__traceback__)
                _log.error("A step of the replica failed with %s\n%s", name, "".join(trace))
                self._failed(StoreRefused(f"A step of the replica failed ({name})."))
                pause = min(2 * pause, LONGEST_PAUSE)
            finally:
                with self._looking:
                    self._ended = self._begun
                    self._looking.notify_all()
            self._early.wait(pause)
            self._early.clear()

    def _settle(self) -> None:
        """Apply the definitions of the source's version, and say when the copy is complete."""
        definitions = definitions_of(self._follower.position.version)[1]
        if self._umami.definitions != definitions:
            self._umami.definitions, self._is_behind = definitions, True
        if self._follower.position.complete:
            self._complete.set()

    def _failed(self, refused: Exception) -> None:
        if self._stop.is_set():
            # The statement was cancelled.
            return
        if str(refused) != self._problem:
            _log.warning("%s", refused)
        self._problem, self._is_behind = str(refused), True


def guard(replica: Replica) -> Callable[[bool, bool], str]:
    """A function that says why a request cannot be answered: whether it writes, and whether it
    reads traffic."""

    def refusal(writes: bool, reads_traffic: bool) -> str:
        if writes:
            return (
                "This is a replica of Umami’s database, which only Umami itself can change. Make "
                "the change in Umami, or set UMAMI_URL and an account so that the dashboard can "
                "make it there"
            )
        return replica.waiting if reads_traffic else ""

    return refusal


def described(status: ReplicaStatus) -> dict[str, str | None]:
    """The part of a status that clients are told, as JSON."""
    as_of, proved = (
        None if instant is None else instant.isoformat()
        for instant in (status.as_of, status.proved)
    )
    return {"asOf": as_of, "proved": proved, "problem": status.problem}


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
