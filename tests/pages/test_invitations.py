"""Inviting someone on the page Access, through the real app."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from access import accounts
from components import signin, viewer
from components.page_registry import PAGES
from reports import mail
from reports.mail import MailFailed
from tests.pages.conftest import SHOP, TABLES, open_page, said
from tests.pages.test_setup import CHOSEN, account, here, hidden, opened, press, secrets

__all__ = ["account", "here", "secrets"]

pytestmark = pytest.mark.slow


@pytest.fixture
def tables(bare: pytest.MonkeyPatch) -> None:
    """The recorded tables as the data of the dashboard."""
    bare.setenv("UMAMI_DATA", str(TABLES))


def enter(app: AppTest, name: str, *, email: str = "", websites: tuple[str, ...] = (SHOP,)) -> None:
    """Fill in and send the form of the person who is invited."""
    app.text_input(key="invite_name").set_value(name)
    app.text_input(key="invite_email").set_value(email)
    app.button_group(key="invite_websites").set_value(list(websites))
    app.multiselect(key="invite_pages").set_value(["overview", "utm"])
    press(app, "send__invite")


def token_of(link: str) -> str:
    (token,) = parse_qs(urlsplit(link).query)[signin.INVITATION]
    return token


def arrive(link: str) -> AppTest:
    return open_page(**{signin.INVITATION: token_of(link)})


def choose(app: AppTest, password: str, again: str) -> AppTest:
    """Fill in the form that an invitation opens."""
    for entry, text in zip(app.text_input[-2:], (password, again), strict=True):
        entry.set_value(text)
    return app.button[-1].click().run()


@pytest.mark.usefixtures("here", "tables")
def test_first_invitation_makes_the_admin_and_somebody_who_sees_one_website(secrets: Path) -> None:
    app = opened(page="access")
    assert "anyone with the address sees everything" in said(app)
    assert "python -m access" not in said(app)
    press(app, "invite")
    for name, password in (("invite_username", "Ann"), ("invite_password", "short")):
        app.text_input(key=name).set_value(password)
    press(app, "send__keep_admin")
    assert "10 characters" in app.error[0].value
    app.text_input(key="invite_password").set_value(CHOSEN)
    app.text_input(key="invite_again").set_value(CHOSEN)
    press(app, "send__keep_admin")
    assert not app.error
    assert hidden(CHOSEN, app)
    # Nothing has changed so far, so nobody is locked out.
    assert not secrets.exists()
    enter(app, "Ann")
    assert "There is an account ann already" in app.error[0].value
    enter(app, "=cmd()")
    assert "A name begins with a letter" in app.error[0].value
    assert not secrets.exists()
    enter(app, "Cleo Müller")
    app.run()
    assert viewer.signs_in()
    users = accounts.load(secrets, [page.name for page in PAGES]).users
    assert users["ann"].roles[0].admin
    assert users["cleo.muller"].password is None
    assert users["cleo.muller"].roles[0].websites == {SHOP}
    link = app.code[0].value
    assert "not shown again" in said(app)
    assert "cleo.muller" in said(app)
    press(app, "invite_done")
    assert not app.code
    rows = viewer.desk().audit.search().rows
    assert ("ann", "invite", f"cleo.muller as viewer, to {SHOP}") in {
        (row.who, row.what, row.about) for row in rows
    }
    assert not any(token_of(link) in row.about for row in rows)

    app = arrive(link)
    assert not app.metric
    choose(app, CHOSEN, "another")
    assert "not the same" in app.error[0].value
    choose(app, "short", "short")
    assert "10 characters" in app.error[0].value
    choose(app, CHOSEN, CHOSEN)
    assert app.metric
    assert signin.INVITATION not in app.query_params
    assert app.selectbox(key="pick_website").options == ["Nordlicht Shop"]
    assert hidden(CHOSEN, app)
    assert viewer.desk().sign_in("cleo.muller", CHOSEN, None)

    app = arrive(link)
    assert not app.metric
    assert "used before" in app.error[0].value
    assert "Sign in" in [element.value for element in (*app.title, *app.header, *app.subheader)]


@pytest.mark.usefixtures("secrets", "tables")
def test_only_who_may_set_up_makes_accounts_where_there_are_none(
    bare: pytest.MonkeyPatch,
) -> None:
    assert bare
    app = opened(page="access", code=False)
    assert "Only the person who started the dashboard" in said(app)
    assert not app.button


@pytest.mark.usefixtures("tables")
def test_accounts_file_that_cannot_be_written_is_named(
    account: str, bare: pytest.MonkeyPatch
) -> None:
    users = viewer.running().users
    bare.setattr("access.atomic_write.writable", lambda path: path != users)
    app = opened(account, page="access", code=False)
    assert "users.yaml cannot be written here" in said(app)
    assert "invite" not in [button.key for button in app.button]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("accepted", [True, False])
def test_link_is_mailed_or_shown_with_the_reason(
    account: str, bare: pytest.MonkeyPatch, accepted: bool
) -> None:
    sent = list[tuple[str, str]]()

    def send(settings: mail.Settings, to: str, subject: str, text: str) -> None:
        assert settings.host == "mail.example"
        if not accepted:
            raise MailFailed("The mail server cannot be reached.")
        sent.append((to, text))

    bare.setattr(mail, "send_text", send)
    bare.setenv("DASHBOARD_SMTP_URL", "smtp://me:secret@mail.example")
    bare.setenv("DASHBOARD_MAIL_FROM", "me@mail.example")
    bare.setenv("DASHBOARD_EPHEMERAL", "yes")
    viewer.forget()
    app = press(opened(account, page="access", code=False), "invite")
    assert "deletes sessions and links" in said(app)
    assert "deletes accounts that are created here" in said(app)
    enter(app, "Cleo", email="cleo@client.example")
    app.run()
    if accepted:
        ((to, text),) = sent
        assert to == "cleo@client.example"
        assert not app.code
        link = next(line for line in text.splitlines() if signin.INVITATION in line)
        assert "mailed to cleo" in said(app)
    else:
        link = app.code[0].value
        assert "The mail server cannot be reached" in said(app)
    assert choose(arrive(link), CHOSEN, CHOSEN).metric


@pytest.mark.usefixtures("tables")
def test_new_link_replaces_a_lost_password(account: str) -> None:
    app = opened(account, page="access", code=False)
    app.selectbox(key="invite_again_for").set_value("ada").run()
    press(app, "invite_renew")
    link = app.code[0].value
    # Whoever is signed in is told why nothing happens.
    again = opened(account, page="access", code=False)
    again.query_params[signin.INVITATION] = token_of(link)
    assert "sign out before you open the link" in said(again.run())
    assert choose(arrive(link), CHOSEN, CHOSEN).metric
    assert viewer.desk().account_of(account) is None
