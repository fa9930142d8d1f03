"""Convert messages of a tracker to rows, by the rules of Umami 2.18.

A session is identified by the website, and either by the client's address, its browser and the
calendar month (UTC), or by an id from the website. A visit ends 30 minutes after its first message,
or at the end of the hour if the tracker does not send its cache token.
"""

import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
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
    """The columns of an event that contain its URL and referrer. Raises ``ValueError`` for an
    invalid URL."""
    base = f"https://{hostname or 'localhost'}"
    location = urlsplit(urljoin(base, url or ""))
    terms = dict(reversed(parse_qsl(location.query, keep_blank_values=True)))
    path = (location.path or "/") + (f"#{location.fragment}" if location.fragment else "")
    columns: dict[str, str | None] = {
        "hostname": hostname or _without_www(location.hostname),
        "url_path": decoded(path, keep=RESERVED) if url is not None else "",
        "url_query": quote(location.query, safe=IN_A_QUERY),
        **{name: terms.get(name) for name in (*UTM, *CLICK_IDS)},
    }
    if referrer:
        source = urlsplit(urljoin(base, referrer))
        columns |= {
            "referrer_path": decoded(source.path or "/", keep=RESERVED),
            "referrer_query": quote(source.query, safe=IN_A_QUERY),
            "referrer_domain": (
                _without_www(source.hostname) if source.hostname != "localhost" else None
            ),
        }
    return {
        name: value and clean(value)[: LONGEST_TERM if name in (*UTM, *CLICK_IDS) else LONGEST]
        for name, value in columns.items()
    }


def decoded(text: str, *, keep: str = "") -> str:
    """Decode percent escapes, except those of the characters ``keep``; a text with a malformed
    escape is returned unchanged."""

    def decode(match: re.Match[str]) -> str:
        characters = unquote_to_bytes(match[0]).decode()
        return "".join(quote(sign, safe="") if sign in keep else sign for sign in characters)

    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return text
    try:
        return re.sub(r"(?:%[0-9A-Fa-f]{2})+", decode, text)
    except UnicodeDecodeError:
        return text


def clean(text: str) -> str:
    """Text that a database can store: without NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def properties(data: dict[str, Any], parent: str = "") -> Iterator[dict[str, Any]]:
    """The columns of all values; those of nested objects have keys such as ``a.b``. Raises
    ``ValueError`` for a number that is larger than Umami can store."""
    for name, value in data.items():
        # Cut at each level, so that long names are not copied for each nested value.
        key = clean(f"{parent}.{name}" if parent else name)[:LONGEST]
        if isinstance(value, dict):
            yield from properties(value, key)
        else:
            row = {"data_key": key, "number_value": None, "date_value": None}
            yield row | _typed(key, value)


def _typed(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"data_type": BOOLEAN, "string_value": "true" if value else "false"}
    if isinstance(value, int | float):
        # Compare first: a large integer cannot be converted to a float.
        if not abs(value) < LARGEST_NUMBER:
            raise ValueError(f"{key}: Number too large")
        number = float(value)
        return {"data_type": NUMBER, "string_value": f"{value:.4f}", "number_value": number}
    if not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return {"data_type": ARRAY, "string_value": clean(text)[:LONGEST]}
    if DATE_TEXT.fullmatch(value):
        with suppress(ValueError, OverflowError):
            date = datetime.fromisoformat(value)
            date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
            date = date.replace(tzinfo=None)
            text = f"{date.isoformat(timespec='milliseconds')}Z"
            return {"data_type": DATE, "string_value": text, "date_value": date}
    return {"data_type": STRING, "string_value": clean(value)[:LONGEST]}


def revenue(data: dict[str, Any]) -> tuple[float, str] | None:
    """Amount and currency in an event's data, or ``None``. Umami compares ``revenue > 0`` in
    JavaScript, which converts texts to numbers."""
    value, currency = data.get("revenue"), data.get("currency")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = _number(value) if isinstance(value, str) else float(value)
    except OverflowError:
        return None
    if not isinstance(currency, str) or not currency or not 0 < amount < LARGEST_NUMBER:
        return None
    return amount, clean(currency)[:100]


def _number(text: str) -> float:
    """Convert a text like JavaScript's ``Number()``; 0 if it is no number."""
    text = text.strip(JAVASCRIPT_SPACE)
    if DECIMAL.fullmatch(text):
        return float(text)
    return float(int(text, 0)) if OTHER_BASE.fullmatch(text) else 0


@dataclass(frozen=True, slots=True)
class Visit:
    """The visit of a message; ``begun`` is its start in Unix seconds."""

    website: UUID
    session: UUID
    visit: UUID
    begun: int

    def token(self, sign: Callable[[str], str]) -> str:
        """The cache token, which a tracker sends with its next message to continue the visit."""
        text = f"{self.website}.{self.session}.{self.visit}.{self.begun}"
        return f"{text}.{sign(f'visit {text}')}"


def of_token(token: str, sign: Callable[[str], str]) -> Visit | None:
    """The visit of a token that this server signed, or ``None``."""
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
    """The visit of a message. ``person`` is an id from the website, or the address and User-Agent;
    ``time`` (naive UTC) is the time of the event, ``now`` (Unix seconds) of the message;
    ``earlier`` is the token's visit."""
    session = session_of(website, person, time, sign)
    visit = _uuid(sign, session, time.strftime("%Y-%m-%d %H"))
    expired = earlier and not backdated and now - earlier.begun > VISIT_SECONDS
    if earlier is None or earlier.website != website or expired:
        return Visit(website, session, visit, now)
    return Visit(website, session, earlier.visit, earlier.begun)


def session_of(
    website: UUID, person: str | tuple[str, str], time: datetime, sign: Callable[[str], str]
) -> UUID:
    """The session of an id from a website, or of an address and User-Agent in a month."""
    if isinstance(person, str):
        return _uuid(sign, website, person)
    return _uuid(sign, website, *person, time.strftime("%Y-%m"))


def _uuid(sign: Callable[[str], str], *parts: object) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_DNS, sign("\n".join(map(str, parts))))


def _without_www(host: str | None) -> str | None:
    return host and host.removeprefix("www.")
