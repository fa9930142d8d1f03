"""``python -m monitoring``: whether the dashboard on this machine is ready, for health checks."""

from __future__ import annotations

import argparse
import http.client
import sys
from typing import Final

from access.settings import Address, read
from umami.errors import SettingsError

HERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to ask a monitor that listens everywhere."""


def main(arguments: list[str] | None = None) -> int:
    """Print a word; 0 where the dashboard is ready, 1 where it is not, 2 where nobody can tell."""
    argparse.ArgumentParser(
        prog="python -m monitoring",
        description="Ask the monitor that DASHBOARD_MONITOR names whether the dashboard is ready.",
    ).parse_args(arguments)
    try:
        address = read().monitor
    except SettingsError as problem:
        print(problem, file=sys.stderr)
        return 2
    if address is None:
        print("DASHBOARD_MONITOR is not set: nothing answers.", file=sys.stderr)
        return 2
    ready, said = asked(address)
    print(said)
    return 0 if ready else 1


def asked(address: Address) -> tuple[bool, str]:
    """Whether the dashboard is ready, and the word that its monitor says."""
    connection = http.client.HTTPConnection(
        HERE.get(address.host, address.host), address.port, timeout=5
    )
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        return answer.status == 200, answer.read(100).decode("ascii", "replace").strip()
    except (OSError, http.client.HTTPException):
        return False, "no answer"
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
