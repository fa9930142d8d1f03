"""Pages, their declarations and their documentation agree."""

from __future__ import annotations

import pytest

from components.areas import PageInfo
from components.page_registry import ALL_PAGES
from tests.browser.app import ROOT
from umami.endpoint import REGISTRY

FILES = {path.stem for path in (ROOT / "pages").glob("*.py")}


def test_every_page_file_is_registered_once() -> None:
    names = [area.name for area in ALL_PAGES]
    assert sorted(names) == sorted(FILES)


@pytest.mark.parametrize("area", ALL_PAGES, ids=lambda area: area.name)
def test_page_scripts_are_short_and_declare_known_endpoints(area: PageInfo) -> None:
    lines = (ROOT / area.file).read_text().splitlines()
    assert len(lines) <= 140
    assert {*area.endpoints, *area.optional_endpoints} <= set(REGISTRY)
