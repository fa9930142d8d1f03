"""Memory that answers of a hostile server take."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.faults import Act, Faulty, faulty
from umami.endpoint import Request
from umami.errors import UmamiError, UnexpectedAnswer
from umami.exchange import LARGEST, PIECE
from umami.settings import Settings
from umami.transport import Transport

AT_ONCE = 4
SPARE = 4 * 2**20
"""Bytes for connections, threads and what a buffer is larger than its content."""
SIZE = 5 * LARGEST


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty() as server:
        yield server


@pytest.fixture
def transport(server: Faulty) -> Iterator[Transport]:
    settings = Settings(api=f"{server.url}/api", username="ada", password="secret", timeout=60)
    transport = Transport(settings.model_copy(update={"connections": AT_ONCE}))
    transport.send(Request("GET", "/x"), endpoint="x", repeatable=False)
    yield transport
    transport.close()


@pytest.fixture(scope="module")
def zeros() -> bytes:
    return gzip.compress(b"0" * SIZE, 9)


def peak(transport: Transport, questions: int) -> int:
    """The peak memory of this many concurrent requests, in bytes; each of them has to fail."""

    def ask(_: int) -> type[UmamiError]:
        with pytest.raises(UmamiError) as refused:
            transport.send(Request("GET", "/stats"), endpoint="stats", repeatable=False)
        return refused.type

    tracemalloc.start()
    try:
        with ThreadPoolExecutor(questions) as pool:
            kinds = set(pool.map(ask, range(questions)))
        assert kinds == {UnexpectedAnswer}
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "GZIP"])
def test_memory_for_a_compressed_answer_is_bounded(
    server: Faulty, transport: Transport, zeros: bytes, packing: str
) -> None:
    assert len(zeros) < SIZE / 500
    server.script("/stats", Act(body=zeros, headers=(("content-encoding", packing),)))
    assert peak(transport, 1) < 1.2 * LARGEST + SPARE
    assert peak(transport, AT_ONCE) < AT_ONCE * 1.2 * LARGEST + SPARE


@pytest.mark.parametrize("packing", ["deflate", "br", "zstd", "gzip, gzip", "identity, gzip"])
def test_unrequested_encodings_are_not_decompressed(
    server: Faulty, transport: Transport, zeros: bytes, packing: str
) -> None:
    server.script("/stats", Act(body=zeros, headers=(("content-encoding", packing),)))
    assert peak(transport, 1) < SPARE
    assert {request.headers["accept-encoding"] for request in server.seen} == {"gzip"}


def test_data_after_a_compressed_answer_is_ignored(server: Faulty, transport: Transport) -> None:
    packed = gzip.compress(b"[1]")
    act = Act(body=packed + b"\0" * PIECE, endless=True, headers=(("content-encoding", "gzip"),))
    server.script("/stats", act)
    request = Request("GET", "/stats")
    assert transport.send(request, endpoint="stats", repeatable=False) == b"[1]"


def test_memory_for_the_start_of_a_document_is_bounded(
    server: Faulty, transport: Transport, zeros: bytes
) -> None:
    server.script("/openapi.json", Act(body=zeros, headers=(("content-encoding", "gzip"),)))
    tracemalloc.start()
    try:
        assert transport.beginning("/openapi.json", 1000) == b"0" * 1000
        assert tracemalloc.get_traced_memory()[1] < SPARE
    finally:
        tracemalloc.stop()
