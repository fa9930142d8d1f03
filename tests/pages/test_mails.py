"""Mails & alerts: their forms, their list, and who may use them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from access import database, deliveries, hourly_limit, notifications
from access.notifications import Alert, Notification, Notifications, Subscription, Webhook
from access.permissions import ALL
from components import viewer
from components.escaping import plain
from reports.forms import common, listing, words
from reports.forms import subscription as form
from tests.pages.conftest import (
    SHOP,
    TABLES,
    WEBSITES,
    open_page,
    said,
    session_data,
    table,
    unescaped,
)
from tests.support.accounts import PASSWORD, user, write
from tests.support.ports import free_port
from umami.analysis.alerts import Condition, Kind
from umami.embedded.server import Running, serve

TAB = "what opens the session of this tab"
HOSTILE = "=cmd <script>alert(1)</script> **bold** :red[x] [y](javascript:1)"
EVERY_WEEK = Subscription(
    name="Weekly", websites=(SHOP,), pages=("overview",), recipients=("ada@example.com",)
)
UNUSUAL = Alert(name="Odd", website=SHOP, condition=Condition(kind="unusual"))


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(TABLES, password="umami") as running:
        yield running


@pytest.fixture
def engine(bare: pytest.MonkeyPatch, running: Running, tmp_path: Path) -> Iterator[Engine]:
    """The database of an app with a mail server."""
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    bare.setenv("DASHBOARD_STORE", store)
    bare.setenv("DASHBOARD_SMTP_URL", "smtp://127.0.0.1:1")
    bare.setenv("DASHBOARD_MAIL_FROM", "reports@example.com")
    bare.setenv("UMAMI_URL", running.url)
    bare.setenv("UMAMI_USERNAME", "admin")
    bare.setenv("UMAMI_PASSWORD", "umami")
    engine = database.open_engine(store)
    yield engine
    engine.dispose()


@pytest.fixture
def accounts(engine: Engine, bare: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """Accounts of three kinds."""
    people = {
        "vic": user("viewer", websites=[SHOP], email="vic@example.com"),
        "ann": user("analyst", websites=[SHOP]),
        "root": user("admin", email="root@example.com"),
    }
    write(tmp_path / "users.yaml", people)
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(tmp_path / "users.yaml"))
    viewer.forget()
    return engine


def book(engine: Engine, account: str = "everybody") -> Notifications:
    return Notifications(lambda _create: engine, account, ALL)


def add(engine: Engine, spec: Subscription | Alert, account: str = "everybody") -> Notification:
    return book(engine, account).add(spec, "http://localhost")


def signed_in(who: str, page: str = "mails", **params: str) -> AppTest:
    return open_page(page, {TAB: viewer.desk().sign_in(who, PASSWORD, None)}, **params)


def keys(app: AppTest) -> set[str | None]:
    return {button.key for button in app.button}


def fill(app: AppTest, **values: Any) -> AppTest:
    """Set inputs of the form that is open."""
    for name, value in values.items():
        for widget in (*app.text_input, *app.selectbox, *app.multiselect, *app.number_input):
            if (widget.key or "").startswith(f"mail_{name}_"):
                widget.set_value(value)
                break
        else:
            raise AssertionError(f"there is no input {name}")
    return app


def input_of(app: AppTest, name: str) -> Any:
    widgets = (*app.text_input, *app.selectbox, *app.multiselect)
    return next(each for each in widgets if (each.key or "").startswith(f"mail_{name}_")).value


def saved(app: AppTest) -> AppTest:
    app.button(key="mail_save").click().run()
    assert not app.exception
    return app


def test_empty_page_says_what_it_is_for_and_where_mails_lack_a_server(
    engine: Engine, bare: pytest.MonkeyPatch
) -> None:
    app = open_page("mails")
    assert not app.exception
    assert "Recipients need no account" in said(app)
    assert {"send_regularly", "new_alert"} <= keys(app)
    assert not app.warning
    bare.delenv("DASHBOARD_SMTP_URL")
    bare.setenv("DASHBOARD_EPHEMERAL", "yes")
    viewer.forget()
    app = open_page("mails")
    assert "Set DASHBOARD_SMTP_URL" in unescaped(app.warning[0].value)
    assert "A restart of this app deletes mails and alerts" in said(app)
    app.button(key="send_regularly").click().run()
    assert app.button(key="mail_save").disabled
    app = open_page("mails")
    app.button(key="new_alert").click().run()
    assert not app.button(key="mail_save").disabled


def test_current_view_is_sent_regularly(engine: Engine) -> None:
    state = {"report_menu": True}
    link = {"period": "28d", "filter": ["country.eq.DE"], "compare": "year", "tz": "Europe/Berlin"}
    app = open_page("overview", state, **link, **{"from": "", "to": ""})
    app.button(key="send_regularly").click().run()
    assert not app.exception
    fill(app, recipients="Ada <ada@example.com>; bo@example.com")
    saved(app)
    (made,) = book(engine).all()
    assert isinstance(made.spec, Subscription)
    assert made.spec.model_dump(exclude={"name", "logo"}) == {
        "params": {"period": ["28d"], "compare": ["year"], "filter": ["country.eq.DE"]},
        "recipients": ("Ada <ada@example.com>", "bo@example.com"),
        "timezone": "Europe/Berlin",
        "language": "en",
        "websites": (SHOP,),
        "pages": ("overview",),
        "schedule": {"frequency": "weekly", "weekday": 0, "day": 1, "hour": 7},
        "attachment": "pdf",
        "paper": "A4",
        "brand": "",
    }
    assert "mail_save" not in keys(app)
    app = open_page("mails")
    (row,) = table(app, "mails")
    assert row[2].startswith("Every Monday, 07:00 (Europe/Berlin)")


def test_fixed_dates_become_a_period_that_moves_and_inputs_are_checked(engine: Engine) -> None:
    app = open_page("funnel", {"report_menu": True}, step=["1.path./", "2.path./cart"])
    app.button(key="send_regularly").click().run()
    assert "needs a period that moves" in said(app)
    assert input_of(app, "period") == "last-week"
    for values, problem in (
        ({"recipients": ""}, "at least one mail address"),
        ({"recipients": "ada@"}, "is not a mail address"),
        ({"recipients": "ada@example.com", "websites": []}, "at least one website"),
        ({"websites": [SHOP], "name": " "}, "A value is missing"),
    ):
        saved(fill(app, **values))
        assert problem in unescaped(app.error[0].value)
        assert "SMTP" not in app.error[0].value
    saved(fill(app, name="Fun\u202enel\x1b"))
    (made,) = book(engine).all()
    assert made.spec.name == "Funnel"
    assert made.spec.params["step"] == ["1.path./", "2.path./cart"]
    assert "from" not in made.spec.params


@pytest.mark.thorough
def test_alert_is_made_of_the_fields_of_its_kind(engine: Engine) -> None:
    app = open_page("overview", {"menu": True}, filter=["country.eq.DE"])
    app.button(key="new_alert").click().run()
    saved(fill(app, kind="above", recipients="ada@example.com").run())
    assert "a limit above zero" in unescaped(app.error[0].value)
    saved(fill(app, limit=45.0, figure="bounce_rate"))
    (made,) = book(engine).all()
    assert isinstance(made.spec, Alert)
    assert made.spec.condition == Condition(kind="above", figure="bounce_rate", limit=0.45)
    assert made.spec.name == "Bounce rate above 45.0% on a day"
    assert made.spec.params == {"filter": ["country.eq.DE"]}

    app = open_page("mails", mail=made.id)
    app.button(key="mail_change").click().run()
    fill(app, service="slack").run()
    saved(fill(app, url="http://169.254.169.254/"))
    assert app.error
    assert isinstance(book(engine).all()[0].spec, Alert)
    assert book(engine).all()[0].spec == made.spec


def test_webhook_keeps_its_address_and_shows_its_key(engine: Engine) -> None:
    hook = Webhook(url="https://93.184.215.14/secret-part")
    made = add(engine, UNUSUAL.model_copy(update={"webhook": hook}))
    app = open_page("mails", mail=made.id)
    assert [code.value for code in app.code] == [notifications.webhook_key(engine, made.id)]
    app.button(key="mail_change").click().run()
    assert input_of(app, "url") == ""
    assert "secret-part" not in said(app)
    saved(fill(app, name="Renamed"))
    (changed,) = book(engine).all()
    assert isinstance(changed.spec, Alert)
    assert (changed.spec.name, changed.spec.webhook) == ("Renamed", hook)


def test_every_condition_has_words() -> None:
    expected: dict[Kind, str] = {
        "above": "Visitors above 1,000 on a day",
        "below": "Visitors below 1,000 on a day",
        "changed": "Visitors more than 30% off the week before",
        "unusual": "Visitors unusual",
        "no_data": "No data for 3 hours",
        "new_value": "A new source with 1,000 visitors or more",
        "behind_pace": "Visitors behind the pace to 1,000 this month",
    }
    for kind, text in expected.items():
        watched = Condition(kind=kind, limit=0.3 if kind == "changed" else 1000)
        assert words.condition(watched) == text


def test_it_is_paused_resumed_and_deleted_with_its_history(engine: Engine) -> None:
    made = add(engine, EVERY_WEEK.model_copy(update={"name": HOSTILE}))
    due = datetime(2026, 8, 3, 7, tzinfo=UTC)
    with database.exclusive(engine) as store:
        deliveries.plan(store, made.id, "a", due, missed="The dashboard was not running.")
        notifications.unsubscribe(store, made.id, "ada@example.com")
    app = open_page("mails", mail=made.id)
    assert plain(HOSTILE, 100) in [header.value for header in app.header]
    assert "Unsubscribed: ada@example.com" in said(app)
    (row,) = table(app, "mail_history")
    assert row[:2] == ["Mon 3 Aug 2026, 07:00 (UTC)", "Not sent"]
    app.button(key="mail_pause").click().run()
    assert not book(engine).all()[0].active
    assert "Paused" in said(app)
    assert "Next:" not in said(app)
    app.button(key="mail_resume").click().run()
    assert book(engine).all()[0].active
    other = add(engine, UNUSUAL)
    app.button(key="mail_delete_now").click().run()
    assert not app.exception
    assert [each.id for each in book(engine).all()] == [other.id]
    assert "does not exist" not in said(app)
    assert deliveries.history(engine, made.id) == ()


def test_states_have_words() -> None:
    now = datetime(2026, 8, 3, tzinfo=UTC)
    each = Notification(EVERY_WEEK, "ada", "", "1", now, now)
    assert words.state(each) == "Active"
    assert words.next_send(EVERY_WEEK, now) == "Next: Mon 3 Aug 2026, 07:00"
    assert words.state(replace(each, paused=True, why="Why.")) == "Paused: Why."
    assert words.state(replace(each, ended=now)) == "Ended"
    firing = Notification(UNUSUAL, "ada", "", state={"episodes": {"a": {"since": now.isoformat()}}})
    assert words.state(firing) == "Happening since Mon 3 Aug 2026, 00:00"
    assert words.state(replace(firing, state={"why": "No."})) == "Not checked: No."


def test_test_mails_are_limited(engine: Engine) -> None:
    made = add(engine, EVERY_WEEK)
    app = open_page("mails", mail=made.id)
    app.text_input(key=f"test_address_{made.id}").set_value("a@example.com, b@example.com")
    app.button(key="mail_test").click().run()
    assert "one mail address" in said(app)
    for _number in range(listing.MOST_TESTS):
        assert hourly_limit.reserve(engine, "test mail", "everybody", listing.MOST_TESTS)
    app.text_input(key=f"test_address_{made.id}").set_value("a@example.com")
    app.button(key="mail_test").click().run()
    assert "many test mails in the last hour" in said(app)


def test_test_mail_is_sent_in_the_background(engine: Engine, bare: pytest.MonkeyPatch) -> None:
    port = free_port()
    office = Controller(Sink(), hostname="127.0.0.1", port=port)
    office.start()
    bare.setenv("DASHBOARD_SMTP_URL", f"smtp://127.0.0.1:{port}")
    viewer.forget()
    try:
        made = add(engine, UNUSUAL)
        app = open_page("mails", mail=made.id)
        app.text_input(key=f"test_address_{made.id}").set_value("Ada <ada@example.com>")
        app.button(key="mail_test").click().run()
        session_data(app)[listing._TEST][1].result(60)
        assert "ada@example.com: accepted by the mail server" in said(app.run())
    finally:
        office.stop()
    assert deliveries.history(engine, made.id) == ()


@pytest.mark.slow
def test_accounts_get_what_they_may_send(accounts: Engine) -> None:
    mine, other = add(accounts, EVERY_WEEK, "ann"), add(accounts, UNUSUAL, "root")
    app = signed_in("vic", mail=mine.id)
    assert [title.value for title in app.title] == ["No access"]
    state = {"menu": True, "report_menu": True}
    token = viewer.desk().sign_in("vic", PASSWORD, None)
    app = open_page("overview", {TAB: token, **state})
    assert not {"send_regularly", "new_alert"} & keys(app)
    assert "save_view" in keys(app)

    app = signed_in("ann", mail=other.id)
    assert [row[0] for row in table(app, "mails")] == ["Weekly"]
    assert "does not exist any more" in said(app)
    app.button(key="send_regularly").click().run()
    saved(fill(app, recipients="vic@example.com", websites=[SHOP]))
    assert len(book(accounts, "ann").all()) == len(book(accounts, "root").all()) == 3
    entries = viewer.desk().audit.search("add subscription").rows
    assert [(entry.who, entry.done) for entry in entries] == [("ann", True)]
    assert entries[0].about.endswith(f" of {SHOP} to vic@example.com")

    app = signed_in("root", mail=mine.id, website=WEBSITES["docs"])
    assert [row[-1] for row in table(app, "mails")] == ["ann", "root", "ann"]
    app.button(key="send_regularly").click().run()
    assert input_of(app, "recipients") == "root@example.com"
    saved(fill(app, recipients="vic@example.com"))
    assert "belongs to an account that may not see" in unescaped(app.error[0].value)


@pytest.mark.usefixtures("accounts")
def test_share_links_have_none_of_it() -> None:
    shares = viewer.desk().shares
    made = shares.make(
        name="A client",
        maker="ann",
        ends=datetime(2100, 1, 1, tzinfo=UTC),
        view={"website": [SHOP]},
        sections=("overview",),
        locked=False,
    )
    state = {"menu": True, "report_menu": True}
    app = open_page("overview", state, share=shares.token(made.id))
    assert not {"send_regularly", "new_alert", "save_view"} & keys(app)
    app = open_page("mails", share=shares.token(made.id))
    assert [title.value for title in app.title] == ["No access"]


def test_logo_is_a_picture() -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    assert form._logo(picture) == picture.encode()
    assert form._logo("") == b""
    for content in ("!", base64.b64encode(b"<svg>").decode()):
        with pytest.raises(common.InvalidView, match="no PNG or JPEG"):
            form._logo(content)


@pytest.mark.thorough
def test_inputs_keep_their_values_when_the_kind_changes(engine: Engine) -> None:
    app = open_page("mails")
    app.button(key="new_alert").click().run()
    assert (input_of(app, "kind"), input_of(app, "span")) == ("unusual", "day")
    for kind in ("new_value", "changed"):
        fill(app, kind=kind).run()
    assert (input_of(app, "figure"), input_of(app, "span")) == ("visitors", "day")
