"""Rules of a website: their order, who changes them, and their limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, create_engine

from access import rules
from access.permissions import ALL, NO_FILTERS, Forbidden, Grant, Permissions
from access.rules import Rule, Rules
from umami.errors import InvalidView, Unreachable

SHOP, DOCS = "shop", "docs"
VIEWS = Grant(frozenset({SHOP}), frozenset({"utm"}), frozenset(), filters=True)
SAVES = replace(VIEWS, saves=True)
ADMIN = replace(VIEWS, admin=True)
SHARED = replace(VIEWS, filters=False, fixed_filters=NO_FILTERS)
RULE = Rule(SHOP, "merge", "newsletter", {"field": "utmSource", "values": ["a", "A"]})


def of(engine: Engine, account: str = "ann", *grants: Grant) -> Rules:
    return Rules(lambda _create: engine, account, Permissions(grants) if grants else ALL)


def names(engine: Engine, kind: str = "merge") -> list[str]:
    return [rule.name for rule in of(engine).of(SHOP, kind)]


def test_rules_are_added_in_order_and_deleted(engine: Engine) -> None:
    book = of(engine)
    saved = [book.add(replace(RULE, name=name)) for name in ("a", "b", "c")]
    book.add(replace(RULE, kind="group", name="other kind"))
    book.add(replace(RULE, website=DOCS, name="other website"))
    assert [rule.position for rule in saved] == [0, 1, 2]
    assert book.of(SHOP, "merge") == tuple(saved)
    assert (saved[0].author, saved[0].spec) == ("ann", RULE.spec)
    assert book.delete(SHOP, saved[1].id).name == "b"
    assert book.add(replace(RULE, name="d")).position == 3
    assert names(engine) == ["a", "c", "d"]
    assert names(engine, "group") == ["other kind"]


@pytest.mark.parametrize(
    ("account", "grant", "may"),
    [
        ("ann", SAVES, True),
        ("ann", ADMIN, True),
        ("ann", VIEWS, False),
        ("", SAVES, False),
        ("", SHARED, False),
        ("ann", replace(SAVES, websites=frozenset({DOCS})), False),
    ],
)
def test_who_changes_rules(engine: Engine, account: str, grant: Grant, may: bool) -> None:
    saved = of(engine).add(RULE)
    book = of(engine, account, grant)
    assert book.may_change(SHOP) is may
    assert book.of(SHOP, "merge") == ((saved,) if SHOP in (grant.websites or ()) else ())
    if may:
        assert book.add(RULE).author == account
        book.delete(SHOP, saved.id)
        return
    with pytest.raises(Forbidden):
        book.add(RULE)
    with pytest.raises(Forbidden):
        book.delete(SHOP, saved.id)
    assert names(engine) == ["newsletter"]


def test_rule_of_another_website_is_not_deleted(engine: Engine) -> None:
    saved = of(engine).add(replace(RULE, website=DOCS))
    with pytest.raises(InvalidView, match="deleted meanwhile"):
        of(engine, "ann", SAVES).delete(SHOP, saved.id)
    assert of(engine).of(DOCS, "merge") == (saved,)


def test_limits(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    book = of(engine)
    hostile = "=cmd() <script>\x00\n\u202e" + "x" * 500
    saved = book.add(replace(RULE, name=hostile, spec={"values": [hostile, "\ud800"]}))
    assert len(saved.name) == rules.LONGEST_NAME
    assert not set("\x00\n\u202e") & set(saved.name)
    assert book.of(SHOP, "merge") == (saved,)
    with pytest.raises(InvalidView, match="needs a name"):
        book.add(replace(RULE, name=" \n"))
    monkeypatch.setattr(rules, "MOST", 1)
    with pytest.raises(InvalidView, match="has 1 rules"):
        book.add(RULE)
    assert book.add(replace(RULE, kind="group")).position == 0


def test_database_that_cannot_be_reached_shows_no_rules() -> None:
    empty = create_engine("sqlite://", hide_parameters=True)
    book = of(empty)
    assert book.of(SHOP, "merge") == ()
    with pytest.raises(Unreachable):
        book.add(RULE)
    with pytest.raises(Unreachable):
        book.delete(SHOP, "any")


def test_nothing_is_created_by_reading() -> None:
    def opening(create: bool) -> Engine | None:
        assert not create
        return None

    assert Rules(opening, "ann", ALL).of(SHOP, "merge") == ()
