"""Trying a server: what it is, and what is said of every way in which it is not one."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.doubles.umami import serve as serve_version
from tests.support.certificates import certificate
from tests.support.faults import SIGNED_IN, Act, Faulty, Seen, as_3_1, page, said
from tests.support.ports import free_port
from umami.addresses import CLOUD
from umami.connection_check import Way, completed, meant, tried
from umami.errors import SettingsError, UmamiError
from umami.settings import Settings, read

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
PASSWORD = "marker-s3cret!"
LOGIN = {"USERNAME": "ada", "PASSWORD": PASSWORD}
DATABASE = {"DATABASE_URL": "postgresql://reader:marker@a.example/umami"}
REFUSED = said({"error": {"message": "Unauthorized", "code": "unauthorized", "status": 401}}, 401)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("umami.example.com", "https://umami.example.com"),
        (" umami.example.com/umami ", "https://umami.example.com/umami"),
        ("http://umami.example.com", "http://umami.example.com"),
        ("localhost:3000", "http://localhost:3000"),
        ("127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("[::1]:3000", "http://[::1]:3000"),
        ("192.168.1.4", "http://192.168.1.4"),
        ("nas:3000", "http://nas:3000"),
        ("umami.home.arpa", "http://umami.home.arpa"),
        ("8.8.8.8", "https://8.8.8.8"),
        ("", ""),
    ],
)
def test_an_address_is_completed_as_it_was_meant(typed: str, address: str) -> None:
    assert completed(typed) == address


@pytest.mark.parametrize(
    ("way", "typed", "sentence", "remedy"),
    [
        ("account", {}, "Type the address", ""),
        ("account", {"URL": "a.example", "PASSWORD": PASSWORD}, "Type the user name", ""),
        ("account", {"URL": "a.example", "USERNAME": "ada"}, "Type the password", ""),
        ("account", {"URL": "a.example", "USERNAME": "ada", "PASSWORD": " "}, "password", ""),
        ("key", {"URL": "a.example"}, "Paste the key", ""),
        ("share", {}, "Paste the share link", ""),
        ("tables", {"DATA": " "}, "Type where", ""),
        ("account", {"URL": "ftp://a.example", **LOGIN}, "The address must begin with", "Correct"),
        ("account", {"URL": "https://a..example", **LOGIN}, "The address cannot", "Correct"),
        ("account", {"URL": "https://ada:x@a.example", **LOGIN}, "The address contains", "Correct"),
        ("account", {"URL": "https://[::1", **LOGIN}, "The address cannot", "Correct"),
        (
            "account",
            {"URL": "https://a.example/share/AbC123/shop", **LOGIN},
            "This is a share link",
            "Choose “Share link”",
        ),
        ("account", {"URL": "cloud.umami.is", **LOGIN}, "Umami Cloud", "Choose “API key”"),
        ("account", {"URL": "https://api.umami.is/v1", **LOGIN}, "Umami Cloud", "Choose “API key”"),
        ("key", {"API_KEY": f"{PASSWORD}\nschlüssel"}, "The key contains characters", "Correct"),
        ("share", {"SHARE_URL": "a.example/websites/x"}, "The share link is not", "Correct"),
        ("tables", {"DATA": "/no/such/folder"}, "There is no folder", "on the machine"),
        ("database", {**DATABASE, **LOGIN}, "Type the address of your", ""),
        ("database", {**DATABASE, "URL": "cloud.umami.is", **LOGIN}, "does not use this", "leave"),
        ("database", {**DATABASE, "URL": "a.example/share/x", **LOGIN}, "share link", "Take away"),
    ],
)
def test_what_was_typed_wrongly_is_said_as_a_form_says_it(
    way: Way, typed: dict[str, str], sentence: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        meant(way, typed)
    problem = refused.value
    assert sentence in str(problem)
    assert remedy in problem.remedy
    assert bool(problem.remedy) == bool(remedy)
    assert "UMAMI_" not in f"{problem} {problem.remedy}"
    assert PASSWORD not in f"{problem} {problem.remedy}"


def test_what_was_meant_is_what_is_written() -> None:
    for way, typed in (
        ("account", {"URL": " a.example/umami/login ", "USERNAME": " ada ", "PASSWORD": " x "}),
        ("key", {"API_KEY": " k ", "URL": ""}),
        ("key", {"API_KEY": "k", "URL": "localhost:3000"}),
        ("share", {"SHARE_URL": "a.example/share/AbC123/shop.example"}),
        ("tables", {"DATA": f'"{TABLES}"'}),
        ("database", DATABASE),
        ("database", {**DATABASE, "URL": "a.example", **LOGIN}),
    ):
        settings = meant(way, typed)
        again = read({f"UMAMI_{name}": value for name, value in settings.texts.items()}, NOWHERE)
        assert again == settings.model_copy(update={"timeout": again.timeout})
    assert meant("key", {"API_KEY": "k"}).api == CLOUD
    assert meant("account", {"URL": "a.example", "USERNAME": "a", "PASSWORD": " x "}).password == (
        " x "
    )


NOWHERE = Path("no/such/secrets.toml")


@pytest.mark.parametrize(
    ("version", "what"),
    [("2.18", "Umami 2.18.1"), ("3.1", "Umami 3.1.0"), ("3.5", "Umami 3.5.0")],
)
def test_a_server_tells_what_it_is_and_its_websites(version: str, what: str) -> None:
    with serve_version(version, TABLES) as running:
        trial = tried(
            meant("account", {"URL": running.url, "USERNAME": "admin", "PASSWORD": "umami"})
        )
    assert trial.what == what
    assert trial.count == 3
    names = [site.name for site in trial.websites]
    assert names == ["Nordlicht Docs", "Nordlicht Empty", "Nordlicht Shop"]


def test_a_version_that_is_told_is_shown(server: Faulty) -> None:
    settings = answering(server)
    server.script("/scripts/telemetry", Act(body=b"fetch('https://x?v=3.1.2&e=1')"))
    for path in ("/websites", "/me/teams"):
        server.script(path, said({"data": [], "count": 0, "page": 1, "pageSize": 10}))
    trial = tried(settings)
    assert trial.what == "Umami 3.1.2"
    assert (trial.websites, trial.count) == ((), 0)


def answering(server: Faulty) -> Settings:
    """The settings that a form gives for a server that answers as 3.1 does."""
    as_3_1(server)
    return meant("account", {"URL": server.url, **LOGIN})


def html(request: Seen) -> Act:
    return page()


def missing(request: Seen) -> Act:
    return page(404)


def guarded(request: Seen) -> Act:
    return page(401)


def broken(request: Seen) -> Act:
    return Act(500, b"")


def elsewhere(request: Seen) -> Act:
    return Act(302, b"", (("location", "https://sso.example/login"),))


@pytest.mark.parametrize(
    ("decide", "sentence", "remedy"),
    [
        (html, "instead of Umami", "Use the address"),
        (missing, "No Umami server answers", "Use the address"),
        (guarded, "in front of the server", "Its administrator"),
        (broken, "The server failed", "This is a fault"),
        (elsewhere, "check the address", "Use the address"),
    ],
)
def test_what_is_no_umami_is_said_with_what_to_change(
    server: Faulty, decide: object, sentence: str, remedy: str
) -> None:
    assert callable(decide)
    server.decide(decide)
    problem = refusal(meant("account", {"URL": server.url, **LOGIN}))
    assert sentence in str(problem)
    assert problem.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("answer", "sentence", "remedy"),
    [
        (REFUSED, "does not accept this user name and password", "Type both once more"),
        (said({"requiresTwoFactor": True}), "second factor", "Make an account"),
        (page(), "not JSON", "Use the address"),
        (SIGNED_IN, "does not let this account request", "Type both once more"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_change(
    server: Faulty, answer: Act, sentence: str, remedy: str
) -> None:
    settings = answering(server)
    server.script("/auth/login", answer)
    server.script("/websites", REFUSED)
    problem = refusal(settings)
    assert sentence in str(problem)
    assert problem.remedy.startswith(remedy)


@pytest.mark.parametrize("cloud", [False, True])
def test_a_key_that_opens_nothing_is_told_where_it_may_belong(server: Faulty, cloud: bool) -> None:
    server.decide(lambda request: REFUSED)
    if cloud:
        keyed = Settings(api=f"{server.url}/v1", api_key="marker-key", cloud=True, timeout=5)
    else:
        answering(server)
        keyed = meant("key", {"API_KEY": "marker-key", "URL": server.url})
    problem = refusal(keyed)
    assert str(problem) == "The server does not accept this key."
    assert "Umami Cloud" in problem.remedy
    assert "marker-key" not in problem.remedy


def test_a_share_link_that_is_over_is_to_be_copied_anew(server: Faulty) -> None:
    answering(server)
    server.script("/share/AbC123", page(404))
    problem = refusal(meant("share", {"SHARE_URL": f"{server.url}/share/AbC123"}))
    assert "does not exist" in str(problem)
    assert problem.remedy.startswith("Copy the link once more")


def test_nothing_at_an_address() -> None:
    local = refusal(meant("account", {"URL": f"127.0.0.1:{free_port()}", **LOGIN}))
    assert str(local).startswith("No connection to http://127.0.0.1:")
    assert "machine that the dashboard runs on" in local.remedy
    away = refusal(meant("account", {"URL": "https://umami.invalid", **LOGIN}))
    assert "begin the address with http://" in away.remedy


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """A server with a certificate of its own making."""
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_that_nobody_knows_is_told_from_no_answer(untrusted: str) -> None:
    problem = refusal(meant("account", {"URL": untrusted, **LOGIN}))
    assert "certificate" in str(problem)
    assert "SSL_CERT_FILE" in problem.remedy


def refusal(settings: Settings) -> UmamiError:
    """What trying these settings ends with: calm, without a secret, in the words of a form."""
    with pytest.raises(UmamiError) as refused:
        tried(settings)
    problem = refused.value
    said = f"{problem} {problem.remedy}"
    assert PASSWORD not in said
    assert "UMAMI_URL" not in said
    assert problem.__context__ is None
    return problem


@pytest.mark.parametrize("text", ["x" * 5000, "~nobody-of-this-name/x", "a\0b", "/etc/passwd/x"])
def test_what_is_no_path_is_no_folder(text: str) -> None:
    with pytest.raises(SettingsError, match="There is no folder or file") as caught:
        meant("tables", {"DATA": text})
    assert len(str(caught.value)) < 300
    with pytest.raises(SettingsError, match="UMAMI_DATA names"):
        read({"UMAMI_DATA": text.replace("\0", "")}, Path("nowhere"))
