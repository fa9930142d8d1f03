"""Permissions of each kind of viewer for each page and query, through the real app.

The expected permissions are stated here; nothing is derived from the code that decides.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from components import authorized, umami_server, viewer
from components.page_registry import ALL_PAGES, PAGES
from docs.generate import example
from reports import build
from tests.pages.conftest import (
    RECORDED,
    ROOT,
    TABLES,
    WEBSITES,
    open_page,
    said,
    session_data,
    tiles,
)
from tests.support.accounts import PASSWORD, user, write
from tests.support.asked import detects, endpoints
from tests.support.fault_proxy import Between, Exchange, Passed, well
from umami.api import traffic
from umami.background_task import TaskCancelled
from umami.embedded.server import serve
from umami.endpoint import REGISTRY, Access, Query
from umami.period import Period
from umami.view import View

pytestmark = [pytest.mark.sample(2), pytest.mark.slow]

SHOP, DOCS = WEBSITES["shop"], WEBSITES["docs"]
EVERY_PAGE = {area.name for area in PAGES}
OF_ADMINS = {"access", "setup"}
OF_ACCOUNT = {"links"}
ALWAYS = {"websites", "website", "daterange"}
OF_CHOICES = {"values", "segments"}
SAVING = {
    f"{verb}_{noun}"
    for verb in ("create", "update", "delete")
    for noun in ("report", "annotation", "segment")
}
CONVERSIONS = ("visit_groups", "values", "event_data_properties", "currencies")
OF_PAGES = {
    "overview": {
        *("pageviews", "stats", "active", "metrics", "groups", "series", "weekly"),
        *("annotations", "parts_of_visits"),
        *CONVERSIONS,
    },
    "utm": {
        *("utm", "stats", "pageviews", "metrics", "attribution", "revenue", "revenue_stats"),
        *("annotations", "internal_tags"),
        *CONVERSIONS,
    },
    "retention": {"retention"},
}
WHO = ("anonymous", "viewer", "analyst", "admin", "link", "ended link")
OPEN_PAGES: dict[str, set[str]] = {
    "anonymous": set(),
    "viewer": {"overview", "utm"},
    "analyst": {*EVERY_PAGE, "mails"} - OF_ACCOUNT,
    "admin": {*EVERY_PAGE, "mails", *OF_ADMINS},
    "link": {"overview", "retention"},
    "ended link": set(),
}
SITES: dict[str, set[str]] = {
    "anonymous": set(),
    "viewer": {SHOP},
    "analyst": {SHOP},
    "admin": {SHOP, DOCS},
    "link": {SHOP},
    "ended link": set(),
}
"""Of the two websites that are asked about."""
TAB = "what opens the session of this tab"
VIEW = View(SHOP, Period.of_days(*(datetime(2026, 8, day).date() for day in (1, 3)), "UTC"))


def reads(who: str) -> set[str]:
    """The reading endpoints that a viewer may request for a permitted website."""
    if who == "admin":
        return {endpoint.name for endpoint in REGISTRY.values() if endpoint.access is Access.READS}
    if who == "analyst":
        of_areas = {name for area in PAGES for name in (*area.endpoints, *area.optional_endpoints)}
        return {*of_areas, *ALWAYS, *OF_CHOICES} - {"links", "pixels"}
    if who in ("viewer", "link"):
        return ALWAYS.union(*(OF_PAGES[page] for page in OPEN_PAGES[who]))
    return set()


def writes(who: str) -> set[str]:
    """The writing endpoints that a viewer may request for a permitted website."""
    if who == "admin":
        return {endpoint.name for endpoint in REGISTRY.values() if endpoint.access is Access.WRITES}
    return SAVING if who == "analyst" else set()


@pytest.fixture(scope="module")
def behind() -> Iterator[str]:
    """A server that these tests may change."""
    with serve(TABLES, password="umami") as running:
        yield running.url


@pytest.fixture
def accounts(proxy: Between, bare: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Between]:
    """A real server, and accounts of three kinds."""
    assert proxy.url
    users = write(
        tmp_path / "users.yaml",
        {
            "viewer": user("client"),
            "analyst": user("analyst", websites=[SHOP]),
            "admin": user("admin"),
        },
        {"client": {"websites": [SHOP], "sections": ["overview", "utm"]}},
    )
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(users))
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    viewer.forget()
    yield proxy
    viewer.desk().engine.dispose()


def opened_as(who: str, page: str = "overview", **params: str | list[str]) -> AppTest:
    """Open a page as somebody."""
    state: dict[str, Any] = {}
    if who in ("viewer", "analyst", "admin"):
        state[TAB] = viewer.desk().sign_in(who, PASSWORD, None)
    elif who != "anonymous":
        params["share"] = link(days=-1 if who == "ended link" else 1)
    return open_page(page, state, **params)


def link(
    *, days: float = 1, locked: bool = True, filters: tuple[str, ...] = (), password: str = ""
) -> str:
    shares = viewer.desk().shares
    made = shares.make(
        name="A client",
        maker="admin",
        ends=datetime.now(UTC) + timedelta(days=days),
        view={name: [value] for name, value in RECORDED.items()} | {"filter": list(filters)},
        sections=("overview", "retention"),
        locked=locked,
        password=password,
    )
    return shares.token(made.id)


def website(request: Passed) -> str | None:
    """The website that a request is about."""
    parts = urlsplit(request.target)
    named = [id for id in WEBSITES.values() if id in parts.path]
    body = json.loads(request.body) if request.body else {}
    queried = parse_qs(parts.query).get("websiteId", [])
    return next(iter([*named, *queried, body.get("websiteId")]), None)


def data_requests(proxy: Between) -> list[Passed]:
    """All requests except signing in to Umami, detecting its version, the age of a replica, which
    the dashboard asks for itself, and the websites of teams, which become a part of the list of
    websites."""
    return [
        request
        for request in proxy.passed
        if not request.target.startswith(("/api/auth/", "/api/me/teams", "/api/x/replica"))
        and not detects(request.target)
        and endpoints(request)
    ]


@pytest.mark.sample(24)
@pytest.mark.parametrize("page", sorted({*EVERY_PAGE, "mails", *OF_ADMINS}))
@pytest.mark.parametrize("who", WHO)
def test_page_requests_only_what_its_viewer_may_see(accounts: Between, who: str, page: str) -> None:
    for site in (SHOP, DOCS):
        accounts.passed.clear()
        app = opened_as(who, page, website=site)
        assert not app.exception
        headings = [element.value for element in (*app.title, *app.header, *app.subheader)]
        for request in data_requests(accounts):
            assert endpoints(request) & reads(who), (who, request.target)
            about = website(request)
            assert about is None or about in SITES[who] or who == "admin", (who, request.target)
        if not SITES[who]:
            assert data_requests(accounts) == []
            assert not app.metric
            assert "access to this page" not in said(app)
        elif page not in OPEN_PAGES[who]:
            assert headings == ["No access"]
            assert not app.metric
        else:
            title = next(area.title for area in ALL_PAGES if area.name == page)
            assert headings[0] == title
            assert ":material/lock:" not in said(app)
        if site not in SITES[who] and SITES[who]:
            is_open = page in OPEN_PAGES[who]
            reason = "not among those you can open" if is_open else "access to this page"
            assert reason in said(app)


SCRIPT = """
import streamlit as st
from components import page_context, viewer
from umami.errors import UmamiError

viewer.resolve()
outcomes = st.session_state["outcomes"] = []
client = page_context.client()
for question in st.session_state["questions"]:
    before = st.session_state["count"]()
    try:
        client.ask(question)
    except UmamiError as problem:
        outcome = type(problem).__name__
    else:
        outcome = "answered"
    outcomes.append((question, outcome, st.session_state["count"]() - before))
"""


def answers(who: str, proxy: Between, *questions: Query[Any]) -> list[tuple[Query[Any], str, int]]:
    """The outcomes of a viewer's queries, and the number of requests to the server."""
    app = AppTest.from_string(SCRIPT, default_timeout=60)
    app.session_state["questions"] = questions
    app.session_state["count"] = lambda: len(data_requests(proxy))
    seeded(app, who)
    app.run()
    assert not app.exception
    outcomes: list[tuple[Query[Any], str, int]] = app.session_state["outcomes"]
    return outcomes


@pytest.mark.parametrize("site", [SHOP, DOCS], ids=["shop", "docs"])
@pytest.mark.parametrize("who", WHO)
def test_every_query_is_allowed_or_forbidden_by_the_permissions(
    accounts: Between, who: str, site: str
) -> None:
    view = replace(VIEW, website=site)
    # What an admin may change is asked for where nothing is.
    nowhere = "11111111-1111-4111-8111-111111111111"
    questions = []
    for name, endpoint in REGISTRY.items():
        if not endpoint.secret:
            question = example(endpoint, view=view, website=site, report=nowhere)
            if name in writes("admin") - SAVING and who == "admin" and question.website:
                question = example(endpoint, website=nowhere)
            questions.append(question)
    for question, outcome, requests in answers(who, accounts, *questions):
        name = question.name
        allowed = name in reads(who) | writes(who)
        mine = site in SITES[who] or (question.website is None and bool(SITES[who]))
        may = mine and allowed and (name != "create_website" or who == "admin")
        if may and question.name not in ("report", "delete_report", "update_report"):
            assert outcome != "Forbidden", (who, name)
        elif may or (allowed and question.website is None):
            # Which website a report is of, only the report itself tells; this one is nowhere.
            assert outcome in ("NotFound", "Unauthorised", "answered"), (who, name, outcome)
        else:
            assert (outcome, requests) == ("Forbidden", 0), (who, name)


def seeded(app: AppTest, who: str) -> None:
    if who in ("viewer", "analyst", "admin"):
        token = viewer.desk().sign_in(who, PASSWORD, None)
        app.session_state[TAB] = token
    elif who != "anonymous":
        app.session_state["share link that this tab was opened with"] = link(
            days=-1 if who == "ended link" else 1
        )


def test_saved_report_of_another_website_is_forbidden(
    accounts: Between,
) -> None:
    from umami.api import reports

    theirs = umami_server.umami().ask(reports.create_report(DOCS, "utm", "Theirs", {}))
    for question in (
        reports.delete_report(theirs.id),
        reports.update_report(theirs.id, SHOP, "utm", "Mine", {}),
    ):
        assert [outcome for _, outcome, _ in answers("analyst", accounts, question)] == [
            "Forbidden"
        ]
    assert umami_server.umami().ask(reports.report(theirs.id)).name == "Theirs"
    mine = umami_server.umami().ask(reports.create_report(SHOP, "utm", "Mine", {}))
    ((_, outcome, _),) = answers("analyst", accounts, reports.delete_report(mine.id))
    assert outcome == "answered"


def test_fixed_filters_of_a_share_link_override_the_url(accounts: Between) -> None:
    token = link(filters=("country.eq.DE",))
    app = open_page("overview", share=token)
    german = tiles(app)
    assert german["Views"] != "10,797"
    for crafted in (
        {"filter": ["country.eq.US"]},
        {"filter": []},
        {"filter": ["country.eq.DE", "browser.eq.chrome"], "match": "any"},
        {"segment": DOCS},
    ):
        accounts.passed.clear()
        again = open_page("overview", share=token, **crafted)  # type: ignore[arg-type]
        assert tiles(again) == german
        assert "country.eq.US" not in str([request.target for request in accounts.passed])
    assert not [request for request in accounts.passed if request.target.endswith("/active")]
    assert "add_filter" not in again.session_state
    assert "Country is Germany" in said(app)


@pytest.mark.thorough
def test_share_link_without_fixed_filters_takes_filters_of_the_url(accounts: Between) -> None:
    assert accounts
    token = link(locked=False)
    everything = tiles(open_page("overview", share=token))
    german = tiles(open_page("overview", share=token, filter=["country.eq.DE"]))
    assert everything["Views"] == "10,797"
    assert german["Views"] != "10,797"


@pytest.mark.thorough
def test_share_link_without_parameters_shows_its_view(accounts: Between) -> None:
    assert accounts
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["share"] = link()
    assert tiles(app.run())["Views"] == "10,797"


def test_share_link_asks_for_its_password(accounts: Between) -> None:
    app = open_page("overview", share=link(password="for-the-client"))
    assert data_requests(accounts) == []
    box = next(control for control in app.text_input if control.label == "Password")
    box.set_value("wrong")
    next(button for button in app.button if button.label == "Open").click().run()
    assert "not the password of this link" in "".join(element.value for element in app.error)
    assert not app.metric
    next(control for control in app.text_input if control.label == "Password").set_value(
        "for-the-client"
    )
    next(button for button in app.button if button.label == "Open").click().run()
    assert tiles(app)["Views"] == "10,797"


@pytest.mark.thorough
def test_no_downloads_without_the_export_permission(accounts: Between) -> None:
    assert accounts
    assert not opened_as("viewer").get("download_button")
    for who in ("analyst", "admin"):
        app = opened_as(who, "utm")
        assert app.get("download_button"), who


def test_report_needs_the_export_permission_and_is_audited(
    accounts: Between,
) -> None:
    assert accounts
    for who in ("viewer", "link"):
        app = opened_as(who)
        app.session_state["report_menu"] = True
        assert not [
            control for control in app.run().multiselect if control.key == "report_pages"
        ], who
    app = opened_as("analyst", "utm")
    app.session_state["report_menu"] = True
    app.run()
    offered = app.multiselect(key="report_pages")
    assert (offered.value, len(offered.options)) == (["utm"], len(build.offered()))
    app.button(key="make_report").click().run()
    work = session_data(app)["the report that is made, or was made last"].task
    assert b"<h2>Campaigns</h2>" in work.result(30)
    assert app.run().get("download_button")
    entries = [(row.who, row.what, row.about) for row in viewer.desk().audit.search().rows]
    assert entries[0] == ("analyst", "export", f"report (utm) as html of {SHOP}")


@pytest.mark.thorough
def test_report_is_cancelled_when_the_session_ends(
    accounts: Between, bare: pytest.MonkeyPatch
) -> None:
    bare.setattr(authorized, "CHECKED_EVERY", 0)
    goes_on = threading.Event()

    def waits(exchange: Exchange) -> None:
        assert goes_on.wait(30)
        well(exchange)

    accounts.befall(waits, lambda target: "/sessions" in target)
    app = opened_as("analyst", "utm")
    app.session_state["report_menu"] = True
    app.run()
    app.multiselect(key="report_pages").set_value(["sessions", "retention"])
    app.button(key="make_report").click().run()
    work = session_data(app)["the report that is made, or was made last"].task
    viewer.desk().sign_out(app.session_state[TAB])
    goes_on.set()
    with pytest.raises(TaskCancelled):
        work.result(30)
    assert not [target for target in accounts.targets if f"{SHOP}/retention" in target]


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["overview", "sessions"])
def test_no_page_runs_again_after_signing_out(accounts: Between, page: str) -> None:
    """Neither in the run that signs out, nor in another tab of the session."""
    state = {TAB: viewer.desk().sign_in("analyst", PASSWORD, None)}
    mine, other = (open_page(page, {**state, "me": True}) for _ in range(2))
    assert mine.metric
    umami_server.umami().forget()
    accounts.passed.clear()
    mine.button(key="sign_out").click().run()
    # Whatever is pressed there asks for another period.
    other.button(key="earlier").click().run()
    for app in (mine, other):
        assert not app.exception
        assert not app.metric
        assert [element.value for element in (*app.title, *app.header, *app.subheader)] == [
            "Sign in"
        ]
    assert data_requests(accounts) == []


@pytest.mark.thorough
def test_signing_out_everywhere_ends_sessions_in_other_browsers(accounts: Between) -> None:
    assert accounts
    tokens = [viewer.desk().sign_in("analyst", PASSWORD, None) for _ in range(3)]
    first, second, third = (open_page("overview", {TAB: token, "me": True}) for token in tokens)

    def inside(app: AppTest) -> bool:
        app.run()
        assert not app.exception
        return bool(app.metric)

    first.button(key="sign_out").click().run()
    assert [inside(app) for app in (first, second, third)] == [False, True, True]
    second.button(key="sign_out_everywhere").click().run()
    assert [inside(app) for app in (second, third)] == [False, False]


def test_changes_are_audited_whether_done_or_refused(accounts: Between) -> None:
    from umami.api import websites

    answers("admin", accounts, websites.create_website("New", "new.example"), traffic.stats(VIEW))
    answers("viewer", accounts, websites.delete_website(SHOP))
    entries = [
        (row.who, row.what, row.about, row.done)
        for row in viewer.desk().audit.search().rows
        if row.what != "sign in"
    ]
    assert entries == [
        ("viewer", "delete website", SHOP, False),
        ("admin", "create website", "New", True),
    ]


@pytest.mark.thorough
def test_identity_provider_signs_in_an_account_with_its_permissions(
    accounts: Between, tmp_path: Path
) -> None:
    write(
        tmp_path / "users.yaml",
        {"pat": {"email": "pat@agency.example", "roles": ["viewer"], "websites": [SHOP]}},
    )
    for email, verified, inside in (
        ("pat@agency.example", True, True),
        ("pat@agency.example", False, False),
        ("eve@agency.example", True, False),
    ):
        accounts.passed.clear()
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in {**RECORDED, "website": SHOP}.items():
            app.query_params[name] = value
        app.user = {
            "is_logged_in": True,
            "email": email,
            "email_verified": verified,
            "iat": datetime.now(UTC).timestamp() + 5,
        }
        app.run()
        assert bool(app.metric) == inside, (email, verified)
        assert bool(data_requests(accounts)) == inside


@pytest.mark.parametrize(
    ("environ", "starts"),
    [({}, False), ({"DASHBOARD_OPEN": "no"}, False), ({"DASHBOARD_OPEN": "yes"}, True)],
)
def test_real_server_needs_accounts_unless_access_is_open(
    proxy: Between, bare: pytest.MonkeyPatch, environ: dict[str, str], starts: bool
) -> None:
    bare.delenv("DASHBOARD_OPEN")
    for name, value in environ.items():
        bare.setenv(name, value)
    viewer.forget()
    app = open_page()
    assert bool(app.metric) == starts
    if not starts:
        assert "only the person who started this dashboard" in said(app)
        assert "invite them on the page Access" in said(app)
        assert data_requests(proxy) == []


def test_demo_needs_no_accounts(bare: pytest.MonkeyPatch) -> None:
    bare.delenv("DASHBOARD_OPEN")
    viewer.forget()
    assert tiles(AppTest.from_file(str(ROOT / "app.py"), default_timeout=90).run())


def test_the_demo_writes_no_database_until_one_is_needed(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    viewer.forget()
    for page in ("overview", "access", "setup"):
        assert not open_page(page).exception
    assert all(check() is None for check in viewer.CHECKS.values())
    assert list(tmp_path.iterdir()) == []
    store = viewer.store()
    assert viewer.store() is viewer.desk().engine is store
    assert (tmp_path / "dashboard.sqlite").is_file()
    store.dispose()


@pytest.mark.thorough
@pytest.mark.parametrize("ephemeral", ["yes", "no"])
def test_what_a_restart_deletes_is_said_where_it_is_written(
    accounts: Between, bare: pytest.MonkeyPatch, ephemeral: str
) -> None:
    assert accounts
    bare.setenv("DASHBOARD_EPHEMERAL", ephemeral)
    viewer.forget()
    page = opened_as("admin", "access")
    bar = opened_as("admin")
    bar.session_state["menu"] = bar.session_state["share_view"] = True
    bar.run()
    assert bar.text_input(key="link_name")
    for app, lost in ((page, "sessions, share links and the audit log"), (bar, "share links")):
        sentence = f"A restart of this app deletes {lost}: set DASHBOARD_STORE to the URL of a "
        assert (f"{sentence}PostgreSQL database" in said(app).replace("\\", "")) == (
            ephemeral == "yes"
        )


@pytest.mark.thorough
@pytest.mark.usefixtures("accounts")
def test_only_admins_have_the_menu_of_groups() -> None:
    for who in ("analyst", "admin"):
        app = opened_as(who, "websites")
        assert not app.exception
        keys = {button.key for button in app.button}
        assert ("new_group" in keys) is (who == "admin")
