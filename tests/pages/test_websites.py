"""The Websites page, without a browser. Tests that write have a server of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from access import database
from access.permissions import ALL
from access.website_groups import WebsiteGroups
from components import collecting as collect
from components import formats, umami_server
from components.website_admin import EVENT
from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import SHOP, TABLES, WEBSITES, Open, open_page, table, unescaped
from tests.support.fault_proxy import Between
from umami.api import realtime, traffic, websites
from umami.api.websites import Website
from umami.embedded.importing import import_into
from umami.embedded.server import Running
from umami.errors import NotFound
from umami.period import Period
from umami.settings import Settings
from umami.view import View

pytestmark = [pytest.mark.sample(2), pytest.mark.slow]

VIEW = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
HOSTILE = 'Neu <b>x</b> $a$ *b* "ü" \u202e'


@pytest.fixture(params=["2.18", "3.1"])
def fresh(request: pytest.FixtureRequest, bare: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server that a test may change, which the app asks."""
    with serve_version(request.param, TABLES) as running:
        bare.setenv("UMAMI_URL", running.url)
        bare.setenv("UMAMI_USERNAME", running.username)
        bare.setenv("UMAMI_PASSWORD", running.password)
        yield running


def site(name: str = "shop") -> Website:
    """A website as the server has it now, without the cache."""
    client = umami_server.umami()
    client.forget()
    return client.ask(websites.website(WEBSITES[name]))


def names(app: AppTest) -> list[str]:
    others = ("Manage", "All websites", "Visitors over time", "Who grew")
    return [element.value for element in app.header if not element.value.startswith(others)]


def cards(app: AppTest) -> list[Any]:
    """The tiles of the cards, one for each website; those of all websites come before."""
    return app.metric[len(app.metric) - len(names(app)) :]


def notes(app: AppTest) -> str:
    return "\n".join(unescaped(element.value) for element in app.caption)


def toasts(app: AppTest) -> list[str]:
    return [element.value for element in app.toast]


def confirm(app: AppTest, what: str, website: str, typed: str) -> Any:
    """The button that is enabled by typing the name."""
    app.text_input(key=f"{what}_{website}_name").set_value(typed).run()
    return app.button(key=f"{what}_{website}_sure")


# Looking


def test_every_website_is_listed_with_its_visitors(opened: Open) -> None:
    app = opened("websites")
    assert not app.exception
    assert names(app) == ["Nordlicht Docs", "Nordlicht Empty", "Nordlicht Shop"]
    counted = [
        umami_server.umami()
        .ask(traffic.stats(replace(VIEW, website=WEBSITES[name])))
        .current.visitors
        for name in ("docs", "empty", "shop")
    ]
    assert [tile.value for tile in cards(app)] == [formats.short(number) for number in counted]
    assert counted[2] == 2_423
    rows = {row[0]: row for row in table(app, "websites")}
    assert {name: row[1] for name, row in rows.items()} == {
        f"Nordlicht {name}": formats.whole(number)
        for name, number in zip(("Docs", "Empty", "Shop"), counted, strict=True)
    }
    assert app.metric[0].value == formats.whole(sum(counted))
    if umami_server.umami().capabilities.whole_visits:
        assert [rows["Nordlicht Shop"][at] for at in (4, 6)] == ["280", "€10,230.86"]


def test_filters_do_not_apply_to_the_list_of_websites(opened: Open) -> None:
    app = opened("websites", filter="country.eq.DE")
    assert [tile.value for tile in cards(app)][2] == "2,423"


@pytest.mark.parametrize(
    "chosen", [{}, {"compare": "custom", "compare_from": "2026-08-01", "compare_to": "2026-08-15"}]
)
def test_change_is_against_the_comparison(opened: Open, chosen: dict[str, str]) -> None:
    app = opened("websites", **{"from": "2026-09-01"}, **chosen)
    before = Period.of_days(date(2026, 8, 1), date(2026, 8, 15), "UTC")
    now = replace(VIEW, period=Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
    earlier = replace(VIEW, period=before) if chosen else replace(now, comparison="previous")
    earlier = earlier.compared() or earlier
    client = umami_server.umami()
    change = formats.change(
        client.ask(traffic.stats(now)).current.visitors,
        client.ask(traffic.stats(earlier)).current.visitors,
    )
    assert change
    assert [tile.delta for tile in cards(app)][2] == formats.relative(change)


def test_no_change_without_a_comparison(opened: Open) -> None:
    app = opened("websites", **{"from": "2026-09-01"}, compare="none")
    assert not any(tile.delta for tile in app.metric)


@pytest.mark.thorough
@pytest.mark.parametrize(("search", "count"), [("DOCS", 1), ("example.com", 3), ("no such", 0)])
def test_websites_are_searched_by_name_and_domain(opened: Open, search: str, count: int) -> None:
    app = opened("websites", websites_search=search)
    assert len(names(app)) == count
    assert ("No website matches the search." in notes(app)) == (not count)
    app.text_input(key="pick_websites_search").set_value("").run()
    assert len(names(app)) == 3
    assert app.session_state["websites_search"] == ""


@pytest.mark.thorough
def test_many_websites_are_paged(fresh: Running) -> None:
    open_page("websites")
    client = umami_server.umami()
    for number in range(12):
        client.ask(websites.create_website(f"Zweig {number:02}", "zweig.example"))
    first = open_page("websites")
    assert len(names(first)) == 12
    second = open_page("websites", websites_page="2")
    assert names(second) == ["Zweig 09", "Zweig 10", "Zweig 11"]
    beyond = open_page("websites", websites_page="99")
    assert names(beyond) == names(second)


@pytest.mark.thorough
def test_opening_a_website_clears_the_filters(opened: Open) -> None:
    app = opened("websites", filter="country.eq.DE")
    app.button(key=f"look_{WEBSITES['docs']}").click().run()
    assert not app.exception
    assert app.session_state["website"] == WEBSITES["docs"]
    assert app.session_state["filter"] == []


@pytest.mark.parametrize(
    ("site", "said"),
    [("nonsense", "is not the id"), ("00000000-0000-4000-8000-000000000000", "do not have access")],
)
def test_unknown_website_to_manage_is_explained(opened: Open, site: str, said: str) -> None:
    app = opened("websites", site=site)
    assert not app.exception
    assert said in notes(app)
    assert len(names(app)) == 3


@pytest.mark.thorough
def test_tracking_code_names_the_script_of_the_server(fresh: Running) -> None:
    app = open_page("websites", site=SHOP)
    assert code(app) == [
        f'<script defer src="{fresh.url}/script.js" data-website-id="{SHOP}"></script>'
    ]


def code(app: AppTest) -> list[str]:
    assert not app.exception
    return [element.value for element in app.code]


@pytest.fixture(scope="module")
def store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store file of the embedded server."""
    path = tmp_path_factory.mktemp("kept") / "umami.duckdb"
    import_into(path, TABLES)
    return path


@pytest.fixture
def collecting(bare: pytest.MonkeyPatch, store_file: Path) -> Iterator[pytest.MonkeyPatch]:
    """A process that collects, as ``asgi.py`` serves it."""
    bare.setenv("UMAMI_STORE", str(store_file))
    bare.setenv("UMAMI_COLLECT", "yes")
    bare.setattr(collect, "SERVED", True)
    yield bare
    umami_server.umami.clear()
    bare.delenv("UMAMI_COLLECT")
    bare.delenv("UMAMI_STORE")
    umami_server.let_go(Settings(store=store_file))


@pytest.mark.parametrize(
    ("base", "script"),
    [
        ("", "https://stats.example.com/collect/script.js"),
        ("stats", "https://stats.example.com/stats/collect/script.js"),
    ],
)
def test_tracking_code_uses_the_public_address_of_the_dashboard(
    collecting: pytest.MonkeyPatch, base: str, script: str
) -> None:
    app = open_page("websites", site=SHOP)
    app.context["url"] = f"https://stats.example.com/{base}/websites"
    config.set_option("server.baseUrlPath", base)
    try:
        app.run()
    finally:
        config.set_option("server.baseUrlPath", "")
    assert code(app) == [f'<script defer src="{script}" data-website-id="{SHOP}"></script>']
    assert "this machine" not in notes(app)


@pytest.mark.thorough
@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_tracking_code_warns_of_a_local_address(collecting: pytest.MonkeyPatch, host: str) -> None:
    app = open_page("websites", site=SHOP)
    app.context["url"] = f"http://{host}/websites"
    app.run()
    assert f"http://{host}/collect/script.js" in code(app)[0]
    assert "Only pages on this machine reach this address" in notes(app)


def test_no_tracking_code_without_asgi(collecting: pytest.MonkeyPatch) -> None:
    collecting.setattr(collect, "SERVED", False)
    app = open_page("websites", site=SHOP)
    assert code(app) == []
    assert "streamlit run asgi" in notes(app)


def test_no_tracking_code_where_collecting_is_off(
    collecting: pytest.MonkeyPatch,
) -> None:
    collecting.setenv("UMAMI_COLLECT", "no")
    app = open_page("websites", site=SHOP)
    assert code(app) == []
    assert "Set UMAMI_COLLECT=yes" in notes(app)


def test_no_tracking_code_for_data_in_memory(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    app = open_page("websites", site=SHOP)
    assert code(app) == []
    assert "would be lost" in notes(app)
    assert "Set UMAMI_STORE" in notes(app)


@pytest.mark.thorough
def test_no_tracking_code_for_the_demo(bare: pytest.MonkeyPatch) -> None:
    open_page()
    site = umami_server.umami().ask(websites.websites()).rows[0].id
    app = open_page("websites", website=site, site=site)
    assert code(app) == []
    assert "This is demo data" in notes(app)


# Comparing


def test_sums_do_not_hide_a_failing_website(proxy: Between) -> None:
    proxy.breaks = lambda target: f"{WEBSITES['docs']}/stats" in target
    app = open_page("websites")
    assert not app.exception
    assert app.metric[0].value == "2,423"
    assert "1 of 3 websites did not answer" in notes(app)
    assert {row[0]: row[1] for row in table(app, "websites")}["Nordlicht Docs"] == formats.ABSENT
    assert len(names(app)) == 3


def test_one_conversion_is_counted_on_every_website(opened: Open) -> None:
    app = opened("websites", same_conversion="event.purchase")
    assert not app.exception
    counts = {tile.label: tile.value for tile in app.metric}
    whole = umami_server.umami().capabilities.whole_visits
    assert (counts["Conversions"] == "280") is whole
    app.selectbox(key="pick_same_conversion").set_value("money").run()
    assert app.session_state["same_conversion"] == "money"
    assert "Revenue in EUR" in {tile.label for tile in app.metric}
    app.selectbox(key="pick_same_conversion").set_value("").run()
    assert app.session_state["same_conversion"] == ""
    assert ("Conversions" in {tile.label for tile in app.metric}) is whole


def test_scale_and_comparison_choose_the_charts(opened: Open) -> None:
    app = opened("websites", scale="index", compare="previous", **{"from": "2026-09-01"})
    assert not app.exception
    assert "100 is the average of each website" in notes(app)
    assert len(app.get("plotly_chart")) == 2
    app.segmented_control(key="pick_scale").set_value("").run()
    assert app.session_state["scale"] == ""
    app = opened("websites", compare="none")
    assert len(app.get("plotly_chart")) == 1


def test_group_is_made_chosen_changed_and_deleted(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    bare.setenv("DASHBOARD_STORE", store)
    bare.setenv("UMAMI_DATA", str(TABLES))
    app = open_page("websites")
    assert "pick_group" not in {choice.key for choice in app.selectbox}
    app.button(key="new_group").click().run()
    app.button(key="group_save").click().run()
    assert any("has no name" in element.value for element in app.error)
    app.text_input(key="group_name_1").set_value(HOSTILE)
    app.multiselect(key="group_websites_1").set_value([SHOP, WEBSITES["empty"]])
    app.button(key="group_save").click().run()
    assert not app.exception
    assert any("was saved" in toast for toast in toasts(app))
    engine = database.open_engine(store)
    groups = WebsiteGroups(lambda _create: engine, "everybody", ALL)
    (group,) = groups.every()
    assert app.session_state["group"] == group.id
    assert names(app)[-2:] == ["Nordlicht Empty", "Nordlicht Shop"]
    assert [row[0] for row in table(app, "websites")] == ["Nordlicht Shop", "Nordlicht Empty"]
    assert app.metric[0].value == "2,423"

    app.button(key=f"edit_group_{group.id}").click().run()
    app.multiselect(key="group_websites_2").set_value([WEBSITES["docs"]])
    app.button(key="group_save").click().run()
    assert [row[0] for row in table(app, "websites")] == ["Nordlicht Docs"]
    app.selectbox(key="pick_group").set_value("").run()
    assert len(table(app, "websites")) == 3

    app.button(key=f"edit_group_{group.id}").click().run()
    app.button(key="group_delete").click().run()
    assert not app.exception
    assert groups.every() == ()
    engine.dispose()
    app = open_page("websites", group=group.id)
    assert "the group of this link is not there" in notes(app)
    assert len(names(app)) == 3


# Changing


def test_new_website_is_created_and_opened_for_management(fresh: Running) -> None:
    app = open_page("websites")
    app.text_input(key="new_name").set_value(f"  {HOSTILE} ")
    app.text_input(key="new_domain").set_value("neu.example:8080")
    app.button(key="create_website").click().run()
    assert not app.exception
    (made,) = [
        row
        for row in umami_server.umami().ask(websites.websites()).rows
        if row.domain.startswith("neu")
    ]
    assert (made.name, made.domain) == (HOSTILE, "neu.example:8080")
    assert app.session_state["site"] == made.id
    assert app.text_input(key="new_name").value == ""
    assert any("was added" in toast for toast in toasts(app))
    assert len(names(app)) == 4


@pytest.mark.parametrize(
    ("name", "domain", "said"),
    [
        (" ", "neu.example", "needs a name"),
        ("Neu", "", "A domain is written"),
        ("Neu", "https://neu.example", "A domain is written"),
        ("Neu", "neu.example/shop", "A domain is written"),
        ("Neu", "neu example", "A domain is written"),
        ("Neu", "<script>", "A domain is written"),
    ],
)
def test_invalid_website_is_not_created(opened: Open, name: str, domain: str, said: str) -> None:
    app = opened("websites")
    app.text_input(key="new_name").set_value(name)
    app.text_input(key="new_domain").set_value(domain)
    app.button(key="create_website").click().run()
    assert said in notes(app)
    assert len(names(app)) == 3
    assert app.text_input(key="new_domain").value == domain


@pytest.mark.thorough
def test_name_and_domain_are_saved(fresh: Running) -> None:
    app = open_page("websites", site=SHOP)
    app.text_input(key=f"name_{SHOP}").set_value(HOSTILE)
    app.text_input(key=f"domain_{SHOP}").set_value("südlicht.example")
    app.button(key=f"save_{SHOP}").click().run()
    assert not app.exception
    assert (site().name, site().domain) == (HOSTILE, "südlicht.example")
    assert any("was saved" in toast for toast in toasts(app))


@pytest.mark.thorough
def test_an_empty_name_is_not_saved(fresh: Running) -> None:
    app = open_page("websites", site=SHOP)
    app.text_input(key=f"name_{SHOP}").set_value("")
    app.button(key=f"save_{SHOP}").click().run()
    assert "needs a name" in notes(app)
    assert site().name == "Nordlicht Shop"


def test_share_link_is_switched_on_and_off(fresh: Running) -> None:
    app = open_page("websites", site=WEBSITES["docs"])
    toggle = f"share_{WEBSITES['docs']}"
    assert not app.toggle(key=toggle).value
    app.toggle(key=toggle).set_value(True).run()
    share = site("docs").share_id
    assert share
    assert re.fullmatch(r"[A-Za-z0-9]{16}", share)
    assert f"{umami_server.umami().server.address}/share/{share}" in [
        element.value for element in app.code
    ]
    assert app.toggle(key=toggle).value
    app.toggle(key=toggle).set_value(False).run()
    assert site("docs").share_id is None
    assert not any("/share/" in element.value for element in app.code)
    assert site("docs").name == "Nordlicht Docs"


def test_a_test_event_arrives(fresh: Running) -> None:
    app = open_page("websites", site=WEBSITES["empty"])
    app.button(key="send_test").click().run()
    assert not app.exception
    assert [element.value for element in app.success] == [
        "It arrived: the website is being counted."
    ]
    client = umami_server.umami()
    client.forget()
    log = client.ask(realtime.realtime(WEBSITES["empty"])).log
    assert [event.event for event in log if event.kind == "event"] == [EVENT]


@pytest.mark.parametrize("what", ["reset", "delete"])
def test_reset_and_deletion_need_the_exact_name(fresh: Running, what: str) -> None:
    app = open_page("websites", site=SHOP)
    assert app.button(key=f"{what}_{SHOP}_sure").disabled
    sure = confirm(app, what, SHOP, "nordlicht shop")
    assert sure.disabled
    # The name is looked at again once the button is pressed.
    sure = confirm(app, what, SHOP, "Nordlicht Shop")
    app.text_input(key=f"{what}_{SHOP}_name").set_value("Nordlicht")
    sure.click().run()
    assert not app.exception
    assert umami_server.umami().ask(traffic.stats(VIEW)).current.visitors == 2_423


@pytest.mark.thorough
def test_a_website_is_reset(fresh: Running) -> None:
    app = open_page("websites", site=SHOP)
    sure = confirm(app, "reset", SHOP, "Nordlicht Shop")
    assert not sure.disabled
    sure.click().run()
    assert not app.exception
    assert site().name == "Nordlicht Shop"
    assert umami_server.umami().ask(traffic.stats(VIEW)).current.visitors == 0
    assert [tile.value for tile in cards(app)][2] == "0"


@pytest.mark.thorough
def test_website_in_the_view_can_be_deleted(fresh: Running) -> None:
    app = open_page("websites", site=SHOP)
    confirm(app, "delete", SHOP, "Nordlicht Shop").click().run()
    assert not app.exception
    assert names(app) == ["Nordlicht Docs", "Nordlicht Empty"]
    assert app.session_state["site"] == ""
    assert any("was deleted" in toast for toast in toasts(app))
    with pytest.raises(NotFound):
        site()


@pytest.mark.thorough
def test_last_website_can_be_deleted(fresh: Running) -> None:
    open_page("websites")
    client = umami_server.umami()
    for name in ("docs", "empty"):
        client.ask(websites.delete_website(WEBSITES[name]))
    app = open_page("websites", site=SHOP)
    confirm(app, "delete", SHOP, "Nordlicht Shop").click().run()
    assert not app.exception
    assert [element.value for element in app.title] != ["Websites"]


@pytest.mark.thorough
def test_missing_write_access_is_explained(fresh: Running, bare: pytest.MonkeyPatch) -> None:
    open_page("websites")
    umami_server.umami().ask(
        websites.update_website(SHOP, "Nordlicht Shop", "shop.example.com", share_id="a" * 16)
    )
    for name in ("URL", "USERNAME", "PASSWORD"):
        bare.delenv(f"UMAMI_{name}")
    bare.setenv("UMAMI_SHARE_URL", f"{fresh.url}/share/{'a' * 16}")
    umami_server.umami.clear()
    app = open_page("websites", site=SHOP)
    assert names(app) == ["Nordlicht Shop"]
    app.toggle(key=f"share_{SHOP}").set_value(False).run()
    assert "A share link can only be read." in notes(app)
    assert app.toggle(key=f"share_{SHOP}").value
    app.text_input(key=f"name_{SHOP}").set_value("Mine")
    app.button(key=f"save_{SHOP}").click().run()
    assert "A share link can only be read." in notes(app)
    confirm(app, "delete", SHOP, "Nordlicht Shop").click().run()
    assert "A share link can only be read." in notes(app)
    assert names(app) == ["Nordlicht Shop"]


# Beginning with nothing


@pytest.mark.thorough
def test_first_website_is_created_in_an_empty_store(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "umami.duckdb"
    bare.setenv("UMAMI_STORE", str(file))
    bare.setenv("UMAMI_COLLECT", "yes")
    bare.setattr(collect, "SERVED", True)
    app = open_page("overview", website="")
    assert [element.value for element in app.title] == ["No website yet"]
    app.text_input(key="new_name").set_value("Shop")
    app.text_input(key="new_domain").set_value("shop.example")
    app.button(key="create_website").click().run()
    assert not app.exception
    assert [element.value for element in app.title] == ["Overview"]
    (made,) = umami_server.umami().ask(websites.websites()).rows
    app = open_page("websites", website=made.id, site=made.id)
    assert names(app) == ["Shop"]
    assert "/collect/script.js" in code(app)[0]
    bare.delenv("UMAMI_COLLECT")
    bare.delenv("UMAMI_STORE")
    umami_server.let_go(Settings(store=file))
