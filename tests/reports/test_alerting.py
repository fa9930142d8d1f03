"""Alerts on the demo, whose year is known, and on the recorded tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd
import pytest

from access.database import digest
from access.notifications import Alert
from access.permissions import AuthorizedClient, Permissions
from components import texts
from reports.alerting import Verdict, check, rehearse
from tests.reports.conftest import WEBSITES, asking
from umami.analysis.alerts import Condition, Episode
from umami.client import Client
from umami.embedded.demo.scenario import (
    BROKEN_AGO,
    BROKEN_DAYS,
    CAMPAIGN_AGO,
    CAMPAIGN_DAYS,
    SHOP,
)
from umami.embedded.server import serve
from umami.period import Period
from umami.view import View
from umami.view_parsing import parse


@pytest.fixture(scope="module")
def demo() -> Iterator[Client]:
    with serve() as running, asking(running) as client:
        yield client


NOW = datetime.now(UTC)
SALE = NOW.date() - timedelta(days=CAMPAIGN_AGO)
BROKEN = NOW.date() - timedelta(days=BROKEN_AGO)


def alert(website: str = str(SHOP.id), **condition: Any) -> Alert:
    return Alert(name="Alert", website=website, condition=Condition.model_validate(condition))


def seen(*, whole_visits: bool = True, website: str = str(SHOP.id)) -> View:
    today = Period.of_days(NOW.date(), NOW.date(), "UTC")
    return View(website, today, whole_visits=whole_visits)


def morning(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def on(day: date, episodes: tuple[Episode, ...]) -> Episode:
    """The episode that a day is part of."""
    at = pd.Timestamp(day)
    (episode,) = [e for e in episodes if e.begin <= at and (e.end is None or at < e.end)]
    return episode


def verdict(client: Client, now: datetime, view: View | None = None, **condition: Any) -> Verdict:
    (result,) = check(client, view or seen(), alert(**condition), now)
    return result


def test_the_broken_week_is_found_while_it_lasts_and_is_over_after_it(demo: Client) -> None:
    unusual = {"kind": "unusual", "direction": "down"}
    rehearsal = rehearse(demo, seen(), alert(**unusual), NOW, days=120)
    broken = on(BROKEN + timedelta(days=1), rehearsal.episodes)
    assert broken.value < 0.6 * broken.expected
    assert rehearsal.days == 120
    assert rehearsal.sentence.startswith("Would have fired ")
    within = verdict(demo, morning(BROKEN + timedelta(days=4)), **unusual)
    later = verdict(demo, morning(BROKEN + timedelta(days=6)), **unusual)
    assert within.holds
    assert within.occasion == later.occasion == f"unusual:{broken.begin.isoformat()}+00:00"
    assert within.headline.startswith("Visitors of Fjord & Fern, ")
    assert "unusually low: about" in within.headline
    assert any("tracking may have been interrupted" in text for text in within.findings)
    after = verdict(demo, morning(BROKEN + timedelta(days=BROKEN_DAYS + 2)), **unusual)
    assert after.holds is False
    assert after.headline.endswith("usual again.")


def test_the_autumn_sale_is_found_and_its_view_opens(demo: Client) -> None:
    rehearsal = rehearse(demo, seen(), alert(kind="unusual", direction="up"), NOW)
    assert on(SALE + timedelta(days=CAMPAIGN_DAYS - 3), rehearsal.episodes).value > 0
    weekly = {"kind": "changed", "span": "week", "figure": "visits", "limit": 0.5}
    rehearsal = rehearse(demo, seen(), alert(**weekly), NOW)
    assert on(SALE + timedelta(days=6), rehearsal.episodes)
    now = morning(SALE + timedelta(days=7))
    holds = verdict(demo, now, **weekly)
    assert holds.holds
    assert "from" in holds.headline
    assert "autumn-sale" in " ".join(holds.findings)
    opened = parse(holds.params, now=NOW, websites=[str(SHOP.id)]).view
    assert opened.period.days == (SALE, SALE + timedelta(days=6))
    assert opened.compared() is not None


def test_a_running_day_can_be_above(demo: Client) -> None:
    noon = datetime.combine(SALE + timedelta(days=3), time(12), UTC)
    holds = verdict(demo, noon, kind="above", figure="views", limit=1)
    assert holds.holds
    assert f"{noon.day} " in holds.headline
    assert parse(holds.params, now=NOW, websites=[str(SHOP.id)]).view.period.end < noon + timedelta(
        hours=1
    )


@pytest.mark.thorough
@pytest.mark.parametrize("figure", ["visits", "bounce_rate", "conversions", "revenue"])
def test_servers_of_umami_tell_other_figures_day_by_day(demo: Client, figure: str) -> None:
    condition = {"kind": "above", "figure": figure, "limit": 0.0}
    sentence, by_day = (
        verdict(demo, morning(SALE), seen(whole_visits=whole), **condition)
        for whole in (True, False)
    )
    assert sentence.holds
    assert by_day.holds
    if figure != "conversions":
        # A conversion is a visit on the one and a visitor on the others.
        assert sentence.headline == by_day.headline
    hourly = verdict(demo, morning(SALE), seen(whole_visits=False), **condition | {"span": "hour"})
    assert (hourly.holds is None) is (figure != "revenue")


def test_a_value_that_is_new_is_named_and_opens_filtered(client: Client) -> None:
    website = WEBSITES["docs"]
    view, new = seen(website=website), alert(website, kind="new_value", field="path", limit=2)
    rehearsal = rehearse(client, view, new, datetime(2026, 10, 1, 9, tzinfo=UTC), days=20)
    assert rehearsal.days == 20
    (episode,) = rehearsal.episodes
    day = episode.begin.date() + timedelta(days=1)
    (result,) = check(client, view, new, morning(day))
    begin = f"{episode.begin.isoformat()}+00:00"
    assert result.occasion == f"new_value:{begin}:path:{digest(episode.name)[:32]}"
    # PostgreSQL refuses a longer one.
    assert len(result.occasion) <= 100
    assert result.headline.endswith("… is new, with 2 visitors.")
    assert result.params["filter"] == [f"path.eq.{episode.name}"]
    assert check(client, view, new, morning(day + timedelta(days=1))) == ()


def test_missing_data_cannot_be_told_or_is_not_missing(demo: Client) -> None:
    assert verdict(demo, NOW, kind="no_data", hours=6).holds is False
    early = verdict(demo, datetime(2020, 1, 1, tzinfo=UTC), kind="no_data")
    assert (early.holds, early.why) == (None, "There is too little data to tell.")
    nothing = rehearse(demo, seen(), alert(kind="unusual"), datetime(2020, 1, 1, tzinfo=UTC))
    assert (nothing.episodes, nothing.sentence) == ((), "There is too little data to tell.")


def test_the_pace_of_a_month_is_judged_by_its_sum(demo: Client) -> None:
    behind = verdict(demo, NOW, kind="behind_pace", figure="views", limit=1e9)
    assert behind.holds
    assert behind.headline.endswith("below 1,000,000,000.")
    rate = verdict(demo, NOW, kind="behind_pace", figure="bounce_rate", limit=1)
    assert rate.why == "A rate has no sum of a month."


def test_who_sees_nothing_is_told_nothing(demo: Client) -> None:
    nobody = AuthorizedClient(demo, Permissions())
    (result,) = check(nobody, seen(), alert(kind="above"), NOW)
    assert result.holds is None
    assert result.why
    assert not result.headline
    assert rehearse(nobody, seen(), alert(kind="above"), NOW).episodes == ()


def test_verdicts_have_the_formats_of_the_reader(demo: Client) -> None:
    with texts.reading("de"):
        holds = verdict(demo, morning(SALE), kind="above", figure="bounce_rate", limit=0.01)
    assert "Fjord & Fern" in holds.headline
    assert "1,0\N{NO-BREAK SPACE}%" in holds.headline
