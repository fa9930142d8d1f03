"""A hostile page in the browser that prints reports reads no file and reaches no server."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader

from reports import chromium
from tests.reports.conftest import apart

pytestmark = pytest.mark.browser

SECRET = "marker-of-a-local-file"
HOSTILE = """<!doctype html><meta charset="utf-8"><body><pre id="out">
</pre><script>
const FILE = %r, SITE = %r
const out = document.getElementById("out")
const got = (how, what) => { out.textContent += `GOT ${how} ${String(what).slice(0, 60)}\\n` }
const soon = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 1500))])
const element = (tag, attributes) => new Promise((done) => {
  const one = Object.assign(document.createElement(tag), attributes)
  one.onload = () => {
    try {
      const text = one.contentDocument && one.contentDocument.body
        ? one.contentDocument.body.innerText : ""
      if (text) got(tag, text)
      if (["img", "script", "link"].includes(tag)) got(tag, "loaded")
    } catch { }
    done()
  }
  one.onerror = done
  document.body.append(one)
})
const asked = (url) => new Promise((done) => {
  const one = new XMLHttpRequest()
  one.onloadend = () => { if (one.responseText) got("xhr", one.responseText); done() }
  one.open("GET", url)
  one.send()
})
const tries = (url) => [
  () => fetch(url).then((answer) => answer.text()).then((text) => got("fetch", text)),
  () => fetch(url, { mode: "no-cors" }).then(() => got("no-cors", "answered")),
  () => asked(url),
  () => element("iframe", { src: url }),
  () => element("img", { src: url }),
  () => element("script", { src: url }),
  () => element("link", { rel: "stylesheet", href: url }),
  () => element("object", { data: url }),
  () => element("embed", { src: url }),
  () => new Promise((done) => {
    const one = window.open(url)
    setTimeout(() => {
      try { if (one.document.body.innerText) got("window", one.document.body.innerText) } catch { }
      done()
    }, 500)
  }),
  () => new Promise((done) => {
    const one = new Worker(URL.createObjectURL(new Blob([
      `fetch(${JSON.stringify(url)}).then((one) => one.text())
         .then(postMessage, () => postMessage(""))`
    ])))
    one.onmessage = (told) => { if (told.data) got("worker", told.data); done() }
  }),
]
const site = [
  () => navigator.sendBeacon(SITE, "x"),
  () => new Promise((done) => {
    const one = new WebSocket(SITE.replace("http", "ws"))
    one.onopen = () => { got("websocket", "open"); done() }
    one.onerror = done
  }),
  () => { new EventSource(SITE) },
  () => {
    const form = Object.assign(document.createElement("form"), { action: SITE, target: "_blank" })
    document.body.append(form)
    form.submit()
  },
]
const all = [...tries(FILE), ...tries("file:///etc/passwd"), ...tries(SITE), ...site]
window.report = {
  drawn: Promise.all(all.map((one) => soon(Promise.resolve().then(one)).catch(() => {})))
    .then(() => { out.textContent += "TRIED " + all.length }),
  print: () => {},
}
</script>"""
LEAVING = """<!doctype html><meta charset="utf-8"><body><pre>HERE</pre><script>
window.report = {
  drawn: new Promise((done) => { location.href = %r; setTimeout(done, 1500) }),
  print: () => {},
}
</script>"""


@contextmanager
def site() -> Iterator[tuple[str, list[str]]]:
    """A server that any page may read, and the paths that were requested."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.send_header("access-control-allow-origin", "*")
            self.end_headers()
            self.wfile.write(b"site")

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", paths
    finally:
        server.shutdown()


def printed(page: str) -> str:
    pdf = PdfReader(BytesIO(apart(lambda: chromium.pdf(page))))
    return "\n".join(page.extract_text() for page in pdf.pages)


def test_hostile_page_reads_no_file_and_reaches_no_host(tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    with site() as (address, paths):
        assert httpx.get(address, trust_env=False).text == "site"
        paths.clear()
        for url in (address, address.replace("127.0.0.1", "localhost")):
            said = printed(HOSTILE % (file.as_uri(), url))
            assert "TRIED" in said
            assert "GOT" not in said
        assert paths == []


@pytest.mark.thorough
@pytest.mark.parametrize("to", ["file", "site"])
def test_printed_page_cannot_navigate_away(tmp_path: Path, to: str) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    with site() as (address, paths):
        try:
            said = printed(LEAVING % (file.as_uri() if to == "file" else address))
        except chromium.BrowserFailed:
            said = ""
        assert SECRET not in said
        assert paths == []


@pytest.mark.thorough
def test_chromium_starts_with_an_empty_profile_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper script in the place of the browser records its arguments and starts it."""
    real, seen = chromium.Chromium.find_browser(skip_local=False), tmp_path / "seen"
    wrapper = tmp_path / "chromium"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'for one in "$@"; do case "$one" in --user-data-dir=*) '
        f'stat -c %a "${{one#*=}}" >> {seen}; ls -A "${{one#*=}}" >> {seen};; esac; done\n'
        f'echo "$@" >> {seen}; env >> {seen}\n'
        f'exec {real} "$@"\n'
    )
    wrapper.chmod(stat.S_IRWXU)
    monkeypatch.setenv("BROWSER_PATH", str(wrapper))
    monkeypatch.setenv("UMAMI_PASSWORD", SECRET)
    printed(LEAVING % "about:blank#")
    arguments = seen.read_text()
    assert arguments.startswith("700\n--")
    assert SECRET not in arguments
    for loose in ("--disable-web-security", "--allow-file-access-from-files"):
        assert loose not in arguments


@pytest.mark.thorough
@pytest.mark.sample(2)
@pytest.mark.parametrize("able", [True, False])
def test_chromium_runs_in_its_sandbox_where_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    """A wrapper script in the place of the browser exits, as Chromium does, where there is no
    sandbox."""
    real, seen = chromium.Chromium.find_browser(skip_local=False), tmp_path / "seen"
    wrapper = tmp_path / "chromium"
    ends = "" if able else 'case "$*" in *--no-sandbox*) ;; *) exit 1;; esac\n'
    # Root has none at all, so that this takes it off there, once it has been asked for.
    off = "--no-sandbox" if os.geteuid() == 0 else ""
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {seen}\n{ends}exec {real} {off} "$@"\n')
    wrapper.chmod(stat.S_IRWXU)
    monkeypatch.setenv("BROWSER_PATH", str(wrapper))
    monkeypatch.setattr(chromium, "_NO_SANDBOX", threading.Event())
    for _ in range(2):
        printed(LEAVING % "about:blank#")
    starts = ["--no-sandbox" in line for line in seen.read_text().splitlines()]
    assert starts == ([False, False] if able else [False, True, True])
