"""``python -m monitoring``: a health check of the dashboard on this machine."""

from __future__ import annotations

import argparse
import http.client
import sys
from typing import Final

from access.settings import Address, load
from umami.errors import SettingsError

HERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The address to connect to if the monitor listens on all interfaces."""


def main(arguments: list[str] | None = None) -> int:
    """Print the answer of ``/ready``; returns 0 if the dashboard is ready, 1 if it is not, and 2 if
    the settings name no monitor."""
    argparse.ArgumentParser(
        prog="python -m monitoring",
        description="Ask the monitor that DASHBOARD_MONITOR names whether the dashboard is ready.",
    ).parse_args(arguments)
    try:
        address = load().monitor
    except SettingsError as problem:
        print(problem, file=sys.stderr)
        return 2
    if address is None:
        print("DASHBOARD_MONITOR is not set: there is no monitor to ask.", file=sys.stderr)
        return 2
    ready, answer = readiness(address)
    print(answer)
    return 0 if ready else 1


def readiness(address: Address) -> tuple[bool, str]:
    """Return whether the dashboard is ready, and the text that its monitor answers."""
    connection = http.client.HTTPConnection(
        HERE.get(address.host, address.host), address.port, timeout=5
    )
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        return response.status == 200, response.read(100).decode("ascii", "replace").strip()
    except (OSError, http.client.HTTPException):
        return False, "no answer"
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
