"""The mails of reports and alerts: sentences, figures and tables as text, charts as pictures, and
files as attachments.

Pictures and files are made once (``prepare``), and then addressed to each recipient, whose link to
unsubscribe is their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid
from functools import partial
from typing import Any, Final

from markupsafe import Markup

from access.notifications import Alert, Subscription
from access.unsubscribing import Links
from components import formats
from components.blocks import Text
from components.charts.tiles import Tile
from components.texts import _
from components.theme import DARK, LIGHT
from reports import build, chromium, html, mail
from reports.alert_message import AlertMessage
from reports.build import FileKind
from reports.chromium import NoBrowser, Paper
from reports.document import Report, Section
from reports.mail import Recipient
from umami.period import zone

ROWS: Final = 10
"""Rows of a table in a mail."""
_IMAGES: Final = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}
"""The formats of a logo, by how a file begins."""
_BETWEEN: Final = Markup('<div style="height: 40px"></div>')
_NOBODY: Final = Links("")


@dataclass(frozen=True, slots=True)
class _Image:
    """A picture in a mail, which its HTML refers to by ``id``."""

    content: bytes
    id: str
    kind: str = "png"
    width: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail without its recipients. ``name`` is that of the subscription or alert, and ``owner``
    who set it up."""

    subject: str
    text: str
    html: Markup
    images: tuple[_Image, ...] = ()
    files: tuple[tuple[str, FileKind, bytes], ...] = ()
    brand: str = ""
    logo: _Image | None = None
    late: str = ""
    name: str = ""
    owner: str = ""

    @property
    def origin(self) -> str:
        """Why its recipients get it. Without accounts, nobody is its owner."""
        text = (
            _("{owner} set up “{name}” and entered your address.")
            if self.owner
            else _("Your address was entered for “{name}”.")
        )
        return text.format(owner=self.owner, name=self.name)

    def addressed(
        self, settings: mail.Settings, to: Sequence[Recipient], links: Links = _NOBODY
    ) -> EmailMessage:
        """The mail to one recipient, with their links; or to several, without."""
        shown = {"mail": self, "unsubscribe": links.page, "light": LIGHT, "dark": DARK}
        message = mail.text_mail(settings, to, self.subject, html.render("mail.txt", **shown))
        if target := links.one_click or links.page:
            message["List-Unsubscribe"] = f"<{target}>"
        if links.one_click:
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.add_alternative(html.render("mail.html", **shown), subtype="html")
        body = message.get_body(("html",))
        assert body is not None
        for image in (*self.images, *filter(None, [self.logo])):
            body.add_related(
                image.content, "image", image.kind, cid=f"<{image.id}>", disposition="inline"
            )
        for name, kind, content in self.files:
            main, _unused, sub = build.MIMES[kind].partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return message


def message(
    report: Report,
    settings: mail.Settings,
    to: Sequence[Recipient],
    kind: FileKind = "html",
    paper: Paper = "A4",
) -> EmailMessage:
    """Return a report as a mail to all recipients. Raises as ``prepare`` does."""
    made = _Made(report, kind, paper)
    subject = f"{report.cover.website}: {report.cover.period}"
    file = (f"report.{kind}", kind, made.file)
    return Prepared(subject, plain(report), made.html(), made.images, (file,)).addressed(
        settings, to
    )


def prepare(
    reports: Sequence[Report],
    subscription: Subscription,
    owner: str,
    urls: Sequence[str],
    late: datetime | None = None,
) -> Prepared:
    """Return the mail of a subscription, with a report for each website and the URL of its View.

    ``late`` is when it was due (aware), unless it is sent in time. Without a browser it has no
    pictures, and says where the charts are. Raises what ``build.render`` raises.
    """
    kind = None if subscription.attachment == "none" else subscription.attachment
    made = [_Made(report, kind, subscription.paper) for report in reports]
    websites = [report.cover.website for report in reports]
    head = subscription.brand or (websites[0] if len(set(websites)) == 1 else "")
    periods = list(dict.fromkeys(report.cover.period for report in reports))
    rest = f"{subscription.name}, {periods[0]}" if len(periods) == 1 else subscription.name
    files = zip(_file_names(websites, kind), made, strict=True) if kind else ()
    return Prepared(
        rest if not head or head in subscription.name else f"{head}: {rest}",
        "\n\n".join(plain(report, url) for report, url in zip(reports, urls, strict=True)),
        _BETWEEN.join(part.html(url) for part, url in zip(made, urls, strict=True)),
        tuple(image for part in made for image in part.images),
        tuple((name, kind, part.file) for name, part in files if kind),
        subscription.brand,
        _logo(subscription.logo),
        formats.moment(late.astimezone(zone(subscription.timezone)), "hour") if late else "",
        subscription.name,
        owner,
    )


def prepare_alert(message: AlertMessage, alert: Alert, owner: str) -> Prepared:
    """Return the mail of an alert."""
    shown: dict[str, Any] = {"message": message, "light": LIGHT}
    text = html.render("mail_alert.txt", **shown)
    page = Markup(html.render("mail_alert.html", **shown))
    subject = message.title.rstrip(".")
    return Prepared(subject, text, page, name=alert.name, owner=owner)


def plain(report: Report, url: str = "") -> str:
    """Return a report as plain text: cover, sentences, figures, and the first rows of its tables;
    ``url`` opens it in the dashboard."""
    return html.render("mail_report.txt", url=url, **_shown(report))


class _Made:
    """The costly parts of a mail with a report: pictures of its charts, and its file."""

    def __init__(self, report: Report, kind: FileKind | None, paper: Paper) -> None:
        self._report, self._attached = report, kind is not None
        page = html.page(report)
        self.images: tuple[_Image, ...] = ()
        try:
            pictures = chromium.pictures(page)
            self.images = tuple(_image(each.png, width=each.width) for each in pictures)
        except NoBrowser:
            if kind == "pdf":
                raise
        self.file = b""
        if kind:
            self.file = page.encode() if kind == "html" else build.render(report, kind, paper)

    def html(self, url: str = "") -> Markup:
        """The report in the HTML body: styles are attributes, pictures are referred to by their
        ids."""
        images = iter(self.images)
        return Markup(
            html.render(
                "mail_report.html",
                url=url,
                pictures=self.images,
                attached=self._attached,
                next_image=lambda: next(images, None),
                most=ROWS,
                light=LIGHT,
                **_shown(self._report),
            )
        )


def _shown(report: Report) -> dict[str, Any]:
    """What templates show of a report: what changed first, and then its chapters."""
    parts = [part for chapter in report.chapters for part in chapter.sections if part.findings]
    return {
        "report": report,
        "findings": [
            each.plain for part in parts for each in part.blocks if isinstance(each, Text)
        ],
        "sections": _sections,
        "rows": partial(html.rows, most=ROWS),
        "change": _change,
    }


def _sections(sections: Sequence[Section]) -> Iterator[Section]:
    return (part for part in sections if not part.findings)


def _change(tile: Tile) -> str:
    return (
        ""
        if tile.delta is None
        else _(" ({delta} from {before})").format(delta=tile.delta or "±0", before=tile.before)
    )


def _image(content: bytes, kind: str = "png", width: int = 0) -> _Image:
    return _Image(content, make_msgid(domain="report.invalid").strip("<>"), kind, width)


def _logo(content: bytes) -> _Image | None:
    kinds = (kind for start, kind in _IMAGES.items() if content.startswith(start))
    kind = next(kinds, None)
    return _image(content, kind) if kind else None


def _file_names(websites: Sequence[str], kind: FileKind) -> Iterator[str]:
    """A file name for each website; those that are equal are numbered."""
    used: set[str] = set()
    for website in websites:
        stem = build.file_stem(website)
        numbered = (f"{stem}-{number}" for number in range(2, len(websites) + 2))
        name = next(each for each in (stem, *numbered) if each not in used)
        used.add(name)
        yield f"{name}.{kind}"
