"""The sentences of the Overview about the demo, whose story is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from components import blocks as ui
from components.areas import overview
from components.loading import Collector
from tests.reports.conftest import asking
from umami.client import Client
from umami.embedded.demo.scenario import BROKEN_AGO, BROKEN_DAYS, CAMPAIGN_AGO, SHOP
from umami.embedded.server import serve
from umami.period import Period
from umami.view import View

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve() as running, asking(running) as client:
        yield client


def today() -> date:
    return datetime.now(UTC).date()


def sentences(client: Client, first: int, last: int) -> list[str]:
    """The sentences about the days from ``first`` to ``last`` (days before today)."""
    days = Period.of_days(today() - timedelta(days=first), today() - timedelta(days=last), "UTC")
    view = View(str(SHOP.id), days, comparison="previous", whole_visits=True)
    layout = list(overview.ask(query := Collector(client), view, {}))
    changed = next(part for part in ui.sections(layout, "report") if part.title == "What changed")
    answers = [answer.result() for answer in changed.answers]
    assert changed.ask_more
    answers += [answer.result() for answer in changed.ask_more(*answers)]
    blocks = changed.make(*answers)
    query.leave()
    return [finding.text for block in blocks for finding in block.findings]


def test_the_broken_week_is_a_probable_tracking_gap(client: Client) -> None:
    said = sentences(client, BROKEN_AGO + 5, BROKEN_AGO - BROKEN_DAYS - 5)
    (gap,) = [text for text in said if "fewer visitors than expected" in text]
    assert "tracking may have been interrupted" in gap
    number = int(gap.split(": ")[1].split("%")[0])
    assert 50 <= number <= 70


def test_the_autumn_sale_is_named_with_its_source(client: Client) -> None:
    said = sentences(client, CAMPAIGN_AGO + 3, CAMPAIGN_AGO - 12)
    (sale,) = [text for text in said if "campaign autumn-sale accounts for" in text]
    assert "more visitors than expected. Compared with " in sale


def test_a_quiet_week_has_nothing_unusual(client: Client) -> None:
    said = sentences(client, 60, 54)
    assert said == ["Nothing unusual: every figure is within its usual variation."]
