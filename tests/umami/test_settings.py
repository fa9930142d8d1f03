"""Settings: what can be set, and what is said of what cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from umami.addresses import CLOUD
from umami.errors import SettingsError
from umami.settings import Settings, cleaned, of_environment, read

NOWHERE = Path("no/such/secrets.toml")
LOGIN = {"UMAMI_USERNAME": "ada", "UMAMI_PASSWORD": "s3cret!"}


def from_environment(**variables: str) -> Settings:
    return read({f"UMAMI_{name}": value for name, value in variables.items()}, NOWHERE)


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://stats.example.com", "https://stats.example.com/api"),
        ("https://stats.example.com/", "https://stats.example.com/api"),
        ("  https://stats.example.com//  ", "https://stats.example.com/api"),
        ("HTTPS://stats.example.com", "https://stats.example.com/api"),
        ("http://localhost:3000", "http://localhost:3000/api"),
        ("http://[::1]:3000/", "http://[::1]:3000/api"),
        ("https://example.com/umami", "https://example.com/umami/api"),
        ("https://example.com/tools/umami/", "https://example.com/tools/umami/api"),
        ("https://example.com/umami/api", "https://example.com/umami/api"),
        ("https://example.com/umami/api/", "https://example.com/umami/api"),
        ("https://example.com/api/websites?x=1", "https://example.com/api"),
        ("https://example.com/login", "https://example.com/api"),
        ("https://example.com/umami/login?next=/", "https://example.com/umami/api"),
        ("https://example.com/dashboard", "https://example.com/api"),
        ("https://example.com/dashboard/api", "https://example.com/dashboard/api"),
        ("https://example.com/umami/websites/47a8e931/events#x", "https://example.com/umami/api"),
        ("https://example.com/teams/1/websites/2", "https://example.com/api"),
        ("https://example.com/de/dashboard", "https://example.com/api"),
        ("https://example.com/pt-BR/login", "https://example.com/api"),
        ("https://example.com/en/share/AbC", "https://example.com/api"),
        ("https://example.com/umami/share/AbC/x", "https://example.com/umami/api"),
        ("https://example.com/boards/1", "https://example.com/api"),
        ("https://example.com/um/dashboard", "https://example.com/um/api"),
        ("https://example.com/tools/it/dashboard", "https://example.com/tools/it/api"),
        ("https://example.com/de/api", "https://example.com/de/api"),
        ("https://example.com/de", "https://example.com/de/api"),
        ("https://example.com/a b".replace(" ", "%20"), "https://example.com/a%20b/api"),
    ],
)
def test_addresses_are_understood_as_people_paste_them(url: str, api: str) -> None:
    settings = from_environment(URL=url, USERNAME="ada", PASSWORD="x")
    assert settings.api == api
    assert not settings.embedded


@pytest.mark.parametrize(
    ("url", "api", "share"),
    [
        ("https://a.example/share/AbC123/shop.example", "https://a.example/api", "AbC123"),
        ("https://a.example/share/AbC123", "https://a.example/api", "AbC123"),
        ("https://a.example/en/share/AbC123", "https://a.example/api", "AbC123"),
        ("https://a.example/zh-CN/share/AbC123/x", "https://a.example/api", "AbC123"),
        ("https://a.example/umami/share/AbC123/", "https://a.example/umami/api", "AbC123"),
        ("https://a.example/umami/api/share/AbC123", "https://a.example/umami/api", "AbC123"),
        (
            "https://cloud.umami.is/analytics/eu/share/AbC/x",
            "https://cloud.umami.is/analytics/eu/api",
            "AbC",
        ),
    ],
)
def test_share_links_are_understood(url: str, api: str, share: str) -> None:
    settings = from_environment(SHARE_URL=url)
    assert (settings.api, settings.share) == (api, share)


def test_nothing_set_means_the_embedded_server(tmp_path: Path) -> None:
    assert from_environment().embedded
    assert from_environment(URL=" ", API_KEY="").embedded
    assert from_environment(DATA=str(tmp_path)).data == tmp_path
    assert from_environment().demo
    assert not from_environment(DATA=str(tmp_path)).demo


def test_a_file_keeps_what_the_embedded_server_has(tmp_path: Path) -> None:
    path = tmp_path / "umami.duckdb"
    first = from_environment(DATA=str(tmp_path), STORE=str(path))
    assert (first.data, first.store, first.demo) == (tmp_path, path, False)
    path.touch()
    later = from_environment(STORE=str(path))
    assert (later.data, later.store, later.embedded, later.demo) == (None, path, True, False)


def test_definitions_are_those_of_a_version() -> None:
    assert from_environment().definitions == "3.5"
    assert from_environment(DEFINITIONS="3.1").definitions == "3.1"
    # They do not keep anybody from looking at another server.
    assert from_environment(DEFINITIONS="3.1", URL="https://a.example", API_KEY="k").api


def test_a_key_without_an_address_is_a_key_to_the_cloud() -> None:
    assert from_environment(API_KEY="k").api == CLOUD
    assert from_environment(API_KEY="k", URL="https://cloud.umami.is/websites").api == CLOUD
    self_hosted = from_environment(API_KEY="umami_k", URL="https://a.example")
    assert self_hosted.api == "https://a.example/api"
    assert not self_hosted.cloud


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"URL": "https://a.example"}, ["UMAMI_URL", "UMAMI_USERNAME", "UMAMI_API_KEY"]),
        ({"USERNAME": "ada"}, ["UMAMI_PASSWORD"]),
        ({"PASSWORD": "s3cret!"}, ["UMAMI_USERNAME"]),
        ({"USERNAME": "ada", "PASSWORD": "s3cret!"}, ["UMAMI_URL"]),
        (
            {"URL": "https://a.example", "API_KEY": "k", "USERNAME": "ada"},
            ["UMAMI_API_KEY", "UMAMI_USERNAME"],
        ),
        (
            {"URL": "https://a.example", "SHARE_URL": "https://a.example/share/x"},
            ["UMAMI_SHARE_URL", "UMAMI_URL"],
        ),
        ({"SHARE_URL": "https://a.example/websites/x"}, ["UMAMI_SHARE_URL", "/share/"]),
        ({"SHARE_URL": "https://a.example/share/.."}, ["UMAMI_SHARE_URL"]),
        ({"URL": "https://a.example/share/x/y"}, ["UMAMI_SHARE_URL"]),
        (
            {"URL": "stats.example.com/umami", "API_KEY": "k"},
            ["UMAMI_URL", "write https://stats.example.com/umami"],
        ),
        ({"URL": "ftp://a.example", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"URL": "https://", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"URL": "https://a.example:x", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"URL": "https://a..example", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"URL": "https://a.exa mple", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"URL": "https://[::1", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"URL": "https://ada:s3cret!@a.example", "API_KEY": "k"}, ["UMAMI_URL"]),
        ({"API_KEY": "k\ney"}, ["UMAMI_API_KEY"]),
        ({"API_KEY": "schlüssel"}, ["UMAMI_API_KEY"]),
        (
            {"URL": "https://cloud.umami.is", **{k[6:]: v for k, v in LOGIN.items()}},
            ["UMAMI_API_KEY"],
        ),
        ({"DATA": "/no/such/folder"}, ["UMAMI_DATA"]),
        ({"DATA": ".", "API_KEY": "k"}, ["UMAMI_DATA"]),
        ({"STORE": "no-such.duckdb"}, ["UMAMI_STORE", "UMAMI_DATA"]),
        ({"STORE": "."}, ["UMAMI_STORE", "umami.duckdb"]),
        ({"STORE": "umami.duckdb", "API_KEY": "k"}, ["UMAMI_STORE"]),
        ({"COLLECT": "yes"}, ["UMAMI_COLLECT needs UMAMI_STORE"]),
        ({"COLLECT": "yes", "DATA": "."}, ["UMAMI_COLLECT needs UMAMI_STORE"]),
        (
            {"COLLECT": "yes", "URL": "https://a.example", "API_KEY": "k"},
            ["UMAMI_COLLECT needs UMAMI_STORE"],
        ),
        ({"COLLECT": "perhaps", "STORE": "umami.duckdb", "DATA": "."}, ["UMAMI_COLLECT"]),
        ({"DEFINITIONS": "3.2"}, ["UMAMI_DEFINITIONS", "3.1", "3.5"]),
        ({"TIMEOUT": "soon"}, ["UMAMI_TIMEOUT"]),
        ({"TIMEOUT": "0"}, ["UMAMI_TIMEOUT"]),
        ({"TIMEOUT": "nan"}, ["UMAMI_TIMEOUT"]),
        ({"CONNECTIONS": "1000"}, ["UMAMI_CONNECTIONS"]),
        ({"CACHE_MB": "-1"}, ["UMAMI_CACHE_MB"]),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], named: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        from_environment(**variables)
    for name in named:
        assert name in str(refused.value)
    assert "s3cret!" not in str(refused.value)
    assert refused.value.__context__ is None or "s3cret!" not in repr(refused.value.__context__)


@pytest.mark.parametrize(
    "text",
    [
        'UMAMI_URL = "https://a.example"\nUMAMI_USERNAME = "ada"\nUMAMI_PASSWORD = "s3cret!"',
        'umami_url = "https://a.example"\numami_username = "ada"\numami_password = "s3cret!"',
        '[umami]\nurl = "https://a.example"\nusername = "ada"\npassword = "s3cret!"',
        '[umami]\nUMAMI_URL = "https://a.example"\nUSERNAME = "ada"\npassword = "s3cret!"',
    ],
)
def test_secrets_are_read_in_every_spelling(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    settings = read({}, path)
    assert settings.api == "https://a.example/api"
    assert (settings.username, settings.password) == ("ada", "s3cret!")


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('[umami]\nurl = "https://a.example"\nusername = "ada"\npassword = "old"')
    assert read({"UMAMI_PASSWORD": "new"}, path).password == "new"


def test_a_number_is_a_password_too(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('[umami]\nurl = "https://a.example"\nusername = "ada"\npassword = 12345')
    assert read({}, path).password == "12345"


@pytest.mark.parametrize(
    "text", ["[umami]\npassword = s3cret!", 'password = "s3cret!', "[umami]\nurl = ['s3cret!']"]
)
def test_a_broken_file_says_so_and_shows_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"secrets") as refused:
        read({}, path)
    assert "s3cret!" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_no_secret_is_ever_shown() -> None:
    for settings in (
        from_environment(URL="https://a.example", USERNAME="ada", PASSWORD="s3cret!"),
        from_environment(API_KEY="s3cret!"),
        from_environment(SHARE_URL="https://a.example/share/s3cret"),
    ):
        assert "s3cret" not in repr(settings)


def test_how_much_is_in_flight_depends_on_what_is_asked() -> None:
    def most(**variables: str) -> int:
        return from_environment(API_KEY="k", **variables).in_flight

    assert most() == 3
    assert most(URL="https://a.example") == 16
    assert most(URL="http://127.0.0.1:3000") >= 24
    assert most(URL="http://localhost:3000") >= 24
    assert most(URL="https://a.example", CONNECTIONS="2") == 2


@pytest.mark.parametrize(
    "variables",
    [
        {"URL": "https://a.example", "USERNAME": "ada", "PASSWORD": " s3cret! "},
        {"URL": "https://a.example/dashboard/api", "USERNAME": "ada", "PASSWORD": "x"},
        {"URL": "http://[::1]:3000/umami", "API_KEY": "k"},
        {"API_KEY": "k"},
        {"SHARE_URL": "https://a.example/tools/umami/share/AbC123/shop.example"},
        {"DATA": "."},
        {"DATA": ".", "STORE": "umami.duckdb"},
        {"STORE": "README.md"},
        {},
    ],
)
def test_what_settings_were_given_gives_them_again(variables: dict[str, str]) -> None:
    settings = from_environment(**variables)
    assert from_environment(**settings.texts) == settings


def test_the_environment_decides_what_streamlit_did_not_copy_there() -> None:
    environ = {"UMAMI_URL": "https://a.example", "UMAMI_TIMEOUT": "5", "UMAMI_PASSWORD": " "}
    assert of_environment(environ) == ("UMAMI_URL",)
    assert of_environment(environ, {"UMAMI_URL": "https://a.example"}) == ()
    assert of_environment(environ, {"UMAMI_URL": "https://b.example"}) == ("UMAMI_URL",)
    assert of_environment({"UMAMI_PASSWORD": "12345"}, {"UMAMI_PASSWORD": 12345}) == ()


@pytest.mark.parametrize(
    ("text", "collects"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("0", False)]
)
def test_whether_the_embedded_server_collects(text: str, collects: bool) -> None:
    settings = from_environment(COLLECT=text, STORE="umami.duckdb", DATA=".")
    assert settings.collect is collects
    if collects:
        # Only who collects begins with a file that is not there.
        assert from_environment(COLLECT=text, STORE="no-such.duckdb").store
    assert from_environment(COLLECT="no", URL="https://a.example", API_KEY="k").collect is False


# As files and copying leave them


@pytest.mark.parametrize(
    "around",
    [
        *("{}", '"{}"', "'{}'", "“{}”", "„{}“", "‘{}’", "«{}»", " {}\t", "{}\r", "{}\n"),
        *("\ufeff{}", "\u00a0{}\u00a0", "\u200b{}\u200b", "{}\u200d \n", ' "{}" \r\n'),
        '\u2060"{}\u200e"',
    ],
    ids=repr,
)
def test_what_is_around_a_value_is_no_part_of_it(around: str) -> None:
    variables = {
        "URL": "HTTPS://a.example/api/",
        "API_KEY": "key",
        "TIMEOUT": "20",
        "CACHE_MB": "7",
    }
    settings = from_environment(**{name: around.format(value) for name, value in variables.items()})
    assert settings.api == "https://a.example/api"
    assert (settings.api_key, settings.timeout, settings.cache_mb) == ("key", 20, 7)
    assert cleaned(around.format('it\'s "so"')) == 'it\'s "so"'
    assert from_environment(URL=around.format("")).embedded


def test_a_password_keeps_what_may_be_a_part_of_it(tmp_path: Path) -> None:
    login = {"URL": "https://a.example", "USERNAME": "ada"}
    for password in (" a ", "a\u00a0", 'a"', '"', "“a”"):
        assert from_environment(**login, PASSWORD=password).password == password
    assert from_environment(**login, PASSWORD="a \r\n").password == "a "
    for quoted in ('"s3cret!"', "'s3cret!'", "'s3cret!'\r"):
        with pytest.raises(SettingsError, match="UMAMI_PASSWORD is in quotes") as refused:
            from_environment(**login, PASSWORD=quoted)
        assert "s3cret" not in str(refused.value)
    # In the secrets quotes within quotes are meant, also where Streamlit copied them.
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        "UMAMI_URL = 'https://a.example'\nUMAMI_USERNAME = 'a'\nUMAMI_PASSWORD = '\"s3cret!\"'\n"
    )
    for environ in ({}, {"UMAMI_PASSWORD": '"s3cret!"'}):
        assert read(environ, secrets).password == '"s3cret!"'


@pytest.mark.parametrize(
    ("typed", "write"),
    [
        ("https:/a.example", "https://a.example"),
        ("https//a.example/umami", "https://a.example/umami"),
        ("https:a.example", "https://a.example"),
        ("http:/a.example:3000", "http://a.example:3000"),
        ("https://https://a.example", "https://a.example"),
        ("https://http:/a.example", "http://a.example"),
        ("a.example", "https://a.example"),
        ("//a.example", "https://a.example"),
        ("http.example", "https://http.example"),
        ("localhost:3000", "http://localhost:3000"),
        ("192.168.0.2:3000", "http://192.168.0.2:3000"),
        ("https://a.exa\u200bmple", "U+200B"),
    ],
)
def test_an_address_that_is_nearly_one_is_told_right(typed: str, write: str) -> None:
    with pytest.raises(SettingsError, match="UMAMI_URL") as refused:
        from_environment(URL=typed, API_KEY="k")
    assert (f"write {write}." if "://" in write else write) in str(refused.value)


@pytest.mark.parametrize(
    "number", ["60s", "60 s", "1,000", "1.000,5", "1_0", "٣٠", "1e1", "+5", "0x10"]
)
@pytest.mark.parametrize("name", ["TIMEOUT", "CACHE_MB", "CONNECTIONS"])
def test_a_number_is_digits(name: str, number: str) -> None:
    with pytest.raises(SettingsError, match=f"UMAMI_{name} is a .*without a unit"):
        from_environment(**{name: number})


def test_a_number_of_calls_is_whole() -> None:
    with pytest.raises(SettingsError, match="UMAMI_CONNECTIONS is a whole number"):
        from_environment(CONNECTIONS="2.5")
    assert from_environment(TIMEOUT="2.5").timeout == 2.5


def test_yes_and_no_in_every_spelling(tmp_path: Path) -> None:
    def collects(text: str) -> bool:
        return from_environment(STORE=str(tmp_path / "a.duckdb"), DATA=".", COLLECT=text).collect

    for text in ("yes", "YES", "true", "True", "on", "1"):
        assert collects(text)
    for text in ("", "no", "No", "false", "off", "OFF", "0"):
        assert not collects(text)
    for text in ("y", "maybe", "2"):
        with pytest.raises(SettingsError, match="UMAMI_COLLECT is yes or no"):
            collects(text)
    secrets = tmp_path / "secrets.toml"
    for spelled in ("true", "1", '"on"'):
        secrets.write_text(f"[umami]\nstore = '{tmp_path / 'a.duckdb'}'\ncollect = {spelled}\n")
        assert read({}, secrets).collect


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_secrets_as_editors_save_them(tmp_path: Path, encoding: str, end: str) -> None:
    secrets = tmp_path / "secrets.toml"
    lines = ("[umami]", "url = 'https://a.example'", "api_key = 'k'", "")
    secrets.write_bytes(end.join(lines).encode(encoding))
    assert read({}, secrets).api == "https://a.example/api"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        *(
            ("[umami]\napi_key = 's3cret'\n".encode(encoding), "not UTF-8 but UTF-16: save it as")
            for encoding in ("utf-16", "utf-16-le", "utf-16-be")
        ),
        ("[umami]\napi_key = 's3crét'\n".encode("latin-1"), "is not UTF-8: save it as UTF-8"),
        ("[umami]\napi_key = “s3cret”\n".encode(), "line 2.*straight quotes"),
        ("[umami]\n\u00a0api_key = 's3cret'\n".encode(), "line 2.*plain spaces"),
        ("\ufeff[auth]\nclient_id = 's3cret'\n".encode(), "byte order mark.*without it"),
        (b"[umami]\npassword = 1.10\n", "UMAMI_PASSWORD.*put it in quotes"),
        (b"[umami]\nurl = true\n", "UMAMI_URL.*put it in quotes"),
    ],
    ids=repr,
)
def test_secrets_that_cannot_be_read_are_told_why(
    tmp_path: Path, content: bytes, said: str
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as refused:
        read({}, secrets)
    assert "s3cr" not in str(refused.value)


def test_a_server_beside_a_database_makes_its_changes() -> None:
    database = "postgresql://reader@db.example.com/umami"
    settings = from_environment(DATABASE_URL=database, URL="https://u.example.com", API_KEY="k")
    assert settings.embedded
    assert settings.account is None
    assert settings.writer
    assert (settings.writer.api, settings.writer.api_key) == ("https://u.example.com/api", "k")
    assert settings.writer.database is None
    assert Settings.parse(settings.texts).writer == settings.writer
    with pytest.raises(SettingsError, match="UMAMI_SHARE_URL contradict each other"):
        from_environment(DATABASE_URL=database, SHARE_URL="https://u.example.com/share/abc")
