"""Saved views: saved from a page, listed, opened, and the start of a website."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from access.permissions import ALL
from access.saved_views import SavedView, SavedViews
from components import viewer
from components.escaping import plain
from tests.pages.conftest import ROOT, SHOP, WEBSITES, open_page, said, table
from tests.support.accounts import PASSWORD, user, write

HOSTILE = "=cmd <script>alert(1)</script> **bold** :red[x]"
GERMANS = SavedView(SHOP, "Germans", "overview", {"period": ["28d"], "filter": ["country.eq.DE"]})
TAB = "what opens the session of this tab"


def book(engine: Engine, account: str = "everybody") -> SavedViews:
    return SavedViews(lambda _create: engine, account, ALL)


def save(engine: Engine, account: str = "everybody", **changes: Any) -> SavedView:
    values = {name: getattr(GERMANS, name) for name in ("website", "name", "page", "params")}
    return book(engine, account).save(SavedView(**{**values, **changes}))


def begun(state: dict[str, Any] | None = None, **params: str) -> AppTest:
    """The app as a link to its root opens it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    for name, value in (state or {}).items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> tuple[str, str, list[str]]:
    """The website, the period and the filters of the URL."""
    state = app.session_state
    return state["website"], state["period"], state["filter"]


def test_page_is_saved_with_its_parameters(engine: Engine) -> None:
    steps = ["1.path./", "2.path./cart"]
    app = open_page("funnel", {"menu": True}, step=steps, filter=["country.eq.DE"])
    app.button(key="save_view").click().run()
    app.text_input(key="saved_name_1").set_value(HOSTILE)
    app.toggle(key="saved_starts_1").set_value(True)
    app.button(key="view_save").click().run()
    assert not app.exception
    (view,) = book(engine).of(SHOP)
    assert (view.name, view.page, view.starts) == (HOSTILE, "funnel", True)
    assert view.params["step"] == steps
    assert view.params["filter"] == ["country.eq.DE"]
    assert "website" not in view.params

    app = open_page("reports", saved=view.id)
    assert table(app, "saved_views")[0][:2] == [HOSTILE, "Funnel"]
    assert plain(HOSTILE, 100) in [header.value for header in app.header]
    app.button(key="saved_action_0").click().run()
    assert not app.exception
    assert any((each.key or "").startswith("mail_recipients") for each in app.text_input)

    app = open_page("reports", saved=view.id)
    app.button(key="edit_saved").click().run()
    app.text_input(key="saved_name_1").set_value(" ")
    app.button(key="view_save").click().run()
    assert "A view has a name" in app.error[0].value
    app.text_input(key="saved_name_1").set_value("Renamed")
    app.button(key="view_save").click().run()
    assert [each.name for each in book(engine).of(SHOP)] == ["Renamed"]
    app.button(key="delete_saved_now").click().run()
    assert book(engine).of(SHOP) == ()
    assert "No saved views yet" in said(app)


def test_search_lists_saved_views(engine: Engine) -> None:
    save(engine, name=HOSTILE)
    app = open_page("retention")
    sent = [element.proto.json for element in app.get("bidi_component")]
    (targets,) = [json.loads(text)["targets"] for text in sent if '"targets"' in text]
    assert [HOSTILE, "Saved view"] in targets


def test_view_opens_from_the_list(engine: Engine) -> None:
    view = save(engine, params={**GERMANS.params, "filter": ["country.eq.DE", "nonsense"]})
    app = open_page("reports", saved=view.id)
    app.button(key="open_saved").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Overview"]
    assert shown(app)[:2] == (SHOP, "28d")
    assert "nonsense" in said(app)


def test_root_opens_with_the_start_view(engine: Engine) -> None:
    first = begun().selectbox(key="pick_website").value
    save(engine, website=first, starts=True)
    app = begun()
    assert app.session_state["filter"] == ["country.eq.DE"]
    assert app.session_state["period"] == "28d"
    assert begun(period="30d").session_state["filter"] == []
    assert begun(website=first).session_state["filter"] == []


def test_website_opens_with_its_start_view_once(engine: Engine) -> None:
    save(engine, website=WEBSITES["docs"], page="retention", starts=True)
    app = begun(website=SHOP)
    app.selectbox(key="pick_website").set_value(WEBSITES["docs"]).run()
    assert [title.value for title in app.title] == ["Retention"]
    assert shown(app) == (WEBSITES["docs"], "28d", ["country.eq.DE"])
    for website in (SHOP, WEBSITES["docs"]):
        app.selectbox(key="pick_website").set_value(website).run()
    assert shown(app) == (WEBSITES["docs"], "28d", [])

    app = begun(website=SHOP, period="30d")
    app.selectbox(key="pick_website").set_value(WEBSITES["docs"]).run()
    assert shown(app) == (WEBSITES["docs"], "30d", [])


def test_viewers_save_for_themselves(
    engine: Engine, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "users.yaml", {"vic": user("viewer", websites=[SHOP]), "root": user("admin")})
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(tmp_path / "users.yaml"))
    viewer.forget()
    save(engine, "root", name="Private")
    of_team = save(engine, "root", name="Shared", audience="team", starts=True)
    state = {TAB: viewer.desk().sign_in("vic", PASSWORD, None), "menu": True}
    app = begun(state)
    assert app.session_state["filter"] == ["country.eq.DE"]
    app.button(key="save_view").click().run()
    assert not [each for each in app.get("button_group") if "saved_audience" in each.proto.id]
    app.button(key="view_save").click().run()
    app = open_page("reports", state, saved=of_team.id)
    assert [row[0] for row in table(app, "saved_views")] == ["Overview", "Shared"]
    keys = {button.key for button in app.button}
    assert "open_saved" in keys
    assert not {"edit_saved", "delete_saved_now", "saved_action_0"} & keys
