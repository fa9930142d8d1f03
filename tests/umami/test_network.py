"""Proxies and certificates of the environment, and addresses with the wrong scheme."""

from __future__ import annotations

import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.certificates import certificate
from tests.support.faults import Act, Faulty, faulty
from tests.support.socks import Socks, socks_to
from umami.endpoint import Request
from umami.errors import CertificateUntrusted, SettingsError, Unreachable
from umami.network import proxy_for, trusted
from umami.settings import Settings
from umami.transport import Transport

STATS = Request("GET", "/stats")
AWAY = "http://umami.invalid/api"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
BUNDLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
Ask = Callable[..., bytes]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without proxies and certificates."""
    for name in (*NAMES, *map(str.upper, NAMES), *BUNDLES, "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def ask(settings: Settings) -> Iterator[Ask]:
    """Asks a server at an address."""
    with ExitStack() as stack:

        def send(api: str = AWAY) -> bytes:
            transport = Transport(settings.model_copy(update={"api": api, "timeout": 5}))
            stack.callback(transport.close)
            return transport.send(STATS, endpoint="stats", repeatable=False)

        yield send


@contextmanager
def answering(said: bytes) -> Iterator[int]:
    """The port of something that says this to whatever it hears, and hangs up."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(65_536)
                self.request.sendall(said)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


# Proxies


@pytest.fixture
def socks(server: Faulty) -> Iterator[Socks]:
    with socks_to(server.url) as proxy:
        yield proxy


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5H"])
@pytest.mark.parametrize("account", [None, ("ada", "p@ss:wörd")])
def test_socks(
    bare: pytest.MonkeyPatch, socks: Socks, ask: Ask, scheme: str, account: tuple[str, str] | None
) -> None:
    socks.account = account
    bare.setenv(
        "ALL_PROXY",
        f"{scheme}://{'ada:p%40ss:w%C3%B6rd@' if account else ''}127.0.0.1:{socks.port}",
    )
    assert ask() == b"{}"
    assert set(socks.hosts) == {"umami.invalid"}


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "form",
    [
        "http://{}",
        "{}",
        " {} ",
        "HTTP://{}/",
        "http://ada:p%40ss@{}",
        "ada:p@ss@{}",
        "ada:p%40ss@{}",
    ],
)
def test_http_proxies(
    bare: pytest.MonkeyPatch, server: Faulty, ask: Ask, name: str, form: str
) -> None:
    bare.setenv(name, form.format(server.url.removeprefix("http://")))
    assert ask() == b"{}"
    seen = server.requests_to("/stats")[0]
    assert seen.headers["host"] == "umami.invalid"
    account = seen.headers.get("proxy-authorization")
    assert account == ("Basic YWRhOnBAc3M=" if "@" in form else None)


def test_https_proxies(bare: pytest.MonkeyPatch, ask: Ask, tmp_path: Path) -> None:
    with faulty(tls(tmp_path)) as proxy:
        bare.setenv("http_proxy", proxy.url)
        with pytest.raises(CertificateUntrusted):
            ask()
        bare.setenv("CURL_CA_BUNDLE", str(tmp_path / "server.pem"))
        assert ask() == b"{}"
        assert proxy.requests_to("/stats")


@pytest.mark.parametrize("api", [AWAY, "https://umami.invalid/api"])
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_that_wants_another_account(
    bare: pytest.MonkeyPatch, socks: Socks, ask: Ask, api: str, scheme: str
) -> None:
    socks.account = ("somebody", "else")
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    with answering(refusal) as port:
        bare.setenv(
            "ALL_PROXY",
            f"{scheme}://ada:s3cret@127.0.0.1:{port if scheme == 'http' else socks.port}",
        )
        with pytest.raises(Unreachable, match="ALL_PROXY requires a user name") as refused:
            ask(api)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("socks4://127.0.0.1:9", "SOCKS 4"),
        ("socks4a://127.0.0.1:9", "SOCKS 4"),
        ("socks://127.0.0.1:9", "SOCKS 4"),
        ("ftp://127.0.0.1:9", "begins with none of"),
        ("http://", "cannot be read"),
        ("http://127.0.0.1:99999", "cannot be read"),
        ("http://127.0.0.1:port", "cannot be read"),
        ("http://[::1", "cannot be read"),
        ("http://a b", "cannot be read"),
        ("http://" + "a" * 70, "cannot be read"),
    ],
)
@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy"])
def test_a_proxy_that_cannot_be_used(
    bare: pytest.MonkeyPatch, ask: Ask, name: str, value: str, said: str
) -> None:
    bare.setenv(name, value.replace("://", "://user:s3cret@") if name == "https_proxy" else value)
    with pytest.raises(SettingsError, match=f"^{name}.*{said}") as refused:
        ask("https://umami.invalid/api")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h"])
@pytest.mark.parametrize(
    "garbage", [b"\x05\x00garbage", b"\x05\xff", b"SSH-2.0\r\n", b"\x05\x02", b""]
)
def test_what_is_no_proxy(bare: pytest.MonkeyPatch, ask: Ask, scheme: str, garbage: bytes) -> None:
    with answering(garbage) as port:
        bare.setenv("ALL_PROXY", f"{scheme}://ada:s3cret@127.0.0.1:{port}")
        with pytest.raises(Unreachable) as refused:
            ask("https://umami.invalid/api")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "excepted"),
    [
        (
            "umami.example.com",
            [
                *("*", "example.com", ".example.com", "*.example.com", "a, Umami.Example.COM"),
                *("x.org umami.example.com", "umami.example.com:8443", ".example.com:8443"),
                "10.0.0.0/8,*",
            ],
        ),
        (
            "10.1.2.3",
            ["10.1.2.3", "10.0.0.0/8", "10.1.2.0/24", "10.1.2.3:8443", "10.1.2.3/32", "*"],
        ),
        ("[fd00::5]", ["fd00::5", "[fd00::5]", "fd00::/8", "[fd00::5]:8443", "FD00:0::5"]),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_exceptions(bare: pytest.MonkeyPatch, name: str, host: str, excepted: list[str]) -> None:
    bare.setenv("https_proxy", "proxy:3128")
    for value in excepted:
        bare.setenv(name, value)
        assert proxy_for(f"https://{host}:8443/api") is None, value
    for value in ("", "xample.com", "umami.example", "10.2.0.0/16", "10.1.2.3.4", "fe80::/10",
                  "example.com:443", "10.1.2.3:1", "not/a/network", "notexample.com"):  # fmt: skip
        bare.setenv(name, value)
        proxy = proxy_for(f"https://{host}:8443/api")
        assert proxy is not None, value
        assert proxy.url == "http://proxy:3128"


def test_the_proxy_of_the_scheme_goes_before_that_of_all(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("ALL_PROXY", "socks5h://all:1080")
    bare.setenv("https_proxy", "")
    bare.setenv("http_proxy", "http://[::1]:3128")
    for url, expected in (
        ("http://a.b/api", "http://[::1]:3128"),
        ("https://a.b", "socks5h://all:1080"),
    ):
        proxy = proxy_for(url)
        assert proxy is not None
        assert proxy.url == expected


# Certificates


def tls(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))
    return context


def test_certificates_of_the_environment(
    bare: pytest.MonkeyPatch, ask: Ask, tmp_path: Path
) -> None:
    with faulty(tls(tmp_path)) as server:
        bundle = tmp_path / "server.pem"
        folder = tmp_path / "certificates"
        folder.mkdir()
        shutil.copy(bundle, folder / "own.pem")
        subprocess.run(["openssl", "rehash", folder], check=True)
        with pytest.raises(CertificateUntrusted):
            ask(f"{server.url}/api")
        for name, place in (
            ("SSL_CERT_FILE", bundle),
            ("SSL_CERT_DIR", f"{folder}:{folder}"),
            ("CURL_CA_BUNDLE", bundle),
            ("REQUESTS_CA_BUNDLE", bundle),
            ("REQUESTS_CA_BUNDLE", folder),
        ):
            with bare.context() as set_:
                set_.setenv(name, str(place))
                assert ask(f"{server.url}/api") == b"{}", name


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("content", ["missing", "garbage", "empty", "folder", "key"])
def test_certificates_that_cannot_be_used(
    bare: pytest.MonkeyPatch, ask: Ask, tmp_path: Path, name: str, content: str
) -> None:
    place = tmp_path / "place"
    if content == "folder":
        place.mkdir()
        (place / "own.pem").write_text("no hashed name")
    elif content != "missing":
        place.write_bytes(
            {"garbage": b"\x00\xff" * 99, "key": b"-----BEGIN X-----\n"}.get(content, b"")
        )
    bare.setenv(name, str(place))
    with pytest.raises(SettingsError, match=f"^{name} names"):
        ask("https://umami.invalid/api")


def test_certificates_do_not_matter_without_tls(
    bare: pytest.MonkeyPatch, server: Faulty, ask: Ask
) -> None:
    bare.setenv("SSL_CERT_FILE", "/nowhere")
    assert ask(f"{server.url}/api") == b"{}"
    assert trusted({"SSL_CERT_FILE": " "}) is None


# The other scheme


def test_http_to_a_port_for_tls(ask: Ask, tmp_path: Path) -> None:
    with faulty(tls(tmp_path)) as server, pytest.raises(SettingsError, match="https://"):
        ask(server.url.replace("https://", "http://") + "/api")


PLAIN = [
    b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
    b"<p>Your browser sent a request.<br />Reason: You're speaking plain HTTP to an SSL-enabled "
    b"server port.<br /></p>",
    b"Client sent an HTTP request to an HTTPS server.\n",
    b"Bad Request\r\nThis combination of host and port requires TLS.\r\n",
]


@pytest.mark.parametrize("body", PLAIN)
@pytest.mark.parametrize("ending", ["/auth/login", "/stats"])
def test_servers_that_say_they_want_tls(server: Faulty, ask: Ask, body: bytes, ending: str) -> None:
    server.script(ending, Act(400, body, (("content-type", "text/html"),)))
    with pytest.raises(SettingsError, match=r"https: begin UMAMI_URL with https://\.$"):
        ask(f"{server.url}/api")


def test_https_to_a_port_for_http(ask: Ask) -> None:
    said = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    wanted = r"http: begin UMAMI_URL with http://\.$"
    with answering(said) as port, pytest.raises(SettingsError, match=wanted):
        ask(f"https://127.0.0.1:{port}/api")
