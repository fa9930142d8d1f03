"""A server that fails after everything was answered once: figures stay with their age and the
reason, and a refresh keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest
from streamlit.testing.v1 import AppTest

from components import freshness, umami_server, url_state
from components.areas import PageInfo
from components.page_registry import PAGES
from tests.pages.conftest import Shown, open_page, opened_at, shown
from tests.support.fault_catalogue import MOST, TROUBLES, data, page, reset
from tests.support.fault_proxy import Between
from tests.support.pages import CHOICES
from tests.support.waiting import eventually
from umami import cache, scheduling
from umami.api import websites
from umami.cache import DAY, Lifetime

pytestmark = [pytest.mark.sample(16), pytest.mark.slow]

FAULTS = {"gone": reset, "a web page in its place": page(200)}
KEPT = [area for area in PAGES if area.name not in ("realtime", "reports")]
"""What is live is never kept, and says for itself how old it is. Saved is drawn so fast that it
is left before its only question has its turn, which it gets when the page looks behind itself."""
ALONE = [area for area in KEPT if area.name != "compare"]
"""Pages that show something without a comparison, whose period moves on as a whole."""
TROUBLE = ":material/cloud_off:"


def of_age(bare: pytest.MonkeyPatch, keeping: Lifetime) -> None:
    for name in ("RUNNING", "ENDED", "LISTING"):
        bare.setattr(cache, name, keeping)


def figures(page: Shown) -> object:
    return page.metrics, page.tables, page.charts


def marked(app: AppTest) -> bool:
    """Whether the page says that what it shows is old, and why."""
    return any(
        element.value.startswith(TROUBLE) and "Showing figures as of" in element.value
        for element in app.caption
    )


def boxes(app: AppTest) -> list[str]:
    """The messages in the place of figures."""
    return [element.value for element in app.markdown if element.value.startswith(TROUBLE)]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("area", KEPT, ids=[area.name for area in KEPT])
def test_stale_figures_stay_with_their_age_during_a_fault(
    quick: Between, bare: pytest.MonkeyPatch, area: PageInfo, fault: str
) -> None:
    # Older than it should be as soon as it is there.
    of_age(bare, Lifetime(0, 600, DAY))
    app = opened_at(area)
    right = figures(shown(app))
    quick.befall(FAULTS[fault])

    def says_so() -> bool:
        app.run()
        assert figures(shown(app)) == right
        assert boxes(app) == []
        return marked(app)

    eventually(says_so)
    quick.heal()

    def recovered() -> bool:
        app.run()
        assert figures(shown(app)) == right
        return not marked(app)

    eventually(recovered)


@pytest.mark.thorough
@pytest.mark.parametrize("period", ["quarter", "today"])
@pytest.mark.parametrize("area", ALONE, ids=[area.name for area in ALONE])
def test_figures_stay_when_the_period_moves_on_during_an_outage(
    quick: Between, bare: pytest.MonkeyPatch, area: PageInfo, period: str
) -> None:
    def at(hour: int) -> AppTest:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                noon = super().now(tz).replace(hour=hour, minute=30)
                return noon + timedelta(days=1)

        bare.setattr(url_state, "datetime", Clock)
        params = {**CHOICES.get(area.name, {}), "period": period, "compare": "none"}
        return open_page(area.name, **params)

    right = figures(shown(at(11)))
    quick.befall(reset)
    # A period that runs ends with the hour, so that its questions are others in the next one.
    app = at(12)
    assert not app.exception
    assert boxes(app) == []
    assert figures(shown(app)) == right
    assert marked(app)
    quick.heal()
    eventually(lambda: not marked(app.run()))
    assert boxes(app) == []


@pytest.mark.thorough
def test_refresh_keeps_figures_until_new_ones_arrive(
    quick: Between, bare: pytest.MonkeyPatch
) -> None:
    bare.setattr(freshness, "YOUNG", 0.0)
    app = open_page()
    app.session_state["menu"] = True
    right = figures(shown(app.run()))
    quick.befall(reset, data)
    app.button(key="refresh").click().run()
    assert figures(shown(app)) == right
    assert not boxes(app)
    eventually(lambda: marked(app.run()))
    assert figures(shown(app)) == right
    quick.heal()
    quick.targets.clear()
    eventually(lambda: not marked(app.run()))
    assert len([target for target in quick.targets if data(target)]) >= 10

    def asks_nothing() -> bool:
        quick.targets.clear()
        app.run()
        return not [
            target for target in quick.targets if data(target) and not target.endswith("/active")
        ]

    # Once it is there, it is new enough.
    eventually(asks_nothing)


def test_expired_figures_replace_a_missing_answer(quick: Between, bare: pytest.MonkeyPatch) -> None:
    of_age(bare, Lifetime(0, 0, DAY))
    app = open_page("compare")
    right = figures(shown(app))
    quick.befall(reset, data)
    app.run()
    assert figures(shown(app)) == right
    assert marked(app)
    # It is known by now that nobody need wait for an answer.
    bare.setenv("UMAMI_TIMEOUT", "60")
    quick.befall(TROUBLES["no answer in time"].fault(60), data)
    app.run()
    assert figures(shown(app)) == right
    assert marked(app)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["resets", "HTML", "503"])
def test_many_viewers_without_a_server_send_few_requests(
    quick: Between, bare: pytest.MonkeyPatch, name: str
) -> None:
    quick.targets.clear()
    umami_server.umami().recognise()
    usual = len(quick.targets)
    umami_server.umami.clear()
    # As long as it is outside of tests.
    bare.setattr(scheduling, "PAUSE", 3.0)
    quick.targets.clear()
    quick.befall(TROUBLES[name].fault(1))
    apps = [open_page() for _ in range(5)]
    for app in apps:
        assert not app.exception
        assert [element.value for element in app.title] == ["The dashboard is not connected"]
        assert len(boxes(app)) == 1
    assert len(quick.targets) <= MOST * usual
    quick.heal()
    eventually(lambda: umami_server.umami().submit(websites.websites()).exception() is None)
    assert [element.value for element in apps[0].run().title] == ["Overview"]
