"""The export of a full list as CSV: paging, cancelling, errors, and the cache."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Iterator
from datetime import date
from functools import partial

import pytest

from access.permissions import ALL, AuthorizedClient
from components.areas.sessions import session_frame
from components.blocks import FullList
from components.formats import Field
from components.table import EXPORT_SIZE, write
from tests.pages.conftest import SHOP, Open
from tests.support.fault_proxy import Between
from tests.support.waiting import eventually
from umami.api import sessions
from umami.api.sessions import Session
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.client import connect
from umami.errors import ServerFault
from umami.period import Period
from umami.settings import Settings
from umami.view import View

FIELDS = [Field("id", "Id", "text"), Field("views", "Views")]


@pytest.fixture
def client(proxy: Between) -> Iterator[AuthorizedClient]:
    settings = Settings(api=f"{proxy.url}/api", username="admin", password="umami")
    with connect(settings) as client:
        client.recognise()
        yield AuthorizedClient(client, ALL)


@pytest.fixture
def full() -> FullList[Session]:
    view = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
    return FullList(partial(sessions.sessions, view), partial(session_frame, zone="UTC"))


def quiet(_done: int, _total: int) -> None:
    """Ignore the progress."""


def lists(proxy: Between) -> int:
    """The number of requests for pages of the list."""
    return sum("/sessions?" in request.target for request in proxy.passed)


def test_export_contains_every_row_once(
    client: AuthorizedClient, full: FullList[Session], proxy: Between
) -> None:
    progress: list[tuple[int, int]] = []
    with write(client, full, FIELDS, lambda *now: progress.append(now)) as file:
        file.seek(0)
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8-sig")))
    first = client.ask(full.query(1, 1))
    assert len(rows) == first.count
    # Umami lists a visitor once for each of the hostnames they were on.
    assert len({row["Id"] for row in rows}) == 2_423
    assert progress[-1] == (first.count, first.count)
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert lists(proxy) == -(-first.count // EXPORT_SIZE) + 1


@pytest.mark.slow
def test_export_bypasses_the_cache(
    client: AuthorizedClient, full: FullList[Session], proxy: Between
) -> None:
    for _ in range(2):
        write(client, full, FIELDS, quiet).close()
    pages = -(-client.ask(full.query(1, 1)).count // EXPORT_SIZE)
    assert lists(proxy) == 2 * pages + 1


def test_cancelled_export_stops_sending_requests(
    client: AuthorizedClient, full: FullList[Session], proxy: Between
) -> None:
    go_on = threading.Event()

    def slow(report_progress: ProgressCallback) -> None:
        def once(done: int, total: int) -> None:
            report_progress(done, total)
            go_on.wait()

        write(client, full, FIELDS, once)

    work = BackgroundTask(slow)
    eventually(lambda: work.done == EXPORT_SIZE)
    work.cancel()
    go_on.set()
    with pytest.raises(TaskCancelled):
        work.result(10)
    assert lists(proxy) == 2


def test_fault_during_an_export_is_raised(
    client: AuthorizedClient, full: FullList[Session], proxy: Between
) -> None:
    proxy.breaks = lambda target: "page=3" in target
    with pytest.raises(ServerFault):
        write(client, full, FIELDS, quiet)


@pytest.mark.slow
def test_page_offers_the_full_export_with_progress_and_download(opened: Open) -> None:
    app = opened("sessions")
    # Of a list that a server cuts off, the first rows are offered.
    (begin,) = [
        button for button in app.button if re.match(r"Export (all|the first) \(", button.label)
    ]
    many = begin.label.removeprefix("Export ").replace("(", "").removesuffix(")")
    begin.click().run()
    assert not app.exception
    eventually(
        lambda: [
            element.label
            for element in app.run().get("download_button")
            if element.label == f"Download {many}"
        ]
    )
