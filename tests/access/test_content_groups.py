"""Content groups in the database: order, permissions, and changes by others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert, select

from access.content_groups import ContentGroups
from access.database import RULES, open_engine
from access.permissions import ALL, NONE, Forbidden, Grant, Permissions
from umami.content_groups import ContentGroup
from umami.errors import InvalidView, Unreachable

SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
DOCS = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
BLOG = ContentGroup("=cmd() <script>", "path", ("/blog/*", "/news"))
CART = ContentGroup("Cart", "path", ("/cart",))
MAIL = ContentGroup("Mail", "utmMedium", ("email",))
READER = Grant(frozenset({SHOP}), None, None, filters=True)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_engine("sqlite://")
    yield engine
    engine.dispose()


def book(engine: Engine, account: str = "ann", *grants: Grant) -> ContentGroups:
    permissions = Permissions(grants) if grants else ALL
    return ContentGroups(lambda _create: engine, account, permissions)


def test_groups_are_stored_in_their_order(engine: Engine) -> None:
    groups = book(engine)
    groups.replace(SHOP, "group", (), (CART, BLOG))
    groups.replace(SHOP, "channel", (), (MAIL,))
    assert groups.of(SHOP, "group") == (CART, BLOG)
    groups.replace(SHOP, "group", (CART, BLOG), (BLOG, CART))
    assert groups.of(SHOP, "group") == (BLOG, CART)
    assert groups.of(SHOP, "channel") == (MAIL,)
    assert groups.of(DOCS, "group") == ()
    groups.replace(SHOP, "group", (BLOG, CART), ())
    assert groups.of(SHOP, "group") == ()


def test_groups_that_changed_meanwhile_are_not_overwritten(engine: Engine) -> None:
    groups = book(engine)
    groups.replace(SHOP, "group", (), (CART,))
    with pytest.raises(InvalidView):
        groups.replace(SHOP, "group", (), (BLOG,))
    assert groups.of(SHOP, "group") == (CART,)


def test_invalid_groups_are_not_saved(engine: Engine) -> None:
    groups = book(engine)
    for invalid in ((CART, replace(BLOG, name="cart")), (MAIL,)):
        with pytest.raises(InvalidView):
            groups.replace(SHOP, "group", (), invalid)
    assert groups.of(SHOP, "group") == ()


def test_who_sees_and_changes_groups(engine: Engine) -> None:
    book(engine).replace(SHOP, "group", (), (CART,))
    for account in ("vic", ""):
        reader = book(engine, account, READER)
        assert reader.of(SHOP, "group") == (CART,)
        assert not reader.may_change(SHOP)
        with pytest.raises(Forbidden):
            reader.replace(SHOP, "group", (CART,), ())
    assert not book(engine, "", replace(READER, saves=True)).may_change(SHOP)
    analyst = book(engine, "pat", replace(READER, saves=True))
    assert analyst.may_change(SHOP)
    with pytest.raises(Forbidden):
        analyst.replace(DOCS, "group", (), (CART,))
    assert ContentGroups(lambda _create: engine, "x", NONE).of(SHOP, "group") == ()
    analyst.replace(SHOP, "group", (CART,), (BLOG,))
    with engine.connect() as store:
        assert [row.author for row in store.execute(select(RULES))] == ["pat"]


def test_rows_of_other_versions_are_left_out(engine: Engine) -> None:
    specs = [
        None,
        [],
        {},
        {"field": "path"},
        {"field": "title", "patterns": ["/a"]},
        {"field": "path", "patterns": ["\0"]},
        {"field": "path", "patterns": ["/a"]},
    ]
    with engine.begin() as store:
        for position, spec in enumerate(specs):
            values = {"id": str(position), "website": SHOP, "kind": "group", "position": position}
            more = {
                "name": f"g{position}",
                "spec": spec,
                "author": "",
                "created": datetime.now(UTC),
            }
            store.execute(insert(RULES).values(**values, **more))
    assert [group.name for group in book(engine).of(SHOP, "group")] == ["g6"]


def test_groups_need_a_database() -> None:
    missing = ContentGroups(lambda _create: None, "ann", ALL)
    assert missing.of(SHOP, "group") == ()
    broken = open_engine("sqlite://")
    RULES.drop(broken)
    unreadable = book(broken)
    assert unreadable.of(SHOP, "group") == ()
    with pytest.raises(Unreachable):
        unreadable.replace(SHOP, "group", (), (CART,))
