"""Messages to webhooks, to a real HTTP server on loopback, and the addresses that are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import pytest

from access import database, notifications
from access.notifications import Webhook
from reports import webhooks
from reports.alert_message import AlertMessage
from reports.webhooks import AddressRefused, Answer
from tests.support.certificates import certificate
from tests.support.ports import free_port
from umami.errors import UmamiError

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
MESSAGE = AlertMessage(
    id="delivery-1",
    name="Traffic",
    website="Shop",
    headline="Visitors of Shop: 1,234 on Sunday, above 1,000",
    since=datetime(2026, 11, 22, tzinfo=UTC),
    url="https://stats.example.com/?website=1&period=last-week",
    findings=("Campaign sale accounts for +200.", "Mobile grew most."),
)
ANSWERS: dict[str, tuple[int, dict[str, str]]] = {
    "/moved": (302, {"location": "http://127.0.0.1:9/"}),
    "/moved-for-good": (308, {"location": "/ok"}),
    "/busy": (429, {"retry-after": "120"}),
    "/busy-for-days": (503, {"retry-after": "999999"}),
    "/broken": (500, {}),
    "/gone": (410, {"retry-after": "5"}),
}


class Receiver(ThreadingHTTPServer):
    """A server that keeps what it got. ``/hang`` never answers, ``/drip`` never ends to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.over = threading.Event()

    def url(self, path: str = "/ok", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        names = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, names, body))
        if self.path == "/hang":
            self.server.over.wait(60)
            return
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.over.wait(0.02):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
        status, headers = ANSWERS.get(self.path, (200, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        # An endless body, of which nothing is read.
        self.wfile.write(b"secret of the network " * 1000)

    def log_message(self, *_unused: object) -> None:
        """Write no log."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from _running(Receiver())


def _running(server: Receiver) -> Iterator[Receiver]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server with a trusted certificate for 127.0.0.1 and umami.invalid."""
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server = Receiver()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    yield from _running(server)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Host names with their addresses; ``asked`` lists the lookups of names."""
    table: dict[str, list[str]] = {"asked": []}
    lookup = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in table:
            return lookup(host, port, *args, **kwargs)
        table["asked"].append(host)
        return [entry for each in table[host] for entry in lookup(each, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return table


def sent(
    url: str,
    service: Literal["slack", "teams", "json"] = "json",
    message: AlertMessage = MESSAGE,
    *,
    allow_private: bool = True,
    timeout: float = 10.0,
) -> Answer:
    webhook = Webhook(service=service, url=url)
    return webhooks.send(webhook, message, key=KEY, allow_private=allow_private, timeout=timeout)


def test_json_is_signed_as_standard_webhooks_are(receiver: Receiver) -> None:
    assert sent(receiver.url("/hook?token=a%20b&c=ü")) == Answer("127.0.0.1", True)
    ((path, headers, body),) = receiver.requests
    assert path == "/hook?token=a%20b&c=%C3%BC"
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.server_port}"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"k" * 32, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert headers["webhook-id"] == "delivery-1"
    content = json.loads(body)
    assert (content["type"], content["timestamp"]) == ("alert.started", "2026-11-22T00:00:00+00:00")
    assert content["data"]["headline"] == MESSAGE.headline
    assert content["data"]["ended"] is None
    ended = replace(MESSAGE, ended=datetime(2026, 11, 23, tzinfo=UTC))
    assert sent(receiver.url(), message=ended).accepted
    assert json.loads(receiver.requests[1][2])["type"] == "alert.ended"


def test_the_signature_is_that_of_the_specification() -> None:
    """An example that libraries of Standard Webhooks test with."""
    headers = webhooks.signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_alert_has_its_own_key() -> None:
    engine = database.open_engine("sqlite://")
    first, second = (notifications.webhook_key(engine, id) for id in ("1", "2"))
    assert first != second
    assert first == notifications.webhook_key(engine, "1")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
    assert notifications.signing_key(engine) == notifications.signing_key(engine) not in first


def test_slack_gets_text_without_markup(receiver: Receiver) -> None:
    hostile = "<!channel> & <https://evil.example|click>"
    message = replace(MESSAGE, headline=hostile, findings=(hostile, "x" * 5000))
    assert sent(receiver.url(), "slack", message).accepted
    content = json.loads(receiver.requests[0][2])
    escaped = "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"
    texts = [block["text"]["text"] for block in content["blocks"]]
    assert content["text"] == texts[0] == texts[1] == escaped
    assert all(block["text"]["verbatim"] for block in content["blocks"])
    assert len(texts[2]) == webhooks.LONGEST
    url = MESSAGE.url.replace("&", "&amp;")
    assert texts[3] == f"Since Sun 22 Nov 2026, 00:00. <{url}|Open in the dashboard>"
    assert "webhook-signature" not in receiver.requests[0][1]


def test_teams_gets_a_card_without_markup(receiver: Receiver) -> None:
    hostile = "[click](https://evil.example) **bold**"
    assert sent(receiver.url(), "teams", replace(MESSAGE, headline=hostile)).accepted
    content = json.loads(receiver.requests[0][2])
    assert content["type"] == "message"
    (attachment,) = content["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run["text"] for block in card["body"] for run in block["inlines"]]
    assert runs == [hostile, *MESSAGE.findings, "Since Sun 22 Nov 2026, 00:00."]
    assert card["actions"][0]["url"] == MESSAGE.url


@pytest.mark.parametrize(
    ("path", "again", "after", "why"),
    [
        ("/moved", False, None, "redirects to another address (302)"),
        ("/moved-for-good", False, None, "redirects to another address (308)"),
        ("/busy", True, 120.0, "refused the message (429)"),
        ("/busy-for-days", True, webhooks.LONGEST_PAUSE, "refused the message (503)"),
        ("/broken", True, None, "refused the message (500)"),
        ("/gone", False, None, "refused the message (410)"),
    ],
)
def test_refusals_say_whether_to_try_again(
    receiver: Receiver, path: str, again: bool, after: float | None, why: str
) -> None:
    answer = sent(receiver.url(path))
    assert (answer.accepted, answer.again, answer.after) == (False, again, after)
    assert why in answer.why
    assert "secret" not in answer.why
    # A redirect is not followed.
    assert [request[0] for request in receiver.requests] == [path]


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_message_without_an_answer_is_not_sent_again(receiver: Receiver, path: str) -> None:
    """The answer does not end, although some bytes of it keep arriving."""
    answer = sent(receiver.url(path), timeout=0.5)
    assert (answer.accepted, answer.again) == (None, False)
    assert "may have arrived" in answer.why


def test_a_server_that_is_away_is_tried_again() -> None:
    answer = sent(f"http://127.0.0.1:{free_port()}/")
    assert (answer.accepted, answer.again) == (False, True)


def test_a_tls_handshake_that_hangs_ends_in_time(receiver: Receiver) -> None:
    """It speaks no TLS, and waits for the end of what it takes for a request."""
    answer = sent(receiver.url(scheme="https"), timeout=0.5)
    assert (answer.accepted, answer.again) == (False, True)
    assert not receiver.requests


def test_tls_verifies_the_name_although_the_connection_is_to_an_address(
    encrypted: Receiver, names: dict[str, list[str]]
) -> None:
    names |= {"umami.invalid": ["127.0.0.1"], "other.invalid": ["127.0.0.1"]}
    assert sent(encrypted.url(scheme="https", host="umami.invalid")).accepted
    assert encrypted.requests[0][1]["host"] == f"umami.invalid:{encrypted.server_port}"
    answer = sent(encrypted.url(scheme="https", host="other.invalid"))
    assert (answer.accepted, answer.again) == (False, False)
    assert "certificate" in answer.why
    assert len(encrypted.requests) == 1


def test_a_name_is_resolved_once_so_that_it_cannot_change(
    receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["hook.example"] = ["127.0.0.1"]
    assert sent(receiver.url(host="hook.example")).accepted
    assert names["asked"] == ["hook.example"]


def test_every_address_of_a_name_is_checked(
    receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["mixed.example"] = ["93.184.216.34", "127.0.0.1"]
    answer = sent(receiver.url(scheme="https", host="mixed.example"), allow_private=False)
    assert (answer.accepted, answer.again) == (False, False)
    assert answer.why == "mixed.example is in a private network."
    # Without TLS, none may be public.
    assert not sent(receiver.url(host="mixed.example")).accepted
    assert not receiver.requests


def test_proxies_of_the_environment_are_ignored(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert sent(receiver.url()).accepted


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://127.0.0.1/", "private network"),
        ("https://2130706433/", "private network"),
        ("https://localhost/", "private network"),
        ("https://10.1.2.3/", "private network"),
        ("https://100.64.0.1/", "private network"),
        ("https://[::1]/", "private network"),
        ("https://[fd00::1]/", "private network"),
        ("https://[::ffff:192.168.1.1]/", "private network"),
        ("https://[64:ff9b::10.0.0.1]/", "private network"),
        ("https://[2002:7f00:1::]/", "private network"),
        ("https://169.254.169.254/latest", "No message is sent to the network"),
        ("http://93.184.216.34/", "begins with https"),
        ("https://user:secret@93.184.216.34/", "no user name"),
        ("https://@93.184.216.34/", "no user name"),
        ("ftp://93.184.216.34/", "begins with https"),
        ("hooks.example.com", "begins with https"),
        ("https://", "begins with https"),
        ("https://93.184.216.34:0/", "begins with https"),
        ("https://93.184.216.34:port/", "begins with https"),
        ("https://93.184.216.34/\r\nHost: evil", "begins with https"),
        ("https://no.such.host.invalid/", "has no address"),
    ],
)
def test_refused_addresses_are_explained(url: str, problem: str) -> None:
    with pytest.raises(AddressRefused, match=problem) as refused:
        webhooks.check_address(url, allow_private=False)
    assert isinstance(refused.value, UmamiError)
    assert refused.value.remedy
    assert "secret" not in str(refused.value)
    answer = sent(url, allow_private=False)
    assert answer.accepted is False
    assert answer.again == ("has no address" in problem)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *((each, "public") for each in ("8.8.8.8", "93.184.216.34", "2606:4700::1111")),
        *((each, "public") for each in ("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::")),
        *((each, "private") for each in ("10.0.0.1", "172.31.0.1", "192.168.0.1", "127.8.9.1")),
        *((each, "private") for each in ("100.127.0.1", "fc00::1", "fdff::1", "::1")),
        *((each, "never") for each in ("0.0.0.0", "169.254.169.254", "224.0.0.1", "240.0.0.1")),
        *((each, "never") for each in ("255.255.255.255", "192.0.2.1", "198.18.0.1", "192.0.0.8")),
        *((each, "never") for each in ("::", "fe80::1", "ff02::1", "2001:db8::1", "fec0::1")),
        *((each, "never") for each in ("2001::1", "::7f00:2", "64:ff9b:1::a00:1", "100::1")),
        *((each, "never") for each in ("::ffff:169.254.169.254", "2002:a9fe:a9fe::")),
        *((each, "never") for each in ("192.88.99.1", "64:ff9b::a9fe:a9fe", "fe80::1%1")),
    ],
)
def test_networks_are_told_apart(address: str, expected: str) -> None:
    assert webhooks.scope(ip_address(address)) == expected
