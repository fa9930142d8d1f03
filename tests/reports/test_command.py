"""The report command."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from access import database, website_settings
from reports.__main__ import _with_saved_conversion, main
from tests.contract.samples import SITE
from tests.reports.conftest import ROOT, TABLES
from umami.embedded.server import Running
from umami.period import Period
from umami.view import View

pytestmark = pytest.mark.slow


@pytest.fixture
def server_settings(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of a running server."""
    for name in ("API_KEY", "SHARE_URL", "DATA", "STORE"):
        monkeypatch.delenv(f"UMAMI_{name}", raising=False)
    monkeypatch.setenv("UMAMI_URL", running.url)
    monkeypatch.setenv("UMAMI_USERNAME", running.username)
    monkeypatch.setenv("UMAMI_PASSWORD", running.password)


@pytest.mark.thorough
def test_command_reports_on_tables_without_a_server(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    run = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "reports",
                "--data",
                str(TABLES),
                "--website",
                "nordlicht shop",
            ),
            *("--from", "2026-09-01", "--to", "2026-09-30", "--timezone", "Europe/Berlin"),
            *("--out", str(out)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    page = out.read_text("utf-8")
    assert "Nordlicht Shop" in page
    assert "Europe/Berlin" in page


@pytest.mark.thorough
@pytest.mark.usefixtures("server_settings")
@pytest.mark.parametrize("website", ["shop.example.com", "NORDLICHT SHOP"])
def test_command_writes_a_workbook_of_several_pages(tmp_path: Path, website: str) -> None:
    out = tmp_path / "report.xlsx"
    arguments = ["--website", website, "--pages", "overview,utm", "--out", str(out)]
    days = ["--from", "2026-09-01", "--to", "2026-09-30", "--filter", "country=DE"]
    assert main([*arguments, *days, "--compare", "none"]) == 0
    book = openpyxl.load_workbook(out)
    cover = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True)}
    assert cover["Filters"] == "Country is Germany"
    assert cover["Compared with"] == "No comparison"
    assert "Campaigns figures" in book.sheetnames


@pytest.mark.usefixtures("server_settings")
def test_command_takes_a_url_of_the_dashboard(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    link = "http://localhost:8501/funnel?period=all&step=1.path./&step=2.event.purchase"
    arguments = ["--website", "shop.example.com", "--pages", "funnel", "--out", str(out)]
    assert main([*arguments, "--view", link]) == 0
    assert "Lost before this step" in out.read_text("utf-8")


@pytest.mark.usefixtures("server_settings")
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--out", "report.doc"], 2, "ends in .html, .pdf or .xlsx"),
        ([], 2, "--out FILE, --mail TO"),
        (["--out", "/nowhere/report.html"], 2, "folder of --out does not exist"),
        (["--out", "x.html", "--period", "7d", "--from", "2026-01-01"], 2, "not both"),
        (["--out", "x.html", "--from", "2026-01-01"], 2, "two ends"),
        (["--out", "x.html", "--pages", "realtime"], 2, "No report has the page “realtime”"),
        (["--out", "x.html", "--website", "nix"], 2, "No website is called “nix”: there are"),
        (["--out", "x.html"], 2, "“Nordlicht Docs”"),
        (["--out", "x.html", "--website", "shop.example.com", "--period", "x"], 2, "not a period"),
        (
            ["--out", "x.html", "--website", "shop.example.com", "--timezone", "Mars"],
            2,
            "not a time zone",
        ),
        (
            ["--out", "x.html", "--website", "shop.example.com", "--filter", "planet=Mars"],
            2,
            "not a field to filter by",
        ),
    ],
)
def test_invalid_arguments_are_explained_in_one_sentence(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    output = capsys.readouterr()
    assert words in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.usefixtures("server_settings")
def test_unreachable_server_is_explained_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("UMAMI_URL", "http://127.0.0.1:9")
    assert main(["--out", str(tmp_path / "report.html")]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("server_settings")
def test_pdf_without_chromium_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    out = tmp_path / "report.pdf"
    assert main(["--website", "shop.example.com", "--out", str(out)]) == 1
    assert "Install Chromium" in capsys.readouterr().err
    assert not out.exists()


def test_report_counts_the_conversion_that_was_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    monkeypatch.setenv("DASHBOARD_STORE", store)
    view = View(SITE, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
    assert _with_saved_conversion(view) == view
    engine = database.open_engine(store)
    website_settings.save_conversion(engine, SITE, ("path./cart", "EUR"))
    engine.dispose()
    assert _with_saved_conversion(view) == replace(view, conversion="path./cart", currency="EUR")
    chosen = replace(view, conversion="event.purchase")
    assert _with_saved_conversion(chosen) == chosen
