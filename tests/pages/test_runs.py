"""Concurrent sessions of one app over a slow server."""

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
def test_run_that_waits_for_the_server_does_not_block_others() -> None:
    release = threading.Event()
    with (
        serve(TABLES) as server,
        between(server.url) as proxy,
        running_app(
            UMAMI_URL=proxy.url,
            UMAMI_USERNAME=server.username,
            UMAMI_PASSWORD=server.password,
            DASHBOARD_OPEN="yes",
        ) as app,
    ):

        def hold(exchange: Exchange) -> None:
            release.wait(60)
            well(exchange)

        async def side_by_side() -> tuple[Run, Run]:
            shop = urlencode(RECORDED)
            await opened(app.address, "", shop)
            requests, answered = len(proxy.targets), len(proxy.passed)
            proxy.befall(hold)
            slow = asyncio.create_task(opened(app.address, "events", shop))
            await asyncio.to_thread(eventually, lambda: len(proxy.targets) > requests)
            quick = await opened(app.address, "", shop)
            assert len(proxy.passed) == answered
            release.set()
            return quick, await slow

        # A thread of its own: tests of browsers leave an event loop in theirs.
        with ThreadPoolExecutor(1) as pool:
            quick, slow = pool.submit(asyncio.run, side_by_side()).result()
    assert "Overview" in quick.headings
    assert "Events" in slow.headings
    assert quick.troubles == slow.troubles == []
