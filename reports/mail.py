"""Sending mails: the mail server, addresses, and outcomes. ``reports/messages.py`` writes mails."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.errors import NonASCIILocalPartDefect, ObsoleteHeaderDefect
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import formatdate, make_msgid
from typing import Final, Literal
from urllib.parse import unquote_to_bytes, urlsplit

import idna

from access import settings as dashboard
from components.texts import N_, _
from umami.addresses import is_loopback
from umami.errors import SettingsError, UmamiError

Scheme = Literal["smtp", "smtps"]
TIMEOUT: Final = 30.0
"""Seconds to wait for each answer of the mail server."""
SUBJECT: Final = 200
"""Characters of the longest subject."""
_SEMICOLON: Final = re.compile(r'("(?:[^"\\]|\\.)*")|;')
"""A semicolon, or a quoted text, which may contain some."""
_HARMLESS: Final = (ObsoleteHeaderDefect, NonASCIILocalPartDefect)
"""What is tolerated in addresses: an empty entry between two commas, and letters of any script."""
_PORTS: Final[dict[Scheme, int]] = {"smtp": 587, "smtps": 465}


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header of one long word, which Python would split and encode."""

    def fold(self, *, policy: Policy) -> str:
        """The header on a line of its own."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS: Final = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Verbatim)


class MailFailed(UmamiError):
    """The mail server accepted the mail for no recipient. ``again`` says that this may pass."""

    remedy = N_("Look at DASHBOARD_SMTP_URL, DASHBOARD_MAIL_FROM and the addresses, and try again.")

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


@dataclass(frozen=True, slots=True)
class Recipient:
    """An e-mail address whose domain is in ASCII, and a name."""

    address: str
    name: str = ""

    @property
    def header(self) -> Address:
        """The address for a header."""
        local, _unused, domain = self.address.rpartition("@")
        return Address(self.name, local, domain)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the server accepted a mail for a recipient; ``None`` if it did not answer.

    ``why`` is the reason unless it did. ``again`` says whether another attempt may succeed and
    cannot deliver the mail twice.
    """

    recipient: Recipient
    accepted: bool | None
    why: str = ""
    again: bool = False

    def __str__(self) -> str:
        result = _("unknown") if self.accepted is None else _("not sent")
        text = _("accepted by the mail server") if self.accepted else f"{result}: {self.why}"
        return f"{self.recipient.address}: {text}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The mail server and the sender. ``repr`` shows no password."""

    scheme: Scheme
    host: str
    port: int
    sender: Recipient
    username: str = ""
    password: str = field(default="", repr=False)


def load_settings() -> Settings:
    """Return the settings of this process. Raises ``SettingsError``, which quotes none of them."""
    settings = dashboard.load()
    if not settings.smtp_url:
        raise SettingsError(
            _("DASHBOARD_SMTP_URL is not set: smtp://user:password@host:587 or smtps://…")
        )
    return parse_settings(settings.smtp_url, settings.mail_from)


def parse_settings(url: str, sender: str) -> Settings:
    """Parse the URL of a mail server and a sender's address. Raises ``SettingsError``, which quotes
    neither."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    scheme = next((name for name in _PORTS if url.casefold().startswith(f"{name}://")), None)
    if scheme is None or not host:
        raise SettingsError(_("DASHBOARD_SMTP_URL is like smtp://user:password@host:587."))
    try:
        username = unquote_to_bytes(parts.username or "").decode()
        password = unquote_to_bytes(parts.password or "").decode()
        host = _domain(host)
        invalid = _has_control(username + password)
    except ValueError:
        invalid = True
    if invalid:
        raise SettingsError(
            _(
                "DASHBOARD_SMTP_URL has an invalid host, user or password: percent-encode other "
                "characters than letters and digits as UTF-8, ä as %C3%A4."
            )
        )
    try:
        (address,) = recipients([sender or username])
    except (MailFailed, ValueError):
        pass
    else:
        return Settings(scheme, host, port or _PORTS[scheme], address, username, password)
    raise SettingsError(_("DASHBOARD_MAIL_FROM is the address that reports are mailed from."))


def recipients(texts: Sequence[str]) -> list[Recipient]:
    """Parse addresses as people type them (``ada@example.com``, ``Ada <ada@example.com>``, several
    separated by commas or semicolons) and return each once.

    Raises ``MailFailed`` for an invalid address.
    """
    unique: dict[str, Recipient] = {}
    for text in texts:
        try:
            for recipient in _parsed(text):
                unique.setdefault(recipient.address.casefold(), recipient)
        except (IndexError, ValueError):
            shown = "".join(letter if letter.isprintable() else " " for letter in text[:80])
            raise MailFailed(_("“{shown}” is not a mail address.").format(shown=shown)) from None
    return list(unique.values())


def _parsed(text: str) -> list[Recipient]:
    """Raises ``ValueError``, or the ``IndexError`` of Python's parser, for an invalid address."""
    listed = _SEMICOLON.sub(lambda match: match[1] or ",", text)
    header = policy.default.header_factory("To", listed)
    invalid = not all(isinstance(defect, _HARMLESS) for defect in header.defects)
    if invalid or not header.addresses or _has_control(text):
        raise ValueError
    # Python's parser drops spaces in an address, and unquotes what is before the @.
    if any(each.addr_spec not in text or len(each.addr_spec) > 254 for each in header.addresses):
        raise ValueError
    return [
        Recipient(f"{each.username}@{_domain(each.domain)}", each.display_name)
        for each in header.addresses
    ]


def _domain(name: str) -> str:
    """Return the name of a host in ASCII. Raises ``ValueError`` if it is invalid."""
    return name if name.isascii() else idna.encode(name, uts46=True).decode()


def _has_control(text: str) -> bool:
    return not {"Cc", "Cf", "Cs", "Zl", "Zp"}.isdisjoint(map(unicodedata.category, text))


def text_mail(settings: Settings, to: Sequence[Recipient], subject: str, text: str) -> EmailMessage:
    """Return a mail of plain text, to which other parts can be added."""
    # 7-bit bodies, since some servers accept no others.
    mail = EmailMessage(policy.SMTP.clone(cte_type="7bit", header_factory=_HEADERS))
    subject = "".join(" " if _has_control(character) else character for character in subject)
    mail["Subject"] = " ".join(subject.split())[:SUBJECT]
    mail["From"] = settings.sender.header
    mail["To"] = [recipient.header for recipient in to]
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=settings.sender.address.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


def send_text(settings: Settings, to: str, subject: str, text: str) -> None:
    """Send a text to one address. Raises ``MailFailed`` if the mail server does not accept it."""
    recipient = recipients([to])[:1]
    (outcome,) = send(settings, text_mail(settings, recipient, subject, text), recipient)
    if not outcome.accepted:
        raise MailFailed(_("The mail was not sent: {why}.").format(why=outcome.why))


def send(settings: Settings, mail: EmailMessage, to: Sequence[Recipient]) -> list[Outcome]:
    """Send a mail and return the outcome for each recipient, in their order.

    A password is sent encrypted, or within this machine. Raises ``MailFailed``, which quotes
    neither password nor server, if the server rejects the mail before it gets the recipients. A
    server that stops answering ends this within ``TIMEOUT``.
    """
    again = False
    server: smtplib.SMTP | None = None
    try:
        server = _connected(settings)
        if settings.username:
            _sign_in(server, settings)
        return _deliver(server, settings.sender.address, mail, to)
    except smtplib.SMTPAuthenticationError as refused:
        again = _may_pass(refused.smtp_code)
        problem = _("The mail server does not let the user of DASHBOARD_SMTP_URL in.")
    except smtplib.SMTPNotSupportedError:
        problem = _("The mail server offers no way to sign in that is supported here.")
    except ssl.SSLError:
        problem = _("The mail server cannot prove that it is the one of DASHBOARD_SMTP_URL.")
    except (smtplib.SMTPException, OSError) as failed:
        # Only part of smtplib's errors are answers.
        again = _may_pass(getattr(failed, "smtp_code", 0))
        problem = _("The mail server cannot be reached, or did not take the mail.")
    except UnicodeError:
        problem = _("The mail server cannot be reached, or did not take the mail.")
    finally:
        if server is not None:
            # An accepted mail stays accepted if the connection is not closed properly.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    raise MailFailed(problem, again=again)


def _may_pass(code: int) -> bool:
    """Whether an answer of a mail server, or none (0), may be another one later."""
    return code < 500


def _deliver(
    server: smtplib.SMTP, sender: str, mail: EmailMessage, to: Sequence[Recipient]
) -> list[Outcome]:
    server.ehlo_or_helo_if_needed()
    utf8 = server.has_extn("smtputf8")
    if not utf8 and not sender.isascii():
        raise MailFailed(
            _(
                "The mail server takes only ASCII letters before the @ of an address: "
                "DASHBOARD_MAIL_FROM has others."
            )
        )
    no_utf8 = _("this mail server takes only ASCII letters before the @")
    outcomes = {
        recipient: Outcome(recipient, False, no_utf8)
        for recipient in to
        if not utf8 and not recipient.address.isascii()
    }
    if not (reachable := [recipient for recipient in to if recipient not in outcomes]):
        return list(outcomes.values())
    content = _announce(server, sender, mail, reachable)
    accepted: bool | None = False
    again = True
    why = _("the connection to the mail server was lost")
    try:
        for recipient in reachable:
            code, _unused = server.rcpt(recipient.address)
            if code not in (250, 251):
                rejected = _("the mail server does not deliver there ({code})").format(code=code)
                outcomes[recipient] = Outcome(recipient, False, rejected, _may_pass(code))
        if len(outcomes) < len(to):
            accepted, again, why = (
                None,
                False,
                _("{why} before it confirmed the mail, which may have arrived").format(why=why),
            )
            code, _unused = server.data(content)
            accepted = code == 250
            again = not accepted and _may_pass(code)
            declined = _("the mail server refused the mail ({code})").format(code=code)
            why = "" if accepted else declined
    except smtplib.SMTPDataError as refused:
        accepted, again, why = (
            False,
            _may_pass(refused.smtp_code),
            _("the mail server refused the mail ({smtp_code})").format(smtp_code=refused.smtp_code),
        )
    except (smtplib.SMTPException, OSError):
        pass
    return [outcomes.get(recipient, Outcome(recipient, accepted, why, again)) for recipient in to]


def _announce(
    server: smtplib.SMTP, sender: str, mail: EmailMessage, to: Sequence[Recipient]
) -> bytes:
    """Announce a mail to these recipients and return its content."""
    del mail["To"]
    mail["To"] = [recipient.header for recipient in to]
    ascii_only = all(address.isascii() for address in (sender, *(each.address for each in to)))
    content = mail.as_bytes(policy=mail.policy if ascii_only else policy.SMTPUTF8)
    options = [] if ascii_only else ["SMTPUTF8", "BODY=8BITMIME"]
    if server.has_extn("size"):
        options.append(f"size={len(content)}")
    code, _unused = server.mail(sender, options)
    if code == 552:
        raise MailFailed(_("The mail server takes no mail that is as large as this one (552)."))
    if code != 250:
        raise MailFailed(
            _("The mail server takes no mail from {sender} ({code}).").format(
                sender=sender, code=code
            ),
            again=_may_pass(code),
        )
    return content


def _sign_in(server: smtplib.SMTP, settings: Settings) -> None:
    if f"{settings.username}{settings.password}".isascii():
        server.login(settings.username, settings.password)
        return
    # smtplib supports ASCII only. Of the mechanisms, PLAIN is defined as UTF-8.
    server.ehlo_or_helo_if_needed()
    if "PLAIN" not in server.esmtp_features.get("auth", "").upper().split():
        raise MailFailed(
            _(
                "The mail server takes only ASCII letters in the user and password of "
                "DASHBOARD_SMTP_URL: it does not offer AUTH PLAIN."
            )
        )
    credentials = f"\0{settings.username}\0{settings.password}".encode()
    code, reply = server.docmd("AUTH", f"PLAIN {base64.b64encode(credentials).decode()}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, reply)


def _connected(settings: Settings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.scheme == "smtps":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif settings.password and not is_loopback(settings.host):
        server.close()
        raise MailFailed(_("The mail server offers no encryption, so the password is not sent."))
    return server
