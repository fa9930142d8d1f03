"""What a raw client gets from an open page after its permissions have changed.

It sends what no browser would: reruns of fragments only, or buttons of an outdated page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from access import accounts, database
from access.authentication import Authentication
from access.share_links import ShareLink
from components.authorized import CHANGED
from components.export_permissions import OVER
from tests.browser.app import TABLES, App, running_app
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.support.accounts import PASSWORD, user, write
from tests.support.stream import Tab, tab
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

SAID = CHANGED.split(".")[0]
SECTIONS = ("overview", "sessions", "events", "realtime", "utm")
SHOP = {"website": WEBSITES["shop"], **RECORDED}
_MAY: dict[str, Any] = {"filters": True, "exports": True}
ROLES: dict[str, dict[str, Any]] = {
    "all": {"websites": [WEBSITES["shop"]], "sections": [*SECTIONS], **_MAY},
    "overview": {"websites": [WEBSITES["shop"]], "sections": ["overview"], **_MAY},
    "docs": {"websites": [WEBSITES["docs"]], "sections": [*SECTIONS], **_MAY},
}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running dashboard, its accounts and its store."""

    app: App
    users: Path
    desk: Authentication

    def set_roles(self, **roles: str) -> None:
        """Change the permissions of accounts, as an operator who edits the file."""
        known = {name: user(role) for name, role in roles.items()}
        write(self.users, known, ROLES)

    @contextmanager
    def signed_in(self, name: str) -> Iterator[tuple[Tab, str]]:
        """A signed-in tab, and the token of its session."""
        token = self.desk.sign_in(name, PASSWORD, None)
        with tab(
            self.app.address, cookies={"umami_test": self.desk.encode_cookie(token)}
        ) as socket:
            yield socket, token

    def share(self) -> ShareLink:
        """A link to the overview."""
        return self.desk.shares.make(
            name="Client",
            maker="ana",
            ends=datetime.now(UTC) + timedelta(days=1),
            view={name: [value] for name, value in SHOP.items()},
            sections=("overview", "realtime"),
            locked=False,
        )


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    place = tmp_path_factory.mktemp("dashboard")
    users, url = place / "users.yaml", f"sqlite:///{place / 'dashboard.sqlite'}"
    write(users, {"ana": user("all")}, ROLES)
    with ExitStack() as around:
        app = around.enter_context(
            running_app(UMAMI_DATA=str(TABLES), DASHBOARD_USERS=str(users), DASHBOARD_STORE=url)
        )
        engine = database.open_engine(url)
        around.callback(engine.dispose)
        yield Dashboard(app, users, Authentication(engine, lambda: accounts.load(users, SECTIONS)))


def text(messages: list[ForwardMsg]) -> str:
    return "\n".join(str(message) for message in messages)


def kinds(messages: list[ForwardMsg]) -> set[str]:
    """The kinds of elements that were sent."""
    return {str(message.delta.new_element.WhichOneof("type")) for message in messages}


DRAWN = {"metric", "dataframe", "plotly_chart", "echarts_chart"}
"""Elements that show figures."""


def downloaded(dashboard: Dashboard, who: Tab, file: Any) -> bytes:
    """What a download button that was drawn earlier returns now."""
    path = who.download(file)
    return httpx.get(f"{dashboard.app.address}{path}", trust_env=False).content if path else b""


@pytest.mark.parametrize("ends", ["signed out", "no account", "other website", "link withdrawn"])
def test_open_dialog_shows_nothing_after_permission_has_ended(
    dashboard: Dashboard, ends: str
) -> None:
    dashboard.set_roles(ana="all")
    with ExitStack() as around:
        if ends == "link withdrawn":
            share = dashboard.share()
            viewer = around.enter_context(tab(dashboard.app.address))
            viewer.open("", urlencode({"share": dashboard.desk.shares.token(share.id)}))
        else:
            viewer, token = around.enter_context(dashboard.signed_in("ana"))
            viewer.open("", urlencode(SHOP))
        viewer.rerun(press="ranking_path_all")
        dialog = viewer.fragments[-1]
        assert "dataframe" in kinds(viewer.rerun(dialog, ranking_path_search="cart"))
        if ends == "signed out":
            dashboard.desk.sign_out(token)
        elif ends == "link withdrawn":
            dashboard.desk.shares.revoke(share.id)
        else:
            dashboard.set_roles(**({"ana": "docs"} if ends == "other website" else {"bob": "all"}))
        if file := viewer.elements.get("csv_path"):  # links may not export
            assert downloaded(dashboard, viewer, file) == OVER
        sent = viewer.rerun(dialog, ranking_path_search="a")
        assert "dataframe" not in kinds(sent)
        if ends == "other website":
            assert "Nordlicht Shop" not in text(sent)
        else:
            assert re.search("Sign in|This link was withdrawn", text(sent))
            assert not kinds(sent) & DRAWN


@pytest.mark.thorough
def test_report_is_made_with_current_permissions(dashboard: Dashboard) -> None:
    dashboard.set_roles(ana="all")
    with dashboard.signed_in("ana") as (ana, _):
        ana.open("", urlencode(SHOP))
        ana.rerun(report_menu=True)
        chosen = ["Overview", "Visitors", "Events"]
        ana.rerun(report_pages=chosen)
        dashboard.set_roles(ana="overview")
        assert SAID in text(ana.rerun(press="make_report", report_pages=chosen))
        assert "report_download" not in ana.elements
        ana.rerun(report_menu=True)
        ana.rerun(press="make_report", report_pages=chosen)
        report = made(dashboard, ana)
        assert b"<h2>Overview</h2>" in report
        assert b"<h2>Visitors</h2>" not in report


def test_finished_report_is_withheld_after_permission_has_ended(dashboard: Dashboard) -> None:
    dashboard.set_roles(ana="all")
    with dashboard.signed_in("ana") as (ana, _):
        ana.open("", urlencode(SHOP))
        ana.rerun(report_menu=True)
        ana.rerun(press="make_report")
        assert b"<h2>Overview</h2>" in made(dashboard, ana)
        file = ana.elements.pop("report_download")
        dashboard.set_roles(ana="docs")
        assert downloaded(dashboard, ana, file) == OVER
        ana.rerun(report_menu=True)
        assert "make_report" in ana.elements
        assert "report_download" not in ana.elements


def made(dashboard: Dashboard, who: Tab) -> bytes:
    """The finished report."""

    def offered() -> bool:
        who.rerun(report_menu=True)
        return "report_download" in who.elements

    eventually(offered, 60)
    return downloaded(dashboard, who, who.elements["report_download"])


def test_outdated_page_cannot_change_anything(dashboard: Dashboard) -> None:
    """The buttons of an admin's page, pressed after the admin role was removed."""
    dashboard.set_roles(bob="admin")
    with dashboard.signed_in("bob") as (bob, _):
        bob.open("websites", urlencode(SHOP))
        bob.rerun(menu=True)
        bob.rerun(share_view=True)
        bob.rerun(add_website=True)
        dashboard.set_roles(bob="all")
        before = len(dashboard.desk.shares.all())
        assert SAID in text(bob.rerun(press="make_link", link_name="mine"))
        assert SAID not in text(bob.rerun())
        bob.rerun(press="create_website", new_name="mine", new_domain="mine.example")
        assert len(dashboard.desk.shares.all()) == before
        assert not [
            row for row in dashboard.desk.audit.search().rows if row.what.startswith("create")
        ]


def test_fragment_stops_when_the_share_link_ends(dashboard: Dashboard) -> None:
    share = dashboard.share()
    with tab(dashboard.app.address) as client:
        token = dashboard.desk.shares.token(share.id)
        client.open("realtime", urlencode({"share": token}))
        part = client.fragments[-1]
        assert kinds(client.rerun(part)) & DRAWN
        dashboard.desk.shares.revoke(share.id)
        sent = client.rerun(part)
        assert "This link was withdrawn" in text(sent)
        assert not kinds(sent) & DRAWN


def test_log_does_not_reveal_session_ids(dashboard: Dashboard) -> None:
    dashboard.set_roles(ana="all")
    with dashboard.signed_in("ana") as (ana, _):
        ana.open("", urlencode(SHOP))
        with tab(dashboard.app.address, session=ana.id) as other:
            other.open("", urlencode(SHOP))
            assert other.id == ana.id
            eventually(lambda: "is already connected" in "".join(dashboard.app.printed))
    written = "".join(dashboard.app.printed)
    assert f"id {ana.id[:8]}… is already" in written
    assert ana.id not in written
