"""The start of a process: earlier sessions and invalid settings, over raw WebSockets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from access import accounts, database
from access.authentication import Authentication
from tests.browser.app import TABLES, App, fresh_app
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.support.accounts import PASSWORD, user, write
from tests.support.stream import opened

MARKER = "marker-secret-of-settings"


def everything_sent(app: App, page: str, headers: Mapping[str, str] | None = None) -> bytes:
    """All messages that opening a page sends."""
    query = urlencode({"website": WEBSITES["shop"], **RECORDED})
    sent = opened(app.address, page, query, dict(headers or {}))
    return b"".join(message.SerializeToString() for message in sent)


def test_only_valid_sessions_survive_a_restart(tmp_path: Path) -> None:
    """A session whose account was removed belongs to nobody and is no error."""
    users = tmp_path / "users.yaml"
    url = f"sqlite:///{tmp_path / 'dashboard.sqlite'}"
    desk = Authentication(database.open_engine(url), lambda: accounts.load(users, ("overview",)))
    write(users, {name: user("admin") for name in ("ann", "gone", "out")})
    tokens = {name: desk.sign_in(name, PASSWORD, None) for name in ("ann", "gone", "out")}
    headers = {
        name: {"Cookie": f"umami_test={desk.encode_cookie(token)}"}
        for name, token in tokens.items()
    }
    desk.sign_out(tokens["out"])
    write(users, {name: user("admin") for name in ("ann", "out")})
    desk.engine.dispose()
    with fresh_app(UMAMI_DATA=str(TABLES), DASHBOARD_USERS=str(users), DASHBOARD_STORE=url) as app:
        for name in ("gone", "out"):
            assert b"Sign in" in everything_sent(app, "retention", headers[name])
        assert b"Nordlicht" in everything_sent(app, "retention", headers["ann"])
        assert "Traceback" not in "".join(app.printed)


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"UMAMI_URL": f"https://me:{MARKER}@127.0.0.1:1"}, "UMAMI_URL"),
        ({"UMAMI_URL": "http://127.0.0.1:1", "UMAMI_API_KEY": MARKER}, "No connection to"),
        ({"UMAMI_SHARE_URL": f"http://127.0.0.1:1/share/{MARKER}"}, "No connection to"),
        ({"UMAMI_REDIS_URL": f"http://:{MARKER}@127.0.0.1"}, "UMAMI_REDIS_URL"),
        ({"DASHBOARD_STORE": f"mysql://me:{MARKER}@127.0.0.1/x"}, "DASHBOARD_STORE"),
        ({"DASHBOARD_STORE": f"postgresql://me:{MARKER}@127.0.0.1:1/x"}, "DASHBOARD_STORE"),
    ],
    ids=["password in the address", "key", "share", "redis", "no store", "a store that is away"],
)
def test_invalid_settings_are_named_without_their_secrets(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    if "DASHBOARD_STORE" in environment:
        users = write(tmp_path / "users.yaml", {"ann": user("admin")})
        environment = {"DASHBOARD_USERS": str(users), **environment}
    with fresh_app(**environment) as app:
        sent = everything_sent(app, "overview").decode("latin-1")
        assert said in sent.replace("\\", "")
        written = sent + "".join(app.printed)
    assert MARKER not in written
    assert "Traceback" not in written
