"""Check a server for the setup form: whether it is Umami, accepts the account, and has websites.
Errors use the words of the form, and their remedies say what to change in it."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from umami import errors
from umami.addresses import is_cloud
from umami.api import websites
from umami.api.websites import Website
from umami.client import Client
from umami.connection import Server
from umami.scheduling import again
from umami.settings import Settings, cleaned, parse

Way = Literal["account", "key", "share", "tables", "database"]
"""The source of the data: a server with an account or a key, a share link, exported tables, or the
database of an Umami."""

PATIENCE: Final = 20.0
"""Timeout in seconds while a person waits in front of the form."""
NEEDED: Final[dict[Way, dict[str, str]]] = {
    "account": {
        "URL": "Type the address of your Umami, as it stands in your browser’s address bar.",
        "USERNAME": "Type the user name that you sign in to Umami with.",
        "PASSWORD": "Type the password that you sign in to Umami with.",
    },
    "key": {"API_KEY": "Paste the key."},
    "share": {"SHARE_URL": "Paste the share link."},
    "tables": {"DATA": "Type where the folder or zip is."},
    "database": {"DATABASE_URL": "Type the address of the database."},
}
"""The required settings of each way, with a sentence that requests each."""
WORDS: Final = {
    "UMAMI_URL": "the address",
    "UMAMI_SHARE_URL": "the share link",
    "UMAMI_USERNAME": "the user name",
    "UMAMI_PASSWORD": "the password",
    "UMAMI_API_KEY": "the key",
    "UMAMI_DATA": "the folder or zip",
    "UMAMI_STORE": "the file that keeps the tables",
    "UMAMI_DATABASE_URL": "the database",
}
"""The words of the form for settings."""
LOCAL: Final = (".local", ".lan", ".internal", ".home.arpa", ".test")
"""Ends of host names in local networks."""
_CORRECT: Final = "Correct it and check again."


@dataclass(frozen=True, slots=True)
class CheckedServer:
    """A server that passed the check."""

    settings: Settings
    server: Server
    websites: tuple[Website, ...]
    """Its websites, sorted by name; only the first page of a long list."""
    count: int
    """The number of all its websites."""

    @property
    def what(self) -> str:
        """Its name with its version, or else with its generation."""
        label, generation = self.server.label, self.server.generation
        if self.server.version:
            return f"{label} {self.server.version}"
        if generation is None or self.server.cloud:
            return label
        return f"{label} {generation}, or a version like it"


def completed(address: str) -> str:
    """A typed address with the scheme that it most likely has."""
    address = address.strip()
    if not address or "://" in address:
        return address
    return f"{'http' if _is_local(_host(f'//{address}')) else 'https'}://{address}"


def meant(way: Way, typed: Mapping[str, str]) -> Settings:
    """The settings of texts by name without prefix; sends nothing. Raises ``SettingsError``."""
    # A space can belong to a password, and to nothing else.
    texts = {
        name: text if name == "PASSWORD" else cleaned(text)
        for name, text in typed.items()
        if text.strip()
    }
    needed = NEEDED[way]
    if way == "database" and NEEDED["account"].keys() & texts.keys():
        # The server that makes changes.
        needed = {**needed, **NEEDED["account"]}
    for name, sentence in needed.items():
        if name not in texts:
            raise errors.SettingsError(sentence, remedy="")
    if way == "tables":
        return Settings(data=_tables(texts["DATA"]))
    texts |= {name: completed(texts[name]) for name in ("URL", "SHARE_URL") if name in texts}
    address = texts.get("URL", "")
    if "/share/" in address:
        elsewhere = "" if way == "database" else "Choose “Share link” above and paste it there, or "
        remedy = f"{elsewhere}take away what follows the host."
        raise errors.SettingsError(
            "This is a share link, not the address of a server.",
            remedy=f"{remedy[0].upper()}{remedy[1:]}",
        )
    if way == "database" and is_cloud(_host(address)):
        raise errors.SettingsError(
            "Umami Cloud does not use this database.",
            remedy="Type the address of the Umami that uses it, or leave the address empty.",
        )
    if way == "account" and is_cloud(_host(address)):
        raise errors.SettingsError(
            "Umami Cloud does not accept a user name and a password from a dashboard.",
            remedy="Choose “API key” above. You make one in Umami Cloud, under Settings, API keys.",
        )
    try:
        return parse(texts).model_copy(update={"timeout": PATIENCE})
    except errors.SettingsError as problem:
        sentence = str(problem)
    raise errors.SettingsError(_in_words(sentence), remedy=_CORRECT)


def tried(settings: Settings) -> CheckedServer:
    """Detect the server's version, sign in and list its websites. Raises an ``UmamiError`` whose
    remedy says what to change."""
    try:
        with Client(settings) as client:
            server = client.recognise()
            page = client.ask(websites.websites())
            named = tuple(sorted(page.rows, key=lambda site: (site.name.casefold(), site.id)))
            return CheckedServer(settings, server, named, page.count)
    except errors.UmamiError as failure:
        problem = again(failure)
    if isinstance(problem, errors.Unauthorised) and settings.api_key:
        problem = errors.Unauthorised(
            "The server does not accept this key.", endpoint=problem.endpoint
        )
    problem.args = (_in_words(str(problem)),)
    problem.remedy = _remedy(problem, settings)
    raise problem


def try_writer(settings: Settings, contains: Callable[[str], bool]) -> None:
    """Check the server that makes the changes to a database; ``contains`` says whether the database
    has a website, by its id. Raises an ``UmamiError`` whose remedy says what to change."""
    server = tried(settings.model_copy(update={"timeout": PATIENCE}))
    if not all(contains(site.id) for site in server.websites):
        raise errors.SettingsError(
            "This Umami has websites that the database does not have: it uses another database.",
            remedy="Type the address of the Umami that uses this database, or leave the address "
            "empty: then changes are made in Umami.",
        )


def unreadable(problem: errors.SettingsError, settings: Settings) -> errors.SettingsError:
    """An error of the tables or of the database, in the words of the form."""
    if settings.database:
        return errors.SettingsError(
            _in_words(str(problem)),
            remedy="Type the DATABASE_URL of your Umami, best with a role that may only read. The "
            "machine that the dashboard runs on must be able to reach it.",
        )
    return errors.SettingsError(
        _in_words(str(problem)),
        remedy="Name the folder or zip that holds Umami’s tables, website_event.csv among them: "
        "what Umami Cloud exports, or each table of your database with its header.",
    )


def _tables(text: str) -> Path:
    """The path of the tables; file managers copy paths in quotation marks."""
    path = Path(os.path.expanduser(text.strip("'\"")))
    if not os.path.exists(path):
        raise errors.SettingsError(
            f"There is no folder or file {str(path)[:200]}.",
            remedy="It must be on the machine that the dashboard runs on: type its full path.",
        )
    return path.resolve()


def _remedy(problem: errors.UmamiError, settings: Settings) -> str:
    if isinstance(problem, errors.CertificateUntrusted | errors.SecondFactor):
        return problem.remedy
    if isinstance(problem, errors.Unreachable):
        if settings.local:
            return (
                "This address is the machine that the dashboard runs on: check that Umami runs "
                "there, and the number behind the colon."
            )
        plain = settings.address.startswith("http://")
        otherwise = "" if plain else " If it has no https, begin the address with http://."
        return f"Check the address for typing errors, and that Umami is running.{otherwise}"
    if isinstance(problem, errors.TimedOut):
        return "It may be busy, or a firewall may block us. Check the address, then try again."
    if problem.endpoint == "share":
        return "Copy the link once more: in Umami it is in the website’s settings."
    if isinstance(problem, errors.Unauthorised):
        if problem.endpoint == "heartbeat":
            return "Its administrator can let requests to /api through for this dashboard."
        if settings.cloud:
            return (
                "Copy it once more, in Umami Cloud under Settings, API keys. A key of your own "
                "Umami needs its address as well."
            )
        if settings.api_key:
            return (
                "Copy it once more. For a key of Umami Cloud, leave the address empty. Your own "
                "Umami makes keys from version 3.4 on."
            )
        return "Type both once more, as you sign in to Umami."
    if isinstance(
        problem, errors.NotFound | errors.NotOffered | errors.Rejected | errors.UnexpectedAnswer
    ):
        return (
            "Use the address at which Umami itself opens in your browser. A path, such as /umami, "
            "belongs to it."
        )
    return _CORRECT if isinstance(problem, errors.SettingsError) else problem.remedy


def _in_words(sentence: str) -> str:
    """A sentence about settings, in the words of the form."""
    sentence = re.sub(r"UMAMI_[A-Z_]+", lambda name: WORDS.get(name[0], name[0]), sentence)
    return sentence[:1].upper() + sentence[1:]


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_local(host: str) -> bool:
    """Whether a host is in a local network, where servers seldom have a certificate."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(LOCAL)
