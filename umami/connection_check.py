"""Trying a server before it is settled: whether it is an Umami, lets us in, and what it holds.

What is wrong is said in the words of somebody who fills in a form, with what to change about it.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from umami.client import Client, Server
from umami.endpoints import websites
from umami.errors import (
    CertificateUntrusted,
    NotFound,
    NotOffered,
    Rejected,
    SecondFactor,
    SettingsError,
    TimedOut,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from umami.models.websites import Website
from umami.settings import Settings, cleaned, is_cloud, understood
from umami.single_flight import again

Way = Literal["account", "key", "share", "tables"]
"""How one gets at data: an account or a key of a server, a public link, or exported tables."""

PATIENCE: Final = 20.0
"""Seconds that an answer may take while somebody waits for it in front of a form."""
NEEDED: Final[dict[Way, dict[str, str]]] = {
    "account": {
        "URL": "Type the address of your Umami, as it stands in your browser’s address bar.",
        "USERNAME": "Type the user name that you sign in to Umami with.",
        "PASSWORD": "Type the password that you sign in to Umami with.",
    },
    "key": {"API_KEY": "Paste the key."},
    "share": {"SHARE_URL": "Paste the share link."},
    "tables": {"DATA": "Type where the folder or zip is."},
}
"""What each way cannot do without, and how to ask for it."""
WORDS: Final = {
    "UMAMI_URL": "the address",
    "UMAMI_SHARE_URL": "the share link",
    "UMAMI_USERNAME": "the user name",
    "UMAMI_PASSWORD": "the password",
    "UMAMI_API_KEY": "the key",
    "UMAMI_DATA": "the folder or zip",
    "UMAMI_STORE": "the file that keeps the tables",
}
"""What a form calls the settings."""
LOCAL: Final = (".local", ".lan", ".internal", ".home.arpa", ".test")
"""Ends of names that only a local network knows."""
_CORRECT: Final = "Correct it and check again."


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered as it should."""

    settings: Settings
    server: Server
    websites: tuple[Website, ...]
    """Its websites by name; of very many, the first page."""
    count: int
    """How many there are."""

    @property
    def what(self) -> str:
        """What it is: its version where it tells it, else the generation it answers like."""
        label, generation = self.server.label, self.server.generation
        if self.server.version:
            return f"{label} {self.server.version}"
        if generation is None or self.server.cloud:
            return label
        return f"{label} {generation}, or a version like it"


def completed(address: str) -> str:
    """An address as somebody types it, with the scheme it most likely has."""
    typed = address.strip()
    if not typed or "://" in typed:
        return typed
    return f"{'http' if _is_near(_host(f'//{typed}')) else 'https'}://{typed}"


def meant(way: Way, typed: Mapping[str, str]) -> Settings:
    """The settings that somebody means who typed this, by name without prefix; asks nobody.

    Raises ``SettingsError``.
    """
    # A space can be a part of a password, never of anything else.
    given = {
        name: text if name == "PASSWORD" else cleaned(text)
        for name, text in typed.items()
        if text.strip()
    }
    for name, sentence in NEEDED[way].items():
        if name not in given:
            raise _refusal(sentence)
    if way == "tables":
        return Settings(data=_tables(given["DATA"]))
    given |= {name: completed(given[name]) for name in ("URL", "SHARE_URL") if name in given}
    address = given.get("URL", "")
    if "/share/" in address:
        raise _refusal(
            "This is a share link, not the address of a server.",
            "Choose “Share link” above and paste it there, or take away what follows the host.",
        )
    if way == "account" and is_cloud(_host(address)):
        raise _refusal(
            "Umami Cloud lets no dashboard in with a user name and a password.",
            "Choose “API key” above. You make one in Umami Cloud, under Settings, API keys.",
        )
    try:
        return replace(understood(given), timeout=PATIENCE)
    except SettingsError as problem:
        sentence = str(problem)
    raise _refusal(_in_words(sentence), _CORRECT)


def tried(settings: Settings) -> Found:
    """Ask a server what it is, sign in, and look which websites there are.

    Raises an ``UmamiError``, which says what to change.
    """
    try:
        with Client(settings) as client:
            server = client.recognise()
            page = client.ask(websites.websites())
            named = tuple(sorted(page.rows, key=lambda site: (site.name.casefold(), site.id)))
            return Found(settings, server, named, page.count)
    except UmamiError as failure:
        problem = again(failure)
    if isinstance(problem, Unauthorised) and settings.api_key:
        problem = Unauthorised("The server does not accept this key.", endpoint=problem.endpoint)
    problem.args = (_in_words(str(problem)),)
    problem.remedy = _remedy(problem, settings)
    raise problem


def unreadable(problem: SettingsError) -> SettingsError:
    """Why tables cannot be opened, in the words of a form."""
    return _refusal(
        _in_words(str(problem)),
        "Name the folder or zip that holds Umami’s tables, website_event.csv among them: what "
        "Umami Cloud exports, or each table of your database with its header.",
    )


def _tables(text: str) -> Path:
    """Where tables are; file managers copy paths in quotation marks."""
    path = Path(os.path.expanduser(text.strip("'\"")))
    if not os.path.exists(path):
        raise _refusal(
            f"There is no folder or file {str(path)[:200]}.",
            "It has to be on the machine that the dashboard runs on: type all of its path.",
        )
    return path.resolve()


def _remedy(problem: UmamiError, settings: Settings) -> str:
    """What somebody can change about what they typed."""
    if isinstance(problem, CertificateUntrusted | SecondFactor):
        return problem.remedy
    if isinstance(problem, Unreachable):
        if settings.local:
            return (
                "This address is the machine that the dashboard runs on: check that Umami runs "
                "there, and the number behind the colon."
            )
        plain = settings.address.startswith("http://")
        otherwise = "" if plain else " If it has no https, begin the address with http://."
        return f"Check the address for slips, and that Umami is running.{otherwise}"
    if isinstance(problem, TimedOut):
        return "It may be busy, or something on the way keeps us out. Check the address, try again."
    if problem.endpoint == "share":
        return "Copy the link once more: in Umami it stands with the website’s settings."
    if isinstance(problem, Unauthorised):
        return _of_refused(settings, problem)
    if isinstance(problem, NotFound | NotOffered | Rejected | UnexpectedAnswer):
        return (
            "Use the address at which Umami itself opens in your browser. A path, such as /umami, "
            "belongs to it."
        )
    return _CORRECT if isinstance(problem, SettingsError) else problem.remedy


def _of_refused(settings: Settings, problem: UmamiError) -> str:
    if problem.endpoint == "heartbeat":
        return "Its administrator can let requests to /api through for this dashboard."
    if settings.cloud:
        return (
            "Copy it once more, in Umami Cloud under Settings, API keys. A key of an Umami of your "
            "own needs its address, too."
        )
    if settings.api_key:
        return (
            "Copy it once more. A key of Umami Cloud wants the address left empty; an Umami of "
            "your own makes keys from version 3.4 on."
        )
    return "Type both once more: they are those that you sign in to Umami with."


def _refusal(sentence: str, remedy: str = "") -> SettingsError:
    problem = SettingsError(sentence)
    problem.remedy = remedy
    return problem


def _in_words(sentence: str) -> str:
    """A sentence about settings as one about a form."""
    said = re.sub(r"UMAMI_[A-Z_]+", lambda name: WORDS.get(name[0], name[0]), sentence)
    return said[:1].upper() + said[1:]


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_near(host: str) -> bool:
    """Whether a host is one of a local network, which seldom has a certificate."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(LOCAL)
