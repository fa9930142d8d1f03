"""The server starts on a real socket, says who it is and stops."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from umami.embedded.server import PortTaken, serve


def test_answers_as_soon_as_it_is_returned(tables: Path) -> None:
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
