"""The client parses the embedded server's answers of the newest endpoints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from docs.generate import example
from tests.contract.recordings import DATA
from tests.contract.samples import SAMPLES, SITE
from umami.api import notes
from umami.client import Client, connect
from umami.embedded.server import serve
from umami.endpoint import Access
from umami.errors import NotFound
from umami.period import Period, instant
from umami.settings import Settings
from umami.view import View

SEPTEMBER = Period(instant(1788213600000), instant(1790805599999), "day", "Europe/Zurich")
READS = sorted(
    name
    for name, (question, _answer) in SAMPLES.items()
    if question.endpoint.access is Access.READS and not question.endpoint.secret
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve(DATA / "tables") as running:
        settings = Settings(
            api=f"{running.url}/api",
            username=running.username,
            password=running.password,
        )
        with connect(settings) as client:
            yield client


@pytest.mark.parametrize("name", READS)
def test_answers_of_newer_endpoints_are_parsed(client: Client, name: str) -> None:
    endpoint = SAMPLES[name][0].endpoint
    question = example(
        endpoint, view=View(SITE, SEPTEMBER), website=SITE, websites=(SITE,), period=SEPTEMBER
    )
    if any(part in endpoint.route for part in ("{segment}", "{annotation}", "{board}", "{report}")):
        with pytest.raises(NotFound):
            client.ask(question)
    elif "{team}" not in endpoint.route and "{session}" not in endpoint.route:
        client.ask(question)


def test_annotation_is_created_changed_and_deleted(client: Client) -> None:
    view = View(SITE, SEPTEMBER)
    made = client.ask(notes.create_annotation(SITE, SEPTEMBER.start, "A new campaign"))
    assert client.ask(notes.annotations(view)).rows == (made,)
    changed = client.ask(notes.update_annotation(SITE, made.id, SEPTEMBER.end, "It is over"))
    assert (changed.id, changed.at, changed.note) == (made.id, SEPTEMBER.end, "It is over")
    assert client.ask(notes.annotation(SITE, made.id)) == changed
    client.ask(notes.delete_annotation(SITE, made.id))
    assert client.ask(notes.annotations(view)).rows == ()
