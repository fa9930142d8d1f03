"""What is contained, searched for or begins a goal means what is typed, on every version."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.doubles.umami.server import VERSIONS
from tests.doubles.umami.server import serve as serve_version
from umami.api import events, reports, sessions, traffic
from umami.client import Client
from umami.compat.detection import Detected
from umami.compat.generations import Generation
from umami.connection import dialect
from umami.conversion import FunnelStep
from umami.embedded.tables import POSTGRES
from umami.endpoint import Request
from umami.errors import NotOffered
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

SITE = str(UUID(int=7))
TIME = "2026-10-01 10:00:00"
VIEW = View(SITE, Period.of_days(date(2026, 10, 1), date(2026, 10, 31), "UTC"))
NAMES = (
    *(
        "/100%_off",
        "/100xxoff",
        "/100%25_off",
        "/100%zoff",
        "/a\\b",
        "/a\\%b",
        "/ab",
        "/a_b",
        "/axb",
    ),
    *("/%E8%A1%A8", "/x,y", "/xy", "/A_B/c", "/\\", "/100\\%_off"),
)
TYPED = (
    "100%_off",
    "%",
    "_",
    "\\",
    "a_b",
    "A_B",
    "a\\b",
    "\\%",
    "%E8",
    "x,y",
    "0%",
    "\\\\",
    "'",
    "b/c",
)
WILD = ("/100%_o*", "*_b", "*%*", "/a\\*", "*\\", "*_*", "/a_b*", "*%25_off", "*,y")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every name as a page of a session of its own, as an event there, and as a city."""
    folder = tmp_path_factory.mktemp("literal")

    def write(table: str, *rows: dict[str, Any]) -> None:
        with (folder / f"{table}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, POSTGRES[table].columns, restval="")
            writer.writeheader()
            writer.writerows({"website_id": SITE, "created_at": TIME} | row for row in rows)

    write("website", {"name": "Shop", "domain": "a.example"})
    write("session", *({"session_id": UUID(int=at), "city": name} for at, name in enumerate(NAMES)))
    write(
        "website_event",
        *(
            {
                "event_id": UUID(int=1000 * kind + at),
                "session_id": UUID(int=at),
                "visit_id": UUID(int=500 + at),
                "event_type": kind,
                "event_name": name if kind == 2 else "",
                "url_path": name,
                "page_title": name,
                "hostname": "a.example",
            }
            for at, name in enumerate(NAMES)
            for kind in (1, 2)
        ),
    )
    return folder


@pytest.fixture(scope="module", params=VERSIONS)
def client(request: pytest.FixtureRequest, tables: Path) -> Iterator[Client]:
    with ExitStack() as stack:
        running = stack.enter_context(serve_version(request.param, tables))
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        yield stack.enter_context(Client(settings))


def containing(text: str) -> list[str]:
    return sorted(name for name in NAMES if text.casefold() in name.casefold())


@pytest.mark.parametrize("text", TYPED)
def test_filters(client: Client, text: str) -> None:
    matching = containing(text)
    for operator, names in (("c", matching), ("dnc", sorted({*NAMES} - {*matching}))):
        for field in ("path", "title", "city"):
            view = VIEW.adding(Filter(field, operator, text), beside=False)  # type: ignore[arg-type]
            assert client.ask(traffic.stats(view)).current.views == len(names), (operator, field)
        view = VIEW.adding(Filter("event", operator, text), beside=False)  # type: ignore[arg-type]
        assert client.ask(events.event_stats(view)).times == len(names)
        view = VIEW.adding(Filter("path", operator, text), beside=False)  # type: ignore[arg-type]
        (*listed,) = client.ask(reports.breakdown(view, ("title",))).frame["title"]
        assert sorted(listed) == names


@pytest.mark.parametrize("text", TYPED)
def test_searches(client: Client, text: str) -> None:
    matching = containing(text)
    page = client.ask(events.events(VIEW, search=text, page_size=100))
    assert sorted(row.path for row in page.rows) == sorted(2 * matching)
    assert client.ask(sessions.sessions(VIEW, search=text, page_size=100)).count == len(matching)
    for field in ("path", "event"):
        ranked = client.ask(traffic.metrics(VIEW, field, search=text))  # type: ignore[arg-type]
        assert sorted(ranked.frame["name"]) == matching
    grouped = client.ask(traffic.groups(VIEW, "path", search=text))
    assert sorted(grouped.frame["name"]) == matching
    if "," in text:
        with pytest.raises(NotOffered, match="comma"):
            client.ask(traffic.values(VIEW, "path", search=text))
    else:
        values = [value.value for value in client.ask(traffic.values(VIEW, "path", search=text))]
        assert sorted(values) == matching if len(matching) < 10 else set(values) <= set(matching)


@pytest.mark.parametrize("value", WILD)
def test_goals_and_steps(client: Client, value: str) -> None:
    middle = value.removeprefix("*").removesuffix("*")
    matching = [
        name
        for name in NAMES
        if middle in name
        and (value.startswith("*") or name.startswith(middle))
        and (value.endswith("*") or name.endswith(middle))
    ]
    for kind in ("path", "event"):
        step = FunnelStep(kind, value)  # type: ignore[arg-type]
        results = client.ask(reports.funnel(VIEW, [step, step]))
        assert [(result.step, result.visitors) for result in results] == 2 * [(step, len(matching))]
        goal = reports.goal(VIEW, kind, value)  # type: ignore[arg-type]
        if client.recognise().generation in (Generation.V2_18, Generation.V2_20, Generation.V3_0):
            with pytest.raises(NotOffered, match="wildcards"):
                client.ask(goal)
        else:
            assert client.ask(goal).visitors == len(matching)


def test_umami_cloud_looks_for_the_text_itself() -> None:
    """Its database has no patterns there, but for steps."""
    speaks = dialect(Detected(Generation.V3_5).generation, cloud=True)
    view = VIEW.adding(Filter("path", "c", "a_b%"), beside=False)
    request = speaks.plan(traffic.stats(view))
    assert isinstance(request, Request)
    assert dict(request.params)["path"] == "c.a_b%"
    searched = speaks.plan(events.events(VIEW, search="a_b%"))
    assert isinstance(searched, Request)
    assert dict(searched.params)["search"] == "a_b%"
