"""Benchmark: what sign-in and sessions add to a page, without the time of bcrypt itself."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import bcrypt

from components import viewer
from tests.bench.pages import dashboard
from tests.pages.conftest import open_page
from tests.support.accounts import HASH, PASSWORD, user, write

TIMES, TURNS = 15, 7
SIGNING_IN, BEING_IN = 0.300, 0.005
"""Seconds."""
TOKEN = "what opens the session of this tab"


def signing_in(url: str) -> list[str]:
    """Measure both; the names of the limits that were missed."""
    with dashboard(url, 0), tempfile.TemporaryDirectory() as place:
        users = write(Path(place) / "users.yaml", {"ann": user("admin")})
        store = f"sqlite:///{place}/dashboard.sqlite"
        apart = {"DASHBOARD_OPEN": "yes"}
        within = {"DASHBOARD_USERS": str(users), "DASHBOARD_STORE": store}
        _run_as(within)
        desk = viewer.desk()
        entering = _median(lambda: desk.sign_in("ann", PASSWORD, None)) - _median(
            lambda: bcrypt.checkpw(PASSWORD.encode(), HASH.encode())
        )
        held = {TOKEN: desk.sign_in("ann", PASSWORD, None)}
        signed, free = [], []
        # By turns, as machines are faster at one time than at another.
        for _ in range(TURNS):
            _run_as(apart)
            free.append(_reruns({}))
            _run_as(within)
            signed.append(_reruns(held))
        desk.engine.dispose()
    opening, rerun = (
        statistics.median(mine[at] - theirs[at] for mine, theirs in zip(signed, free, strict=True))
        for at in (0, 1)
    )
    entered = entering + max(0.0, opening)
    print(f"\n{'signed in':<48}{'measured':>10}{'limit':>10}")
    missed = []
    for name, taken, limit in (
        ("signing in, our own part", entered, SIGNING_IN),
        ("a signed-in rerun of the Overview, more", rerun, BEING_IN),
    ):
        over = taken > limit
        mark = " OVER" if over else ""
        print(f"{name:<48}{taken * 1000:>7.1f} ms{limit * 1000:>7.0f} ms{mark}")
        missed += [name] * over
    same = statistics.median(sample[1] for sample in free)
    print(f"{'  the same rerun where nobody signs in':<48}{same * 1000:>7.1f} ms")
    return missed


def _run_as(environ: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("DASHBOARD_")]:
        del os.environ[name]
    os.environ |= environ
    viewer.forget()


def _reruns(state: dict[str, str]) -> tuple[float, float]:
    """Seconds of opening the Overview, and of running it again."""
    open_page("overview", dict(state))
    opening = _median(lambda: open_page("overview", dict(state)), 3)
    return opening, _median(open_page("overview", dict(state)).run)


def _median(measure: object, times: int = TIMES) -> float:
    assert callable(measure)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        measure()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)
