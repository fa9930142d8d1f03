"""The setup assistant, step by step, through the real app over real servers."""

from __future__ import annotations

import pickle
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from access import accounts, passwords
from components import authorized, local_access, umami_server, viewer
from components.setup_wizard import connection
from tests.pages.conftest import ROOT, TABLES, said, session_data, tiles
from tests.support.accounts import PASSWORD, user, write
from tests.support.faults import Faulty, faulty, page
from tests.support.ports import free_port
from tests.support.waiting import eventually
from umami.connection_check import Way
from umami.embedded.server import Running
from umami.settings import read

pytestmark = [pytest.mark.sample(2), pytest.mark.slow]

UMAMIS = "marker-umami"
"""A password that opens no Umami."""
CHOSEN = "a-marker-Passw0rd"


@pytest.fixture
def here(bare: pytest.MonkeyPatch) -> None:
    """A dashboard without accounts, opened with its access code."""
    bare.delenv("DASHBOARD_OPEN")
    bare.setattr(local_access, "CODES", local_access.Codes())


@pytest.fixture
def secrets(bare: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The secrets file of this test, and its database."""
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    before = config.get_option("secrets.files")
    path = tmp_path / "secrets.toml"
    config.set_option("secrets.files", [str(path)])
    viewer.forget()
    yield path
    viewer.desk().engine.dispose()
    config.set_option("secrets.files", before)


@pytest.fixture
def account(secrets: Path, bare: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A session of an admin, with an accounts file of its own."""
    users = write(tmp_path / "users.yaml", {"ada": user("admin")})
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(users))
    viewer.forget()
    return viewer.desk().sign_in("ada", PASSWORD, None)


@pytest.fixture
def web_page_server() -> Iterator[Faulty]:
    """A server that answers everything with a web page."""
    with faulty() as server:
        server.decide(lambda request: page())
        yield server


def opened(token: str | None = None, *, page: str = "setup", code: bool = True) -> AppTest:
    """Open a page, by default with the access code that the dashboard printed."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if code:
        link = local_access.CODES.link()
        app.query_params[local_access.PARAMETER] = link.rpartition("=")[2]
    app.switch_page(f"pages/{page}.py")
    if token:
        app.session_state["what opens the session of this tab"] = token
    return app.run()


def check(app: AppTest, way: str, *, keep: bool = False, **typed: str) -> AppTest:
    """Fill in and send the form of a kind of connection; ``keep`` stores the tables in a file."""
    if way == "tables":
        app.radio(key="setup_source").set_value("tables").run()
        app.checkbox(key="setup_KEEP").set_value(keep)
    elif way == "database":
        app.radio(key="setup_source").set_value(way).run()
    elif way != "account":
        app.segmented_control(key="setup_way").set_value(way).run()
    for name, text in typed.items():
        app.text_input(key=f"setup_{name}").set_value(text)
    return app.button(key=f"setup_check_{way}").click().run()


def press(app: AppTest, *keys: str) -> AppTest:
    for key in keys:
        app.button(key=key).click().run()
        assert not app.exception
    return app


def step(app: AppTest) -> str:
    """The current step of the page."""
    return next(
        element.value.split(" ")[-1].rstrip("]")
        for element in app.markdown
        if ":primary-badge" in element.value
    )


def held(app: AppTest) -> dict[str, Any]:
    """Everything in the session state."""
    state = dict(app.session_state._state.filtered_state)
    state.pop(authorized.DATA, None)
    return {**state, **session_data(app)}


def hidden(password: str, app: AppTest) -> bool:
    """Whether a password is nowhere in the session, however deep."""
    return not any(password.encode() in _bytes(value) for value in held(app).values())


def _bytes(value: Any) -> bytes:
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError):
        return repr(value).encode()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("generation", [2, 3])
def test_server_is_checked_saved_and_used_without_a_restart(
    generation: int, old: Running, behind: str, secrets: Path
) -> None:
    url = old.url if generation == 2 else behind
    secrets.write_text("# mine\nother = 1\n")
    app = check(
        opened(), "account", URL=url.removeprefix("http://"), USERNAME="admin", PASSWORD="umami"
    )
    assert not app.exception
    assert step(app) == "Check"
    assert "setup_PASSWORD" not in held(app)
    assert f"**Umami {'2.18.1' if generation == 2 else '3.5.0'}**" in said(app).replace("\\", "")
    assert "**3 websites**: Nordlicht Docs, Nordlicht Empty and Nordlicht Shop" in said(app)
    press(app, "setup_on")
    assert step(app) == "People"
    assert "anyone who uses this machine sees everything" in said(app)
    press(app, "setup_on")
    assert step(app) == "Save"
    assert not secrets.read_text().count("umami")
    press(app, "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert tiles(app)
    assert app.selectbox(key="pick_website").value is not None
    assert "Saved" in app.toast[0].value
    assert read({}, secrets).texts == {"URL": url, "USERNAME": "admin", "PASSWORD": "umami"}
    assert secrets.read_text().startswith("# mine\nother = 1\n")
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert not {"setup_PASSWORD", "what is being set up"} & set(held(app))


@pytest.mark.usefixtures("here", "secrets")
@pytest.mark.parametrize(
    ("way", "typed", "sentence", "remedy"),
    [
        ("account", {"URL": "127.0.0.1:{nobody}"}, "No connection to", "check that Umami runs"),
        ("account", {"URL": "{umami}"}, "does not accept this user name", "Type both once more"),
        ("account", {"URL": "{strange}"}, "instead of Umami", "opens in your browser"),
        ("account", {"URL": "{umami}/share/abc/x"}, "a share link", "Choose “Share link”"),
        ("account", {"URL": "cloud.umami.is"}, "Umami Cloud", "Choose “API key”"),
        ("account", {"URL": ""}, "Type the address", ""),
        ("key", {"API_KEY": UMAMIS, "KEY_URL": "{umami}"}, "this key", "Umami Cloud"),
        ("share", {"SHARE_URL": "{umami}/share/nothing"}, "does not exist", "Copy the link"),
        ("share", {"SHARE_URL": "{umami}/websites/1"}, "is not a share link", "Correct it"),
        ("tables", {"DATA": "{empty}"}, "no website_event.csv", "Name the folder or zip"),
        ("tables", {"DATA": "/no/such/folder"}, "There is no folder", "full path"),
        (
            "database",
            {"DATABASE_URL": f"postgresql://umami:{UMAMIS}@127.0.0.1:{{nobody}}/umami"},
            "cannot be reached",
            "a role that may only read",
        ),
    ],
)
def test_every_failed_check_names_its_remedy(
    behind: str,
    web_page_server: Faulty,
    tmp_path: Path,
    way: str,
    typed: dict[str, str],
    sentence: str,
    remedy: str,
) -> None:
    if way == "account":
        typed = {"USERNAME": "admin", "PASSWORD": UMAMIS, **typed}
    places = {
        "umami": behind,
        "strange": web_page_server.url,
        "empty": tmp_path,
        "nobody": free_port(),
    }
    app = check(opened(), way, **{name: value.format(**places) for name, value in typed.items()})
    assert not app.exception
    assert step(app) == "Choose"
    (error,) = app.error
    words = error.value.replace("\\", "").replace("\u2060", "")
    assert sentence in words
    assert remedy in words
    assert UMAMIS not in words
    assert "UMAMI_" not in words


@pytest.mark.thorough
@pytest.mark.usefixtures("here")
def test_tables_are_checked_before_they_are_used(secrets: Path) -> None:
    app = check(opened(), "tables", DATA=f"'{TABLES}'")
    assert step(app) == "Check"
    press(app, "setup_on", "setup_on", "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert app.session_state["period"] == "all"
    assert tiles(app)["Views"] != "0"
    assert read({}, secrets).data == TABLES
    # Back to the demo, which needs no check.
    app = opened()
    app.radio(key="setup_source").set_value("demo").run()
    press(app, "setup_demo")
    assert step(app) == "Save"
    press(app, "setup_back")
    assert step(app) == "Choose"


@pytest.mark.thorough
@pytest.mark.usefixtures("here")
def test_stored_tables_are_imported_before_they_are_used(secrets: Path, tmp_path: Path) -> None:
    tables = shutil.copytree(TABLES, tmp_path / "tables")
    (tables / "user.csv").write_text("user_id,password\n")
    app = check(opened(), "tables", keep=True, DATA=str(tables))
    eventually(lambda: "Connected" in [element.value for element in app.run().header], within=60)
    assert not app.exception
    assert "it holds passwords or other secrets" in said(app)
    press(app, "setup_on", "setup_on", "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert tiles(app)["Views"] != "0"
    store = secrets.with_name("umami.duckdb")
    assert (read({}, secrets).data, read({}, secrets).store) == (None, store)
    umami_server.anew()


@pytest.mark.thorough
@pytest.mark.usefixtures("here")
def test_failed_import_names_its_remedy(tmp_path: Path) -> None:
    app = check(opened(), "tables", keep=True, DATA=str(tmp_path))
    eventually(lambda: app.run().error, within=60)
    assert not app.exception
    assert step(app) == "Choose"
    assert "no website\\_event\\.csv" in app.error[0].value
    assert "UMAMI" not in app.error[0].value


@pytest.mark.usefixtures("here")
def test_first_account_is_an_admin_who_is_signed_in(behind: str, secrets: Path) -> None:
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    press(app, "setup_on")
    for password, again, sentence in (
        ("short", "short", "10 characters"),
        (CHOSEN, "another-Passw0rd", "not the same"),
        (CHOSEN, CHOSEN, None),
    ):
        app.text_input(key="setup_0_username").set_value("Ann")
        app.text_input(key="setup_0_password").set_value(password)
        app.text_input(key="setup_0_again").set_value(again)
        press(app, "setup_0_made")
        errors = [element.value for element in app.error]
        assert (sentence in errors[0]) if sentence else not errors
    assert hidden(CHOSEN, app)
    app.text_input(key="setup_1_username").set_value("vic")
    app.multiselect(key="setup_1_websites").set_value(["47a8e931-d51a-4351-a5e1-51db9a717a5d"])
    app.text_input(key="setup_1_password").set_value(CHOSEN)
    app.text_input(key="setup_1_again").set_value(CHOSEN)
    press(app, "setup_1_made", "setup_on")
    assert "ann and vic sign in" in said(app)
    press(app, "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert viewer.SHARE in app.session_state
    saved = accounts.load(secrets, ["overview"])
    assert passwords.matches(CHOSEN, saved.users["ann"].password)
    assert saved.users["ann"].roles[0].admin
    assert saved.users["vic"].roles[0].websites == {"47a8e931-d51a-4351-a5e1-51db9a717a5d"}
    assert hidden(CHOSEN, app)
    written = viewer.desk().audit.search().rows
    assert ("ann", "setup") in {(entry.who, entry.what) for entry in written}
    assert not any(word == "umami" for entry in written for word in entry.about.split())
    # Whoever comes now signs in.
    assert [element.value for element in opened().title] == []


@pytest.mark.usefixtures("here")
def test_settings_are_shown_when_the_file_is_read_only(behind: str, secrets: Path) -> None:
    config.set_option("secrets.files", ["/proc/secrets.toml"])
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    press(app, "setup_on", "setup_on", "setup_save")
    assert step(app) == "Save"
    assert "cannot be written here" in said(app)
    assert "Without accounts" in said(app)
    text = app.code[0].value
    secrets.write_text(text)
    assert read({}, secrets).texts == {"URL": behind, "USERNAME": "admin", "PASSWORD": "umami"}
    press(app, "setup_done")
    assert [element.value for element in app.title] == ["Overview"]
    assert "what is being set up" not in held(app)


@pytest.mark.usefixtures("here", "secrets")
@pytest.mark.parametrize("ephemeral", [True, False])
def test_a_file_that_a_restart_deletes_is_no_place_to_save_to(
    behind: str, ephemeral: bool, bare: pytest.MonkeyPatch
) -> None:
    if ephemeral:
        bare.setenv("DASHBOARD_EPHEMERAL", "yes")
        viewer.forget()
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    press(app, "setup_on", "setup_on")
    assert step(app) == "Save"
    note = "deletes the file: paste the text into its secrets instead, with DASHBOARD_STORE naming"
    assert (note in said(app).replace("\\", "")) == ephemeral
    assert "…" not in said(app)


@pytest.mark.usefixtures("here", "secrets")
def test_environment_variables_take_precedence_and_are_named(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    app = opened()
    assert not app.exception
    assert "`UMAMI_DATA`" in said(app)
    assert "changes nothing" in said(app)
    assert not app.radio
    assert not app.button


@pytest.mark.thorough
@pytest.mark.usefixtures("here")
def test_secrets_copied_by_streamlit_are_not_environment_variables(
    bare: pytest.MonkeyPatch, behind: str, secrets: Path
) -> None:
    """Streamlit copies top-level secrets into the environment when it starts."""
    nobody = f"http://127.0.0.1:{free_port()}"
    secrets.write_text(
        f'UMAMI_URL = "{nobody}"\nUMAMI_USERNAME = "a"\nUMAMI_PASSWORD = "b"\nUMAMI_TIMEOUT = 20\n'
    )
    for name, value in (("URL", nobody), ("USERNAME", "a"), ("PASSWORD", "b"), ("TIMEOUT", "20")):
        bare.setenv(f"UMAMI_{name}", value)
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    press(app, "setup_on", "setup_on", "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert tiles(app)
    assert umami_server.set_up().texts["URL"] == behind
    assert umami_server.set_up().timeout == 20


@pytest.mark.usefixtures("secrets")
def test_setup_without_accounts_needs_the_access_code(
    bare: pytest.MonkeyPatch, behind: str, secrets: Path
) -> None:
    app = opened(code=False)
    assert not app.exception
    assert "only the person who started this dashboard" in said(app)
    assert "Now:" not in said(app)
    assert not app.radio
    assert not app.button
    # What it says to write by hand is understood.
    secrets.write_text(app.code[0].value)
    assert read({}, secrets).username == "reader"


def test_access_code_of_an_earlier_process_is_refused(
    here: None, bare: pytest.MonkeyPatch, behind: str, secrets: Path
) -> None:
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    press(app, "setup_on", "setup_on")
    # The dashboard was restarted. The demo is still everybody's to look at.
    bare.setattr(local_access, "CODES", local_access.Codes())
    app.button(key="setup_save").click().run()
    assert not app.exception
    assert not secrets.exists()
    assert "only the person who started this dashboard" in said(app)


@pytest.mark.thorough
def test_setup_by_an_admin_needs_no_access_code_and_is_audited(
    account: str, behind: str, secrets: Path
) -> None:
    app = check(opened(account), "account", URL=behind, USERNAME="admin", PASSWORD=UMAMIS)
    assert app.error
    check(app, "account", PASSWORD="umami")
    press(app, "setup_on")
    # People sign in already: that stays as it is.
    assert step(app) == "Save"
    press(app, "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert read({}, secrets).texts["URL"] == behind
    written = [(row.what, row.about, row.done) for row in viewer.desk().audit.search().rows]
    assert written[:3] == [
        ("setup", f"Umami at {behind}, as admin", True),
        ("try a server", f"Umami at {behind}, as admin", True),
        ("try a server", f"Umami at {behind}, as admin", False),
    ]
    assert UMAMIS not in str(written)


@pytest.mark.usefixtures("here", "secrets")
def test_leaving_the_page_discards_the_draft(behind: str) -> None:
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    assert "what is being set up" in held(app)
    app.switch_page("pages/access.py").run()
    assert not app.exception
    assert "what is being set up" not in held(app)
    app.switch_page("pages/setup.py").run()
    assert step(app) == "Choose"
    # What is no secret need not be typed again.
    assert app.text_input(key="setup_URL").value == behind
    assert app.text_input(key="setup_PASSWORD").value == ""


@pytest.mark.usefixtures("here")
def test_setup_is_offered_when_the_server_is_unreachable(behind: str, secrets: Path) -> None:
    secrets.write_text(
        f'[umami]\nurl = "http://127.0.0.1:{free_port()}"\nusername = "a"\npassword = "b"\n'
    )
    app = opened(page="overview")
    assert [element.value for element in app.title] == ["The dashboard is not connected"]
    assert "Set up" in [button.label for button in app.button]
    app = check(opened(), "account", URL=behind, USERNAME="admin", PASSWORD="umami")
    press(app, "setup_on", "setup_on", "setup_save")
    assert [element.value for element in app.title] == ["Overview"]


@pytest.mark.thorough
@pytest.mark.usefixtures("here")
def test_accounts_can_be_added_to_a_configured_server(behind: str, secrets: Path) -> None:
    secrets.write_text(
        f'[umami]\nurl = "{behind}"\nusername = "admin"\npassword = "umami"   # mine\n'
    )
    app = opened()
    app.radio(key="setup_source").set_value("same").run()
    press(app, "setup_same")
    assert step(app) == "Check"
    press(app, "setup_on")
    app.text_input(key="setup_0_username").set_value("ann")
    app.text_input(key="setup_0_password").set_value(CHOSEN)
    app.text_input(key="setup_0_again").set_value(CHOSEN)
    press(app, "setup_0_made", "setup_remove_ann")
    assert "Continue without accounts" in [button.label for button in app.button]
    app.text_input(key="setup_0_username").set_value("ann")
    app.text_input(key="setup_0_password").set_value(CHOSEN)
    app.text_input(key="setup_0_again").set_value(CHOSEN)
    press(app, "setup_0_made", "setup_on", "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    assert set(accounts.load(secrets, ["overview"]).users) == {"ann"}
    assert read({}, secrets).texts == {"URL": behind, "USERNAME": "admin", "PASSWORD": "umami"}
    # Now that people sign in, that is no choice any more.
    app.switch_page("pages/setup.py").run()
    assert not app.exception
    assert "The current data" not in app.radio(key="setup_source").options


def test_setup_offers_every_kind_of_connection() -> None:
    assert {*connection.WAYS, "tables", "database"} == set(get_args(Way))
