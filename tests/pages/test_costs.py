"""Costs of campaigns on their page: pasted, shown in tables, deleted, and hidden from others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from access.cost_files import parse
from access.costs import CostLedger
from access.permissions import ALL
from components import viewer
from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import (
    RECORDED,
    SHOP,
    TABLES,
    WEBSITES,
    open_page,
    said,
    table_data,
    tiles,
)
from tests.pages.test_numbers import SEPTEMBER
from tests.support.accounts import PASSWORD, user, write

TAB = "what opens the session of this tab"
HOSTILE = "=cmd() <script>alert(1)</script> **bold**"
CSV = f"""day,campaign,cost,currency
2026-09-01,brand,100.50,EUR
2026-09-02,BRAND,49.50,EUR
2026-09-02,{HOSTILE},7.00,EUR
"""


def ledger(engine: Engine) -> CostLedger:
    return CostLedger(lambda _create: engine, "everybody", ALL)


def campaigns(app: AppTest) -> dict[str, dict[str, str]]:
    """The cells of the table of campaigns by heading, for each row."""
    data = table_data(app, "visits_utmCampaign")
    labels = [column["label"] for column in data["columns"]]
    rows = [[cell["text"] for cell in record["cells"]] for record in data["records"]]
    return {row[0]: dict(zip(labels, row, strict=True)) for row in rows}


def at_campaigns(state: dict[str, Any] | None = None, **params: Any) -> AppTest:
    app = open_page("utm", {"by_visit": "Campaigns", **(state or {})}, **SEPTEMBER, **params)
    assert not app.exception
    return app


def test_pasted_costs_are_shown_and_deleted(engine: Engine) -> None:
    app = at_campaigns()
    assert "Cost" not in campaigns(app)["brand"]
    app.button(key="open_costs").click().run()
    app.text_area(key="costs_pasted_1").set_value("day,campaign\n2026-09-01,a").run()
    assert "names no column of the cost" in app.error[0].value.replace("\\", "")
    app.text_area(key="costs_pasted_1").set_value(CSV).run()
    text = said(app)
    assert "3 lines for 2 days (1 – 2 Sep) and 3 campaigns: €157." in text
    assert "No saved costs are replaced." in text
    assert "“BRAND” as “brand”" in text
    assert "“=cmd() <script>alert(1)</script>" in text
    app.button(key="costs_save").click().run()
    assert not app.exception

    app = at_campaigns()
    rows = campaigns(app)
    assert tiles(app)["Cost"] == "€157"
    assert rows["brand"]["Cost"] == "€150"
    visits = int(rows["brand"]["Visits"].replace(",", ""))
    assert rows["brand"]["Cost per visit"] == f"€{150 / visits:.2f}"
    assert "Costs for 2 of 30 days" in said(app)
    assert "“=cmd() <script>alert(1)</script>" in said(app)
    app.button(key="open_costs").click().run()
    (upload,) = ledger(engine).uploads(SHOP)
    assert (upload.name, upload.rows) == ("Pasted lines", 3)
    app.button(key=f"delete_costs_now_{upload.id}").click().run()
    assert ledger(engine).uploads(SHOP) == ()
    assert "Cost" not in campaigns(at_campaigns())["brand"]


@pytest.mark.thorough
def test_dialog_is_of_one_website_and_page(engine: Engine) -> None:
    def is_open() -> bool:
        assert not app.exception
        return any(area.key.startswith("costs_pasted") for area in app.text_area if area.key)

    app = at_campaigns()
    app.button(key="open_costs").click().run()
    assert is_open()
    app.session_state["website"] = WEBSITES["docs"]
    app.run()
    assert app.session_state["website"] == WEBSITES["docs"]
    assert not is_open()
    app.button(key="open_costs").click().run()
    assert is_open()
    app.switch_page("pages/overview.py").run()
    app.switch_page("pages/utm.py").run()
    assert not is_open()


@pytest.mark.thorough
def test_first_and_last_days_are_shown_in_every_time_zone(engine: Engine) -> None:
    lines = "day,campaign,cost,currency\n2000-01-01,a,1.00,EUR\n2099-12-31,a,1.00,EUR\n"
    ledger(engine).add(SHOP, "costs.csv", parse(lines).rows())
    for timezone in ("Pacific/Auckland", "America/Los_Angeles"):
        app = open_page("utm", tz=timezone)
        app.button(key="open_costs").click().run()
        assert "costs of 1 Jan 2000 – 31 Dec 2099" in said(app)
        app.text_area(key="costs_pasted_1").set_value(lines).run()
        assert not app.exception
        assert "2 lines for 2 days (1 Jan 2000 – 31 Dec 2099)" in said(app)


def test_page_says_that_costs_cannot_be_read(engine: Engine) -> None:
    ledger(engine).add(SHOP, "costs.csv", parse(CSV).rows())
    with engine.begin() as store:
        store.exec_driver_sql("DROP TABLE dashboard_cost")
    app = at_campaigns()
    assert "Costs cannot be read now." in said(app)
    assert int(campaigns(app)["brand"]["Visits"]) > 0


def test_costs_need_their_right(engine: Engine, bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ledger(engine).add(SHOP, "costs.csv", parse(CSV).rows())
    write(
        tmp_path / "users.yaml",
        {
            "vic": user("viewer", websites=[SHOP]),
            "cal": user("viewer", websites=[SHOP], costs=True),
            "ann": user("analyst", websites=[SHOP]),
        },
    )
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(tmp_path / "users.yaml"))
    viewer.forget()
    made = viewer.desk().shares.make(
        name="A client",
        maker="ann",
        ends=datetime.now(UTC) + timedelta(days=1),
        view={name: [value] for name, value in RECORDED.items()},
        sections=("utm",),
        locked=False,
    )
    seen = {}
    for name in ("vic", "cal", "ann", "link"):
        if name == "link":
            app = at_campaigns(share=viewer.desk().shares.token(made.id))
        else:
            app = at_campaigns({TAB: viewer.desk().sign_in(name, PASSWORD, None)})
        shows = "Cost" in campaigns(app)["brand"], "Cost" in tiles(app), "osts" in said(app)
        assert len(set(shows)) == 1
        seen[name] = shows[0], "open_costs" in {button.key for button in app.button}
    assert seen == {
        "vic": (False, False),
        "cal": (True, False),
        "ann": (True, True),
        "link": (False, False),
    }


@pytest.mark.thorough
@pytest.mark.parametrize("version", ["2.18", "3.1"])
def test_servers_of_umami_show_costs(
    engine: Engine, bare: pytest.MonkeyPatch, version: str
) -> None:
    ledger(engine).add(SHOP, "costs.csv", parse(CSV).rows())
    with serve_version(version, TABLES) as running:
        bare.delenv("UMAMI_DATA")
        bare.setenv("UMAMI_URL", running.url)
        bare.setenv("UMAMI_USERNAME", running.username)
        bare.setenv("UMAMI_PASSWORD", running.password)
        app = at_campaigns()
        data = table_data(app, "brought_utmCampaign")
        assert "Cost" in [column["label"] for column in data["columns"]]
        assert tiles(app)["Cost"] == "€157"
        assert "“=cmd() <script>alert(1)</script>" in said(app)
