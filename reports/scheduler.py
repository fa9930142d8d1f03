"""Calls ``reports.due`` every minute in a process of the dashboard."""

from __future__ import annotations

import logging
from threading import Condition
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler
from cachetools import cached

from access import accounts, database
from components import page_registry, umami_server, unsubscribe, viewer
from components.loading import fault_location
from reports import due
from umami.errors import UmamiError

EVERY: Final = 60
"""Seconds between two looks at what is due."""
_LOG: Final = logging.getLogger(__name__)


@cached({}, condition=Condition())
def begin() -> BackgroundScheduler:
    """Start the scheduler of this process, once. Of several replicas, each has one; what is due is
    sent by one of them."""
    # The interval does not depend on a time zone, and the library warns if it has to guess one.
    scheduler = BackgroundScheduler(timezone="UTC", daemon=True)
    scheduler.add_job(_tick, "interval", seconds=EVERY, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler


def _tick() -> None:
    """Send what is due. Nothing is opened or started where there is nothing to send."""
    try:
        running = viewer.running()
        if not running.scheduler or database.is_missing(running.store):
            return
        if not due.is_anything(viewer.store()):
            return
        service = due.Service(
            viewer.store(),
            umami_server.umami(),
            lambda: accounts.load(running.users, page_registry.ENDPOINTS),
            allow_private=running.private_webhooks,
            one_click=unsubscribe.SERVED,
        )
        service.run()
    except UmamiError as problem:
        _LOG.warning("What is due was not sent: %s", problem)
    except Exception as problem:
        # An error of the database may contain its address.
        _LOG.error("What is due was not sent: %s", fault_location(problem))
