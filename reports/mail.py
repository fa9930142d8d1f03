"""A report as a mail: its figures and tables as text, its charts as pictures, the file attached."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

from components.figures.tiles import Tile
from components.theme import LIGHT
from people import settings as people
from reports import browser, files, html
from reports.browser import NoBrowser, Paper, Picture
from reports.document import Chart, Report, Sentence, Table, Tiles
from reports.files import FileKind
from umami.errors import SettingsError, UmamiError

PATIENCE: Final = 30.0
"""Seconds that the mail server may take to answer."""
ROWS: Final = 10
"""Rows of a table that a mail has."""
_ADDRESS: Final = re.compile(r"[^\s@<>\",;:]+@[^\s@<>\",;:]+")
_PORTS: Final = {"smtp": 587, "smtps": 465}


class MailFailed(UmamiError):
    """The mail server did not take it."""

    remedy = "Look at DASHBOARD_SMTP_URL, DASHBOARD_MAIL_FROM and the addresses, and try again."


@dataclass(frozen=True, slots=True)
class Settings:
    """Which server mails, and as whom. ``repr`` shows no password."""

    scheme: Literal["smtp", "smtps"]
    host: str
    port: int
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def local(self) -> bool:
        """Whether the server is on this machine, so that nobody listens on the way."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read() -> Settings:
    """The settings of this process. Raises ``SettingsError``, which quotes nothing of them."""
    given = people.read()
    if not given.smtp_url:
        raise SettingsError(
            "DASHBOARD_SMTP_URL is not set: smtp://user:password@host:587 or smtps://…"
        )
    return parsed(given.smtp_url, given.mail_from)


def parsed(url: str, sender: str) -> Settings:
    """What an address of a mail server means. Raises ``SettingsError``, which does not quote it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    scheme: Literal["smtp", "smtps"] | None = next(
        (one for one in _PORTS if url.casefold().startswith(f"{one}://")),  # type: ignore[misc]
        None,
    )
    if scheme is None or not host:
        raise SettingsError("DASHBOARD_SMTP_URL is like smtp://user:password@host:587.")
    username = unquote(parts.username or "")
    sender = sender or (username if _ADDRESS.fullmatch(username) else "")
    if not _ADDRESS.fullmatch(sender):
        raise SettingsError("DASHBOARD_MAIL_FROM is the address that reports are mailed from.")
    return Settings(
        scheme, host, port or _PORTS[scheme], sender, username, unquote(parts.password or "")
    )


def message(
    report: Report,
    settings: Settings,
    to: Sequence[str],
    kind: FileKind = "html",
    paper: Paper = "A4",
) -> EmailMessage:
    """The mail. Without a browser it has no pictures, and says where the charts are.

    Raises ``MailFailed`` for an address that is none, and what ``files.contents`` raises.
    """
    if strange := [one for one in to if not _ADDRESS.fullmatch(one)]:
        raise MailFailed(f"“{strange[0][:80]}” is not a mail address.")
    pictures: list[Picture] = []
    page = html.page(report)
    try:
        pictures = browser.pictures(page)
    except NoBrowser:
        if kind == "pdf":
            raise
    attached = page.encode() if kind == "html" else files.contents(report, kind, paper)

    found = EmailMessage()
    cover = report.cover
    found["Subject"] = " ".join(f"{cover.website}: {cover.period}".split())
    found["From"] = settings.sender
    found["To"] = ", ".join(to)
    found["Date"] = formatdate(localtime=False)
    found["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(plain(report))
    names = [make_msgid(domain="report.invalid") for _ in pictures]
    found.add_alternative(_page(report, pictures, names), subtype="html")
    shown = found.get_body(("html",))
    assert shown is not None
    for name, picture in zip(names, pictures, strict=True):
        shown.add_related(picture.png, "image", "png", cid=name, disposition="inline")
    main, _, sub = files.MIMES[kind].partition("/")
    found.add_attachment(attached, maintype=main, subtype=sub, filename=f"report.{kind}")
    return found


def send(settings: Settings, mail: EmailMessage) -> None:
    """Hand the mail over. A password travels encrypted, or within this machine.

    Raises ``MailFailed``, which quotes neither the password nor the server.
    """
    try:
        with _connected(settings) as server:
            if settings.username:
                server.login(settings.username, settings.password)
            server.send_message(mail)
        return
    except smtplib.SMTPAuthenticationError:
        problem = "The mail server does not let the user of DASHBOARD_SMTP_URL in."
    except smtplib.SMTPRecipientsRefused as refused:
        addresses = ", ".join(str(one) for one in refused.recipients)
        problem = f"The mail server does not deliver to {addresses}."
    except smtplib.SMTPSenderRefused:
        problem = f"The mail server takes no mail from {settings.sender}."
    except ssl.SSLError:
        problem = "The mail server cannot prove that it is the one of DASHBOARD_SMTP_URL."
    except (smtplib.SMTPException, OSError):
        problem = "The mail server cannot be reached, or did not take the mail."
    raise MailFailed(problem)


def _connected(settings: Settings) -> smtplib.SMTP:
    secure = ssl.create_default_context()
    if settings.scheme == "smtps":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=PATIENCE, context=secure)
    server = smtplib.SMTP(settings.host, settings.port, timeout=PATIENCE)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=secure)
    elif settings.password and not settings.local:
        server.close()
        raise MailFailed("The mail server offers no encryption, so the password is not sent.")
    return server


def plain(report: Report) -> str:
    """The report as plain text: its cover, its figures, the first rows of its tables."""
    lines = [f"{name}: {said}" for name, said in report.cover.lines.items()]
    for chapter in report.chapters:
        lines += ["", "", chapter.title, "=" * len(chapter.title)]
        for part in chapter.sections:
            told = [line for block in part.blocks for line in _lines(block)]
            if told:
                lines += ["", part.title, "-" * len(part.title), *told]
    return "\n".join([*lines, ""])


def _lines(block: Sentence | Tiles | Chart | Table) -> list[str]:
    if isinstance(block, Sentence):
        return [block.text]
    if isinstance(block, Tiles):
        return [f"{tile.label}: {tile.value}{_change(tile)}" for tile in block.tiles]
    if isinstance(block, Chart) or not block.shown:
        return []
    rows = [[cell.text for cell in row] for row in html.rows(block, ROWS)]
    return ["  ".join(row) for row in rows]


def _change(tile: Tile) -> str:
    if tile.delta is None:
        return ""
    return f" ({tile.delta or '±0'} from {tile.before})"


def _page(report: Report, pictures: Sequence[Picture], names: Sequence[str]) -> str:
    """The report as a mail reads it: styles beside every element, pictures by their names."""
    charts = [one for chapter in report.chapters for one in chapter.charts]
    images = {
        id(chart): {"cid": name.strip("<>"), "wide": picture.wide}
        for chart, picture, name in zip(charts, pictures, names, strict=False)
    }
    found: str = (
        html.templates()
        .get_template("mail.html")
        .render(
            report=report,
            images=images,
            id=id,
            rows=lambda table: html.rows(table, ROWS),
            change=_change,
            most=ROWS,
            colours=LIGHT,
            font=Markup("font-family: Arial, Helvetica, sans-serif"),
        )
    )
    return found
