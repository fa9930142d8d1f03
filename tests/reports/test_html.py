"""Reports as one HTML file: size, policy and text. The browser tests check the charts."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import plotly
import plotly.graph_objects as go
import pytest

from reports import html
from reports.document import Report
from tests.reports.conftest import ROOT

MEGABYTE = 1_000_000


@pytest.mark.thorough
def test_report_size_is_bounded(overview: Report, whole: Report) -> None:
    assert len(html.page(overview).encode()) < 2 * MEGABYTE
    assert len(html.page(whole).encode()) < 6 * MEGABYTE


@pytest.mark.slow
def test_report_loads_nothing_from_the_network(whole: Report) -> None:
    page = html.page(whole)
    readable = re.sub(r'<script type="text/plain"[^>]*>[^<]*</script>', "", page)
    assert not re.search(r"<(img|link|iframe|object|embed|video|audio)\b", readable)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", readable)
    assert "url(" not in readable
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    script = policy[1].partition("script-src")[2].partition(";")[0]
    assert "unsafe" not in script


def test_content_security_policy_has_the_hashes_of_the_scripts(overview: Report) -> None:
    page = html.page(overview)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    for code in (script, html.LIBRARY.read_text("utf-8")):
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"sha256-{digest}" in page


def test_bundled_library_has_the_version_of_plotly() -> None:
    theirs = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    version = re.search(r"plotly\.js v([\d.]+)", theirs.read_text("utf-8")[:200])
    assert version
    assert f'version="{version[1]}"' in html.LIBRARY.read_text("utf-8")
    assert version[1] in (html.ASSETS / "README.md").read_text()


def test_bundled_library_draws_every_trace_type() -> None:
    types: set[str] = set()
    for path in (ROOT / "components" / "charts").glob("*.py"):
        types.update(re.findall(r'"type": "(\w+)"', path.read_text()))
    # Axes and shapes have types, too.
    made = types & set(go.layout.template.Data())
    assert made >= {"bar", "choropleth", "funnel", "heatmap", "sankey", "scatter", "treemap"}
    entry = (html.ASSETS / "plotly.entry.js").read_text()
    brought = set(re.findall(r"plotly\.js/lib/(\w+)", entry)) | {"scatter"}
    assert made <= brought
