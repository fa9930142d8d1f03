"""The mails of subscriptions and alerts: what they say, attach and link to."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from access import unsubscribing
from access.notifications import Alert, Notification, Subscription
from access.unsubscribing import Links
from components import texts
from components.blocks import Text
from reports import mail, messages
from reports.alert_message import AlertMessage
from reports.document import Chapter, Report, Section
from tests.reports.conftest import WEBSITES, ordered, seen
from umami.analysis.alerts import Condition
from umami.client import Client

SETTINGS = mail.parse_settings("smtp://mail.example.com", "shop@example.com")
ADA = mail.recipients(["ada@example.com"])
URL = "https://stats.example.com/?website=1&period=last-week"
HOSTILE = "<script>alert(1)</script>\r\nBcc: eve@example.com"


@pytest.fixture(autouse=True)
def without_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """``test_mail.py`` has the pictures."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")


@pytest.fixture(scope="module")
def compared(client: Client) -> Report:
    """A report that says what changed."""
    return ordered(client, seen(compare=["previous"]), ["overview"])


def subscription(**values: Any) -> Subscription:
    spec = {
        "name": "Weekly report",
        "websites": (WEBSITES["shop"],),
        "pages": ("overview",),
        "timezone": "Europe/Berlin",
        "attachment": "none",
    }
    return Subscription.model_validate(spec | values)


def links(spec: Subscription | Alert, *, one_click: bool = True) -> Links:
    notification = Notification(spec, "ann", "https://stats.example.com", id="3f0a6a4e" * 4)
    return unsubscribing.links("k" * 43, notification, "ada@example.com", one_click=one_click)


def arrived(message: EmailMessage) -> EmailMessage:
    """The mail as its recipient gets it."""
    parsed = message_from_bytes(message.as_bytes(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def bodies(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of a mail."""
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert page is not None
    return plain.get_content().replace("\r\n", "\n"), page.get_content()


def test_a_subscription_begins_with_what_changed_and_ends_with_a_link_to_unsubscribe(
    compared: Report,
) -> None:
    spec = subscription()
    to_leave = links(spec)
    prepared = messages.prepare([compared], spec, "Ann", [URL])
    came = arrived(prepared.addressed(SETTINGS, ADA, to_leave))
    assert came["Subject"] == "Nordlicht Shop: Weekly report, 1 – 30 Sep 2026"
    assert came["To"] == "ada@example.com"
    plain, page = bodies(came)
    (findings,) = [part for part in compared.chapters[0].sections if part.findings]
    assert findings.blocks
    for block in findings.blocks:
        assert isinstance(block, Text)
        assert plain.index(block.plain) < plain.index(URL) < plain.index("Views: 5,501")
        assert plain.count(block.plain) == 1
    assert "This mail is late" not in plain
    assert "in the attached report" not in page
    assert f'href="{URL.replace("&", "&amp;")}"' in page
    assert (
        f"Ann set up “Weekly report” and entered your address.\nUnsubscribe: {to_leave.page}"
        in (plain)
    )
    assert f'href="{to_leave.page}"' in page
    assert "\nPage  Visitors  % of visitors" in plain
    assert not list(came.iter_attachments())
    # Without accounts, nobody set it up.
    nobody = messages.prepare([compared], spec, "", [URL]).addressed(SETTINGS, ADA, to_leave)
    for body in bodies(arrived(nobody)):
        assert "Your address was entered for “Weekly report”." in body


def test_mail_providers_can_unsubscribe_with_one_click(compared: Report) -> None:
    """The header is one word in angle brackets (RFC 2369, RFC 8058), however long it is."""
    spec = subscription()
    prepared = messages.prepare([compared], spec, "Ann", [URL])
    raw = prepared.addressed(SETTINGS, ADA, links(spec)).as_bytes().decode()
    assert f"\r\nList-Unsubscribe: <{links(spec).one_click}>\r\n" in raw
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    page_only = links(spec, one_click=False)
    came = arrived(prepared.addressed(SETTINGS, ADA, page_only))
    assert came["List-Unsubscribe"] == f"<{page_only.page}>"
    assert came["List-Unsubscribe-Post"] is None


def test_brand_and_logo_head_a_mail(compared: Report) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (240, 80), "teal").save(picture, "PNG")
    for content in (picture.getvalue(), b"GIF89a", b"<svg onload='alert(1)'/>"):
        spec = subscription(brand="Studio", logo=base64.b64encode(content))
        came = arrived(messages.prepare([compared], spec, "Ann", [URL]).addressed(SETTINGS, ADA))
        assert came["Subject"] == "Studio: Weekly report, 1 – 30 Sep 2026"
        plain, page = bodies(came)
        assert plain.startswith("Studio\n")
        images = [part for part in came.walk() if part.get_content_maintype() == "image"]
        assert len(images) == page.count("<img") == content.startswith(b"\x89PNG")
        for image in images:
            assert image.get_content() == content
            assert f"cid:{image['Content-ID'].strip('<>')}" in page


def test_a_late_mail_says_when_it_was_due(compared: Report) -> None:
    due = datetime(2026, 10, 5, 5, tzinfo=UTC)
    prepared = messages.prepare([compared], subscription(), "Ann", [URL], late=due)
    for body in bodies(prepared.addressed(SETTINGS, ADA)):
        assert "This mail is late: it was due on Mon 5 Oct 2026, 07:00." in body


@pytest.mark.parametrize(("kind", "start"), [("html", b"<!doctype html>"), ("xlsx", b"PK")])
def test_a_mail_has_a_report_and_a_file_for_each_website(
    compared: Report, kind: Literal["html", "xlsx"], start: bytes
) -> None:
    other = replace(compared, cover=replace(compared.cover, website="Läden & Ö"))
    reports = [compared, other, compared]
    prepared = messages.prepare(reports, subscription(attachment=kind), "Ann", [URL] * 3)
    came = arrived(prepared.addressed(SETTINGS, ADA))
    assert came["Subject"] == "Weekly report, 1 – 30 Sep 2026"
    assert [part.get_filename() for part in came.iter_attachments()] == [
        f"nordlicht-shop.{kind}",
        f"l-den.{kind}",
        f"nordlicht-shop-2.{kind}",
    ]
    for part in came.iter_attachments():
        content = part.get_content()
        content = content.encode() if isinstance(content, str) else content
        assert content.lower().startswith(start.lower())
    plain, page = bodies(came)
    assert plain.count("Läden & Ö\n1 – 30 Sep 2026") == 1
    assert page.count("Open in the dashboard") == 3


def alert_message(**values: Any) -> AlertMessage:
    berlin = ZoneInfo("Europe/Berlin")
    message = AlertMessage(
        id="delivery",
        name="Traffic",
        website="Shop",
        headline="Visitors: 1,234 on Sunday",
        since=datetime(2026, 11, 22, tzinfo=berlin),
        url=URL,
        findings=("Campaign sale accounts for +200.",),
    )
    return replace(message, **values)


def test_the_mail_of_an_alert_says_what_happened_and_when_it_is_over() -> None:
    alert = Alert(name="Traffic", website="1", condition=Condition(kind="above", limit=1000))
    message = alert_message()
    begun = messages.prepare_alert(message, alert, "Ann").addressed(SETTINGS, ADA, links(alert))
    assert begun["Subject"] == "Visitors: 1,234 on Sunday"
    plain, page = bodies(arrived(begun))
    for text in ("Since Sun 22 Nov 2026, 00:00.", "Campaign sale accounts for +200.", "Ann set up"):
        assert text in plain
        assert text in page
    assert URL in plain
    over = replace(message, ended=datetime(2026, 11, 23, 9, tzinfo=message.since.tzinfo))
    with texts.reading("en"):
        ended = messages.prepare_alert(over, alert, "Ann").addressed(SETTINGS, ADA, links(alert))
    assert ended["Subject"] == "Ended: Visitors: 1,234 on Sunday"
    assert "From Sun 22 Nov 2026, 00:00 until Mon 23 Nov 2026, 09:00." in bodies(arrived(ended))[0]


def test_texts_of_strangers_are_harmless(compared: Report) -> None:
    """They are neither headers nor markup, and name no file."""
    cover = replace(compared.cover, website=HOSTILE)
    findings = Section("What changed", "", (Text(HOSTILE, "body"),), findings=True)
    report = Report(cover, (Chapter("overview", "Overview", "", (findings,)),))
    spec = subscription(name=HOSTILE, brand=HOSTILE, attachment="html")
    subscribed = messages.prepare([report], spec, HOSTILE, [URL])
    alert = Alert(name=HOSTILE, website="1", condition=Condition(kind="above"))
    message = alert_message(headline=HOSTILE, website=HOSTILE, findings=(HOSTILE,))
    for prepared in (subscribed, messages.prepare_alert(message, alert, HOSTILE)):
        came = arrived(prepared.addressed(SETTINGS, ADA, links(spec)))
        assert came["Bcc"] is None
        assert "<script" not in bodies(came)[1]
        for part in came.iter_attachments():
            assert part.get_filename() == "script-alert-1-script-bcc-eve-example-co.html"
