"""Messages and uploads of anonymous clients over a raw WebSocket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from components.request_security import LONGEST
from tests.browser.app import SCRIPTS, TABLES, App, running_app
from tests.support.accounts import user, write
from tests.support.stream import tab
from umami.embedded.server import serve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SCRIPTS)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with accounts, over a server that runs on its own."""
    place = tmp_path_factory.mktemp("dashboard")
    users = write(place / "users.yaml", {"ann": user("admin")})
    with (
        serve(TABLES) as umami,
        running_app(
            request.param,
            UMAMI_URL=umami.url,
            UMAMI_USERNAME=umami.username,
            UMAMI_PASSWORD=umami.password,
            DASHBOARD_USERS=str(users),
            DASHBOARD_STORE=f"sqlite:///{place / 'dashboard.sqlite'}",
        ) as app,
    ):
        yield app


def unneeded() -> list[bytes]:
    """Every message that Streamlit knows and no page sends."""
    contents = []
    for name in ("clear_cache", "set_run_on_save", "load_git_info", "debug_shutdown_runtime"):
        message = BackMsg()
        setattr(message, name, True)
        contents.append(message.SerializeToString())
    files = BackMsg()
    files.file_urls_request.request_id = "1"
    files.file_urls_request.file_names.append("large.bin")
    contents.append(files.SerializeToString())
    for name in ("install_skills", "dismiss_skills_nudge", "dataframe_chunk"):
        message = BackMsg()
        message.backend_operation_request.request_id = "2"
        getattr(message.backend_operation_request, name).SetInParent()
        contents.append(message.SerializeToString())
    return contents


def malformed() -> list[bytes]:
    """Invalid messages, and one that is longer than any page sends."""
    long = BackMsg()
    long.rerun_script.query_string = "marker=" + "x" * LONGEST
    return [b"", b"\xff\xff\xff", b"\x0a\xff", long.SerializeToString()]


@pytest.mark.sample(2)
def test_messages_no_page_sends_are_dropped(app: App) -> None:
    with tab(app.address) as anonymous:
        anonymous.open("")
        served = b"asgi" in Path(f"/proc/{app.pid}/cmdline").read_bytes()
        # Streamlit reads a message before app.py can see it.
        for content in (*unneeded(), *(malformed() if served else [])):
            anonymous.send(content)
        # What is sent next is the answer to this, and to nothing before.
        kinds = {message.WhichOneof("type") for message in anonymous.rerun()}
    assert "delta" in kinds
    wrong = {"file_urls_response", "git_info_changed", "session_event", "exception"}
    assert not kinds & {*wrong, "backend_operation_response"}
    assert not any("Traceback" in line or "decod" in line for line in app.printed)


def test_uploads_are_refused(app: App) -> None:
    cookie = httpx.get(f"{app.address}/_stcore/health", trust_env=False).cookies
    with tab(app.address) as anonymous:
        anonymous.open("")
        answer = httpx.put(
            f"{app.address}/_stcore/upload_file/{anonymous.id}/1",
            headers={"Origin": app.address, "X-Xsrftoken": cookie.get("_streamlit_xsrf", "")},
            cookies=cookie,
            files={"file": b"x" * 2_000_000},
            trust_env=False,
        )
    assert answer.status_code in (403, 404, 413)
