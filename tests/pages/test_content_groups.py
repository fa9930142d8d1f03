"""Content groups on the pages: their tabs, their form, their filters, and where else they are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from access.content_groups import ContentGroups
from access.permissions import ALL
from access.reader import Reader
from components import umami_server, viewer
from components.blocks import Table
from components.escaping import plain
from components.loading import every_website
from reports import build, html
from tests.pages.conftest import SHOP, open_page, said, table, table_data
from tests.support.accounts import PASSWORD, user, write
from umami.analysis import saved
from umami.analysis.steps import read_steps
from umami.api import reports
from umami.content_groups import FIELDS_OF, ContentGroup
from umami.embedded.server import Running
from umami.period import Period
from umami.view import View

HOSTILE = "=cmd <script>alert(1)</script> **bold** :red[x]"
GROUPS = (
    ContentGroup(HOSTILE, "path", ("/products/lamp",)),
    ContentGroup("Products", "path", ("/products*",)),
    ContentGroup("Blog", "path", ("/blog*",)),
)
CHANNELS = (
    ContentGroup(HOSTILE, "referrer", ("*google*", "bing.com")),
    ContentGroup("Blog", "referrer", ("google.com",)),
)
CONVERTING = ("overview", "landing", "utm", "attribution", "compare")
VIEW = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
TAB = "what opens the session of this tab"
PAGES_TAB = {"pages": "Groups"}


def book(engine: Engine) -> ContentGroups:
    return ContentGroups(lambda _create: engine, "everybody", ALL)


@pytest.fixture
def groups(engine: Engine) -> tuple[ContentGroup, ...]:
    book(engine).replace(SHOP, "group", (), GROUPS)
    return GROUPS


@pytest.fixture
def channels(engine: Engine) -> tuple[ContentGroup, ...]:
    book(engine).replace(SHOP, "channel", (), CHANNELS)
    return CHANNELS


def type_group(app: AppTest, row: int, name: str, patterns: str) -> None:
    app.text_input(key=f"group_name_1_{row}").set_value(name)
    app.text_area(key=f"group_patterns_1_{row}").set_value(patterns)


def test_groups_are_edited_previewed_and_saved(engine: Engine) -> None:
    app = open_page("overview", PAGES_TAB)
    assert "No content groups yet" in said(app)
    app.button(key="edit_group_0").click().run()
    type_group(app, 1, "Blog", "blog/*")
    app.button(key="group_preview").click().run()
    assert "is not the path of pages" in app.error[0].value
    type_group(app, 1, "Blog", "/blog*\n\n  /about ")
    app.button(key="group_add").click().run()
    type_group(app, 2, HOSTILE, "/blog/*")
    app.button(key="group_preview").click().run()
    assert not app.error
    assert "of the views are in no group, most of them of /" in said(app)
    preview = {row[0]: row[1:] for row in table(app, "preview_group")}
    # The first group has all that the second one matches.
    assert preview[HOSTILE][:2] == ["0", "0.0%"]
    app.button(key="group_arrow_upward_2").click().run()
    app.button(key="group_save").click().run()
    assert not app.exception
    saved = (
        ContentGroup(HOSTILE, "path", ("/blog/*",)),
        ContentGroup("Blog", "path", ("/blog*", "/about")),
    )
    assert book(engine).of(SHOP, "group") == saved
    names = [row[0] for row in table(app, "groups_group")]
    assert set(names) == {HOSTILE, "Blog", "In no group"}


@pytest.mark.thorough
def test_form_removes_groups(engine: Engine, groups: tuple[ContentGroup, ...]) -> None:
    app = open_page("overview", PAGES_TAB)
    app.button(key="edit_group_0").click().run()
    app.button(key="group_close_2").click().run()
    app.button(key="group_save").click().run()
    assert book(engine).of(SHOP, "group") == (groups[0], groups[2])


@pytest.mark.usefixtures("groups")
def test_group_is_a_filter_of_every_page() -> None:
    app = open_page("overview", PAGES_TAB)
    shown = {row[0]: row[1] for row in table(app, "groups_group")}
    filters = ["path.re.^(/products.*)$", "path.nre.^(/products/lamp)$"]
    app = open_page("overview", PAGES_TAB, filter=filters)
    chips = [chip.label for chip in app.button if (chip.key or "").startswith("chip_")]
    assert chips == ["Content group **Products**"]
    # Filters keep whole visits here, so the other groups show what else these visits viewed.
    assert table(app, "groups_group")[0][:3] == ["Products", shown["Products"], "100.0%"]
    active = [record["active"] for record in table_data(app, "groups_group")["records"]]
    assert active == [True, False, False, False]


@pytest.mark.thorough
@pytest.mark.usefixtures("groups")
def test_patterns_of_no_group_are_shown_as_they_are() -> None:
    app = open_page("overview", filter=["path.re.^(/products.*)$", "country.eq.DE"])
    chips = [chip.label for chip in app.button if (chip.key or "").startswith("chip_")]
    assert chips == [
        "Country is **Germany**",
        f"Page matches **{plain('/products*')}**",
    ]
    app.button(key="chip_path_re").click().run()
    assert app.session_state["filter"] == ["country.eq.DE"]


@pytest.mark.thorough
@pytest.mark.usefixtures("engine")
def test_assistants_are_a_channel_from_the_start() -> None:
    app = open_page("overview", {"sources": "Own channels"})
    assert next(row[:2] for row in table(app, "groups_channel")) == ["AI assistants", "0"]
    app.button(key="edit_channel_0").click().run()
    assert app.text_input(key="group_name_1_1").value == "AI assistants"
    assert "chatgpt.com" in app.text_area(key="group_patterns_1_1").value
    app.text_area(key="group_patterns_1_1").set_value("google.com")
    app.button(key="group_save").click().run()
    assert [row[0] for row in table(app, "groups_channel")] == ["AI assistants", "In no channel"]


@pytest.mark.usefixtures("groups")
def test_breakdown_by_groups_counts_what_the_tab_counts() -> None:
    app = open_page("overview", PAGES_TAB)
    tab = {row[0]: row[1] for row in table(app, "groups_group")}
    app = open_page("breakdown", field=["contentGroup"])
    assert not app.exception
    assert {row[0]: row[2] for row in table(app, "groups")} == tab
    app = open_page("breakdown", field=["contentGroup", "country", "ownChannel"])
    assert "cannot be broken down by each other" in said(app)
    assert {HOSTILE, "Products", "Blog", "In no group"} == {row[0] for row in table(app, "pivot")}


@pytest.mark.usefixtures("groups")
def test_groups_are_steps_goals_and_conversions() -> None:
    steps = ["1.group.Products", "2.group.Blog"]
    app = open_page("funnel", step=steps)
    assert not app.exception
    names = {group.name for group in GROUPS}
    assert set(app.selectbox(key="edit_0_value").options) == names
    assert "Content group" in app.selectbox(key="edit_0_kind").options
    shown = table(app, "funnel_steps")
    assert [row[0].split("\n")[0] for row in shown] == ["Products", "Blog"]
    tab = {row[0]: row[1] for row in table(open_page("overview", PAGES_TAB), "groups_group")}
    app = open_page("goals", goal=["0.group.Products"])
    assert not app.exception
    assert tab["Products"] in [metric.value for metric in app.metric]
    app = open_page("overview", conversion="group.Products")
    assert not app.exception
    (converted,) = (each.value for each in app.metric if each.label == "Conversions")
    # Several visits of a visitor convert.
    assert int(converted.replace(",", "")) >= int(tab["Products"].replace(",", ""))
    app = open_page("funnel", step=["1.group.Removed", "2.path./"])
    assert "There is no content group “Removed”." in said(app)


@pytest.mark.usefixtures("groups", "channels")
def test_channels_are_steps_goals_and_conversions() -> None:
    app = open_page("funnel", step=[f"1.channel.{HOSTILE}", "2.event.purchase"])
    assert not app.exception
    assert app.selectbox(key="edit_0_kind").value == "channel"
    assert {"Content group", "Own channel"} < {*app.selectbox(key="edit_0_kind").options}
    assert set(app.selectbox(key="edit_0_value").options) == {each.name for each in CHANNELS}
    assert "A visit can reach several channels" in said(app)
    (first, _second) = table(app, "funnel_steps")
    assert first[0].split("\n")[0] == HOSTILE
    assert int(first[1].replace(",", "")) > 0
    app = open_page("goals", goal=[f"0.channel.{HOSTILE}", "0.group.Blog", "0.channel.Blog"])
    assert not app.exception
    assert first[1] in [metric.value for metric in app.metric]
    tiles = [metric.label for metric in app.metric if metric.label.startswith("Conversion: ")]
    assert tiles[0].endswith(plain("… (own channel)"))
    assert tiles[1:] == ["Conversion: Blog", f"Conversion: {plain('Blog (own channel)')}"]
    app = open_page("overview", conversion=f"channel.{HOSTILE}")
    assert not app.exception
    (converted,) = (each.value for each in app.metric if each.label == "Conversions")
    # Several visits of a visitor convert.
    assert int(converted.replace(",", "")) >= int(first[1].replace(",", ""))
    # The group of this name is no channel, and so no step of this kind.
    app = open_page("funnel", step=["1.channel.Products", "2.path./"])
    assert "There is no own channel “Products”." in said(app)


@pytest.mark.usefixtures("channels")
def test_saved_steps_follow_the_rules_of_a_channel(engine: Engine) -> None:
    link = {"step": ["1.channel.Blog", "2.path./"]}
    app = open_page("funnel", **link)
    assert int(table(app, "funnel_steps")[0][1].replace(",", "")) == 0
    client = umami_server.umami()
    chain, _faults = read_steps(link["step"])
    to_save = saved.funnel(VIEW, chain, 60)
    report = client.ask(reports.create_report(SHOP, "funnel", "Sources", to_save))
    changed = CHANNELS[::-1]
    book(engine).replace(SHOP, "channel", CHANNELS, changed)
    opened = saved.opening(report).parameters
    client.ask(reports.delete_report(report.id))
    assert opened == {**link, "window": "60"}
    app = open_page("funnel", **opened)
    assert int(table(app, "funnel_steps")[0][1].replace(",", "")) > 0
    book(engine).replace(SHOP, "channel", changed, changed[1:])
    app = open_page("funnel", **opened)
    assert "There is no own channel “Blog”." in said(app)


@pytest.mark.usefixtures("engine")
def test_form_refuses_channels_that_no_request_can_hold() -> None:
    app = open_page("overview", {"sources": "Own channels"})
    app.button(key="edit_channel_0").click().run()
    long = ("\N{ROCKET}" * 195, "\N{GRINNING FACE}" * 195, "\N{FIRE}" * 195, "\N{CAT}" * 195)
    for row, field in enumerate(FIELDS_OF["channel"], 1):
        if row > 1:
            app.button(key="group_add").click().run()
        patterns = long if row == 1 else (*long, *(f"{each}a" for each in long))
        type_group(app, row, f"Channel {row}", "\n".join(patterns))
        app.selectbox(key=f"group_field_1_{row}").set_value(field)
    for button in ("group_preview", "group_save"):
        app.button(key=button).click().run()
        assert not app.exception
        assert "longer than a request may be" in app.error[0].value


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("page", "kind", "noun"),
    [
        *((page, "group", "content group") for page in CONVERTING),
        *((page, "channel", "own channel") for page in ("overview", "compare")),
    ],
)
def test_removed_group_is_no_conversion_and_leaves_the_rest(
    page: str, kind: str, noun: str
) -> None:
    app = open_page(page, conversion=f"{kind}.Removed", compare="previous")
    assert not app.exception
    assert f"No conversions are counted: there is no {noun} “Removed”" in said(app)
    assert "The server" not in said(app)
    labels = [metric.label for metric in app.metric]
    assert "Conversions" not in labels
    if page in ("overview", "compare"):
        assert labels[:3] == ["Views", "Visitors", "Visits"]


@pytest.mark.usefixtures("groups")
def test_goal_of_a_removed_group_leaves_the_others() -> None:
    goals = ["10.event.purchase", "0.group.Removed", "20.event.purchase", "0.group.Blog"]
    app = open_page("goals", goal=goals, compare="previous", **{"from": "2026-09-01"})
    assert not app.exception
    assert said(app).count("There is no content group “Removed”.") == 2, "figures and trend"
    assert "could not be drawn" not in said(app)
    labels = [metric.label for metric in app.metric]
    assert labels[:3] == ["Conversion: purchase", "Conversion: purchase", "Conversion: Blog"]
    assert labels.count("Count") == 3
    assert [row[0] for row in table(app, "pace")].count("purchase") == 2


def test_goal_with_a_wildcard_leaves_the_others_where_the_server_has_none(
    old: Running, bare: pytest.MonkeyPatch
) -> None:
    bare.setenv("UMAMI_URL", old.url)
    bare.setenv("UMAMI_USERNAME", old.username)
    bare.setenv("UMAMI_PASSWORD", old.password)
    app = open_page("goals", goal=["10.event.purchase", "0.path./products*"])
    assert not app.exception
    labels = [metric.label for metric in app.metric]
    assert labels[0] == "Conversion: purchase"
    assert labels.count("Count") == 1
    assert "Umami 2 does not support wildcards in goals." in said(app)


@pytest.mark.thorough
@pytest.mark.usefixtures("groups")
def test_report_has_the_groups(engine: Engine) -> None:
    client = umami_server.umami()
    order = build.Order(
        VIEW,
        ["overview", "breakdown"],
        every_website(client),
        {"breakdown": {"field": ["contentGroup"]}},
    )
    report = build.make(client, order, reader=Reader(lambda _create: engine, "everybody", ALL))
    tables = {
        block.key: block
        for chapter in report.chapters
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Table)
    }
    assert set(tables["groups_group"].frame["label"]) == {
        HOSTILE,
        "Products",
        "Blog",
        "In no group",
    }
    assert "groups_channel" not in tables
    assert set(tables["groups"].frame["contentGroup"]) == set(tables["groups_group"].frame["label"])
    assert "<script>alert" not in html.page(report)


@pytest.mark.usefixtures("groups")
def test_who_sees_and_changes_groups(
    engine: Engine, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    people = {
        "vic": user("viewer", websites=[SHOP]),
        "pat": user("analyst", websites=[SHOP]),
    }
    write(tmp_path / "users.yaml", people)
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(tmp_path / "users.yaml"))
    viewer.forget()
    desk = viewer.desk()

    def opened(name: str) -> AppTest:
        return open_page("overview", {**PAGES_TAB, TAB: desk.sign_in(name, PASSWORD, None)})

    app = opened("vic")
    assert HOSTILE in [row[0] for row in table(app, "groups_group")]
    assert "edit_group_0" not in [button.key for button in app.button]
    app = opened("pat")
    app.button(key="edit_group_0").click().run()
    app.button(key="group_close_1").click().run()
    app.button(key="group_save").click().run()
    assert book(engine).of(SHOP, "group") == GROUPS[1:]
    entries = [(row.who, row.what, row.about, row.done) for row in desk.audit.search("save").rows]
    assert entries == [("pat", "save groups", SHOP, True)]
    options = {"name": "A client", "maker": "pat", "ends": datetime(2100, 1, 1, tzinfo=UTC)}
    view = {"website": [SHOP]}
    free, locked = (
        desk.shares.make(**options, view=view, sections=("overview", "breakdown"), locked=each)
        for each in (False, True)
    )
    app = open_page("overview", PAGES_TAB, share=desk.shares.token(free.id))
    assert "Products" in [row[0] for row in table(app, "groups_group")]
    assert "edit_group_0" not in [button.key for button in app.button]
    token = desk.shares.token(free.id)
    app = open_page("breakdown", share=token, field=["contentGroup"])
    assert "Products" in [row[0] for row in table(app, "groups")]
    token = desk.shares.token(locked.id)
    app = open_page("overview", PAGES_TAB, share=token)
    assert not app.exception
    assert not {"Groups", "Own channels"} & {tab.label for tab in app.tabs}
    assert "Your filters are locked" not in said(app)
    app = open_page("breakdown", share=token, field=["contentGroup"])
    assert not app.exception
    assert "“contentGroup” is not a field" in said(app)
    assert not {"Content group", "Own channel"} & {*app.multiselect(key="pick_fields").options}
