"""Everyday jobs of a marketing manager over the demo: few clicks, and the right answer.

Every job begins on the Overview with the last 7 days. A second demo, with the same rows, tells what
the pages must show. The job of inviting a colleague is in ``test_invitations.py``.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from components import formats
from components.formats import Field
from tests.browser.app import App, Hand, fresh_app, metric, settled, visitor
from tests.reports.conftest import asking
from umami.api import conversions, events, reports, sessions, traffic
from umami.api.conversions import VisitGroups
from umami.api.sessions import Session
from umami.client import Client
from umami.conversion import FunnelStep
from umami.embedded.demo.scenario import BROKEN_AGO, BROKEN_DAYS, SHOP
from umami.embedded.server import serve
from umami.period import Period
from umami.view import View
from umami.view_parsing import parse

PURCHASE = FunnelStep("event", "purchase")
groups_of = partial(conversions.visit_groups, step=PURCHASE, currency="EUR")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    store = tmp_path_factory.mktemp("jobs") / "store.sqlite"
    mails = {
        "DASHBOARD_SMTP_URL": "smtp://127.0.0.1:1",
        "DASHBOARD_MAIL_FROM": "reports@example.com",
    }
    with fresh_app(DASHBOARD_STORE=f"sqlite:///{store}", **mails) as app:
        yield app


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of a demo whose rows are those of the app's."""
    with serve() as running, asking(running) as client:
        yield client


@pytest.fixture
def hand(demo: App, page: Page) -> Hand:
    """Clicks on the Overview, as it opens."""
    page.goto(f"{demo.address}/overview")
    settled(page)
    expect(page.locator(".st-key-period_menu")).to_contain_text("Last 7 days")
    return Hand(page)


def view_of(page: Page, client: Client) -> View:
    """The View of the page's URL."""
    return parse(
        parse_qs(urlsplit(page.url).query),
        now=datetime.now(UTC),
        websites=[str(SHOP.id)],
        timezone="Europe/Berlin",
        capabilities=client.capabilities,
    ).view


def compared(view: View) -> View:
    """The View of the comparison."""
    before = view.compared()
    assert before
    return before


def headings(page: Page, key: str) -> list[str]:
    """The headings of a table, without the arrow of the one that it is sorted by."""
    return [
        text.rstrip(" ↓↑") for text in page.locator(f".st-key-{key} thead th").all_inner_texts()
    ]


def rows(page: Page, key: str) -> list[list[str]]:
    """The cells of a table's rows."""
    lines = page.locator(f".st-key-{key} tbody tr")
    expect(lines.first).to_be_visible()
    cells: list[list[str]] = lines.evaluate_all(
        "lines => lines.map(line => [...line.querySelectorAll('td .text')].map(x => x.textContent))"
    )
    return cells


def sort(hand: Hand, key: str, heading: str) -> int:
    """Sort a table by a column, the largest first; the column's position."""
    cell = hand.page.locator(f".st-key-{key} thead th").filter(has_text=heading).first
    hand.click(cell.get_by_role("button"))
    expect(cell).to_have_attribute("aria-sort", "descending")
    settled(hand.page)
    return headings(hand.page, key).index(heading)


def change(now: float, before: float) -> str:
    """A relative change as tables show it."""
    return Field("", "", "change").shown(now / before - 1 if before else float("nan"))


def revenue_by(groups: VisitGroups) -> dict[str, float]:
    return dict(zip(groups.frame["name"], groups.frame["revenue"], strict=True))


@pytest.mark.thorough
def test_a_campaign_with_the_most_revenue_and_its_change(hand: Hand, client: Client) -> None:
    hand.open("Campaigns")
    at = sort(hand, "visits_utmCampaign", "Revenue")
    view = view_of(hand.page, client)
    now, before = (
        revenue_by(client.ask(groups_of(each, "utmCampaign"))) for each in (view, compared(view))
    )
    best = max(filter(None, now), key=now.__getitem__)
    row = next(row for row in rows(hand.page, "visits_utmCampaign") if row[0] != "(no campaign)")
    assert headings(hand.page, "visits_utmCampaign")[at + 1] == "Change"
    assert [row[0], row[at], row[at + 1]] == [
        best,
        formats.money(now[best], "EUR"),
        change(now[best], before.get(best, 0)),
    ]
    assert now[best] > 0
    assert hand.count <= 2


@pytest.mark.thorough
def test_b_bounce_rate_of_a_page_on_phones_in_germany(hand: Hand, client: Client) -> None:
    page = hand.page
    hand.choose("period_menu", "Last month")
    expect(page).to_have_url(re.compile(r"[?&]period=last-month(&|$)"))
    for field, name in (("country", "Germany"), ("device", "Mobile"), ("path", "/journal")):
        settled(page)
        ranking = page.locator(f".st-key-ranking_{field}")
        hand.click(ranking.get_by_role("button", name=name, exact=True))
        expect(page.locator(".st-key-chips")).to_contain_text(name)
    settled(page)
    view = view_of(page, client)
    assert len(view.filters) == 3
    now, before = (client.ask(traffic.stats(each)).current for each in (view, compared(view)))
    visits = client.ask(conversions.visit_groups(view, None)).frame.iloc[0]
    assert (now.visits, now.bounces) == (visits["visits"], visits["bounces"])
    assert now.bounce_rate
    assert before.bounce_rate
    assert now.bounce_rate < 1
    expect(metric(page, "Bounce rate")).to_have_text(formats.percent(now.bounce_rate))
    points = round(round(100 * now.bounce_rate, 1) - round(100 * before.bounce_rate, 1), 1)
    tile = page.get_by_test_id("stMetric").filter(has_text="Bounce rate").first
    change_of_rate = f"{points:+.1f} pts" if points else "0"
    expect(tile.get_by_test_id("stMetricDelta")).to_contain_text(change_of_rate)
    assert hand.count <= 5


@pytest.mark.thorough
def test_c_funnel_is_built_saved_and_shared(hand: Hand, client: Client) -> None:
    page = hand.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hand.open("Funnel")
    hand.pick("edit_0_value", "/products/oslo-chair")
    expect(page).to_have_url(re.compile("oslo-chair"))
    settled(page)
    hand.click(page.locator(".st-key-saved_reports button").first)
    hand.type(page.get_by_role("textbox", name="Name", exact=True), "Oslo chair")
    hand.click(page.locator(".st-key-save_report button"))
    expect(page.get_by_text("Saved in Umami as “Oslo chair”.")).to_be_visible()
    settled(page)
    hand.click(page.locator(".st-key-menu button").first)
    hand.click(page.get_by_role("button", name="Copy link"))
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert hand.count <= 8

    steps = (
        FunnelStep("path", "/products/oslo-chair"),
        FunnelStep("event", "add-to-cart"),
        PURCHASE,
    )
    results = client.ask(reports.funnel(view_of(page, client), steps, 1440))
    counts = [f"{result.visitors:,}" for result in results]
    assert [row[:2] for row in rows(page, "funnel_steps")] == [
        [step.value, count] for step, count in zip(steps, counts, strict=True)
    ]
    shared = page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    hand.open("Saved")
    expect(page.get_by_role("button", name="Oslo chair")).to_be_visible()
    page.goto(shared)
    settled(page)
    assert [row[1] for row in rows(page, "funnel_steps")] == counts


@pytest.mark.thorough
def test_d_what_visits_do_after_a_page(hand: Hand, client: Client) -> None:
    page, path = hand.page, "/journal"
    row = page.locator(".st-key-ranking_path").get_by_role("button", name=path, exact=True)
    hand.click(row)
    expect(page.locator(".st-key-chips")).to_contain_text(path)
    settled(page)
    hand.open("Journey")
    expect(page.get_by_text(f"What happens after {path}?")).to_be_visible()
    view = view_of(page, client)
    assert view.is_filtered
    around = client.ask(conversions.steps_around(view.unfiltered(), path))
    shown = {name: int(visits.replace(",", "")) for name, visits, _ in rows(page, "steps_after")}
    assert sum(shown.values()) == around.visits > 20
    assert shown["(visit ended)"] == around.ended
    after = dict(zip(around.after["name"], around.after["visits"], strict=True))
    named = {name: visits for name, visits in shown.items() if not name.startswith(("(", "Other"))}
    assert named.items() <= after.items()
    assert len(named) > 1
    assert hand.count <= 2


@pytest.mark.thorough
def test_e_landing_pages_that_lose_visitors(hand: Hand, client: Client) -> None:
    hand.open("Landing pages")
    at = sort(hand, "visits_entry", "Bounce rate")
    frame = client.ask(groups_of(view_of(hand.page, client), "entry")).frame
    rates = dict(zip(frame["name"], frame["bounces"] / frame["visits"], strict=True))
    shown = rows(hand.page, "visits_entry")
    assert len(shown) == min(len(rates), 10) > 5
    worst = sorted(rates.values(), reverse=True)[: len(shown)]
    assert [row[at] for row in shown] == [formats.percent(rate) for rate in worst]
    assert all(row[at] == formats.percent(rates[row[0]]) for row in shown)
    assert hand.count <= 2


def customer(client: Client, view: View) -> tuple[str, Session]:
    """The name of a buyer with one session, who has not come back since, and that session."""
    for buyer in client.ask(sessions.sessions(view.filtered("event", "purchase"))).rows:
        name = buyer.distinct_id
        session = client.ask(sessions.session(view.website, buyer.id))
        matching = client.ask(sessions.sessions(view, search=name))
        if name and matching.count == 1 and session.last <= view.period.end:
            return name, session
    raise AssertionError("no such customer")


@pytest.mark.thorough
def test_f_one_customer_and_their_visits(hand: Hand, client: Client) -> None:
    page, view = hand.page, view_of(hand.page, client)
    name, session = customer(client, view)
    hand.open("Visitors")
    hand.type(page.locator(".st-key-pick_sessions_search input"), name)
    matching = page.locator(".st-key-session_list tbody tr")
    expect(matching).to_have_count(1)
    settled(page)
    hand.click(matching.get_by_role("button"))
    expect(page.get_by_role("heading", name="Visitor", exact=True)).to_be_visible()
    settled(page)
    expect(metric(page, "Visits")).to_have_text(f"{session.visits:,}")
    expect(metric(page, "Views")).to_have_text(f"{session.views:,}")
    steps = client.ask(sessions.activity(view, session.id))
    visits = len({step.visit for step in steps})
    summary = f"{len(steps)} steps in {visits} visit{'s' if visits > 1 else ''}."
    expect(page.get_by_text(summary)).to_be_visible()
    latest = page.locator("[class*='st-key-visit_'] tbody").first
    expect(latest).to_contain_text(steps[0].name or steps[0].path)
    assert hand.count <= 3


def download(hand: Hand, kind: str, folder: Path) -> bytes:
    """The file of a report, from the open menu."""
    menu = hand.page.locator(".st-key-report_kind")
    hand.click(menu.get_by_text(kind, exact=True))
    settled(hand.page)
    hand.click(hand.page.get_by_role("button", name="Create file"))
    button = hand.page.locator(".st-key-report_download button")
    expect(button).to_contain_text(f"Download {kind}")
    with hand.page.expect_download() as coming:
        hand.click(button)
    coming.value.save_as(folder / kind)
    return (folder / kind).read_bytes()


@pytest.mark.thorough
def test_g_report_as_pdf_and_workbook(hand: Hand, client: Client, tmp_path: Path) -> None:
    view = view_of(hand.page, client)
    stats = client.ask(traffic.stats(view)).current
    hand.click(hand.page.locator(".st-key-report_menu button").first)
    expect(hand.page.locator(".st-key-report_pages")).to_contain_text("Overview")
    pdf = PdfReader(BytesIO(download(hand, "PDF", tmp_path)))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    for word in (SHOP.name, formats.period(view.period), f"{stats.visitors:,}"):
        assert word in text
    assert hand.count <= 4
    again = Hand(hand.page)
    book = openpyxl.load_workbook(BytesIO(download(again, "XLSX", tmp_path)))
    head, *lines = book["Overview figures"].iter_rows(values_only=True)
    figures = {line[head.index("Figure")]: line[head.index("Value")] for line in lines}
    assert figures["Visitors"] == stats.visitors
    assert figures["Bounce rate"] == pytest.approx(stats.bounce_rate)
    assert again.count <= 3


@pytest.mark.thorough
def test_g_report_every_monday_by_mail(hand: Hand) -> None:
    page = hand.page
    hand.click(page.locator(".st-key-report_menu button").first)
    hand.click(page.get_by_role("button", name="Send regularly"))
    hand.type(page.get_by_role("textbox", name="Send to"), "ada@example.com")
    hand.click(page.get_by_role("button", name="Create", exact=True))
    expect(page.get_by_text("“Fjord & Fern: Overview” will be mailed regularly.")).to_be_visible()
    assert hand.count <= 5
    hand.open("Mails & alerts")
    row = page.locator(".st-key-mails, [data-testid=stMain]").get_by_text("Every Monday, 07:00")
    expect(row).to_contain_text("Europe/Berlin")


@pytest.mark.thorough
def test_view_is_saved_for_the_team_and_opened(hand: Hand, browser: Browser) -> None:
    page = hand.page
    page.goto(f"{page.url.split('?')[0]}?period=28d&filter=country.eq.DE")
    settled(page)
    hand.click(page.locator(".st-key-menu button").first)
    hand.click(page.get_by_role("button", name="Save this view"))
    hand.type(page.get_by_role("textbox", name="Name"), "Germans <b>only</b>")
    hand.click(page.get_by_role("dialog").get_by_text("Team", exact=True))
    hand.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("The view “Germans <b>only</b>” was saved.")).to_be_visible()
    assert hand.count <= 5
    with visitor(browser) as context:
        other = context.new_page()
        other.goto(page.url.replace("/overview", "/reports"))
        settled(other)
        other.get_by_text("Germans <b>only</b>").first.click()
        other.locator(".st-key-open_saved button").click()
        expect(other).to_have_url(re.compile(r"/\?.*period=28d.*filter=country"))
        expect(other.locator(".st-key-chips")).to_contain_text("Germany")


@pytest.mark.thorough
def test_h_note_on_a_day_for_the_team(hand: Hand, browser: Browser, tmp_path: Path) -> None:
    page, text = hand.page, "Newsletter <b>sent</b> & =1+1"
    area = page.locator(".st-key-chart_traffic .nsewdrag").first
    # The third of seven points from the left edge to the right one.
    box = area.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    hand.click(page.locator(".umami-notes .plus").first)
    hand.type(page.get_by_role("textbox", name="What happened?"), text)
    hand.click(page.get_by_role("button", name="Save", exact=True))
    flag = page.locator(".st-key-chart_traffic .umami-notes .flag")
    expect(flag).to_have_count(1)
    assert hand.count <= 3
    day = formats.moment(datetime.now(ZoneInfo("Europe/Berlin")) - timedelta(days=5), "day")
    expect(flag).to_have_attribute("aria-label", f"{day}: {text}")

    with visitor(browser) as context:
        other = context.new_page()
        other.goto(page.url)
        settled(other)
        flag = other.locator(".st-key-chart_traffic .umami-notes .flag")
        expect(flag).to_have_attribute("aria-label", f"{day}: {text}")
        flag.click()
        expect(other.locator(".umami-note-list")).to_contain_text(text)
        other.keyboard.press("Escape")
        expect(other.locator(".umami-note-list")).to_have_count(0)

        hand = Hand(other)
        hand.click(other.locator(".st-key-report_menu button").first)
        pdf = PdfReader(BytesIO(download(hand, "PDF", tmp_path)))
        printed = "\n".join(sheet.extract_text() for sheet in pdf.pages)
        assert text in printed
        assert day in printed


@pytest.mark.thorough
def test_i_week_against_the_same_weekdays_of_last_year(hand: Hand, client: Client) -> None:
    page = hand.page
    hand.choose("comparison_menu", "Previous year, same weekdays")
    expect(page).to_have_url(re.compile(r"[?&]compare=year&weekdays=1(&|$)"))
    settled(page)
    view = view_of(page, client)
    before = compared(view)
    assert before.period.days[0] == view.period.days[0] - timedelta(weeks=52)
    expect(page.get_by_text(f"{formats.period(before.period)} (same weekdays)")).to_be_visible()
    now, ago = (client.ask(traffic.stats(each)).current for each in (view, before))
    assert ago.views > 0
    tile = page.get_by_test_id("stMetric").filter(has_text="Views").first
    expect(tile).to_contain_text(f"{now.views:,}")
    expect(tile.get_by_test_id("stMetricDelta")).to_contain_text(change(now.views, ago.views))
    assert hand.count <= 3


@pytest.mark.thorough
def test_k_cause_of_a_drop(hand: Hand, client: Client) -> None:
    """The week without the tracker is named, and marked in the chart."""
    page = hand.page
    hand.choose("period_menu", "Last 180 days")
    settled(page)
    first = datetime.now(UTC).date() - timedelta(days=BROKEN_AGO)
    last = first + timedelta(days=BROKEN_DAYS - 1)
    changed = page.locator(".st-key-findings_what_changed")
    gap = changed.locator("p").filter(has_text="fewer visitors than expected").first
    expect(gap).to_contain_text(formats.days(Period.of_days(first, last, "UTC")))
    expect(gap).to_contain_text("tracking may have been interrupted")
    expect(page.locator(".umami-notes > .unusual").first).to_be_visible()
    assert hand.count <= 3


@pytest.mark.thorough
def test_l_all_events_of_the_week_as_csv(hand: Hand, client: Client, tmp_path: Path) -> None:
    page, file = hand.page, tmp_path / "events.csv"
    view = view_of(page, client)
    hand.open("Events")
    hand.click(page.get_by_role("button", name="Export all"))
    button = page.get_by_role("button", name="Download all")
    expect(button).to_be_visible()
    with page.expect_download() as coming:
        hand.click(button)
    coming.value.save_as(file)
    assert hand.count <= 3
    with file.open(encoding="utf-8-sig", newline="") as lines:
        exported = list(csv.DictReader(lines))
    assert len(exported) == client.ask(events.events(view)).count > 500
    frame = client.ask(events.series(view)).frame
    counts = frame.groupby("event")["count"].sum().to_dict()
    activities = [row["Activity"] for row in exported]
    assert {name: activities.count(name) for name in counts} == counts


@pytest.mark.thorough
def test_n_all_websites_at_a_glance(hand: Hand, client: Client) -> None:
    hand.open("Websites")
    view = view_of(hand.page, client)
    names, shown = headings(hand.page, "websites"), rows(hand.page, "websites")
    # The second change is that of the conversions.
    names[names.index("Change", names.index("Conversions"))] += " of conversions"
    both = (view, compared(view))
    now, before = (client.ask(traffic.stats(each)).current for each in both)
    visits, earlier = (client.ask(groups_of(each, None)).frame.iloc[0] for each in both)
    dollars = client.ask(groups_of(view, None, currency="USD")).frame.iloc[0]
    assert dict(zip(names, shown[0], strict=True)) == {
        "Website": SHOP.name,
        "Visitors": f"{now.visitors:,}",
        "Change": change(now.visitors, before.visitors),
        "Visits": f"{now.visits:,}",
        "Views": f"{now.views:,}",
        "Bounce rate": formats.percent(now.bounce_rate),
        "Conversions": f"{visits['conversions']:,}",
        "Rate": formats.percent(visits["conversions"] / visits["visits"]),
        "Change of conversions": change(visits["conversions"], earlier["conversions"]),
        "Revenue in EUR": formats.money(visits["revenue"], "EUR"),
        "Revenue in USD": formats.money(dollars["revenue"], "USD"),
    }
    assert len(shown) > 1
    assert hand.count <= 1


@pytest.mark.thorough
def test_costs_are_read_from_a_file_in_pieces(demo: App, page: Page, tmp_path: Path) -> None:
    """Messages to the dashboard are shorter than such a file, even compressed."""
    numbers = random.Random(1)
    lines = [f"2026-10-01,{numbers.getrandbits(256):x},1.50,EUR" for _unused in range(6_000)]
    file = tmp_path / "costs.csv"
    file.write_text("\n".join(["day,campaign,cost,currency", *lines]))
    page.goto(f"{demo.address}/utm")
    settled(page)
    page.locator(".st-key-open_costs button").click()
    page.get_by_label("Choose a CSV file").set_input_files(file)
    expect(page.get_by_text("6,000 lines for 1 day")).to_contain_text("€9,000")
    page.get_by_label("Choose a CSV file").set_input_files(
        {"name": "b.csv", "mimeType": "text/csv", "buffer": b"day,campaign,cost\n2026-10-01,a,=1"}
    )
    expect(page.get_by_text("Line 2, column “cost”")).to_be_visible()
