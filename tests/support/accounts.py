"""An accounts file as an operator writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bcrypt
from ruamel.yaml import YAML

KEY: Final = "k3y-of-the-cookies-0f-these-te5ts-0nly-x9Q"
PASSWORD: Final = "marker-Passw0rd-of-tests"
HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode()
"""Cheap to compare; what it costs matters to one test only, which makes its own."""


def user(*roles: str, **more: Any) -> dict[str, Any]:
    """An account with the password of the tests."""
    return {"password": HASH, "roles": list(roles), **more}


def write(path: Path, users: dict[str, Any], roles: dict[str, Any] | None = None) -> Path:
    """Write accounts as YAML."""
    content = {
        "credentials": {"usernames": users},
        "cookie": {"name": "umami_test", "key": KEY, "expiry_days": 7},
        "roles": roles or {},
    }
    with path.open("w") as file:
        YAML(typ="safe").dump(content, file)
    return path
