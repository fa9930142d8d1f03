"""The first load of the dashboard: compression and caching, what is loaded and when, and charts
that are drawn when they come near."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import brotli
import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from components import first_page
from tests.browser.app import App, forget, fresh_app, settled, visitor
from tests.browser.first_load import Load, load

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST_BYTES, ALL_BYTES, FILES = 1.3e6, 2.8e6, 125
PREPARING = "Preparing a year of demo traffic"
UNDECODED = {"accept-encoding": "identity"}


@pytest.fixture(scope="module")
def demo() -> Iterator[App]:
    with fresh_app() as app:
        with httpx.Client(base_url=app.address, trust_env=False) as client:
            assert PREPARING in client.get("/").text
        yield app


@pytest.fixture(scope="module")
def client(demo: App) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.address, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def loaded(demo: App, browser: Browser) -> Load:
    load(browser, demo.address)
    return load(browser, f"{demo.address}/?period=30d")


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with visitor(browser, viewport={"width": 1440, "height": 900}) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    forget(context)


def raw(client: httpx.Client, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer and its body as it was sent."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.stream("GET", path, headers={**UNDECODED, **names}) as response:
        return response, b"".join(response.iter_raw())


@pytest.fixture(scope="module")
def script(client: httpx.Client) -> str:
    tag = re.search(r'src="\./(static/js/index\.[^"]+)"', client.get("/").text)
    assert tag
    return f"/{tag[1]}"


def test_scripts_are_compressed_as_the_browser_takes_them(
    client: httpx.Client, script: str
) -> None:
    _, plain = raw(client, script)
    for accepted, encoding, unpack in (
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
    ):
        response, body = raw(client, script, accept_encoding=accepted)
        assert response.headers["content-encoding"] == encoding
        assert int(response.headers["content-length"]) == len(body) < len(plain) / 3
        assert unpack(body) == plain
        assert response.headers["vary"] == "Accept-Encoding"
        assert {"public", "immutable", "max-age=31536000"} == set(
            response.headers["cache-control"].split(", ")
        )
        assert "javascript" in response.headers["content-type"]


def test_a_browser_that_takes_no_compression_gets_the_file(
    client: httpx.Client, script: str
) -> None:
    for accepted in ("identity", "br;q=0, gzip;q=0.000", ""):
        response, _ = raw(client, script, accept_encoding=accepted)
        assert "content-encoding" not in response.headers
        assert response.headers["vary"] == "Accept-Encoding"
        assert "immutable" in response.headers["cache-control"]


def test_head_and_conditional_requests(client: httpx.Client, script: str) -> None:
    for path in (script, "/", "/retention"):
        response, body = raw(client, path, accept_encoding="br")
        head = client.head(path, headers={"accept-encoding": "br"})
        for name in ("content-length", "content-encoding", "etag", "vary", "cache-control"):
            assert head.headers[name] == response.headers[name], name
        assert len(body) == int(head.headers["content-length"])
        tag = {"accept_encoding": "br", "if_none_match": response.headers["etag"]}
        unchanged, nothing = raw(client, path, **tag)
        assert (unchanged.status_code, nothing) == (304, b"")
        assert unchanged.headers["etag"] == response.headers["etag"]
        # Of another encoding: not what the browser has.
        other, _ = raw(client, path, **{**tag, "accept_encoding": "gzip"})
        assert other.status_code == 200


def test_ranges_are_those_of_the_file_itself(client: httpx.Client, script: str) -> None:
    _, plain = raw(client, script)
    response, body = raw(client, script, accept_encoding="br", range="bytes=100-199")
    assert (response.status_code, body) == (206, plain[100:200])
    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "Accept-Encoding"


def test_pages_are_compressed_and_checked_every_time(client: httpx.Client) -> None:
    for path in ("/", "/retention"):
        response, body = raw(client, path, accept_encoding="br")
        assert response.headers["cache-control"] == "no-cache"
        assert b'<div id="skeleton">' in brotli.decompress(body)
        # Browsers may ask with what an earlier version of the dashboard sent them.
        modified = {"if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT", "range": "bytes=0-9"}
        assert raw(client, path, accept_encoding="br", **modified)[1] == body


def test_other_answers_are_left_to_streamlit(client: httpx.Client) -> None:
    assert client.get("/_stcore/health").text == "ok"
    assert client.get("/favicon.png").headers["content-type"] == "image/png"
    font = re.search(r'href="\./(static/media/[^"]+)"', client.get("/").text)
    assert font
    answer = client.get(f"/{font[1]}")
    assert "immutable" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers


def test_preloads_exist_and_hold_the_first_elements(client: httpx.Client) -> None:
    html = client.get("/").text
    names = re.findall(r'<link rel="modulepreload"[^>]*href="\./static/js/([^"]+)"', html)
    assert len(names) == len(set(names))
    for element in first_page.ELEMENTS:
        assert any(name.startswith(f"{element}.") for name in names), element
    for name in names:
        assert (first_page.SCRIPTS / name).is_file()


def test_first_page_is_small(loaded: Load) -> None:
    assert loaded.first_bytes <= FIRST_BYTES
    assert loaded.bytes <= ALL_BYTES
    assert len(loaded.files) <= FILES


def test_charts_load_after_the_figures_and_sparklines_load_nothing(loaded: Load) -> None:
    (plotly,) = (name for name in loaded.files if name.endswith(f".js?{first_page.WHOLE}"))
    assert "/PlotlyChart." in plotly
    assert plotly not in loaded.first_files
    assert not [name for name in loaded.files if "/embed." in name or "/vega" in name]


@pytest.mark.thorough
def test_what_is_preloaded_is_used(demo: App, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(demo.address)
    settled(page)
    assert not [text for text in said if "Content Security Policy" in text or "preload" in text]


@pytest.mark.thorough
def test_skeleton_is_there_before_any_script_and_goes_with_the_page(demo: App, page: Page) -> None:
    held: list[Route] = []
    page.route("**/static/js/*", lambda route: held.append(route))
    page.goto(demo.address, wait_until="commit")
    skeleton = page.locator("#skeleton")
    expect(skeleton).to_be_visible()
    assert skeleton.locator("i").first.bounding_box()
    page.route("**/static/js/*", lambda route: route.continue_())
    for route in held:
        route.continue_()
    settled(page)
    expect(skeleton).to_have_count(0)


def drawn(page: Page) -> list[bool]:
    """Whether each chart of the page is drawn."""
    result: list[bool] = page.evaluate(
        "[...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
        ".map((chart) => Boolean(chart.querySelector('.main-svg')))"
    )
    return result


def open_overview(page: Page, app: App) -> None:
    page.goto(f"{app.address}/?period=30d")
    settled(page)
    expect(page.locator(".main-svg").first).to_be_visible()
    assert drawn(page) == [True, False, False, False]


@pytest.mark.thorough
def test_charts_are_drawn_when_they_come_near(demo: App, page: Page) -> None:
    open_overview(page, demo)
    charts = page.get_by_test_id("stPlotlyChart")
    heights = [charts.nth(at).bounding_box() for at in range(4)]
    charts.nth(1).scroll_into_view_if_needed()
    expect(charts.nth(1).locator(".main-svg").first).to_be_visible()
    charts.nth(3).scroll_into_view_if_needed()
    expect(charts.nth(3).locator(".main-svg").first).to_be_visible()
    # Their places had their heights before, so that nothing moves.
    for at, before in enumerate(heights):
        after = charts.nth(at).bounding_box()
        assert before
        assert after
        assert after["height"] == pytest.approx(before["height"], abs=2)


@pytest.mark.thorough
def test_printing_draws_all_charts(demo: App, page: Page) -> None:
    open_overview(page, demo)
    page.pdf()
    assert all(drawn(page))


@pytest.mark.thorough
def test_searching_in_the_page_draws_all_charts(demo: App, page: Page) -> None:
    open_overview(page, demo)
    page.keyboard.press("Control+f")
    assert all(drawn(page))


@pytest.mark.thorough
def test_a_changed_chart_that_was_never_near_is_drawn_as_it_is_now(demo: App, page: Page) -> None:
    open_overview(page, demo)
    # The change of the tile is another button.
    page.get_by_role("button", name="Views: show over time").click(position={"x": 20, "y": 130})
    settled(page)
    last = page.get_by_test_id("stPlotlyChart").nth(3)
    last.scroll_into_view_if_needed()
    expect(last.locator(".main-svg").first).to_be_visible()
