"""The arithmetic of the benchmarks: how often a query has to be sent."""

from __future__ import annotations

from collections import Counter

from tests.bench.questions import Asked, Place, Wanted, asks, early
from tests.support.fault_proxy import Passed

SITE = "/api/websites/47a8e931-d51a-4351-a5e1-51db9a717a5d"
NOW = 1_790_000_000.0
"""Unix seconds; the running period below ends after it, the other one long before."""
RUNNING = Asked("GET", f"{SITE}/stats?startAt=1789000000000&endAt=1795000000000", None)
ENDED = Asked("GET", f"{SITE}/stats?startAt=1780000000000&endAt=1785000000000", None)
ANALYSIS = Asked(
    "POST", "/api/reports/utm", b'{"parameters": {"endDate": "2026-08-31T23:59:59.999Z"}}'
)
LIVE = Asked("GET", f"{SITE}/active", None)
LISTING = Asked("GET", "/api/websites?includeTeams=true", None)
PAGE = Place("", "website=47a8e931")
EVERYTHING = {PAGE: frozenset({RUNNING, ENDED, ANALYSIS, LIVE, LISTING})}


def times(*wanted: Wanted, away: tuple[float, float] = (0.0, 0.0)) -> Counter[Asked]:
    return Counter(question for _, question in asks(wanted, EVERYTHING, NOW, 0.5, away))


def test_one_run_sends_each_query_once() -> None:
    assert times(Wanted(1.0, PAGE)) == Counter(EVERYTHING[PAGE])


def test_queries_are_repeated_when_they_expire() -> None:
    counts = times(*(Wanted(float(at), PAGE) for at in range(1, 182)))
    assert counts[LIVE] == 1 + 180 // 9
    assert counts[RUNNING] == counts[LISTING] == 1 + 180 // 61
    assert counts[ENDED] == counts[ANALYSIS] == 1


def test_no_requests_without_runs() -> None:
    assert times(Wanted(1.0, PAGE), Wanted(600.0, PAGE))[LIVE] == 2


def test_live_fragment_sends_live_queries_only() -> None:
    counts = times(Wanted(1.0, PAGE), Wanted(100.0, PAGE, live=True))
    assert (counts[LIVE], counts[RUNNING]) == (2, 1)


def test_every_run_retries_while_the_server_is_away() -> None:
    wanted = [Wanted(at, PAGE) for at in (1.0, 11.0, 12.0, 30.0)]
    counts = times(*wanted, away=(10.0, 20.0))
    assert (counts[LIVE], counts[RUNNING]) == (4, 1)


def test_requests_before_expiry_are_detected() -> None:
    def passed(question: Asked, came: float) -> Passed:
        return Passed(question.target, came, came + 0.5, 200, question.method, question.body)

    due = [passed(LIVE, at) for at in (1.0, 9.6, 18.2)]
    assert early(due, NOW) == []
    assert early([*due, passed(LIVE, 20.0), passed(RUNNING, 20.0)], NOW) == [LIVE]
