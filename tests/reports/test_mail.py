"""A report by mail, to a real SMTP server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from PIL import Image

from reports import mail, messages
from reports.__main__ import main
from reports.document import Report
from reports.mail import MailFailed
from tests.support.ports import free_port
from umami.background_task import BackgroundTask
from umami.embedded.server import Running
from umami.errors import SettingsError

PASSWORD = "c0rrect horse/&@"
SPELLED = "c0rrect%20horse%2F%26%40"
UNICODE = "pässwörd€"


class Taken:
    """A mail server's handler that keeps what it was given. It rejects nobody@example.com, has no
    time for busy@example.com, and hangs up on mail to hangup@example.com (when named) and
    late@example.com (when sent)."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == "nobody@example.com":
            return "550 there is nobody"
        if address == "busy@example.com":
            return "450 try again later"
        if address == "hangup@example.com":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        if "late@example.com" in envelope.rcpt_tos:
            server.transport.abort()
        refusals = {"full": "452 full", "never": "554 never"}
        return next(
            (refusals[word] for word in refusals if word in message["Subject"]), "250 taken"
        )


class Office:
    """A running mail server."""

    def __init__(self, taken: Taken, port: int, logins: list[tuple[str, str]]) -> None:
        self.taken = taken
        self.port = port
        self.logins = logins

    @property
    def mails(self) -> list[EmailMessage]:
        """The received mails."""
        return self.taken.mails


@pytest.fixture(params=[True])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """The server; the parameter says whether it takes addresses in UTF-8."""

    def known(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        logins.append((data.login.decode(), data.password.decode()))
        fine = data.password.decode() in (PASSWORD, UNICODE)
        return AuthResult(success=fine, handled=False)

    logins: list[tuple[str, str]] = []
    office = Office(Taken(), free_port(), logins)
    controller = Controller(
        office.taken,
        "127.0.0.1",
        office.port,
        authenticator=known,
        auth_require_tls=False,
        auth_required=True,
        data_size_limit=50_000_000,
        enable_SMTPUTF8=request.param,
    )
    controller.start()
    yield office
    controller.stop()


def settings(office: Office, password: str = SPELLED) -> mail.Settings:
    """The settings of the dashboard."""
    return mail.parse_settings(
        f"smtp://reports%40example.com:{password}@127.0.0.1:{office.port}", "shop@example.com"
    )


def parts(message: EmailMessage) -> dict[str, list[EmailMessage]]:
    """The parts of a mail by their kind."""
    by_kind: dict[str, list[EmailMessage]] = {}
    for part in message.walk():
        assert isinstance(part, EmailMessage)
        by_kind.setdefault(part.get_content_type(), []).append(part)
    return by_kind


def whole(png: bytes, height: int) -> None:
    """A picture shows a chart and nothing else: its edges are blank and its inside is not."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    assert picture.height == pytest.approx(2 * height, abs=4)
    bare = picture.getpixel((0, 0))
    for x in range(picture.width):
        assert picture.getpixel((x, 0)) == picture.getpixel((x, picture.height - 1)) == bare
    for y in range(picture.height):
        assert picture.getpixel((0, y)) == bare
    assert len(picture.getcolors(1 << 24)) > 20


@pytest.mark.slow
@pytest.mark.browser
def test_a_mail_has_text_pictures_and_the_file(overview: Report, office: Office) -> None:
    to = mail.recipients(["ada@example.com", "grace@example.com"])
    made = BackgroundTask(
        lambda _: messages.message(overview, settings(office), to, "xlsx")
    ).result(150)
    outcomes = mail.send(settings(office), made, to)
    assert all(outcome.accepted for outcome in outcomes)
    (came,) = office.mails
    assert came["Subject"] == "Nordlicht Shop: 1 – 30 Sep 2026"
    assert came["From"] == "shop@example.com"
    assert came["To"] == "ada@example.com, grace@example.com"
    by_kind = parts(came)
    (plain,), (page,) = by_kind["text/plain"], by_kind["text/html"]
    assert "Views: 5,501 (+3.9% from 5,296)" in plain.get_content()
    assert "United States" in plain.get_content()
    shown = page.get_content()
    assert "5,501" in shown
    assert "<script" not in shown
    assert "http://" not in shown
    assert "https://" not in shown
    pictures = by_kind["image/png"]
    assert len(pictures) == len(overview.chapters[0].charts)
    heights = [chart.draw("light")["layout"]["height"] for chart in overview.chapters[0].charts]
    for picture, height in zip(pictures, heights, strict=True):
        whole(picture.get_content(), height)
        assert f"cid:{picture['Content-ID'].strip('<>')}" in shown
    (attached,) = came.iter_attachments()
    assert attached.get_filename() == "report.xlsx"
    assert attached.get_content()[:2] == b"PK"


def test_mail_without_chromium_has_tables_only(
    overview: Report, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    to = mail.recipients(["ada@example.com"])
    made = BackgroundTask(lambda _: messages.message(overview, settings(office), to)).result()
    by_kind = parts(made)
    assert "image/png" not in by_kind
    assert "The charts are in the attached report." in by_kind["text/html"][0].get_content()
    assert made.get_body(("plain",)) is not None


def test_text_is_sent_to_one_address(office: Office) -> None:
    link = f"https://stats.example.com/?invitation={'x' * 80}"
    mail.send_text(
        settings(office), "ada@example.com", "Your\naccess", f"Hello Müller,\n\n{link}\n"
    )
    (came,) = office.mails
    assert (came["To"], came["Subject"]) == ("ada@example.com", "Your access")
    assert came.get_content().splitlines()[::2] == ["Hello Müller,", link]
    with pytest.raises(MailFailed, match="550"):
        mail.send_text(settings(office), "nobody@example.com", "Your access", link)
    with pytest.raises(MailFailed, match="not a mail address"):
        mail.send_text(settings(office), "nobody", "Your access", link)


@pytest.mark.thorough
def test_mail_is_sent_by_the_command(
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
    assert [message["To"] for message in office.mails] == ["ada@example.com"]
    monkeypatch.setenv("DASHBOARD_MAIL_FROM", "Shop Ä <shop@example.com>")
    assert main([*arguments, "--mail", "nobody@example.com, ada@example.com"]) == 1
    output = capsys.readouterr()
    assert output.out.splitlines() == ["ada@example.com: accepted by the mail server"] * 2
    assert output.err.startswith("nobody@example.com: not sent")
    wrong = f"smtp://me:wrong-secret@127.0.0.1:{office.port}"
    monkeypatch.setenv("DASHBOARD_SMTP_URL", wrong)
    assert main([*arguments, "--mail", "ada@example.com"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("ada@example.com: not sent\n")
    assert "does not let the user of DASHBOARD_SMTP_URL in" in said
    assert "wrong-secret" not in said


def letter(subject: str = "Hello") -> EmailMessage:
    """A small mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "shop@example.com",
        "x@example.com",
        subject,
    )
    message.set_content("Hello.")
    return message


def sent(mail_settings: mail.Settings, *to: str, subject: str = "Hello") -> list[str]:
    """The outcome for each recipient."""
    recipients = mail.recipients(to)
    return [str(outcome) for outcome in mail.send(mail_settings, letter(subject), recipients)]


def test_outcome_is_reported_per_recipient(office: Office) -> None:
    ada, nobody = "ada@example.com", "nobody@example.com"
    taken, refused = (
        f"{ada}: accepted by the mail server",
        f"{nobody}: not sent: the mail server does not deliver there (550)",
    )
    assert sent(settings(office), ada, nobody) == [taken, refused]
    assert sent(settings(office), nobody) == [refused]
    assert len(office.mails) == 1
    lost = sent(settings(office), ada, nobody, "hangup@example.com", "grace@example.com")
    assert [text.split(":")[1] for text in lost] == [" not sent"] * 4
    assert len(office.mails) == 1
    unsure = sent(settings(office), nobody, ada, "late@example.com")
    assert unsure[0] == refused
    assert all("unknown: the connection" in text and "may have" in text for text in unsure[1:])
    full = sent(settings(office), ada, subject="full")
    assert full == [f"{ada}: not sent: the mail server refused the mail (452)"]


def test_outcomes_say_whether_another_attempt_may_succeed(office: Office) -> None:
    """A mail that may have arrived is not sent again."""

    def again(*to: str, subject: str = "Hello") -> list[bool]:
        recipients = mail.recipients(to)
        return [
            outcome.again for outcome in mail.send(settings(office), letter(subject), recipients)
        ]

    ada = "ada@example.com"
    assert again(ada, "nobody@example.com", "busy@example.com") == [False, False, True]
    assert again(ada, "hangup@example.com") == [True, True]
    assert again(ada, "late@example.com") == [False, False]
    assert again(ada, subject="full") == [True]
    assert again(ada, subject="never") == [False]
    for url, expected in {
        f"smtp://127.0.0.1:{free_port()}": True,
        f"smtp://me:wrong@127.0.0.1:{office.port}": False,
    }.items():
        with pytest.raises(MailFailed) as failed:
            sent(mail.parse_settings(url, "shop@example.com"), ada)
        assert failed.value.again == expected


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_server_that_says_nothing_is_left(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(MailFailed, match="cannot be reached") as failed:
            sent(mail.parse_settings(url, "shop@example.com"), "ada@example.com")
    assert failed.value.again


def test_unreachable_mail_server_is_explained_without_secrets() -> None:
    away = mail.parse_settings(f"smtp://me:{SPELLED}@127.0.0.1:{free_port()}", "shop@example.com")
    with pytest.raises(MailFailed, match="cannot be reached") as error:
        sent(away, "ada@example.com")
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    assert PASSWORD not in repr(away)


def test_user_and_password_may_be_non_ascii(office: Office) -> None:
    spelled = f"smtp://j%C3%B6rg:{quote(UNICODE)}@127.0.0.1:{office.port}"
    assert (
        "accepted" in sent(mail.parse_settings(spelled, "shop@example.com"), "ada@example.com")[0]
    )
    assert office.logins == [("jörg", UNICODE)]
    with pytest.raises(MailFailed, match="does not let the user"):
        sent(
            mail.parse_settings(spelled.replace("p%C3", "q%C3"), "shop@example.com"),
            "ada@example.com",
        )


@pytest.mark.parametrize("office", [True, False], indirect=True)
def test_addresses_may_be_non_ascii(office: Office, request: pytest.FixtureRequest) -> None:
    """A domain is sent as ASCII; other parts need a server that accepts UTF-8, and are reported
    otherwise."""
    wide = request.node.callspec.params["office"]
    outcomes = sent(
        settings(office), "ada@bücher.example", "jörg@example.com", "Zoë <zoe@example.com>"
    )
    assert outcomes[0] == "ada@xn--bcher-kva.example: accepted by the mail server"
    assert outcomes[1].startswith(
        "jörg@example.com: accepted" if wide else "jörg@example.com: not sent: this mail server"
    )
    assert outcomes[2] == "zoe@example.com: accepted by the mail server"
    (came,) = office.mails
    assert ("jörg@example.com" in str(came["To"])) == wide
    assert "Zoë" in str(came["To"])
    from_wide = replace(settings(office), sender=mail.recipients(["jörg@bücher.example"])[0])
    if wide:
        assert "accepted" in sent(from_wide, "ada@example.com")[0]
    else:
        with pytest.raises(MailFailed, match="DASHBOARD_MAIL_FROM"):
            sent(from_wide, "ada@example.com")


def test_password_is_sent_over_encrypted_connections_only(office: Office) -> None:
    """This server has no encryption: it gets the password over the loopback interface only."""
    machine = next(iter(socket.gethostbyname_ex(socket.gethostname())[2]))
    elsewhere = mail.parse_settings(f"smtp://me:x@{machine}:{office.port}", "shop@example.com")
    secure = mail.parse_settings(f"smtps://me:x@127.0.0.1:{office.port}", "shop@example.com")
    for mail_settings in (elsewhere, secure):
        with pytest.raises(MailFailed):
            sent(mail_settings, "ada@example.com")
    assert mail.parse_settings("smtps://me:x@mail.example.com", "shop@example.com").port == 465


@pytest.mark.parametrize(
    ("url", "sender", "named"),
    [
        ("mail.example.com", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("http://me:secret@mail.example.com", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret@:25", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret@mail.example.com:port", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://m%E4:secret@mail.example.com", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret%00x@mail.example.com", "shop@example.com", "DASHBOARD_SMTP_URL"),
        ("smtp://me:secret@mail.example.com", "", "DASHBOARD_MAIL_FROM"),
        ("smtp://me:secret@mail.example.com", "a@b.example, c@d.example", "DASHBOARD_MAIL_FROM"),
        ("smtp://me:secret@mail.example.com", "a@b\nBcc: c@d", "DASHBOARD_MAIL_FROM"),
    ],
)
def test_invalid_mail_settings_are_named(url: str, sender: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as error:
        mail.parse_settings(url, sender)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("typed", "addresses"),
    [
        (["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"], ["ada@example.com"]),
        (["ada@example.com,grace@example.com;"], ["ada@example.com", "grace@example.com"]),
        (["Ada <ada@example.com>; <grace@example.com>"], ["ada@example.com", "grace@example.com"]),
        (['"Lovelace, Ada; \\"A\\"" <ada@example.com>'], ["ada@example.com"]),
        (["Zoë Ä <zoe@bücher.example>"], ["zoe@xn--bcher-kva.example"]),
    ],
)
def test_typed_addresses_are_parsed(typed: list[str], addresses: list[str]) -> None:
    assert [recipient.address for recipient in mail.recipients(typed)] == addresses


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", ",", "ada", "ada@", "@example.com", "a@b@example.com", "ada @example.com"),
        *("ada@example.com\nBcc: eve@example.com", "Ada\r\nBcc: eve@x <ada@example.com>"),
        *(
            "ada@example.com\0",
            "Ada <ada@example.com",
            '"Ada <ada@example.com>',
            "Ada ada@x.example",
        ),
        *("Lovelace, Ada <ada@example.com>", "a..b@example.com", "ada@exa\u200bmple.com"),
        *("ada@\ud800.example", "ada@-bücher-.example", "ada@" + "ü" * 300, "<>", "Ada <>"),
    ],
    ids=repr,
)
def test_invalid_address_is_named(typed: str) -> None:
    with pytest.raises(MailFailed, match="not a mail address") as error:
        mail.recipients(["grace@example.com", typed])
    assert "\n" not in str(error.value)


@pytest.mark.thorough
def test_website_name_cannot_inject_headers(overview: Report, office: Office) -> None:
    hostile = "Shop\r\nBcc: eve@example.com\0\u2028" + "x" * 500
    report = replace(overview, cover=replace(overview.cover, website=hostile))
    to = mail.recipients(["Ada <ada@example.com>"])
    made = BackgroundTask(lambda _: messages.message(report, settings(office), to)).result(150)
    assert [str(outcome) for outcome in mail.send(settings(office), made, to)] == [
        "ada@example.com: accepted by the mail server"
    ]
    (came,) = office.mails
    assert came["Bcc"] is None
    assert came["Subject"].startswith("Shop Bcc: eve@example.com")
    assert len(came["Subject"]) <= mail.SUBJECT
    assert came["To"] == "Ada <ada@example.com>"
