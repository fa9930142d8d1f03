"""The dashboard as it is deployed: under a base path, with accounts and a metrics server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from prometheus_client.parser import text_string_to_metric_families

from components.page_registry import ALL_PAGES
from tests.browser.app import TABLES, App, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.support import stream
from tests.support.accounts import PASSWORD, user, write
from tests.support.ports import free_port
from tests.support.waiting import eventually
from umami.api import websites
from umami.endpoint import REGISTRY

pytestmark = pytest.mark.thorough

SHOP = urlencode({"website": WEBSITES["shop"], **RECORDED})
Counted = dict[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A running app, and where its monitor answers."""

    app: App
    monitor: str

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.monitor}/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def metrics(self) -> str:
        return httpx.get(f"{self.monitor}/metrics", trust_env=False).text

    def counted(self) -> Counted:
        """The metrics by name and labels."""
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(self.metrics())
            for sample in family.samples
        }


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    place, port = tmp_path_factory.mktemp("deployed"), free_port()
    users = write(place / "users.yaml", {"ann": user("admin", first_name="Ann")})
    with running_app(
        path="/stats",
        UMAMI_DATA=str(TABLES),
        DASHBOARD_USERS=str(users),
        DASHBOARD_STORE=f"sqlite:///{place / 'dashboard.sqlite'}",
        DASHBOARD_MONITOR=str(port),
    ) as app:
        yield Deployed(app, f"http://127.0.0.1:{port}")


def test_process_is_ready_before_the_first_viewer(deployed: Deployed) -> None:
    eventually(deployed.ready, within=60)
    assert deployed.counted()["dashboard_session_events_total", "connect"] == 0
    assert "ScriptRunContext" not in "".join(deployed.app.printed)


def test_links_sign_in_and_map_work_under_a_base_path(
    deployed: Deployed, berlin: BrowserContext, page: Page
) -> None:
    page.goto(f"{deployed.app.address}/retention?{SHOP}")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_response(re.compile("/stats/_session$")) as response:
        page.get_by_role("button", name="Sign in", exact=True).click()
    assert response.value.status == 204
    cookie = next(cookie for cookie in berlin.cookies() if cookie["name"] == "umami_test")
    assert (cookie["path"], cookie["httpOnly"]) == ("/stats", True)
    expect(page.get_by_role("heading", name="Retention")).to_be_visible()
    settled(page)

    with page.expect_response(re.compile("world_110m")) as world:
        page.goto(f"{deployed.app.address}/?{SHOP}")
        # Charts are drawn when they come near.
        page.locator(".st-key-chart_world").scroll_into_view_if_needed()
    assert world.value.status == 200
    assert world.value.url.startswith(f"{deployed.app.address}/app/static/")
    settled(page)
    expect(page.locator(".choroplethlayer path").first).to_be_attached()

    counted = deployed.counted()
    assert counted["dashboard_sessions",] == 1
    assert counted["dashboard_run_seconds_count", "done", "overview", "page"] >= 1
    assert counted["dashboard_run_seconds_count", "done", "page", "retention"] >= 1
    assert counted["dashboard_request_seconds_count", "ok", "retention"] >= 1


def test_metrics_contain_no_personal_labels(deployed: Deployed) -> None:
    labels = {
        (name, value)
        for family in text_string_to_metric_families(deployed.metrics())
        for sample in family.samples
        for name, value in sample.labels.items()
        if name != "le"
    }
    assert websites.websites().name in REGISTRY
    endpoints = {value for name, value in labels if name == "endpoint"}
    assert endpoints <= {*REGISTRY, "version", "login"}
    pages = {value for name, value in labels if name == "page"}
    assert pages <= {area.name for area in ALL_PAGES}
    assert {name for name, _ in labels} <= {
        *("endpoint", "outcome", "how", "page", "kind", "event")
    }


def test_without_asgi_the_first_viewer_starts_the_metrics_server() -> None:
    port = free_port()
    with running_app("app.py", UMAMI_DATA=str(TABLES), DASHBOARD_MONITOR=str(port)) as app:
        here = Deployed(app, f"http://127.0.0.1:{port}")
        assert not here.ready()
        for _ in range(2):
            stream.opened(app.address, "", SHOP)
        stream.opened(app.address, "realtime", SHOP)
        assert here.ready()
        counted = here.counted()
        assert counted["dashboard_run_seconds_count", "done", "overview", "page"] == 2
        assert counted["dashboard_run_seconds_count", "done", "page", "realtime"] == 1
        assert counted["dashboard_session_events_total", "connect"] == 3
        assert counted["dashboard_answers_total", "fresh", "stats"] >= 1
        assert "DASHBOARD_MONITOR" not in "".join(app.printed)
