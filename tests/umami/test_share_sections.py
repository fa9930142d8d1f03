"""A share link that is limited to parts of a website."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.faults import Act, Faulty, Seen, said
from umami.api import events, traffic
from umami.client import Client
from umami.errors import NotShared, Unauthorised
from umami.settings import Settings
from umami.view import View

WEBSITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
REFUSED = said({"error": {"message": "Unauthorized", "code": "unauthorized", "status": 401}}, 401)
TOTALS = dict.fromkeys(("pageviews", "visitors", "visits", "bounces", "totaltime"), 3)


@pytest.fixture
def shared(settings: Settings) -> Settings:
    return settings.model_copy(update={"username": None, "password": None, "share": "summer2026"})


def stand_for(server: Faulty, parameters: object, *shown: str) -> None:
    """A server whose share link answers the routes with these endings only."""

    def act(seen: Seen) -> Act:
        if "/share/" in seen.path:
            return said({"websiteId": WEBSITE, "token": "tok", "parameters": parameters})
        if seen.path.endswith(shown):
            return said({**TOTALS, "comparison": TOTALS})
        return REFUSED

    server.decide(act)


@pytest.mark.parametrize(
    ("parameters", "sections"),
    [
        ({"overview": True, "utm": True, "events": False}, {"overview", "utm"}),
        ({"overview": False}, None),
        ({}, None),
        (None, None),
        (["overview"], None),
        ({"overview": "yes", "allowFilter": False, "revenue": True}, {"revenue"}),
    ],
)
def test_the_link_says_what_it_shows(
    server: Faulty,
    shared: Settings,
    connected: Callable[..., Client],
    parameters: object,
    sections: set[str] | None,
) -> None:
    stand_for(server, parameters)
    shared_sections = connected(shared).shared_sections
    assert shared_sections == (None if sections is None else frozenset(sections))


def test_an_account_is_not_limited(client: Client, server: Faulty) -> None:
    assert client.shared_sections is None
    assert not server.seen


def test_a_refusal_beside_an_answer_means_that_this_part_is_not_shared(
    server: Faulty, shared: Settings, connected: Callable[..., Client], view: View
) -> None:
    stand_for(server, {"overview": True}, "/stats")
    client = connected(shared)
    assert client.ask(traffic.stats(view)).current.visitors == 3
    for _ in range(5):
        client.forget()
        with pytest.raises(NotShared, match="does not show this"):
            client.ask(events.series(view))
    # The link is opened once, and once more for the first refusal.
    assert len([seen for seen in server.seen if "/share/" in seen.path]) == 2


def test_a_link_that_never_worked_is_signed_out(
    server: Faulty, shared: Settings, connected: Callable[..., Client], view: View
) -> None:
    stand_for(server, {})
    with pytest.raises(Unauthorised):
        connected(shared).ask(events.series(view))
