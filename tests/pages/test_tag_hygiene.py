"""Tag hygiene on the page Campaigns: spellings are shown as one, and apart again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from access import database
from access.permissions import ALL
from access.rules import Rule, Rules
from components import viewer
from tests.pages.conftest import SHOP, TABLES, open_page, said, table, table_data
from tests.support import spellings
from tests.support.accounts import PASSWORD, user, write

NAMES = ["newsletter", "Newsletter", "news letter", "newslettter"]
TAB = "what opens the session of this tab"
SOURCES = {"by_visit": "Sources"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spellings.build(TABLES, tmp_path_factory.mktemp("spellings"), SHOP)


@pytest.fixture
def engine(bare: pytest.MonkeyPatch, tables: Path, tmp_path: Path) -> Engine:
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    bare.setenv("DASHBOARD_STORE", store)
    bare.setenv("UMAMI_DATA", str(tables))
    return database.open_engine(store)


def rules(engine: Engine) -> tuple[Rule, ...]:
    return Rules(lambda _create: engine, "", ALL).of(SHOP, "merge")


def notes(app: object) -> list[str]:
    records = table_data(app, "visits_utmSource")["records"]  # type: ignore[arg-type]
    return [record["cells"][0]["note"] for record in records]


def test_spellings_are_shown_as_one_and_apart_again(engine: Engine) -> None:
    app = open_page("utm", dict(SOURCES))
    assert not app.exception
    assert "Use “newsletter” in your links." in said(app)
    assert {*NAMES} <= {row[0] for row in table(app, "visits_utmSource")}
    app.button(key="finding_spellings_0").click().run()
    assert not app.exception
    (rule,) = rules(engine)
    assert {*rule.spec["values"]} == {*NAMES}
    labels = [row[0] for row in table(app, "visits_utmSource")]
    assert not {*NAMES[1:]} & {*labels}
    assert "4 spellings merged" in notes(app)[labels.index("newsletter")]
    assert "They are shown in one row." in said(app)
    app.button(key="finding_merged_tags_0").click().run()
    assert not app.exception
    assert rules(engine) == ()
    assert {*NAMES} <= {row[0] for row in table(app, "visits_utmSource")}


def test_new_rule_replaces_what_it_overlaps(engine: Engine) -> None:
    """An older rule of some of the spellings, and the rule that somebody else adds meanwhile."""
    spec = {"field": "utmSource", "name": "Newsletter", "values": NAMES[:2]}
    Rules(lambda _create: engine, "ann", ALL).add(Rule(SHOP, "merge", "Newsletter", spec))
    apps = [open_page("utm", dict(SOURCES)) for _tab in range(2)]
    for app in apps:
        app.button(key="finding_spellings_0").click().run()
        assert not app.exception
        assert len(rules(engine)) == 1
        labels = [row[0] for row in table(app, "visits_utmSource")]
        assert {*NAMES} & {*labels} == {"newsletter"}
        assert "finding_spellings_0" not in {button.key for button in app.button}
    app.button(key="finding_merged_tags_0").click().run()
    assert rules(engine) == ()
    assert {*NAMES} <= {row[0] for row in table(app, "visits_utmSource")}


def test_merged_row_filters_by_all_spellings(engine: Engine) -> None:
    spec = {"field": "utmSource", "name": "newsletter", "values": NAMES}
    Rules(lambda _create: engine, "ann", ALL).add(Rule(SHOP, "merge", "newsletter", spec))
    chosen = [f"utmSource.eq.{name}" for name in NAMES]
    app = open_page("utm", dict(SOURCES), filter=chosen)
    (row,) = (r for r in table_data(app, "visits_utmSource")["records"] if r["active"])
    assert row["value"] == "newsletter"


def test_viewers_read_and_analysts_write(
    engine: Engine, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(
        tmp_path / "users.yaml",
        {
            "vic": user("viewer", websites=[SHOP]),
            "ana": user("analyst", websites=[SHOP]),
            "root": user("admin"),
        },
    )
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(tmp_path / "users.yaml"))
    viewer.forget()
    key = "finding_spellings_0"
    app = open_page("utm", {TAB: viewer.desk().sign_in("vic", PASSWORD, None), **SOURCES})
    assert "Use “newsletter” in your links." in said(app)
    assert key not in {button.key for button in app.button}
    app = open_page("utm", {TAB: viewer.desk().sign_in("root", PASSWORD, None), **SOURCES})
    app.button(key=key).click().run()
    (rule,) = rules(engine)
    assert rule.author == "root"
    with engine.connect() as store:
        lines = store.execute(
            select(database.AUDIT.c.who, database.AUDIT.c.what, database.AUDIT.c.about)
        ).all()
    assert ("root", "add rule", f"merge newsletter of {SHOP}") in [tuple(line) for line in lines]
    app = open_page("utm", {TAB: viewer.desk().sign_in("vic", PASSWORD, None), **SOURCES})
    labels = [row[0] for row in table(app, "visits_utmSource")]
    assert "4 spellings merged" in notes(app)[labels.index("newsletter")]
    assert "By root." in said(app)
    assert "finding_merged_tags_0" not in {button.key for button in app.button}
    shares = viewer.desk().shares
    link = shares.make(
        name="A client",
        maker="root",
        ends=datetime(2100, 1, 1, tzinfo=UTC),
        view={"website": [SHOP]},
        sections=("utm",),
        locked=True,
    )
    app = open_page("utm", dict(SOURCES), share=shares.token(link.id))
    labels = [row[0] for row in table(app, "visits_utmSource")]
    assert "4 spellings merged" in notes(app)[labels.index("newsletter")]
    assert "By root." not in said(app)
    assert not {"finding_spellings_0", "finding_merged_tags_0"} & {each.key for each in app.button}
