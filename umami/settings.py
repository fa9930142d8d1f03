"""The server, the account, and how patient the client is; from the environment and the secrets.
``Settings`` declares the settings. Without a server they mean the embedded server."""

import codecs
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo

from umami.addresses import CLOUD, INVISIBLE, api_address, is_loopback, share_link
from umami.compat.generations import Generation
from umami.errors import SettingsError

_ACCOUNT: Final = frozenset({"username", "password", "api_key", "generation"})
"""Settings of the account at a server, and of its version."""
_QUOTES: Final = ('""', "''", "“”", "„“", "””", "‘’", "‚‘", "’’", "«»", "»«", "``")
"""Quotes around a value that shells, ``docker --env-file`` and word processors leave."""
SECRETS: Final = Path(".streamlit/secrets.toml")
DEFINITIONS: Final = ("3.1", "3.5")
"""Versions of Umami whose definitions the embedded server can apply."""
CLOUD_PACE: Final = (48, 15.5)
"""Calls in so many seconds. Umami Cloud accepts 50 in 15 and counts them when they arrive, which
may be closer together than they were sent."""
LOCAL_CALLS, SELF_HOSTED_CALLS, CLOUD_CALLS = 32, 16, 3
"""Calls in flight at most. The few database connections of an Umami also serve its collector, so a
server gets what one page needs at once and no more; a server on this machine is the embedded server
or a trial."""


def _spelled(pattern: str) -> BeforeValidator:
    """Accept only texts that match a pattern, in either case."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value, re.ASCII | re.IGNORECASE):
            raise ValueError
        return value

    return BeforeValidator(check)


def _generation(value: object) -> object:
    return Generation.named(value) if isinstance(value, str) else value


Flag = Annotated[bool, _spelled("yes|true|on|1|no|false|off|0")]
HomePath = Annotated[Path, BeforeValidator(os.path.expanduser)]
_Digits: Final = _spelled(r"\d+(\.\d+)?")


class DeclaredSettings(BaseModel):
    """Settings, each declared once: its name or alias, which follows ``PREFIX`` in the environment,
    its type, limits, default and description. Excluded fields are derived from others."""

    model_config = ConfigDict(
        frozen=True, validate_by_name=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )
    PREFIX: ClassVar[str]

    @classmethod
    def declared(cls) -> dict[str, FieldInfo]:
        """The settings by their names in the environment."""
        return {
            f"{cls.PREFIX}{field.alias or name}".upper(): field
            for name, field in cls.model_fields.items()
            if not field.exclude
        }

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> Self:
        """The settings of this process; the environment takes precedence over the secrets file. An
        empty text counts as not set. Raises ``SettingsError``, which names the setting."""
        environ = os.environ if environ is None else environ
        content, prefix = secrets_of(secrets), cls.PREFIX.lower()
        table = content.get(prefix.rstrip("_"))
        top = {key: value for key, value in content.items() if key.lower().startswith(prefix)}
        entries = {**(table if isinstance(table, Mapping) else {}), **top}.items()
        in_file = {key.lower().removeprefix(prefix): value for key, value in entries if value != ""}
        texts: dict[str, str] = {}
        for full, field in cls.declared().items():
            name = full.lower().removeprefix(prefix)
            variable, saved = environ.get(full, ""), in_file.get(name, "")
            is_password = full == "UMAMI_PASSWORD"
            clean = _cleaned_password if is_password else cleaned
            text = clean(variable)
            # Streamlit copies the top level of a secrets file into the environment.
            copied = variable == saved
            if is_password and not copied and re.fullmatch(r"(['\"]).*\1", text, re.S):
                raise SettingsError(
                    "UMAMI_PASSWORD is in quotes, which docker --env-file keeps: remove them. If "
                    "they are a part of the password, set it in secrets.toml."
                )
            kinds = (field.annotation, *get_args(field.annotation))
            # A float would turn the password 1.10 into 1.1.
            types = (str, int, bool if bool in kinds else int, int if str in kinds else float)
            if not text and type(saved) not in types:
                raise SettingsError(f"{full} in the secrets is not text: put it in quotes.")
            if text := text or clean(str(saved)):
                texts[name] = text
        return cls.parse(texts)

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """The settings with these texts, by name without prefix (``{"URL": …}``). Raises
        ``SettingsError`` with a sentence that names the setting."""
        try:
            values = {name.lower(): text for name, text in texts.items()}
            return cls.model_validate(values, context="texts")
        except ValidationError as problem:
            full = f"{cls.PREFIX}{problem.errors()[0]['loc'][0]}".upper()
        # The library's error may contain the values, so it is not chained.
        field = cls.declared()[full]
        kinds = (field.annotation, *get_args(field.annotation))
        if bool in kinds:
            expected = "yes or no"
        elif isinstance(kinds[-1], str):
            expected = " or ".join(kinds[1:])
        else:
            least, most = field.metadata[0].ge, field.metadata[1].le
            expected = (
                f"a {'whole ' if int in kinds else ''}number from {least} to {most}, without a "
                f"unit or separators: {int(field.default or least)}"
            )
        raise SettingsError(f"{full} is {expected}.")


class Settings(DeclaredSettings):
    """How to reach a server, and as whom. ``repr`` shows no secret."""

    PREFIX = "UMAMI_"

    api: str | None = Field(None, alias="url")
    """The address of the API (``https://host/base/api``), without a slash at its end; ``None``
    means the embedded server, whose address start-up code fills in."""
    username: str | None = None
    password: str | None = Field(None, repr=False)
    api_key: str | None = Field(None, repr=False)
    share: str | None = Field(None, alias="share_url", repr=False)
    """The id of a public share link."""
    data: HomePath | None = None
    """Tables for the embedded server."""
    store: HomePath | None = None
    """The database file of the embedded server; without tables and file it creates the demo."""
    database: str | None = Field(None, alias="database_url", repr=False)
    """The address of the PostgreSQL database of an Umami (``postgresql://…``): the embedded server
    keeps a replica of it, in the file of the store or in memory."""
    collect: Flag = False
    """Whether websites may send events to the embedded server, at the dashboard's address."""
    definitions: Literal["3.1", "3.5"] = "3.5"
    """The version of Umami whose definitions the embedded server applies: those of bounces,
    channels and filtered revenue; other servers apply those of their version."""
    timeout: Annotated[float, _Digits] = Field(60.0, ge=1, le=3600)
    """Seconds to wait for an answer."""
    connections: Annotated[int | None, _Digits] = Field(None, ge=1, le=64)
    """Requests to the server at the same time. The default, ``None``, depends on the server."""
    cache_mb: Annotated[float, _Digits] = Field(64.0, ge=1, le=4096)
    """Megabytes of answers that the cache in memory may hold."""
    redis: str | None = Field(None, alias="redis_url", repr=False)
    """The address of a Redis in which replicas share cached answers."""
    generation: Annotated[Generation | None, BeforeValidator(_generation)] = None
    """The version of Umami, if a proxy hides it; ``None`` to detect it."""
    cloud: bool = Field(False, exclude=True)
    """Whether the server is Umami Cloud."""
    pace: tuple[int, float] | None = Field(None, exclude=True)
    """Calls in so many seconds at most; ``None`` without a limit."""
    writer: "Settings | None" = Field(None, exclude=True, repr=False)
    """The server of the database that is replicated, which makes changes; ``None`` without one."""

    @model_validator(mode="before")
    @classmethod
    def _with_server(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Derive the fields of the server from its settings. Raises ``SettingsError`` if they are
        incomplete or contradictory."""
        if "api" in values:
            return values
        url, link, key = (values.get(name) for name in ("url", "share_url", "api_key"))
        login = [name for name in ("USERNAME", "PASSWORD") if name.lower() in values]
        access = [*(["URL"] if url else []), *login, *(["API_KEY"] if key else [])]
        cloud = not link and (api_address(url) == CLOUD if url else bool(key))
        if link and values.get("database_url"):
            problem = (
                "UMAMI_DATABASE_URL and UMAMI_SHARE_URL contradict each other: the dashboard asks "
                "either a server or a replica of its database. Remove one of them."
            )
        elif link and access:
            problem = (
                f"UMAMI_SHARE_URL and UMAMI_{access[0]} contradict each other: a share link names "
                "the server and the access. Remove one of them."
            )
        elif key and login:
            problem = (
                f"UMAMI_API_KEY and UMAMI_{login[0]} contradict each other. Remove one of them."
            )
        elif key and not re.fullmatch("[!-~]+", key):
            problem = "UMAMI_API_KEY contains characters that no key has."
        elif len(login) == 1:
            missing = "PASSWORD" if login == ["USERNAME"] else "USERNAME"
            problem = f"UMAMI_{login[0]} is set, but UMAMI_{missing} is not."
        elif login and not url:
            problem = (
                "UMAMI_USERNAME is set, but UMAMI_URL is not: write the address of your Umami."
            )
        elif login and cloud:
            problem = "UMAMI_USERNAME cannot be used with Umami Cloud: set UMAMI_API_KEY instead."
        elif url and not (key or login) and "/share/" in url:
            problem = "UMAMI_URL is a share link: set it as UMAMI_SHARE_URL instead."
        elif url and not (key or login):
            problem = (
                "UMAMI_URL is set, but no account: set UMAMI_USERNAME and UMAMI_PASSWORD, or "
                "UMAMI_API_KEY."
            )
        elif link or access:
            rest = {name: text for name, text in values.items() if name not in ("url", "share_url")}
            api, share = share_link(link) if link else (api_address(url) if url else CLOUD, None)
            pace = CLOUD_PACE if cloud else None
            of_server = {"api": api, "share": share, "cloud": cloud, "pace": pace}
            if "database_url" not in values:
                return {**rest, **of_server}
            # The replica answers, and the server makes changes.
            embedded = ("data", "store", "database_url", "collect", "definitions", "redis_url")
            shared = {name: text for name, text in rest.items() if name not in embedded}
            of_replica = {name: text for name, text in rest.items() if name not in _ACCOUNT}
            return {**of_replica, "writer": {**shared, **of_server}}
        else:
            return values
        raise SettingsError(problem)

    @model_validator(mode="after")
    def _check_files(self, info: ValidationInfo) -> Self:
        data, store = self.data, self.store
        if info.context is None:
            # Code may name a file that it is about to create.
            return self
        if self.collect and (self.api or not store):
            problem = (
                "UMAMI_COLLECT needs UMAMI_STORE: only the embedded server collects, and only into "
                "a file. Set UMAMI_STORE, or remove UMAMI_COLLECT."
            )
        elif self.database and (data or self.collect):
            problem = (
                f"UMAMI_DATABASE_URL and UMAMI_{'DATA' if data else 'COLLECT'} contradict each "
                "other: a replica contains what the database does. Remove one of them."
            )
        elif self.api and (data or store):
            problem = (
                f"UMAMI_{'DATA' if data else 'STORE'} is for the embedded server, but another "
                "server is set. Remove one of them."
            )
        # Unlike those of pathlib, this function accepts texts that no path can have.
        elif data and not os.path.exists(data):
            problem = "UMAMI_DATA names a folder or zip of tables that does not exist."
        elif store and store.is_dir():
            problem = "UMAMI_STORE names a folder: name a file in it, such as umami.duckdb."
        elif store and not (data or self.database or self.collect or store.exists()):
            problem = (
                "UMAMI_STORE names a file that does not exist: set UMAMI_DATA too, once, to import "
                "tables into it, or UMAMI_COLLECT=yes to begin with an empty one."
            )
        else:
            return self
        raise SettingsError(problem)

    @property
    def account(self) -> str | None:
        """A text that identifies the account in cache keys, without its secrets; ``None`` as long
        as no server is set."""
        if self.share is not None:
            return f"share {self.share}"
        if self.api_key is not None:
            return f"key {hashlib.sha256(self.api_key.encode()).hexdigest()}"
        has_login = self.username is not None and self.password is not None
        return f"user {self.username}" if has_login else None

    @property
    def embedded(self) -> bool:
        """Whether no server is set, which means the embedded server."""
        return self.api is None

    @property
    def demo(self) -> bool:
        """Whether the embedded server makes up its data."""
        return self.embedded and not (self.data or self.store or self.database)

    @property
    def address(self) -> str:
        """The server's address without ``/api`` and without credentials."""
        return (self.api or "").removesuffix("/api")

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(urlsplit(self.api or "").hostname or "")

    @property
    def in_flight(self) -> int:
        """How many calls may be in flight at a time."""
        if self.connections or self.local:
            return self.connections or LOCAL_CALLS
        return CLOUD_CALLS if self.cloud else SELF_HOSTED_CALLS

    @property
    def named(self) -> str:
        """The setting that contains the address."""
        return "UMAMI_URL" if self.share is None else "UMAMI_SHARE_URL"

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the settings that name the server and the account, by name without prefix,
        as ``parse`` takes them. Contains secrets."""
        if self.api is None:
            sources = {"DATA": self.data, "STORE": self.store, "DATABASE_URL": self.database}
            texts = {name: str(source) for name, source in sources.items() if source}
            return {**texts, **(self.writer.texts if self.writer else {})}
        if self.share is not None:
            return {"SHARE_URL": f"{self.address}/share/{self.share}"}
        # A folder with the name of one of Umami's pages is only recognised before /api.
        clear = api_address(self.address) == self.api
        url = {} if self.cloud else {"URL": self.address if clear else self.api}
        if self.api_key is not None:
            return {**url, "API_KEY": self.api_key}
        return {**url, "USERNAME": self.username or "", "PASSWORD": self.password or ""}


SERVER: Final = tuple(Settings.declared())[:9]
"""The names of the settings that name the server and the account."""
read, parse = Settings.read, Settings.parse


def of_environment(
    environ: Mapping[str, str] | None = None, secrets: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """The names of the settings of ``SERVER`` that the environment itself contains. Streamlit
    copies the top level of a secrets file into the environment; a variable that equals one of
    ``secrets`` belongs to the file."""
    environ = os.environ if environ is None else environ
    return tuple(
        name
        for name in SERVER
        if environ.get(name, "").strip() and environ[name] != str((secrets or {}).get(name))
    )


def secrets_of(path: Path) -> Mapping[str, Any]:
    """The content of a secrets file, empty without one. Raises ``SettingsError``, which quotes
    nothing of the file."""
    try:
        text = text_of(path)
        secrets = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # The message may quote the file, which is full of secrets; the line number is safe.
        line = re.search(r"line (\d+)", str(error))
        problem = f"is not TOML (line {line[1]})" if line else "is not TOML"
        content = text.split("\n")[int(line[1]) - 1] if line else ""
        if re.search("[“”„‘’‚«»\u00a0\u200b]", content):
            problem += ": write straight quotes and plain spaces there"
    else:
        if "auth" not in secrets or not path.read_bytes().startswith(codecs.BOM_UTF8):
            return secrets
        problem = (
            "begins with a byte order mark, with which Streamlit does not read its [auth]: save "
            "the file as UTF-8 without it"
        )
    raise SettingsError(f"{path.name} {problem}.")


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises ``SettingsError``,
    which quotes nothing of the file, and ``FileNotFoundError``."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError:
        raise SettingsError(f"{path.name} cannot be read: check its permissions.") from None
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    utf_16 = utf_16 or (len(content) > 3 and b"\0" in content[:4])
    # The library's message quotes the file, so it is not chained.
    with suppress(UnicodeDecodeError):
        if not utf_16:
            return content.decode("utf-8-sig").replace("\r\n", "\n")
    kind = " but UTF-16" if utf_16 else ""
    raise SettingsError(f"{path.name} is not UTF-8{kind}: save it as UTF-8.")


def cleaned(text: str) -> str:
    """A value without what copying and configuration files leave around it: spaces, line ends,
    invisible characters, and a pair of quotes."""
    while True:
        before = text
        text = text.strip().strip(INVISIBLE)
        if len(text) > 1 and text[0] + text[-1] in _QUOTES:
            text = text[1:-1]
        if text == before:
            return text


def _cleaned_password(text: str) -> str:
    """A password without line ends; spaces and quotes may belong to it."""
    return text.strip("\r\n" + INVISIBLE)
