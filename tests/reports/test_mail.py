"""A report by mail, to a real SMTP server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from PIL import Image

from reports import mail
from reports.__main__ import main
from reports.document import Report
from reports.mail import MailFailed
from tests.support.ports import free_port
from umami.embedded.server import Running
from umami.errors import SettingsError
from umami.work import Work

PASSWORD = "c0rrect horse/&@"
SPELLED = "c0rrect%20horse%2F%26%40"


class Taken:
    """Keeps what the server was given; delivers to everybody but nobody@example.com."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == "nobody@example.com":
            return "550 there is nobody"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"


class Office:
    """A running mail server."""

    def __init__(self, taken: Taken, port: int) -> None:
        self.taken = taken
        self.port = port

    @property
    def mails(self) -> list[EmailMessage]:
        """What came."""
        return self.taken.mails


@pytest.fixture
def office() -> Iterator[Office]:
    def known(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    office = Office(Taken(), free_port())
    controller = Controller(
        office.taken,
        "127.0.0.1",
        office.port,
        authenticator=known,
        auth_require_tls=False,
        auth_required=True,
        data_size_limit=50_000_000,
    )
    controller.start()
    yield office
    controller.stop()


def settings(office: Office, password: str = SPELLED) -> mail.Settings:
    """The settings of the dashboard."""
    return mail.parsed(
        f"smtp://reports%40example.com:{password}@127.0.0.1:{office.port}", "shop@example.com"
    )


def parts(found: EmailMessage) -> dict[str, list[EmailMessage]]:
    """The parts of a mail by their kind."""
    told: dict[str, list[EmailMessage]] = {}
    for part in found.walk():
        assert isinstance(part, EmailMessage)
        told.setdefault(part.get_content_type(), []).append(part)
    return told


def whole(png: bytes, height: int) -> None:
    """A picture shows a chart and nothing else: its edges are bare, and there is much within."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    assert picture.height == pytest.approx(2 * height, abs=4)
    bare = picture.getpixel((0, 0))
    for x in range(picture.width):
        assert picture.getpixel((x, 0)) == picture.getpixel((x, picture.height - 1)) == bare
    for y in range(picture.height):
        assert picture.getpixel((0, y)) == bare
    assert len(picture.getcolors(1 << 24)) > 20


@pytest.mark.browser
def test_a_mail_has_text_pictures_and_the_file(overview: Report, office: Office) -> None:
    to = ["ada@example.com", "grace@example.com"]
    made = Work(lambda told: mail.message(overview, settings(office), to, "xlsx")).result(150)
    mail.send(settings(office), made)
    (came,) = office.mails
    assert came["Subject"] == "Nordlicht Shop: 1 – 30 Sep 2026"
    assert came["From"] == "shop@example.com"
    assert came["To"] == "ada@example.com, grace@example.com"
    found = parts(came)
    (plain,), (page,) = found["text/plain"], found["text/html"]
    assert "Views: 5,501 (+3.9% from 5,296)" in plain.get_content()
    assert "United States" in plain.get_content()
    shown = page.get_content()
    assert "5,501" in shown
    assert "<script" not in shown
    assert "http://" not in shown
    assert "https://" not in shown
    pictures = found["image/png"]
    assert len(pictures) == len(overview.chapters[0].charts)
    heights = [chart.draw("light").layout.height for chart in overview.chapters[0].charts]
    for one, height in zip(pictures, heights, strict=True):
        whole(one.get_content(), height)
        assert f"cid:{one['Content-ID'].strip('<>')}" in shown
    (attached,) = came.iter_attachments()
    assert attached.get_filename() == "report.xlsx"
    assert attached.get_content()[:2] == b"PK"


def test_without_a_browser_a_mail_has_tables_only(
    overview: Report, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    made = Work(lambda told: mail.message(overview, settings(office), ["ada@example.com"])).result()
    found = parts(made)
    assert "image/png" not in found
    assert "The charts are in the attached report." in found["text/html"][0].get_content()
    assert made.get_body(("plain",)) is not None


def test_from_the_command_line(
    office: Office,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {
        "UMAMI_URL": running.url,
        "UMAMI_USERNAME": running.username,
        "UMAMI_PASSWORD": running.password,
        "DASHBOARD_SMTP_URL": f"smtp://me:{SPELLED}@127.0.0.1:{office.port}",
        "DASHBOARD_MAIL_FROM": "shop@example.com",
        "BROWSER_PATH": "/nowhere/chromium",
    }.items():
        monkeypatch.setenv(name, value)
    arguments = ["--website", "shop.example.com", "--period", "last-week"]
    assert main([*arguments, "--mail", "ada@example.com"]) == 0
    assert [one["To"] for one in office.mails] == ["ada@example.com"]
    wrong = f"smtp://me:wrong-secret@127.0.0.1:{office.port}"
    monkeypatch.setenv("DASHBOARD_SMTP_URL", wrong)
    assert main([*arguments, "--mail", "ada@example.com"]) == 1
    told = capsys.readouterr().err
    assert "does not let the user of DASHBOARD_SMTP_URL in" in told
    assert "wrong-secret" not in told


def letter() -> EmailMessage:
    """A small mail."""
    found = EmailMessage()
    found["From"], found["To"] = "shop@example.com", "nobody@example.com"
    found.set_content("Hello.")
    return found


def test_what_goes_wrong_is_a_sentence_without_secrets(office: Office) -> None:
    with pytest.raises(MailFailed, match=r"does not deliver to nobody@example\.com"):
        mail.send(settings(office), letter())
    away = mail.parsed(f"smtp://me:{SPELLED}@127.0.0.1:{free_port()}", "shop@example.com")
    with pytest.raises(MailFailed, match="cannot be reached") as told:
        mail.send(away, letter())
    assert told.value.__cause__ is None
    assert told.value.__context__ is None
    assert PASSWORD not in repr(away)


def test_a_password_goes_to_nobody_who_cannot_keep_it(office: Office) -> None:
    """Nothing is encrypted by this server: only within the machine it gets the password."""
    machine = next(iter(socket.gethostbyname_ex(socket.gethostname())[2]))
    elsewhere = mail.parsed(f"smtp://me:x@{machine}:{office.port}", "shop@example.com")
    secure = mail.parsed(f"smtps://me:x@127.0.0.1:{office.port}", "shop@example.com")
    for one in (elsewhere, secure):
        with pytest.raises(MailFailed):
            mail.send(one, letter())
    assert mail.parsed("smtps://me:x@mail.example.com", "shop@example.com").port == 465


@pytest.mark.parametrize(
    ("url", "sender", "named"),
    [
        ("mail.example.com", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("http://me:secret@mail.example.com", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret@:25", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret@mail.example.com:port", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret@mail.example.com", "", "DASHBOARD_MAIL_FROM"),
        ("smtp://me:secret@mail.example.com", "a@b\nBcc: c@d", "DASHBOARD_MAIL_FROM"),
    ],
)
def test_settings_that_cannot_be(url: str, sender: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as told:
        mail.parsed(url, sender)
    assert "secret" not in str(told.value)


def test_an_address_that_is_none(overview: Report, office: Office) -> None:
    with pytest.raises(MailFailed, match="not a mail address"):
        mail.message(overview, settings(office), ["ada@example.com\nBcc: eve@example.com"])
