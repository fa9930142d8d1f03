"""Kept answers: fresh, stale, gone; one trip for many; bounded; nothing secret in keys."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.source import Source, fetching, submitting
from tests.support.waiting import eventually
from umami import cache as cache_module
from umami import scheduling
from umami.api import account, realtime, reports, traffic, websites
from umami.cache import (
    ENDED,
    LISTING,
    LIVE,
    RUNNING,
    Cache,
    CachedAnswer,
    Entry,
    Lifetime,
    lifetime,
)
from umami.endpoint import Query
from umami.errors import Cancelled, Unreachable
from umami.period import Period
from umami.scheduling import Caller, SingleFlight
from umami.view import View

SCOPE = ("https://a.example/api", "user ada")
SITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
LONG = Lifetime(1e6, 2e6, 3e6)
STALE = Lifetime(-1, 1e6, 1e6)
GONE = Lifetime(-1, -1, 1e6)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking."""

    coming: Future[Entry]
    stale: bool = False

    @property
    def answer(self) -> bytes:
        value: bytes = self.coming.result(10).value
        return value

    @property
    def answered_at(self) -> float:
        return self.coming.result(10).answered_at

    @property
    def problem(self) -> BaseException | None:
        return self.coming.exception(10)


def at_once(work: Callable[[], None]) -> None:
    work()


def cached(holds: Lifetime, *, pause: float = 60.0) -> Cache:
    return Cache(lifetime=lambda _query, _at: holds, single_flight=SingleFlight(pause))


def ask(
    cache: Cache,
    source: Source,
    question: Query[Any] | None = None,
    scope: tuple[str, str] = SCOPE,
    run: Callable[[Callable[[], None]], object] = at_once,
    **more: Any,
) -> Asked:
    """Ask, and give what is at hand and what is on its way the same face."""
    query = question or websites.websites()
    coming = cache.ask(scope, query, fetching(source), submitting(run), **more)
    if isinstance(coming, CachedAnswer):
        at_hand: Future[Entry] = Future()
        at_hand.set_result(coming.entry)
        return Asked(at_hand, coming.stale)
    return Asked(coming)


def test_a_fresh_answer_is_not_asked_for_again() -> None:
    cache, source = cached(LONG), Source()
    first, second = (ask(cache, source) for _ in range(2))
    assert (first.answer, second.answer) == (b"1", b"1")
    assert second.answered_at == pytest.approx(first.answered_at, abs=1)
    assert not second.stale
    assert source.asked == 1


def test_answers_are_told_apart() -> None:
    cache, source = cached(LONG), Source()
    for question in (websites.websites(), websites.websites(page=2), websites.website(SITE)):
        for scope in (SCOPE, ("https://b.example/api", "user ada"), (SCOPE[0], "user bob")):
            ask(cache, source, question, scope)
    assert source.asked == 9


def test_scopes_are_not_told_apart_by_where_they_are_cut() -> None:
    cache, source = cached(LONG), Source()
    ask(cache, source, scope=("ab", "c"))
    ask(cache, source, scope=("a", "bc"))
    assert source.asked == 2


def test_a_stale_answer_is_there_at_once_and_asked_anew_once() -> None:
    cache, source = cached(STALE), Source()
    ask(cache, source)
    source.let.clear()
    with ThreadPoolExecutor(4) as pool:
        stale = [ask(cache, source, run=pool.submit) for _ in range(50)]
        assert all(reply.coming.done() and reply.stale for reply in stale)
        assert {reply.answer for reply in stale} == {b"1"}
        source.let.set()
    assert source.asked == 2
    assert ask(cache, source, run=lambda _work: None).answer == b"2"


def test_a_stale_answer_survives_a_refresh_that_fails() -> None:
    cache, source = cached(STALE), Source()
    first = ask(cache, source)
    source.problem = Unreachable("Nobody there.")
    for _ in range(3):
        reply = ask(cache, source)
        assert (reply.answer, reply.stale) == (b"1", True)
        assert reply.answered_at == pytest.approx(first.answered_at, abs=1)
    assert source.asked == 2, "what has just failed is not tried again"


def test_what_is_too_old_is_not_shown() -> None:
    cache, source = cached(GONE), Source()
    assert [ask(cache, source).answer for _ in range(2)] == [b"1", b"2"]


def test_what_many_ask_at_one_moment_travels_once() -> None:
    cache, source = cached(LONG), Source()
    source.let.clear()
    with ThreadPoolExecutor(50) as pool:
        asking = ThreadPoolExecutor(50)
        futures = list(asking.map(lambda _: ask(cache, source, run=pool.submit), range(50)))
        source.let.set()
        assert {future.answer for future in futures} == {b"1"}
        asking.shutdown()
    assert source.asked == 1


def test_what_fails_fails_for_all_at_one_moment() -> None:
    cache, source = cached(LONG), Source()
    source.problem = Unreachable("Nobody there.", endpoint="websites")
    source.let.clear()
    with ThreadPoolExecutor(2) as pool:
        futures = [ask(cache, source, run=pool.submit) for _ in range(50)]
        source.let.set()
        problems = [future.problem for future in futures]
    assert {str(problem) for problem in problems} == {"Nobody there."}
    assert source.asked == 1
    late = ask(cache, source)
    problem = late.problem
    assert isinstance(problem, Unreachable)
    assert (str(problem), problem.endpoint) == ("Nobody there.", "websites")
    assert problem.__traceback__ is None
    assert source.asked == 1, "within a moment it is not tried again"


def test_after_a_moment_it_is_tried_again() -> None:
    cache, source = cached(LONG, pause=0.05), Source()
    source.problem = Unreachable("Nobody there.")
    assert ask(cache, source).problem
    source.problem = None
    eventually(lambda: ask(cache, source).problem is None)


def test_forgetting_lets_one_try_again_at_once() -> None:
    cache, source = cached(LONG), Source()
    source.problem = Unreachable("Nobody there.")
    assert ask(cache, source).problem
    source.problem = None
    cache.forget(SCOPE[0])
    assert ask(cache, source).answer == b"2"


def test_forgetting_is_of_one_server() -> None:
    cache, source = cached(LONG), Source()
    other = ("https://b.example/api", "user ada")
    ask(cache, source)
    ask(cache, source, scope=other)
    cache.forget(SCOPE[0])
    ask(cache, source)
    ask(cache, source, scope=other)
    assert source.asked == 3


def test_an_answer_on_its_way_when_all_was_forgotten_is_not_kept() -> None:
    cache, source = cached(LONG), Source()
    source.let.clear()
    with ThreadPoolExecutor(1) as pool:
        old = ask(cache, source, run=pool.submit)
        cache.forget(SCOPE[0])
        source.let.set()
        assert old.answer == b"1"
        assert ask(cache, source, run=pool.submit).answer == b"2"


def test_memory_is_bounded_and_what_is_used_stays() -> None:
    cache = Cache(1, lifetime=lambda _query, _at: LONG)

    def text() -> bytes:
        return b"x" * 20_000

    used = websites.websites(page=1)
    for page in range(2, 60):
        for question in (used, websites.websites(page=page)):
            cache.ask(SCOPE, question, fetching(text), submitting(at_once))
    assert 500_000 < cache.size <= 2**20
    unused = Source()
    assert ask(cache, unused, used).answer == text()
    assert unused.asked == 0


def test_an_answer_too_large_to_keep_is_answered_all_the_same() -> None:
    cache = Cache(1, lifetime=lambda _query, _at: LONG)
    small = Source()
    ask(cache, small)
    huge = b"x" * 2_000_000
    question = websites.websites(page=2)
    coming = cache.ask(SCOPE, question, fetching(lambda: huge), submitting(at_once))
    assert isinstance(coming, Future)
    assert coming.result().value == huge
    ask(cache, small)
    assert small.asked == 1


def test_what_is_asked_anew_is_shown_meanwhile() -> None:
    cache, source = cached(LONG), Source()
    first = ask(cache, source)
    again = ask(cache, source, since=first.answered_at + 1e-6)
    assert (again.answer, again.stale, source.asked) == (b"1", True, 2)
    anew = ask(cache, source, since=first.answered_at + 1e-6)
    assert (anew.answer, anew.stale, source.asked) == (b"2", False, 2)


def test_what_everybody_left_is_not_asked() -> None:
    cache, source = cached(LONG), Source()
    queue: list[Callable[[], None]] = []
    gone, stays = Caller(), Caller()
    left = ask(cache, source, run=queue.append, caller=gone)
    shared = [
        ask(cache, source, websites.websites(page=2), run=queue.append, caller=caller)
        for caller in (gone, stays)
    ]
    gone.leave()
    for work in queue:
        work()
    assert isinstance(left.problem, Cancelled)
    assert [reply.answer for reply in shared] == [b"1", b"1"]
    assert ask(cache, source).answer == b"2", "being left is no failure"


def test_an_answer_stands_in_for_as_long_as_it_may() -> None:
    cache, source = cached(GONE), Source()
    question = websites.websites()
    assert cache.spare(SCOPE, question) is None
    ask(cache, source, question)
    spare = cache.spare(SCOPE, question)
    assert spare is not None
    assert spare.value == b"1"
    live = cached(Lifetime(-1, -1, -1))
    ask(live, source, question)
    assert live.spare(SCOPE, question) is None


def test_what_failed_the_last_time_stands_in_at_once_and_says_why() -> None:
    source = Source()
    cache = Cache(lifetime=lambda _query, _at: GONE, single_flight=SingleFlight(0.0))

    def ask_again() -> CachedAnswer | Future[Entry]:
        return cache.ask(SCOPE, websites.websites(), fetching(source), submitting(at_once))

    ask_again()
    source.problem = Unreachable("Nobody there.")
    first = ask_again()
    assert isinstance(first, Future), "nobody knew, so it was waited for"
    assert str(first.exception()) == "Nobody there."
    then = ask_again()
    assert isinstance(then, CachedAnswer)
    assert (then.entry.value, then.stale) == (b"1", True)
    assert str(then.problem) == "Nobody there."
    source.problem = None
    assert isinstance(ask_again(), CachedAnswer), "it is asked anew behind this one"
    assert isinstance(ask_again(), Future), "the server answers, so it is waited for again"


@pytest.mark.parametrize(("reported", "remembered"), [(0.0, 60.0), (0.0, 0.0)])
def test_what_failed_a_while_ago_is_not_the_trouble_of_now(
    reported: float, remembered: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "REPORTED", reported)
    monkeypatch.setattr(scheduling, "REMEMBERED", remembered)
    source = Source()
    cache = Cache(lifetime=lambda _query, _at: GONE, single_flight=SingleFlight(0.0))
    ask(cache, source)
    source.problem = Unreachable("Nobody there.")
    assert ask(cache, source).problem
    source.problem = None
    then = cache.ask(SCOPE, websites.websites(), fetching(source), submitting(at_once))
    if remembered:
        assert isinstance(then, CachedAnswer)
        assert (then.stale, then.problem) == (True, None)
    else:
        assert isinstance(then, Future), "whether it fails is found out anew"
        assert then.result().value == b"3"


def test_what_was_answered_before_the_end_moved_on_stands_in() -> None:
    cache, source, now = cached(GONE), Source(), datetime.now(UTC)

    def about(start: datetime, end: datetime) -> list[Query[Any]]:
        view = View(SITE, Period(start, end, "day", "UTC"))
        return [traffic.stats(view), reports.retention(view)]

    start, hour = datetime(2026, 8, 1, tzinfo=UTC), timedelta(hours=1)
    before, after = about(start, now + hour), about(start, now + 2 * hour)
    for query in before:
        ask(cache, source, query)
    spared = [cache.spare(SCOPE, query) for query in (*before, *after)]
    assert [entry and entry.value for entry in spared] == [b"1", b"2"] * 2
    for others in (about(start, now - hour), about(start + hour, now + 2 * hour)):
        assert [cache.spare(SCOPE, query) for query in others] == [None, None]
    cache.forget(SCOPE[0], SITE)
    assert [cache.spare(SCOPE, query) for query in after] == [None, None]


def test_what_was_never_asked_is_asked_again_at_once() -> None:
    source, flights = Source(), SingleFlight[bytes](60.0)
    refused = Unreachable("Nobody there.")
    refused.sent = False
    source.problem = refused
    with pytest.raises(Unreachable):
        flights.result("a", source)
    source.problem = None
    assert flights.result("a", source) == b"2"


def test_forgetting_one_website_leaves_the_others() -> None:
    cache, source = cached(LONG), Source()
    questions = websites.website(SITE), websites.website(SITE[::-1]), websites.websites()
    for question in questions:
        ask(cache, source, question)
    cache.forget(SCOPE[0], SITE)
    answers = [ask(cache, source, question).answer for question in questions]
    assert answers == [b"4", b"2", b"5"], "lists may name what has changed"


def viewed(last: date) -> View:
    return View(SITE, Period.of_days(date(2026, 9, 1), last, "UTC"))


def test_how_long_answers_hold_follows_from_what_they_mean() -> None:
    september = traffic.stats(viewed(date(2026, 9, 30)))
    end = datetime(2026, 10, 1, tzinfo=UTC)

    def holds(question: Query[Any], after: timedelta) -> Lifetime | None:
        return lifetime(question, (end + after).timestamp())

    assert holds(september, -timedelta(days=3)) == RUNNING
    assert holds(september, timedelta(minutes=59)) == RUNNING
    assert holds(september, timedelta(minutes=61)) == ENDED
    assert holds(realtime.realtime(SITE), timedelta()) == LIVE
    assert holds(traffic.active(SITE), timedelta()) == LIVE
    assert holds(websites.websites(), timedelta()) == LISTING
    assert holds(account.login("ada", "x"), timedelta()) is None
    assert holds(account.verify(), timedelta()) is None
    assert holds(websites.reset_website(SITE), timedelta()) is None
    assert Lifetime(8, 8, 8) == LIVE
    assert (LISTING.fresh, RUNNING.fresh, ENDED.fresh) == (60, 60, 86_400)


def test_what_is_secret_is_never_kept_whatever_its_freshness() -> None:
    listing = websites.websites()
    secret = replace(listing, endpoint=replace(listing.endpoint, secret=True))
    assert lifetime(secret, 0) is None
