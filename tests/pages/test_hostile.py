"""Hostile names and an empty website, on every page."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.areas import PageInfo
from components.escaping import plain
from components.page_registry import PAGES
from tests.pages.conftest import TABLES, WEBSITES, Open, open_page, said
from tests.support.hostile import MARK, build
from tests.support.pages import CHOICES, Parameters
from umami.api import events, sessions, traffic
from umami.client import connect
from umami.embedded.server import serve
from umami.period import Period
from umami.settings import Settings
from umami.view import View

IDS = [area.name for area in PAGES]
HARM = re.compile(r"(?<!\\)(<script|<img|\*\*xyzzy|\[click\]|\$\\frac|:red\[|(?<!\\)`code)")
"""What Markdown or HTML would take for more than text."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(TABLES, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def choices(hostile: Path) -> dict[str, Parameters]:
    """Parameters made of hostile names."""
    with serve(hostile) as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        period = Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC")
        view = View(WEBSITES["shop"], period)
        with connect(settings) as client:
            path, other = client.ask(traffic.metrics(view, "path")).frame["name"][:2]
            event = client.ask(traffic.metrics(view, "event")).frame["name"][0]
            campaign = client.ask(traffic.metrics(view, "utmCampaign")).frame["name"][0]
            known = client.ask(events.event_data_properties(view))[0]
            session_property = client.ask(sessions.session_data_properties(view))[0].name
            session = client.ask(sessions.sessions(view)).rows[0].id
    return {
        **CHOICES,
        "funnel": {"step": [f"1.path.{path}", f"2.path.{other}", f"3.event.{event}"]},
        "goals": {"goal": [f"5.event.{event}", f"0.path.{path}"]},
        "attribution": {"conversion": f"event.{event}"},
        "journey": {"at": path, "start": path},
        "utm": {"campaign": campaign},
        "events": {"event": known.event or "", "event_property": known.name},
        "sessions": {"session_property": session_property},
        "session": {"session": session},
    }


def shown(app: AppTest) -> list[str]:
    """Everything that Streamlit reads as Markdown."""
    texts = [
        element.value
        for kind in (app.caption, app.markdown, app.title, app.header)
        for element in kind
    ]
    labels = [element.label for kind in (app.button, app.metric, app.expander) for element in kind]
    return [text for text in (*texts, *labels) if text]


@pytest.mark.slow
@pytest.mark.sample(6)
@pytest.mark.parametrize("name", [*IDS, "session"])
def test_hostile_names_are_escaped(
    bare: pytest.MonkeyPatch,
    hostile: Path,
    choices: dict[str, Parameters],
    name: str,
) -> None:
    bare.setenv("UMAMI_DATA", str(hostile))
    app = open_page("sessions" if name == "session" else name, **choices.get(name, {}))
    assert not app.exception
    assert "could not be drawn" not in said(app)
    assert [text for text in shown(app) if MARK in text and HARM.search(text)] == []


def test_harm_pattern_matches_unescaped_markup() -> None:
    for name in ("<script>xyzzy", "**xyzzy**", "[click](x)", ":red[x]"):
        assert HARM.search(name)
        assert not HARM.search(plain(name))


@pytest.mark.sample(8)
@pytest.mark.parametrize("area", PAGES, ids=IDS)
def test_page_of_an_empty_website_explains_what_is_missing(opened: Open, area: PageInfo) -> None:
    app = opened(area.name, **CHOICES.get(area.name, {}), website=WEBSITES["empty"])
    assert not app.exception
    text = said(app)
    assert "could not be drawn" not in text
    # Maps stay, bare; realtime has its minutes, links are of the account, and Websites has the
    # charts of the others.
    charted = ("overview", "revenue", "realtime", "links")
    few = 2 if area.name == "websites" else area.name in charted
    assert len(app.get("plotly_chart")) <= few
    if area.name != "websites":
        assert re.search(r"appear|No |Nobody|Nothing|nobody|begins with|Choose|c[oa]me", text), text
