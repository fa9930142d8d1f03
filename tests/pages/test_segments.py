"""Segments and cohorts: saved in the dialog, used as filters, changed, deleted, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from access.permissions import ALL
from components import navigation, umami_server, viewer
from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import RECORDED, SHOP, TABLES, WEBSITES, open_page, said, table, tiles
from tests.support.accounts import PASSWORD, user, write
from umami.api import segments, traffic
from umami.api.segments import Segment
from umami.client import Client, connect
from umami.embedded.server import Running, serve
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

HOSTILE = "=cmd <script>alert(1)</script> **bold**"
GERMANS = {"filters": [{"name": "country", "operator": "eq", "value": "DE"}]}
BUYERS = {
    "filters": [],
    "dateRange": "range:1785542400000:1790812799999",
    "action": {"type": "event", "value": "purchase"},
}
MONTHS = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
TAB = "what opens the session of this tab"


@pytest.fixture(params=["newest"])
def client(request: pytest.FixtureRequest, bare: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of a new server, which pages ask, too."""
    version: str = request.param
    served = (
        serve(TABLES, password="umami") if version == "newest" else serve_version(version, TABLES)
    )
    with served as running:
        bare.setenv("UMAMI_URL", running.url)
        bare.setenv("UMAMI_USERNAME", "admin")
        bare.setenv("UMAMI_PASSWORD", "umami")
        settings = Settings(api=f"{running.url}/api", username="admin", password="umami")
        with connect(settings) as client:
            yield client


def saved(client: Client, kind: segments.Kind = "segment") -> list[Segment]:
    # Pages write with a client of their own.
    client.forget()
    return list(client.ask(segments.segments(SHOP, kind)).rows)


def dialog(**params: str | list[str]) -> AppTest:
    """The dialog, opened from the menu of filters."""
    app = open_page("overview", {"add_filter": True}, **params)
    app.button(key="open_segments").click().run()
    assert not app.exception
    return app


@pytest.mark.thorough
@pytest.mark.parametrize("client", ["newest", "2.20"], indirect=True)
def test_filters_are_saved_as_a_segment_with_their_size(client: Client) -> None:
    app = dialog(filter=["country.eq.DE", "browser.eq.firefox"])
    assert "No segments or cohorts" in said(app)
    app.button(key="segment_of_filters").click().run()
    shown = client.ask(
        traffic.stats(
            replace(
                MONTHS,
                filters=(Filter("country", "eq", "DE"), Filter("browser", "eq", "firefox")),
            )
        )
    )
    assert f"{shown.current.visitors} visitor" in said(app)
    app.button(key="segment_save").click().run()
    assert "It has no name" in app.error[0].value
    name = next(each for each in app.text_input if (each.key or "").startswith("segment_name"))
    name.set_value(HOSTILE)
    app.button(key="segment_save").click().run()
    assert not app.exception
    (segment,) = saved(client)
    assert segment.name == HOSTILE
    assert segment.parameters["filters"] == [
        {"name": "browser", "operator": "eq", "value": "firefox"},
        {"name": "country", "operator": "eq", "value": "DE"},
    ]
    assert f"**{HOSTILE}**" in said(app)
    app.button(key=f"segment_use_{segment.id}").click().run()
    assert app.session_state["segment"] == segment.id


@pytest.mark.parametrize("client", ["newest", "2.20"], indirect=True)
def test_segment_is_changed_and_deleted(client: Client) -> None:
    created = client.ask(segments.create_segment(SHOP, "segment", "Germans", GERMANS))
    app = dialog(segment=created.id)
    assert "Country is Germany" in said(app)
    app.button(key=f"segment_edit_{created.id}").click().run()
    app.button(key="segment_filter_0").click().run()
    assert not app.exception
    app.button(key="segment_save").click().run()
    assert "at least one filter" in app.error[0].value
    app.button(key="segment_back").click().run()
    app.button(key=f"segment_ask_{created.id}").click().run()
    assert saved(client) == [created]
    app.button(key=f"segment_delete_{created.id}").click().run()
    assert not app.exception
    assert saved(client) == []
    assert app.session_state["segment"] == ""


@pytest.mark.thorough
def test_cohort_is_saved_with_its_action_and_dates(client: Client) -> None:
    app = dialog()
    app.button(key="new_cohort").click().run()
    app.button(key="segment_save").click().run()
    app.text_input(
        key=next(each.key for each in app.text_input if "segment_name" in str(each.key))
    ).set_value("Cart")
    app.button(key="segment_save").click().run()
    assert "needs an action" in app.error[0].value
    value = next(each for each in app.selectbox if "segment_value_path" in str(each.key))
    value.set_value("/cart").run()
    app.button(key="segment_save").click().run()
    assert not app.exception
    (cohort,) = saved(client, "cohort")
    assert cohort.parameters == {
        "filters": [],
        "dateRange": "30day",
        "action": {"type": "path", "value": "/cart"},
    }


@pytest.mark.parametrize("client", ["2.20"], indirect=True)
def test_segments_are_used_where_the_server_only_stores_them(client: Client) -> None:
    germans = client.ask(segments.create_segment(SHOP, "segment", "Germans", GERMANS))
    cohort = client.ask(segments.create_segment(SHOP, "cohort", "Buyers", BUYERS))
    app = dialog(segment=germans.id)
    keys = {str(button.key) for button in app.button}
    assert {f"segment_use_{germans.id}", f"segment_ask_{cohort.id}", "new_segment"} <= keys
    assert not keys & {f"segment_{verb}_{cohort.id}" for verb in ("use", "edit")}
    assert "new_cohort" not in keys
    assert "This server cannot filter by a cohort: it has no filter" in said(app)
    bar = {str(box.key) for box in open_page("overview", {"add_filter": True}).selectbox}
    assert bar & {"pick_segment", "pick_cohort"} == {"pick_segment"}
    plain = client.ask(traffic.stats(MONTHS.filtered("country", "DE"))).current.visitors
    assert tiles(app)["Visitors"] == f"{plain:,}"

    app = open_page("compare", left=f"segment.{germans.id}", by="country")
    assert not app.exception
    rows = {row[0]: row for row in table(app, "side_figures")}
    everybody = client.ask(traffic.stats(MONTHS)).current.visitors
    assert rows["Visitors"][1:3] == [f"{plain:,}", f"{everybody:,}"]
    shares = {row[0]: row for row in table(app, "side_shares")}
    assert shares["Germany"][1] == "100.0%"

    app = open_page("overview", cohort=cohort.id, segment=germans.id)
    assert not app.exception
    assert "cannot filter by a cohort" in said(app)
    assert app.session_state["segment"] == germans.id
    client.ask(segments.delete_segment(SHOP, germans.id))
    # Pages have a client of their own.
    umami_server.umami().forget()
    app = open_page("overview", segment=germans.id)
    assert "no such segment or cohort" in said(app)
    app = open_page("compare", left=f"segment.{germans.id}")
    assert "no such segment or cohort" in said(app)


@pytest.mark.parametrize("client", ["2.20"], indirect=True)
def test_share_link_shows_what_a_stored_segment_selects(
    client: Client, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    germans, swiss = (
        client.ask(segments.create_segment(SHOP, "segment", "A name", {"filters": [filter_]}))
        for filter_ in (GERMANS["filters"][0], {**GERMANS["filters"][0], "value": "CH"})
    )
    users = write(tmp_path / "users.yaml", {"ann": user("admin")}, {})
    bare.setenv("DASHBOARD_USERS", str(users))
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    bare.delenv("DASHBOARD_OPEN")
    viewer.forget()
    shares = viewer.desk().shares
    view = {name: [value] for name, value in RECORDED.items()} | {"segment": [germans.id]}
    made = shares.make(
        name="A client",
        maker="ann",
        ends=datetime.now(UTC) + timedelta(days=1),
        view=view,
        sections=("overview",),
        locked=True,
        password="",
    )
    token = shares.token(made.id)
    plain = client.ask(traffic.stats(MONTHS.filtered("country", "DE"))).current.visitors
    for crafted in ({}, {"segment": swiss.id}, {"segment": ""}, {"filter": "country.eq.CH"}):
        app = open_page("overview", share=token, **crafted)
        assert not app.exception
        assert tiles(app)["Visitors"] == f"{plain:,}"
        assert "A name" not in said(app)


@pytest.mark.thorough
@pytest.mark.parametrize("elsewhere", ["website", "page"])
def test_dialog_is_closed_elsewhere(client: Client, elsewhere: str) -> None:
    app = dialog()
    app.button(key="new_segment").click().run()
    assert "segment_save" in {button.key for button in app.button}
    if elsewhere == "website":
        app.session_state["website"] = WEBSITES["docs"]
    else:
        app.switch_page("pages/utm.py")
    app.run()
    assert not app.exception
    assert "segment_save" not in {button.key for button in app.button}
    app.session_state["website"] = SHOP
    app.switch_page("pages/overview.py").run()
    assert "segment_save" not in {button.key for button in app.button}


def test_two_sides_show_the_servers_numbers(client: Client) -> None:
    germans = client.ask(segments.create_segment(SHOP, "segment", HOSTILE, GERMANS))
    buyers = client.ask(segments.create_segment(SHOP, "cohort", "Buyers", BUYERS))
    sides = {"left": f"segment.{germans.id}", "right": f"cohort.{buyers.id}"}
    app = open_page("compare", **sides, by="country")
    assert not app.exception
    rows = {row[0]: row for row in table(app, "side_figures")}
    now, other = (
        client.ask(traffic.stats(view)).current
        for view in (replace(MONTHS, segment=germans.id), replace(MONTHS, cohort=buyers.id))
    )
    assert rows["Visitors"][1:3] == [f"{now.visitors:,}", f"{other.visitors:,}"]
    assert rows["Visits"][1:3] == [f"{now.visits:,}", f"{other.visits:,}"]
    assert {"Conversions", "Conversion rate", "Revenue"} <= set(rows)
    shares = {row[0]: row for row in table(app, "side_shares")}
    assert shares["Germany"][1] == "100.0%"

    app = open_page("compare", left=f"segment.{buyers.id}")
    assert "no such segment or cohort" in said(app)
    app = open_page("compare", left="=cmd()")
    assert "no segment to compare" in said(app)
    assert not app.exception


def test_readers_use_segments_but_do_not_change_them(
    client: Client, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    created = client.ask(segments.create_segment(SHOP, "segment", "Germans", GERMANS))
    role = {"websites": [SHOP], "sections": "all", "filters": True}
    users = write(tmp_path / "users.yaml", {"vic": user("reader")}, {"reader": role})
    bare.setenv("DASHBOARD_USERS", str(users))
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'store.sqlite'}")
    bare.delenv("DASHBOARD_OPEN")
    viewer.forget()
    token = viewer.desk().sign_in("vic", PASSWORD, None)
    app = open_page("overview", {TAB: token, "add_filter": True})
    app.button(key="open_segments").click().run()
    keys = {str(button.key) for button in app.button}
    assert f"segment_use_{created.id}" in keys
    assert not keys & {
        *(f"segment_{verb}_{created.id}" for verb in ("edit", "ask")),
        "new_segment",
        "new_cohort",
    }


def test_old_servers_have_no_web_vitals_and_links(old: Running, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_URL", old.url)
    bare.setenv("UMAMI_USERNAME", old.username)
    bare.setenv("UMAMI_PASSWORD", old.password)
    app = open_page("performance")
    assert not app.exception
    assert "has no performance figures; they came with 3.1" in said(app)
    assert umami_server.lacks("performance_stats")
    offered = {area.name for area in navigation.opened(ALL)}
    assert not offered & {"performance", "links"}
    assert "overview" in offered
    app = open_page("overview", {"add_filter": True})
    assert "open_segments" not in {button.key for button in app.button}


def test_new_servers_have_web_vitals_and_links(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    open_page()
    offered = {area.name for area in navigation.opened(ALL)}
    assert {"performance", "links"} <= offered
    without = replace(ALL.grants[0], admin=False)
    mine = navigation.opened(replace(ALL, grants=(without,)))
    assert "links" not in {area.name for area in mine}


@pytest.mark.thorough
def test_opened_link_has_its_name_wherever_it_is_listed(client: Client) -> None:
    with httpx.Client(base_url=client.server.address) as server:
        account = {"username": "admin", "password": "umami"}
        token = server.post("/api/auth/login", json=account).json()["token"]
        body = {"name": HOSTILE, "slug": "sale", "url": "https://shop.example/sale"}
        headers = {"authorization": f"Bearer {token}"}
        link = server.post("/api/links", json=body, headers=headers).json()["id"]
    app = open_page("links", link=link, links_search="another")
    assert not app.exception
    assert "Leads to https://shop.example/sale" in said(app)
    app = open_page("links", link=SHOP)
    assert "The name of this link or pixel is unknown" in said(app)
