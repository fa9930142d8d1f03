"""From what a tracker sends to rows, by the rules of Umami 2.18.

A visitor is a website, an address, a browser and a calendar month (UTC), or a website and the id
that the website gave; a visit ends after 30 minutes without a word, or without the tracker's
cache token with the hour.
"""

from __future__ import annotations

import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urljoin, urlsplit
from uuid import UUID

VISIT_SECONDS = 30 * 60
LONGEST, LONGEST_TERM = 500, 255
LARGEST_NUMBER = 10**15
STRING, NUMBER, BOOLEAN, DATE, ARRAY = 1, 2, 3, 4, 5

CLICK_IDS = ("gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
DATE_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|\+\d\d:\d\d)?")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
OTHER_BASE = re.compile(r"0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
JAVASCRIPT_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
RESERVED = ";/?:@&=+$,#"
IN_A_QUERY = "!$%&()*+,-./:;=?@[\\]^_`{|}~"


def page(url: str | None, hostname: str | None, referrer: str | None) -> dict[str, str | None]:
    """Columns of an event that tell where it was and where the visitor came from.

    Raises:
        ValueError: an address that is none.
    """
    base = f"https://{hostname or 'localhost'}"
    here = urlsplit(urljoin(base, url or ""))
    values = dict(reversed(parse_qsl(here.query, keep_blank_values=True)))
    path = (here.path or "/") + (f"#{here.fragment}" if here.fragment else "")
    found: dict[str, str | None] = {
        "hostname": hostname or _without_www(here.hostname),
        "url_path": decoded(path, keep=RESERVED) if url is not None else "",
        "url_query": _encoded(here.query),
        **{name: values.get(name) for name in (*UTM, *CLICK_IDS)},
    }
    if referrer:
        there = urlsplit(urljoin(base, referrer))
        found |= {
            "referrer_path": decoded(there.path or "/", keep=RESERVED),
            "referrer_query": _encoded(there.query),
            "referrer_domain": (
                _without_www(there.hostname) if there.hostname != "localhost" else None
            ),
        }
    return {
        name: value and clean(value)[: LONGEST_TERM if name in (*UTM, *CLICK_IDS) else LONGEST]
        for name, value in found.items()
    }


def decoded(text: str, *, keep: str = "") -> str:
    """Percent escapes undone, but for those of ``keep``; a text with a broken one stays."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return text
    try:
        return re.sub(r"(?:%[0-9A-Fa-f]{2})+", lambda found: _run(found[0], keep), text)
    except UnicodeDecodeError:
        return text


def clean(text: str) -> str:
    """Text that a database can hold: no NUL, and no half of a character."""
    return text.replace("\0", "").encode(errors="ignore").decode()


@dataclass(frozen=True, slots=True)
class Property:
    """One value of an event's or a session's data, as Umami stores it."""

    key: str
    text: str
    number: float | None
    date: datetime | None
    kind: int


def properties(data: dict[str, Any], parent: str = "") -> Iterator[Property]:
    """Every value, nested objects flattened to keys such as ``a.b``.

    Raises:
        ValueError: a number that is larger than Umami can hold.
    """
    for name, value in data.items():
        # Cut at every level: a long name is not to be copied for each value that is nested in it.
        key = clean(f"{parent}.{name}" if parent else name)[:LONGEST]
        if isinstance(value, dict):
            yield from properties(value, key)
        else:
            yield _property(key, value)


def _property(key: str, value: Any) -> Property:
    if isinstance(value, bool):
        return Property(key, "true" if value else "false", None, None, BOOLEAN)
    if isinstance(value, int | float):
        # The size first: what is too large for a float cannot be asked whether it is finite.
        if not abs(value) < LARGEST_NUMBER:
            raise ValueError(f"{key}: Number too large")
        return Property(key, f"{value:.4f}", float(value), None, NUMBER)
    if not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return Property(key, clean(text)[:LONGEST], None, None, ARRAY)
    if DATE_TEXT.fullmatch(value):
        try:
            date = datetime.fromisoformat(value)
            date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            text = date.strftime("%Y-%m-%dT%H:%M:%S.") + f"{date.microsecond // 1000:03d}Z"
            return Property(key, text, None, date.replace(tzinfo=None), DATE)
    return Property(key, clean(value)[:LONGEST], None, None, STRING)


def revenue(data: dict[str, Any]) -> tuple[float, str] | None:
    """Sum and currency of an event's data, if it is about money.

    Umami asks whether ``revenue > 0`` in JavaScript, which makes numbers of texts, and then stores
    what is a number or a text.
    """
    currency = data.get("currency")
    given = data.get("revenue")
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        sum_ = _number(given) if isinstance(given, str) else float(given)
    except OverflowError:
        return None
    if not isinstance(currency, str) or not currency or not 0 < sum_ < LARGEST_NUMBER:
        return None
    return sum_, clean(currency)[:100]


def _number(text: str) -> float:
    """A text as JavaScript's ``Number()`` reads it; 0 for what is no number."""
    text = text.strip(JAVASCRIPT_SPACE)
    if DECIMAL.fullmatch(text):
        return float(text)
    return float(int(text, 0)) if OTHER_BASE.fullmatch(text) else 0


@dataclass(frozen=True, slots=True)
class Visit:
    """Which visit of which session a message belongs to, and since when (Unix seconds)."""

    website: UUID
    session: UUID
    visit: UUID
    begun: int

    def token(self, sign: Callable[[str], str]) -> str:
        """The text that a tracker sends back to stay in the visit."""
        text = f"{self.website}.{self.session}.{self.visit}.{self.begun}"
        return f"{text}.{sign(f'visit {text}')}"


def of_token(token: str, sign: Callable[[str], str]) -> Visit | None:
    """The visit of a token that this server gave out."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), sign(f"visit {text}").encode()):
        return None
    website, session, visit, begun = text.split(".")
    return Visit(UUID(website), UUID(session), UUID(visit), int(begun))


def visit_of(
    website: UUID,
    person: str | tuple[str, str],
    time: datetime,
    *,
    now: int,
    earlier: Visit | None,
    backdated: bool,
    sign: Callable[[str], str],
) -> Visit:
    """The visit of a message.

    ``person`` is the id a website gave, or address and User-Agent; ``time`` (naive UTC) is when
    it happened and ``now`` (Unix seconds) when it was sent; ``earlier`` is the tracker's token.
    """
    session = session_of(website, person, time, sign)
    visit = _uuid(sign, session, time.strftime("%Y-%m-%d %H"))
    if earlier is None or earlier.website != website:
        return Visit(website, session, visit, now)
    if not backdated and now - earlier.begun > VISIT_SECONDS:
        return Visit(website, session, visit, now)
    return Visit(website, session, earlier.visit, earlier.begun)


def session_of(
    website: UUID, person: str | tuple[str, str], time: datetime, sign: Callable[[str], str]
) -> UUID:
    """The session of an id that a website gave, or of an address and User-Agent in this month."""
    if isinstance(person, str):
        return _uuid(sign, website, person)
    return _uuid(sign, website, *person, time.strftime("%Y-%m"))


def _uuid(sign: Callable[[str], str], *parts: object) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_DNS, sign("\n".join(map(str, parts))))


def _run(escapes: str, keep: str) -> str:
    text = unquote_to_bytes(escapes).decode()
    return "".join(quote(one, safe="") if one in keep else one for one in text)


def _encoded(query: str) -> str:
    return quote(query, safe=IN_A_QUERY)


def _without_www(host: str | None) -> str | None:
    return host and host.removeprefix("www.")
