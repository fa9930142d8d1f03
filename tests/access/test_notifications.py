"""Subscriptions, alerts and saved views: who makes, sees and changes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from access import notifications
from access.database import NOTIFICATIONS, exclusive
from access.notifications import Alert, Notifications, Schedule, Subscription, Webhook
from access.permissions import ALL, Forbidden, Grant, Permissions
from access.saved_views import SavedView, SavedViews
from reports.schedule import next_occasion, occasions
from umami.analysis.alerts import Condition
from umami.errors import InvalidView
from umami.period import zone

SHOP, DOCS = "shop", "docs"
SEES = Grant(frozenset({SHOP}), frozenset({"overview"}), frozenset(), filters=True)
SENDS = replace(SEES, exports=True, saves=True)
WEEKLY = Subscription(
    name="Weekly", websites=(SHOP,), pages=("overview",), recipients=("ada@example.com",)
)
ADDRESS = "https://stats.example.com"


def book(engine: Engine, account: str = "ann", *grants: Grant) -> Notifications:
    permissions = Permissions(grants) if grants else ALL
    return Notifications(lambda _create: engine, account, permissions)


def views(engine: Engine, account: str = "ann", *grants: Grant) -> SavedViews:
    permissions = Permissions(grants) if grants else ALL
    return SavedViews(lambda _create: engine, account, permissions)


def test_what_is_saved_is_read_as_it_was(engine: Engine) -> None:
    mine = book(engine, "ann", SENDS)
    alert = Alert(
        name="=cmd()",
        website=SHOP,
        condition=Condition(kind="above", limit=100),
        webhook=Webhook(service="slack", url="https://hooks.example.com/x"),
        quiet=(22, 7),
        params={"filter": ["country.eq.DE"]},
    )
    logo = WEEKLY.model_copy(update={"logo": b"\x89PNG\r\n"})
    added = [mine.add(each, ADDRESS) for each in (logo, alert)]
    assert [each.spec for each in mine.all()] == [alert, logo]
    assert {each.id for each in mine.all()} == {each.id for each in added}
    assert all(each.active and each.address == ADDRESS for each in mine.all())
    assert "hooks.example.com" not in repr(mine.all())


def test_others_see_and_change_nothing_and_an_admin_does(engine: Engine) -> None:
    added = book(engine, "ann", SENDS).add(WEEKLY, ADDRESS)
    bob = book(engine, "bob", SENDS)
    assert not bob.all()
    for change in (
        lambda: bob.change(added, WEEKLY),
        lambda: bob.pause(added, paused=True),
        lambda: bob.delete(added),
    ):
        with pytest.raises(Forbidden):
            change()
    admin = book(engine, "root")
    admin.pause(added, paused=True)
    assert [each.paused for each in book(engine, "ann", SENDS).all()] == [True]
    admin.pause(added, paused=False)
    assert [each.owner for each in admin.all()] == ["root"]
    admin.delete(added)
    assert not admin.all()


@pytest.mark.parametrize("grant", [SEES, replace(SENDS, websites=frozenset({DOCS}))])
def test_who_may_not_export_a_website_sends_nothing_of_it(engine: Engine, grant: Grant) -> None:
    with pytest.raises(Forbidden):
        book(engine, "ann", grant).add(WEEKLY, ADDRESS)
    with pytest.raises(Forbidden):
        book(engine, "", SENDS).add(WEEKLY, ADDRESS)
    both = WEEKLY.model_copy(update={"websites": (SHOP, DOCS)})
    with pytest.raises(Forbidden):
        book(engine, "ann", SENDS).add(both, ADDRESS)


def test_numbers_are_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = book(engine)
    many = tuple(f"{at}@example.com" for at in range(notifications.MOST_RECIPIENTS + 1))
    with pytest.raises(InvalidView):
        mine.add(WEEKLY.model_copy(update={"recipients": many}), ADDRESS)
    monkeypatch.setattr(notifications, "MOST", 1)
    mine.add(WEEKLY, ADDRESS)
    with pytest.raises(InvalidView):
        mine.add(WEEKLY, ADDRESS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Mars/Olympus"},
        {"websites": ()},
        {"name": ""},
        {"schedule": {"hour": 24}},
        {"logo": b"x" * (notifications.LARGEST_LOGO + 1)},
        {"recipient": ("ada@example.com",)},
    ],
)
def test_invalid_choices_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((ValidationError, InvalidView)):
        Subscription(**{**WEEKLY.model_dump(), **wrong})


def test_a_segment_belongs_to_one_website(engine: Engine) -> None:
    segment = WEEKLY.model_copy(update={"params": {"segment": ["7d1f6a30"]}})
    book(engine).add(segment, ADDRESS)
    with pytest.raises(InvalidView):
        book(engine).add(segment.model_copy(update={"websites": (SHOP, DOCS)}), ADDRESS)


def test_a_former_owner_changes_nothing_with_an_old_dialog(engine: Engine) -> None:
    mine, admin = book(engine, "ann", SENDS), book(engine, "boss")
    old = mine.add(WEEKLY, ADDRESS)
    admin.pause(old, paused=True)
    admin.pause(old, paused=False)
    with pytest.raises(Forbidden):
        mine.change(old, WEEKLY.model_copy(update={"recipients": ("eve@example.com",)}))
    with pytest.raises(Forbidden):
        mine.pause(old, paused=True)
    with pytest.raises(Forbidden):
        mine.delete(old)
    (now,) = admin.all()
    assert (now.owner, now.spec, now.active) == ("boss", WEEKLY, True)
    assert admin.change(old, now.spec).owner == "boss"
    admin.delete(old)
    with pytest.raises(InvalidView, match="deleted meanwhile"):
        admin.change(old, WEEKLY)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "digest"},
        {"spec": {"name": "of a later version", "colour": "blue"}},
        {"spec": WEEKLY.model_dump(mode="json") | {"timezone": "Mars/Olympus"}},
    ],
)
def test_what_cannot_be_read_does_not_hide_the_others(
    engine: Engine, values: dict[str, object]
) -> None:
    mine = book(engine)
    readable, other = mine.add(WEEKLY, ADDRESS), mine.add(WEEKLY, ADDRESS)
    with exclusive(engine) as store:
        statement = NOTIFICATIONS.update().where(NOTIFICATIONS.c.id == other.id)
        store.execute(statement.values(**values))
        assert notifications.by_id(store, other.id) is None
    assert [each.id for each in mine.all()] == [readable.id]


def test_unsubscribing_is_for_one_address_and_one_mail(engine: Engine) -> None:
    mine = book(engine)
    weekly, other = mine.add(WEEKLY, ADDRESS), mine.add(WEEKLY, ADDRESS)
    with exclusive(engine) as store:
        notifications.unsubscribe(store, weekly.id, "Ada@Example.com")
        notifications.unsubscribe(store, weekly.id, "ada@example.com")
        assert notifications.is_unsubscribed(store, weekly.id, "ada@example.com")
        assert not notifications.is_unsubscribed(store, weekly.id, "bob@example.com")
        assert not notifications.is_unsubscribed(store, other.id, "ada@example.com")


def test_the_signing_key_is_made_once(engine: Engine) -> None:
    key = notifications.signing_key(engine)
    assert notifications.signing_key(engine) == key
    assert len(key) > 32


@pytest.mark.parametrize("hour", [2, 3, 7])
@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_weekly_report_is_due_once_a_week_at_its_local_hour(hour: int, timezone: str) -> None:
    local = zone(timezone)
    for weekday in range(7):
        schedule = Schedule(weekday=weekday, hour=hour)
        begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        due = occasions(schedule, timezone, begin, end)
        walls = [moment.astimezone(local) for moment in due]
        assert len({wall.date() for wall in walls}) == len(walls) in (52, 53)
        assert {wall.weekday() for wall in walls} == {weekday}
        # A skipped hour is due when the clock has been put forward.
        skipped = [wall for wall in walls if wall.hour != hour or wall.minute]
        assert len(skipped) <= 1
        assert all(wall.hour in (hour, hour + 1) for wall in walls)
        # Whenever it is looked at, and however often, the occasions are the same.
        steps = [begin + timedelta(hours=7 * at) for at in range(1252)]
        seen = [
            moment
            for after, until in pairwise(steps)
            for moment in occasions(schedule, timezone, after, until)
        ]
        assert seen == [moment for moment in due if moment <= steps[-1]]


def test_other_frequencies() -> None:
    after = datetime(2026, 1, 31, 12, tzinfo=UTC)
    daily = Schedule(frequency="daily", hour=6)
    monthly = Schedule(frequency="monthly", day=28, hour=6)
    assert next_occasion(daily, "UTC", after) == datetime(2026, 2, 1, 6, tzinfo=UTC)
    assert next_occasion(monthly, "UTC", after) == datetime(2026, 2, 28, 6, tzinfo=UTC)


def test_saved_views_are_for_their_owner_or_the_team(engine: Engine) -> None:
    ann, bob = views(engine, "ann", SENDS), views(engine, "bob", SEES)
    mine = ann.save(SavedView(SHOP, "Mine", "utm", {"period": ["30d"]}))
    team = ann.save(SavedView(SHOP, " <script> ", "overview", audience="team", starts=True))
    assert ann.of(SHOP) == (team, mine)
    assert team.name == "<script>"
    assert bob.of(SHOP) == (team,)
    assert not views(engine, "", SEES).of(SHOP)
    assert not views(engine, "eve", replace(SEES, websites=frozenset({DOCS}))).of(SHOP)
    for refused in (
        lambda: bob.save(replace(team, name="Bob's")),
        lambda: bob.delete(team),
        lambda: bob.delete(mine),
        lambda: bob.save(SavedView(SHOP, "Ours", "utm", audience="team")),
        lambda: views(engine, "").save(SavedView(SHOP, "x", "utm")),
        lambda: views(engine, "eve", SEES).save(SavedView(DOCS, "x", "utm")),
    ):
        with pytest.raises(Forbidden):
            refused()
    ann.delete(team)
    with pytest.raises(InvalidView):
        ann.delete(team)


def test_one_view_starts_a_website_for_each_and_for_the_team(engine: Engine) -> None:
    ann, bob = views(engine, "ann"), views(engine, "bob")
    team = ann.save(SavedView(SHOP, "Team", "utm", audience="team", starts=True))
    ann.save(SavedView(SHOP, "First", "utm", starts=True))
    second = ann.save(SavedView(SHOP, "Second", "utm", starts=True))
    bobs = bob.save(SavedView(SHOP, "Bob's", "utm", starts=True))
    assert ann.start(SHOP) == second
    assert bob.start(SHOP) == bobs
    assert views(engine, "eve").start(SHOP) == team
    assert ann.start(DOCS) is None
