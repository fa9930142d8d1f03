"""The ways from the figures of a page to Compare, which explains their changes."""

from __future__ import annotations

import pytest

from tests.pages.conftest import TABLES, WEBSITES, open_page
from tests.support.pages import CHOICES

CASES = {
    "overview": ("explain_visitors", {}, "Visitors"),
    "utm": ("explain_bounce_rate", CHOICES["utm"], "Bounce rate"),
    "attribution": ("explain_revenue", CHOICES["attribution"], "Revenue"),
    "websites": (f"explain_{WEBSITES['docs']}visitors", {}, "Visitors"),
}


@pytest.mark.parametrize("page", CASES)
def test_a_click_on_a_change_opens_its_explanation(page: str, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_DATA", str(TABLES))
    key, params, figure = CASES[page]
    app = open_page(page, compare="previous", **{"from": "2026-09-01"}, **params)
    assert not app.exception
    app.button(key=key).click().run()
    assert not app.exception
    assert [element.value for element in app.title] == ["Compare"]
    opened = {name: app.query_params.get(name) for name in ("website", "filter")}
    assert opened == {
        "website": WEBSITES["docs" if page == "websites" else "shop"],
        "filter": "utmCampaign.eq.brand" if page == "utm" else None,
    }
    assert f"Why it changed: {figure}" in [element.value for element in app.header]
