"""What a browser loads first: Streamlit's scripts, compressed, and its HTML with preloads, a
skeleton, and a script that draws charts when they come near.

Streamlit serves its scripts as they are, since compressing them for every request costs more than
it saves. Here, each file is compressed once per process, when it is first requested.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from string import Template
from threading import Condition
from typing import Final

import brotli
import streamlit
from cachetools import cached
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access import unsubscribing
from components import texts, theme, umami_server
from components.runtime import base
from components.texts import _

STATIC: Final = Path(streamlit.__file__).parent / "static"
SCRIPTS: Final = STATIC / "static" / "js"
FILES: Final = {
    f"/{path.relative_to(STATIC).as_posix()}": path
    for path in (STATIC / "static").rglob("*")
    if path.suffix in (".js", ".css")
}
"""Scripts and style sheets by URL path. Fonts and pictures are compressed already."""
ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    # Higher qualities take seconds for the largest script, and save a tenth.
    "br": partial(brotli.compress, quality=9, lgwin=24),
    "gzip": partial(gzip.compress, mtime=0),
}
"""Functions that compress, by content coding, the best first."""
LATE: Final = ("EChartsChart.", "PlotlyChart.")
"""The beginnings of the names of scripts that wait until the page shows its figures."""
WHOLE: Final = "whole"
"""The query string of the address of the script itself, where ``LATE`` answers with another."""
FOREVER: Final = "public, max-age=31536000, immutable"
ELEMENTS: Final = ("BidiComponent", "Button", "Html", "Metric", "PageLink", "Selectbox")
"""Streamlit's elements on the first screen of a page, whose scripts it would load one by one."""
_EXPORTED: Final = re.compile(r"export\{([^}]+)\};?\s*$")
_IMPORTED: Final = re.compile(r"(?:from|import)[`\"']\./([\w.-]+\.js)[`\"']")
_NO_PAGES: Final = ("/_stcore/", "/media/", "/component/", unsubscribing.PATH)
"""Starts of paths at which Streamlit's page is not served."""
_FRONTEND: Final = Path(__file__).parent / "frontend"
_CHECKS: Final = StaticFiles()


@dataclass(frozen=True, slots=True)
class _Content:
    body: bytes
    etag: str
    encoding: str
    media_type: str


@cache
def page(text: str = "") -> str:
    """Streamlit's HTML with preloads and a skeleton of a page, which shows a ``text``."""
    original = (STATIC / "index.html").read_text("utf-8")
    preloads = "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">\n'
        for name in needed(ELEMENTS)
        if name not in original
    )
    colours = {
        f"{mode}_{name}": value
        for mode, palette in theme.PALETTES.items()
        for name, value in asdict(palette).items()
    }
    skeleton = Template((_FRONTEND / "skeleton.html").read_text("utf-8")).substitute(
        colours,
        font=theme.FONT,
        text=html.escape(text),
        script=(_FRONTEND / "first_page.js").read_text("utf-8"),
    )
    # The styles of ``app.py``, which Streamlit applies only after it has drawn the page.
    styles = f"<style>\n{(_FRONTEND / 'page.css').read_text('utf-8')}</style>\n"
    head, body = original.replace("</head>", f"{preloads}{styles}</head>").split(
        '<div id="root"></div>'
    )
    return f'{head}<div id="root"></div>{skeleton}{body}'


def needed(elements: tuple[str, ...]) -> list[str]:
    """The names of the scripts of Streamlit's elements, and of those that they import."""
    names: dict[str, None] = {}

    def collect(name: str) -> None:
        if name not in names:
            names[name] = None
            for imported in _IMPORTED.findall((SCRIPTS / name).read_text("utf-8")):
                collect(imported)

    for element in elements:
        for path in SCRIPTS.glob(f"{element}.*.js"):
            collect(path.name)
    return list(names)


def served(app: ASGIApp) -> ASGIApp:
    """Middleware that answers requests of scripts and pages for a browser that takes a compressed
    answer; everything else is left to Streamlit."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path = scope["path"].removeprefix(base())
        encoding = _encoding(headers.get("accept-encoding", ""))
        if path in FILES and encoding and "range" not in headers:
            late = path.rpartition("/")[2].startswith(LATE)
            late = late and scope["query_string"] != WHOLE.encode()
            content = await run_in_threadpool(_late if late else _file, path, encoding)
            # Streamlit's version is in the name, and not that of the dashboard.
            caching = "public, max-age=3600" if late else FOREVER
            await _response(content, caching, scope)(scope, receive, send)
        elif path in FILES:
            await app(scope, receive, _varying(send))
        elif "." in path.rpartition("/")[2] or path.startswith(_NO_PAGES):
            await app(scope, receive, send)
        else:
            # No session knows the reader's choice yet.
            preferred = headers.get("accept-language", "").partition(",")[0].partition(";")[0]
            with texts.reading(texts.supported(preferred) or texts.ENGLISH):
                text = _("Preparing a year of demo traffic …") if umami_server.preparing() else ""
            content = await run_in_threadpool(_page, text, encoding)
            await app(_unconditional(scope), receive, _replacing(content, scope, receive, send))

    return respond


def _encoding(accepted: str) -> str:
    """The best content coding of an ``Accept-Encoding`` header; ``""`` for none."""
    taken = {
        name.strip().lower()
        for name, _, quality in (part.partition(";") for part in accepted.split(","))
        if not re.fullmatch(r"\s*q=0(\.0*)?\s*", quality)
    }
    return next((name for name in ENCODINGS if name in taken), "")


@cached({}, condition=Condition())
def _file(path: str, encoding: str) -> _Content:
    media_type = "text/css" if path.endswith(".css") else "text/javascript"
    return _content(FILES[path].read_bytes(), encoding, media_type)


@cached({}, condition=Condition())
def _late(path: str, encoding: str) -> _Content:
    """A script with the exports of another one, which it loads later."""
    exported = _EXPORTED.search(FILES[path].read_text("utf-8"))
    names = [name.rpartition(" as ")[2] for name in exported[1].split(",")] if exported else []
    script = Template((_FRONTEND / "late.js").read_text("utf-8")).substitute(
        name=FILES[path].name,
        query=WHOLE,
        exports="\n".join(
            f"export {'default' if name == 'default' else f'const {name} ='} library.{name}"
            for name in names
        ),
    )
    return _content(script.encode(), encoding, "text/javascript")


@cached({}, condition=Condition())
def _page(text: str, encoding: str) -> _Content:
    return _content(page(text).encode(), encoding, "text/html")


def _content(body: bytes, encoding: str, media_type: str) -> _Content:
    digest = hashlib.sha256(body).hexdigest()[:32]
    compressed = ENCODINGS[encoding](body) if encoding else body
    return _Content(compressed, f'"{digest}-{encoding or "plain"}"', encoding, media_type)


def _response(content: _Content, cache_control: str, scope: Scope) -> Response:
    headers = {"cache-control": cache_control, "etag": content.etag, "vary": "Accept-Encoding"}
    if content.encoding:
        headers["content-encoding"] = content.encoding
    response = Response(content.body, headers=headers, media_type=content.media_type)
    if _CHECKS.is_not_modified(response.headers, Headers(scope=scope)):
        return NotModifiedResponse(response.headers)
    if scope["method"] == "HEAD":
        response.body = b""
    return response


def _varying(send: Send) -> Send:
    """A ``send`` that says that the answer depends on ``Accept-Encoding``."""

    async def vary(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
        await send(message)

    return vary


def _unconditional(scope: Scope) -> Scope:
    """The request without headers about an earlier answer, which was not Streamlit's own."""
    left = (b"if-none-match", b"if-modified-since", b"if-range", b"range")
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in left]}


def _replacing(content: _Content, scope: Scope, receive: Receive, send: Send) -> Send:
    """A ``send`` that sends ``content`` in place of an HTML document, with its cookies."""
    replaced = False

    async def replace(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            replaced = message["status"] == 200 and headers.get("content-type", "").startswith(
                "text/html"
            )
            if replaced:
                response = _response(content, "no-cache", scope)
                for cookie in headers.getlist("set-cookie"):
                    response.headers.append("set-cookie", cookie)
                await response(scope, receive, send)
        if not replaced:
            await send(message)

    return replace
