"""Groups of websites in the database: who sees and who changes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from access.permissions import ALL, Forbidden, Grant, Permissions
from access.website_groups import LONGEST_NAME, MOST, WebsiteGroup, WebsiteGroups
from umami.errors import InvalidView, Unreachable

A, B, C = (f"00000000-0000-4000-8000-00000000000{number}" for number in "123")
VIEWER = Permissions((Grant(frozenset({A, B}), None, None, filters=True, saves=True),))


def groups(engine: Engine, account: str = "ann", permissions: Permissions = ALL) -> WebsiteGroups:
    return WebsiteGroups(lambda _create: engine, account, permissions)


def test_groups_are_made_changed_and_deleted(engine: Engine) -> None:
    admin = groups(engine)
    shops = admin.save(WebsiteGroup("Shops", (A, C, A)))
    assert (shops.websites, shops.author) == ((A, C), "ann")
    brands = admin.save(WebsiteGroup("brands\u202e\n", (B,)))
    assert brands.name == "brands"
    assert [group.name for group in admin.every()] == ["brands", "Shops"]
    changed = admin.save(replace(shops, name="Own shops", websites=(C,)), shops)
    assert [(group.id, group.name, group.websites) for group in admin.every()] == [
        (brands.id, "brands", (B,)),
        (changed.id, "Own shops", (C,)),
    ]
    admin.delete(brands)
    assert [group.id for group in admin.every()] == [shops.id]


def test_readers_see_their_part_of_a_group(engine: Engine) -> None:
    admin = groups(engine)
    for name, websites in (("Shops", (A, C)), ("Others", (C,))):
        admin.save(WebsiteGroup(name, websites))
    for account in ("bob", ""):
        viewer = groups(engine, account, VIEWER)
        assert [(group.name, group.websites) for group in viewer.every()] == [("Shops", (A,))]
    assert [group.name for group in admin.every()] == ["Others", "Shops"]


def test_only_admins_change_groups(engine: Engine) -> None:
    group = groups(engine).save(WebsiteGroup("Shops", (A,)))
    administers = Permissions((Grant(frozenset({A}), None, None, filters=True, admin=True),))
    for reader in (
        groups(engine, "bob", VIEWER),
        groups(engine, "bob", administers),
        groups(engine, ""),
    ):
        assert not reader.may_change
        for change in (reader.save, reader.delete):
            with pytest.raises(Forbidden):
                change(replace(group, name="Mine"))
    assert [group.name for group in groups(engine).every()] == ["Shops"]


def test_invalid_groups_are_refused(engine: Engine) -> None:
    admin = groups(engine)
    shops = admin.save(WebsiteGroup("Shops", (A,)))
    brands = admin.save(WebsiteGroup("Brands", (A,)))
    for group in (
        WebsiteGroup(" \u200e\t", (A,)),
        WebsiteGroup("x" * (LONGEST_NAME + 1), (A,)),
        WebsiteGroup("Empty", ()),
        WebsiteGroup("SHOPS", (A,)),
        replace(brands, name="shops"),
        replace(shops, id="gone"),
    ):
        with pytest.raises(InvalidView):
            admin.save(group, brands)
    assert admin.every() == (brands, shops)
    assert admin.save(replace(shops, name="SHOPS"), shops).name == "SHOPS"


def test_change_of_somebody_else_is_kept(engine: Engine) -> None:
    group = groups(engine).save(WebsiteGroup("Shops", (A,)))
    longer = groups(engine).save(replace(group, websites=(A, B)), group)
    for before in (group, None):
        with pytest.raises(InvalidView, match="Somebody else"):
            groups(engine, "bob").save(replace(group, name="Renamed"), before)
    assert groups(engine).every() == (longer,)


@pytest.mark.thorough
def test_number_of_groups_is_limited(engine: Engine) -> None:
    admin = groups(engine)
    for number in range(MOST):
        admin.save(WebsiteGroup(f"Group {number}", (A,)))
    with pytest.raises(InvalidView, match=str(MOST)):
        admin.save(WebsiteGroup("One more", (A,)))


def test_without_the_database_there_is_no_group(engine: Engine) -> None:
    group = groups(engine).save(WebsiteGroup("Shops", (A,)))
    with engine.begin() as store:
        store.exec_driver_sql("ALTER TABLE dashboard_website_group RENAME TO elsewhere")
    try:
        assert groups(engine).every() == ()
        with pytest.raises(Unreachable):
            groups(engine).delete(group)
    finally:
        with engine.begin() as store:
            store.exec_driver_sql("ALTER TABLE elsewhere RENAME TO dashboard_website_group")
    assert WebsiteGroups(lambda _create: None, "ann", ALL).every() == ()
