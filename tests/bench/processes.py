"""Processes to measure: an embedded server of its own, and the resources that a process uses."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

from tests.support.ports import free_port
from tests.support.service import Service

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a process holds at a moment: resident memory in MB, processor time in seconds."""

    memory: float
    processor: float
    threads: int
    files: int
    sockets: int


def vitals(pid: int) -> Vitals:
    """What a process holds now."""
    process = psutil.Process(pid)
    with process.oneshot():
        times = process.cpu_times()
        return Vitals(
            process.memory_info().rss / MEGABYTE,
            times.user + times.system,
            process.num_threads(),
            process.num_fds(),
            len(process.net_connections("all")),
        )


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded server at ``url``; it can be killed and comes back there."""

    url: str
    service: Service


def embedded(*arguments: str) -> Embedded:
    """An embedded server of its own process, not started yet."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/api/heartbeat")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    command = [sys.executable, "-m", "umami.embedded", "--port", str(port), *arguments]
    return Embedded(url, Service(command, answers))


@contextmanager
def server(*arguments: str) -> Iterator[tuple[httpx.Client, int, float]]:
    """An embedded server: a client that is signed in, its process, and the seconds from the
    command to an answer."""
    embedded_server = embedded(*arguments)
    took = embedded_server.service.start()
    try:
        with httpx.Client(base_url=embedded_server.url, timeout=600, trust_env=False) as client:
            login = client.post("/api/auth/login", json={"username": "admin", "password": "umami"})
            client.headers["authorization"] = f"Bearer {login.json()['token']}"
            yield client, embedded_server.service.pid, took
    finally:
        embedded_server.service.stop()
