"""A report as a mail: its figures and tables as text, its charts as pictures, the file attached."""

from __future__ import annotations

import base64
import ipaddress
import re
import smtplib
import ssl
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, Literal
from urllib.parse import unquote_to_bytes, urlsplit

import idna
from markupsafe import Markup

from access import settings as people
from components.blocks import Block, Table, Text, Tiles
from components.charts.tiles import Tile
from components.theme import LIGHT
from reports import chromium, files, html
from reports.chromium import NoBrowser, Paper, Picture
from reports.document import Report
from reports.files import FileKind
from umami.errors import SettingsError, UmamiError

PATIENCE: Final = 30.0
"""Seconds that the mail server may take to answer."""
ROWS: Final = 10
"""Rows of a table that a mail has."""
SUBJECT: Final = 200
"""Characters that a subject has at most."""
_ATOMS: Final = r"[^\s@<>\",;:()\[\]\\.]+(\.[^\s@<>\",;:()\[\]\\.]+)*"
_ADDRESS: Final = re.compile(f"{_ATOMS}@{_ATOMS}")
_PARTS: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^<>]*>|[^",;<>])+')
"""Addresses as they are written, one after another; signs in quotes separate nothing."""
_NAMED: Final = re.compile(r"(?P<name>.*?)\s*<\s*(?P<address>[^<>]*?)\s*>", re.DOTALL)
_PORTS: Final = {"smtp": 587, "smtps": 465}
_TAKEN: Final = (250, 251)
"""Codes of a server that takes a recipient."""


class MailFailed(UmamiError):
    """The mail server took it for nobody."""

    remedy = "Look at DASHBOARD_SMTP_URL, DASHBOARD_MAIL_FROM and the addresses, and try again."


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail is for: an address with its domain in ASCII, and a name."""

    address: str
    name: str = ""

    @property
    def header(self) -> Address:
        """How a header spells it."""
        local, _, domain = self.address.rpartition("@")
        return Address(self.name, local, domain)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail for one recipient."""

    recipient: Recipient
    accepted: bool | None
    """Whether the server accepted it; ``None`` where it did not come to say so."""
    why: str = ""
    """Why it was not accepted, or why nobody knows."""

    def __str__(self) -> str:
        told = {
            True: "accepted by the mail server",
            False: f"not sent: {self.why}",
            None: f"unknown: {self.why}",
        }[self.accepted]
        return f"{self.recipient.address}: {told}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which server mails, and as whom. ``repr`` shows no password."""

    scheme: Literal["smtp", "smtps"]
    host: str
    port: int
    sender: Recipient
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def local(self) -> bool:
        """Whether the server is on this machine, so that nobody listens on the way."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load_settings() -> Settings:
    """The settings of this process. Raises ``SettingsError``, which quotes nothing of them."""
    given = people.load()
    if not given.smtp_url:
        raise SettingsError(
            "DASHBOARD_SMTP_URL is not set: smtp://user:password@host:587 or smtps://…"
        )
    return parse_settings(given.smtp_url, given.mail_from)


def parse_settings(url: str, sender: str) -> Settings:
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
    try:
        username, password = (
            unquote_to_bytes(one or "").decode() for one in (parts.username, parts.password)
        )
        host = _domain(host)
        unseen = _has_control(username + password)
    except ValueError:
        unseen = True
    if unseen:
        raise SettingsError(
            "DASHBOARD_SMTP_URL holds a host, user or password that cannot be: other characters "
            "than letters and digits are percent-encoded as UTF-8, ä as %C3%A4."
        )
    try:
        (found,) = recipients([sender or (username if _ADDRESS.fullmatch(username) else "")])
    except (MailFailed, ValueError):
        found = None
    if found is None:
        raise SettingsError("DASHBOARD_MAIL_FROM is the address that reports are mailed from.")
    return Settings(scheme, host, port or _PORTS[scheme], found, username, password)


def recipients(texts: Sequence[str]) -> list[Recipient]:
    """Who is meant by addresses as they are typed (``ada@example.com``, ``Ada <ada@example.com>``,
    several with commas or semicolons between), each once.

    Raises ``MailFailed`` for one that is none.
    """
    found: dict[str, Recipient] = {}
    for text in texts:
        parts = [part.strip() for part in _PARTS.findall(text)]
        rest = _PARTS.sub("", text)
        if not any(parts) or rest.strip(",; \t"):
            raise MailFailed(f"“{_shown(text)}” is not a mail address.")
        for part in filter(None, parts):
            one = _recipient(part)
            found.setdefault(one.address.casefold(), one)
    return list(found.values())


def _recipient(text: str) -> Recipient:
    named = _NAMED.fullmatch(text)
    address, name = (named["address"], named["name"]) if named else (text, "")
    if name.startswith('"') and name.endswith('"') and len(name) > 1:
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    local, _, domain = address.rpartition("@")
    try:
        if not _ADDRESS.fullmatch(address) or _has_control(text) or len(address) > 254:
            raise ValueError
        return Recipient(f"{local}@{_domain(domain)}", name)
    except ValueError:
        pass
    raise MailFailed(f"“{_shown(text)}” is not a mail address.")


def _domain(name: str) -> str:
    """A host's name in ASCII. Raises ``ValueError`` for one that is none."""
    return name if name.isascii() else idna.encode(name, uts46=True).decode()


def _has_control(text: str) -> bool:
    return any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in text)


def _shown(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:80])


def message(
    report: Report,
    settings: Settings,
    to: Sequence[Recipient],
    kind: FileKind = "html",
    paper: Paper = "A4",
) -> EmailMessage:
    """The mail. Without a browser it has no pictures, and says where the charts are.

    Raises what ``files.contents`` raises.
    """
    pictures: list[Picture] = []
    page = html.page(report)
    try:
        pictures = chromium.pictures(page)
    except NoBrowser:
        if kind == "pdf":
            raise
    attached = page.encode() if kind == "html" else files.render(report, kind, paper)

    # Bodies of ASCII, for servers that take nothing else.
    found = EmailMessage(policy.SMTP.clone(cte_type="7bit"))
    cover = report.cover
    subject = "".join(
        " " if _has_control(one) else one for one in f"{cover.website}: {cover.period}"
    )
    found["Subject"] = " ".join(subject.split())[:SUBJECT]
    found["From"] = settings.sender.header
    found["To"] = [one.header for one in to]
    found["Date"] = formatdate(localtime=False)
    found["Message-ID"] = make_msgid(domain=settings.sender.address.rpartition("@")[2])
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


def send(settings: Settings, mail: EmailMessage, to: Sequence[Recipient]) -> list[Outcome]:
    """Hand the mail over for each of its recipients; what became of it for each, in their order.

    A password travels encrypted, or within this machine. Raises ``MailFailed`` where the server
    took it for nobody before it was told who they are; it quotes neither password nor server.
    """
    server: smtplib.SMTP | None = None
    try:
        server = _connected(settings)
        if settings.username:
            _sign_in(server, settings)
        return _delivered(server, settings, mail, to)
    except smtplib.SMTPAuthenticationError:
        problem = "The mail server does not let the user of DASHBOARD_SMTP_URL in."
    except smtplib.SMTPNotSupportedError:
        problem = "The mail server offers no way to sign in that is known here."
    except ssl.SSLError:
        problem = "The mail server cannot prove that it is the one of DASHBOARD_SMTP_URL."
    except (smtplib.SMTPException, OSError, UnicodeError):
        problem = "The mail server cannot be reached, or did not take the mail."
    finally:
        if server is not None:
            # What was taken stays taken, however the goodbye goes.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    raise MailFailed(problem)


def _delivered(
    server: smtplib.SMTP, settings: Settings, mail: EmailMessage, to: Sequence[Recipient]
) -> list[Outcome]:
    server.ehlo_or_helo_if_needed()
    wide = server.has_extn("smtputf8")
    if not wide and not settings.sender.address.isascii():
        raise MailFailed(
            "The mail server takes only ASCII letters before the @ of an address: "
            "DASHBOARD_MAIL_FROM has others."
        )
    why = "this mail server takes only ASCII letters before the @"
    fine = [one for one in to if wide or one.address.isascii()]
    outcomes = [Outcome(one, False, why) for one in to if one not in fine]
    if fine:
        del mail["To"]
        mail["To"] = [one.header for one in fine]
        outcomes += _handed(server, settings, mail, fine)
    return sorted(outcomes, key=lambda one: to.index(one.recipient))


def _handed(
    server: smtplib.SMTP, settings: Settings, mail: EmailMessage, to: Sequence[Recipient]
) -> Iterator[Outcome]:
    """Hand the mail over to a server that is connected."""
    international = not all(one.address.isascii() for one in (settings.sender, *to))
    content = mail.as_bytes(policy=policy.SMTPUTF8 if international else mail.policy)
    options = ["SMTPUTF8", "BODY=8BITMIME"] if international else []
    if server.has_extn("size"):
        options.append(f"size={len(content)}")
    code, _ = server.mail(settings.sender.address, options)
    if code == 552:
        raise MailFailed("The mail server takes no mail that is as large as this one (552).")
    if code != 250:
        raise MailFailed(f"The mail server takes no mail from {settings.sender.address} ({code}).")
    taken: list[Recipient] = []
    lost = "the connection to the mail server was lost"
    try:
        for one in to:
            code, _ = server.rcpt(one.address)
            if code in _TAKEN:
                taken.append(one)
            else:
                yield Outcome(one, False, f"the mail server does not deliver there ({code})")
    except (smtplib.SMTPException, OSError):
        yield from (Outcome(one, False, lost) for one in to[to.index(one) :])
        yield from (Outcome(one, False, lost) for one in taken)
        return
    if not taken:
        return
    accepted: bool | None = False
    try:
        code, _ = server.data(content)
        accepted, why = code == 250, f"the mail server refused the mail ({code})"
    except smtplib.SMTPDataError as refused:
        why = f"the mail server refused the mail ({refused.smtp_code})"
    except (smtplib.SMTPException, OSError):
        accepted, why = None, f"{lost} before it confirmed the mail, which may have arrived"
    yield from (Outcome(one, accepted, "" if accepted else why) for one in taken)


def _sign_in(server: smtplib.SMTP, settings: Settings) -> None:
    if f"{settings.username}{settings.password}".isascii():
        server.login(settings.username, settings.password)
        return
    # The library knows ASCII only; of the mechanisms, PLAIN says that it is UTF-8.
    server.ehlo_or_helo_if_needed()
    if "PLAIN" not in server.esmtp_features.get("auth", "").upper().split():
        raise MailFailed(
            "The mail server takes only ASCII letters in the user and password of "
            "DASHBOARD_SMTP_URL: it does not offer AUTH PLAIN."
        )
    plain = f"\0{settings.username}\0{settings.password}".encode()
    code, told = server.docmd("AUTH", f"PLAIN {base64.b64encode(plain).decode()}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, told)


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


def _lines(block: Block) -> list[str]:
    if isinstance(block, Text):
        return [block.plain]
    if isinstance(block, Tiles):
        return [f"{tile.label}: {tile.value}{_change(tile)}" for tile in block.tiles]
    if not isinstance(block, Table) or not block.printed:
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
