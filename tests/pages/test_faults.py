"""A fault of each request of each page: the rest of the page is drawn."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from components.areas import PageInfo
from components.page_registry import PAGES
from tests.pages.conftest import WEBSITES, open_page, said
from tests.support.asked import UNDER_WEBSITE
from tests.support.fault_proxy import Between
from tests.support.pages import CHOICES, ON_UMAMI
from umami.endpoint import REGISTRY

pytestmark = pytest.mark.sample(12)

QUIET = {"values", "currencies", "reports", "websites", "segments", "daterange", "annotations"}
"""What pages are better with, and can do without; and what the bar above them needs."""
SUGGESTING = ("attribution", "compare", "funnel", "goals", "landing", "overview", "utm", "websites")
"""Pages that suggest a conversion."""
HINTS = {
    *(("websites", "pageviews"), ("sessions", "stats"), ("goals", "pageviews")),
    *(("quality", name) for name in ("pageviews", "metrics", "groups", "series", "revenue_chart")),
    *((page, "event_data_properties") for page in SUGGESTING),
}
"""Questions that one page can do without, and others cannot."""
OF_THE_ACCOUNT = {"links", "pixels"}
"""Lists that are the same for every website."""
CASES = [
    (area, name)
    for area in PAGES
    for name in dict.fromkeys((*area.endpoints, *area.optional_endpoints))
    if name != "websites" and name not in ON_UMAMI.get(area.name, ())
]


def breaking(name: str, target: str) -> bool:
    route = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(REGISTRY[name].route))
    # An embedded server answers by visit under the same path, with a prefix.
    path = urlsplit(target).path.replace("/api/x/", "/api/", 1)
    route = route.removeprefix("/x")
    moved = [under for under, analysis in UNDER_WEBSITE.items() if analysis == name]
    return any(
        re.fullmatch(pattern, path)
        for pattern in (f"/api{route}", *(f"/api/websites/[^/]+/{under}" for under in moved))
    )


def drawn(app: AppTest) -> int:
    """How much of a page is there."""
    return len(app.metric) + len(app.get("plotly_chart")) + len(app.header)


@pytest.mark.parametrize(
    ("area", "name"), CASES, ids=[f"{area.name}-{name}" for area, name in CASES]
)
def test_one_failing_request_leaves_the_other_sections(
    proxy: Between, area: PageInfo, name: str
) -> None:
    proxy.breaks = lambda target: breaking(name, target)
    app = open_page(area.name, **CHOICES.get(area.name, {}))
    assert not app.exception
    assert [element.value for element in app.title] == [area.title]
    faults = said(app).count("fault of the Umami server")
    chosen_elsewhere = name in {
        "sessions": area.optional_endpoints[1:],
        "breakdown": area.optional_endpoints,
    }.get(area.name, ())
    hinted = name in QUIET or (area.name, name) in HINTS
    if not hinted and not chosen_elsewhere:
        assert faults >= 1, "no section shows the fault: is this a hint (HINTS)?"
    assert drawn(app) >= 1


@pytest.mark.parametrize("area", PAGES, ids=[area.name for area in PAGES])
def test_page_recovers_when_the_fault_ends(proxy: Between, area: PageInfo) -> None:
    names = {*area.endpoints, *area.optional_endpoints} - QUIET - OF_THE_ACCOUNT
    proxy.breaks = lambda target: any(breaking(name, target) for name in names)
    app = open_page(area.name, **CHOICES.get(area.name, {}))
    assert not app.exception
    proxy.breaks = lambda _target: False
    # Of another website and period: what failed a moment ago is not asked again at once.
    after = open_page(
        area.name, **CHOICES.get(area.name, {}), website=WEBSITES["docs"], period="30d"
    )
    assert not after.exception
    assert "fault of the Umami server" not in said(after)
