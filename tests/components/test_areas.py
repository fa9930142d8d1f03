"""Pages, their declarations and their documentation agree."""

from __future__ import annotations

import pytest

from components.areas import ADMINS, AREAS, Area
from components.documentation import TARGET, pages
from tests.browser.app import ROOT
from umami.question import REGISTRY

FILES = {path.stem for path in (ROOT / "pages").glob("*.py")}


def test_every_page_is_declared_once() -> None:
    names = [area.name for area in (*AREAS, *ADMINS)]
    assert sorted(names) == sorted(FILES)


def test_the_table_is_fresh() -> None:
    assert TARGET.read_text() == pages(), "run make docs"


@pytest.mark.parametrize("area", [*AREAS, *ADMINS], ids=lambda area: area.name)
def test_a_page_reads_like_a_table_of_contents(area: Area) -> None:
    lines = (ROOT / area.file).read_text().splitlines()
    assert len(lines) <= 80
    assert {*area.asks, *area.sometimes} <= set(REGISTRY)
