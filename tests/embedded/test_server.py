"""The server starts on a real socket, answers and stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port
from umami.embedded.server import PortTaken, Running, bound, listen, serve

pytestmark = pytest.mark.slow


def test_server_answers_when_serve_returns(tables: Path) -> None:
    with serve(tables) as running:
        assert running.url.startswith("http://127.0.0.1:")
        assert not running.demo
        answer = httpx.get(running.url + "/api/heartbeat")
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url + "/api/heartbeat")


def test_a_taken_port_is_named(tables: Path) -> None:
    with serve(tables) as running:
        port = int(running.url.rpartition(":")[2])
        with pytest.raises(PortTaken, match=str(port)):
            serve(tables, port=port)


def test_port_taken_between_bind_and_listen_is_named() -> None:
    with bound(0) as fast, bound(fast.getsockname()[1]) as slow:
        listen(fast)
        with pytest.raises(PortTaken, match=str(fast.getsockname()[1])):
            listen(slow)


# Alone, as a command


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "umami.embedded", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answering(process: subprocess.Popen[str], port: int) -> httpx.Response:
    """The first answer to a heartbeat; fails if the process ends before."""
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/api/heartbeat")
        except httpx.ConnectError:
            assert process.poll() is None


@pytest.mark.sample(2)
@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_a_signal(tables: Path, ends: signal.Signals) -> None:
    port = free_port()
    with command("--data", str(tables), "--port", str(port)) as process:
        assert answering(process, port).json() == {"ok": True}
        process.send_signal(ends)
        out, err = process.communicate(timeout=120)
        assert process.returncode in (0, -ends)
        assert (out, err) == ("", "")


@pytest.mark.thorough
def test_command_names_a_taken_port(server: Running, tables: Path) -> None:
    port = server.url.rpartition(":")[2]
    with command("--data", str(tables), "--port", port) as process:
        _, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (2, f"Port {port} of 127.0.0.1 is not free.\n")


@pytest.mark.thorough
def test_command_names_missing_data(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with command("--data", str(path), "--port", "0") as process:
            _, err = process.communicate(timeout=120)
            assert process.returncode == 2
            assert err.count("\n") == 1
            assert path.name in err


def test_server_listens_on_loopback_only(server: Running) -> None:
    port = int(server.url.rpartition(":")[2])
    with socket.socket() as elsewhere:
        elsewhere.settimeout(5)
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0
