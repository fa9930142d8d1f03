"""Runs of one app: real sessions, side by side, over a server that takes its time."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.browser.app import running_app
from tests.pages.conftest import RECORDED, TABLES
from tests.support.fault_proxy import Exchange, between, well
from tests.support.session import Run, opened
from tests.support.waiting import eventually
from umami.embedded.server import serve

pytestmark = pytest.mark.slow


@pytest.mark.thorough
def test_a_page_that_waits_for_the_server_holds_up_no_other() -> None:
    let = threading.Event()
    with (
        serve(TABLES) as server,
        between(server.url) as way,
        running_app(
            UMAMI_URL=way.url,
            UMAMI_USERNAME=server.username,
            UMAMI_PASSWORD=server.password,
            DASHBOARD_OPEN="yes",
        ) as app,
    ):

        def hold(exchange: Exchange) -> None:
            let.wait(60)
            well(exchange)

        async def side_by_side() -> tuple[Run, Run]:
            shop = urlencode(RECORDED)
            await opened(app.address, "", shop)
            asked, answered = len(way.asked), len(way.passed)
            way.befall(hold)
            slow = asyncio.create_task(opened(app.address, "events", shop))
            await asyncio.to_thread(eventually, lambda: len(way.asked) > asked)
            quick = await opened(app.address, "", shop)
            assert len(way.passed) == answered
            let.set()
            return quick, await slow

        # A thread of its own: tests of browsers leave an event loop in theirs.
        with ThreadPoolExecutor(1) as pool:
            quick, slow = pool.submit(asyncio.run, side_by_side()).result()
    assert "Overview" in quick.headings
    assert "Events" in slow.headings
    assert quick.troubles == slow.troubles == []
