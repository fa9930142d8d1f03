"""Replicas that share a cache: each of these is what one process has, over one real Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.support.ports import free_port
from tests.support.redis import Redis, running_redis
from tests.support.source import Source, fetching, submitting
from tests.support.waiting import eventually
from umami import shared as sharing
from umami.api import websites
from umami.cache import Cache, CachedAnswer, Lifetime
from umami.endpoint import Query
from umami.errors import SettingsError, UmamiError, Unreachable
from umami.shared import Shared

pytestmark = pytest.mark.slow

SCOPE = ("https://a.example/api", "user ada")
LONG = Lifetime(1e6, 2e6, 3e6)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with running_redis() as server:
        yield server


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


@pytest.fixture
def replicas(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> list[Cache]:
    # A machine that is busy with other tests has not lost its Redis.
    monkeypatch.setattr(sharing, "CONNECTING", 10.0)
    monkeypatch.setattr(sharing, "ANSWERING", 10.0)
    redis.client().flushall()
    return caches(redis)


def caches(redis: Redis) -> list[Cache]:
    """What three processes have."""
    return [Cache(8, Shared(redis.url), lifetime=lambda _query, _at: LONG) for _ in range(3)]


def question(page: int = 1) -> Query[object]:
    """A question whose answer is a number."""
    return replace(websites.websites(page=page), read=lambda number: b"%d" % number)


def answer(
    cache: Cache,
    source: Source,
    pool: ThreadPoolExecutor,
    query: Query[object] | None = None,
    since: float = 0.0,
) -> bytes:
    coming = cache.ask(
        SCOPE, query or question(), fetching(source), submitting(pool.submit), since=since
    )
    entry = coming.entry if isinstance(coming, CachedAnswer) else coming.result(20)
    value: bytes = entry.value
    return value


def test_what_one_has_asked_the_others_find(
    replicas: list[Cache], pool: ThreadPoolExecutor
) -> None:
    source = Source()
    assert [answer(replica, source, pool) for replica in replicas] == [b"1"] * 3
    assert source.asked == 1


def test_what_all_ask_at_one_moment_travels_once(
    replicas: list[Cache], pool: ThreadPoolExecutor
) -> None:
    source = Source()
    source.let.clear()
    coming = [
        replica.ask(SCOPE, question(), fetching(source), submitting(pool.submit))
        for replica in replicas
        for _viewer in range(5)
    ]
    eventually(lambda: source.asked == 1)
    source.let.set()
    assert {
        (reply.result(20) if isinstance(reply, Future) else reply.entry).value for reply in coming
    } == {b"1"}
    assert source.asked == 1


def test_another_replica_goes_on_where_one_was_lost(
    redis: Redis, replicas: list[Cache], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "HELD", 0.2)
    monkeypatch.setattr(sharing, "RENEWED", 60.0)
    hanging, source = Source(), Source()
    hanging.let.clear()
    lost = replicas[0].ask(SCOPE, question(), fetching(hanging), submitting(pool.submit))
    eventually(lambda: hanging.asked == 1)
    # It says no more that it is still asking.
    assert answer(replicas[1], source, pool) == b"1"
    hanging.let.set()
    assert isinstance(lost, Future)
    assert lost.result(20).value == b"1"


@pytest.mark.thorough
def test_a_replica_that_takes_long_is_waited_for(
    replicas: list[Cache], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "HELD", 2.0)
    monkeypatch.setattr(sharing, "RENEWED", 0.1)
    slow, other = Source(), Source()
    slow.let.clear()
    replicas[0].ask(SCOPE, question(), fetching(slow), submitting(pool.submit))
    eventually(lambda: slow.asked == 1)
    second = replicas[1].ask(SCOPE, question(), fetching(other), submitting(pool.submit))
    assert isinstance(second, Future)
    begun = time.monotonic()
    eventually(lambda: time.monotonic() - begun > 3.0 or other.asked > 0)
    assert other.asked == 0
    slow.let.set()
    assert second.result(20).value == b"1"
    assert other.asked == 0


def test_a_failure_lets_the_next_one_try(replicas: list[Cache], pool: ThreadPoolExecutor) -> None:
    source = Source()
    source.problem = Unreachable("Nobody there.")
    with pytest.raises(UmamiError):
        answer(replicas[0], source, pool)
    source.problem = None
    assert answer(replicas[1], source, pool) == b"2"


def test_what_one_forgets_all_forget(replicas: list[Cache], pool: ThreadPoolExecutor) -> None:
    source = Source()
    for replica in replicas:
        answer(replica, source, pool)
    replicas[0].forget(SCOPE[0])
    assert answer(replicas[0], source, pool) == b"2"
    eventually(lambda: [answer(replica, source, pool) for replica in replicas] == [b"2"] * 3)
    assert source.asked == 2


def test_what_one_asked_anew_the_others_find(
    replicas: list[Cache], pool: ThreadPoolExecutor
) -> None:
    source = Source()
    for replica in replicas:
        answer(replica, source, pool)
    now = time.time()
    answer(replicas[0], source, pool, since=now)
    eventually(lambda: answer(replicas[0], source, pool, since=now) == b"2")
    assert answer(replicas[1], source, pool, since=now) == b"2"
    assert source.asked == 2


def test_a_lost_redis_makes_slower_and_breaks_nothing(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "AWAY", 0.05)
    caplog.set_level(logging.WARNING)
    with running_redis() as redis:
        shared = [Shared(redis.url) for _ in range(2)]
        caches = [Cache(8, connection, lifetime=lambda _query, _at: LONG) for connection in shared]
        source = Source()
        for cache in caches:
            answer(cache, source, pool)
        assert source.asked == 1
        redis.kill()
        other = question(2)
        assert [answer(cache, source, pool, other) for cache in caches] == [b"2", b"3"]
        assert [answer(cache, source, pool, other) for cache in caches] == [b"2", b"3"]
        caches[0].forget(SCOPE[0])
        assert answer(caches[0], source, pool, other) == b"4"
        redis.start()
        eventually(lambda: answer(caches[0], source, pool) and shared[0].here)
        before = source.asked
        third = question(3)
        answer(caches[0], source, pool, third)
        eventually(lambda: answer(caches[1], source, pool) and shared[1].here)
        # They agree again on what counts as forgotten within a second.
        eventually(lambda: answer(caches[1], source, pool, third) == b"%d" % (before + 1))
    messages = [record.message for record in caplog.records if record.name == sharing.__name__]
    assert sum("is away" in message for message in messages) == 2
    assert sum("cache is back" in message for message in messages) == 2


def test_nothing_that_was_forgotten_while_it_was_lost_comes_back(
    redis: Redis, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "AWAY", 0.05)
    redis.client().flushall()
    replicas, source = caches(redis), Source()
    answer(replicas[0], source, pool)
    # It answers nobody for longer than it is waited for, and holds on to what it knows.
    redis.client().client_pause(round(1500 * sharing.ANSWERING))
    replicas[0].forget(SCOPE[0])
    eventually(lambda: answer(replicas[0], source, pool) == b"2")
    eventually(lambda: answer(replicas[1], source, pool) == b"2")


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="UMAMI_REDIS_URL"):
        Shared(url)


def test_nothing_secret_is_said_or_kept(
    redis: Redis, replicas: list[Cache], pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    away = Shared(f"redis://:s3cret@127.0.0.1:{free_port()}/0")
    cache = Cache(8, away)
    answer(cache, Source(), pool)
    assert "away" in caplog.text
    assert "s3cret" not in f"{caplog.text} {away!r}"
    named = ("https://a.example/api", "user zoltan@example.com")
    coming = replicas[0].ask(named, question(), fetching(Source()), submitting(pool.submit))
    assert isinstance(coming, Future)
    coming.result(20)
    names = redis.client().keys()
    assert names
    assert not [name for name in names if b"zoltan" in name or b"a.example" in name]
