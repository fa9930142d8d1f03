"""Spellings in one row: counts add up exactly, visitors do not, and the data stays as it is."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import Engine

from access import database
from access.permissions import ALL, Grant, Permissions
from access.reader import Reader
from access.rules import Rule, Rules
from components import blocks as ui
from components import merged_tags, tag_hygiene, traffic_blocks
from components.areas import attribution, breakdown, compare, utm
from components.loading import Collector
from components.merged_tags import Merge
from components.rankings import Table
from tests.doubles.umami import serve as serve_version
from tests.support import spellings
from tests.support.spellings import LINK
from umami.api.conversions import VisitGroups, visit_groups
from umami.api.traffic import Ranked, Ranking
from umami.client import Client, connect
from umami.conversion import read as conversion_step
from umami.embedded.server import serve
from umami.errors import InvalidView
from umami.filters import MOST_VALUES, Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
WEBSITES: dict[str, str] = json.loads((TABLES.parent / "websites.json").read_text())
SHOP = WEBSITES["shop"]
PERIOD = Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC")
VIEW = View(SHOP, PERIOD, "previous", whole_visits=True)
FIELD = "utmSource"
LINKS = "Tagged links within the website"
FOUND = ("newsletter", "Newsletter", "news letter", "newslettter")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spellings.build(TABLES, tmp_path_factory.mktemp("spellings"), SHOP)


@pytest.fixture(scope="module")
def client(tables: Path) -> Iterator[Client]:
    with serve(tables, password="umami") as running:
        account = Settings(api=f"{running.url}/api", username="admin", password="umami")
        with connect(account) as client:
            yield client


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'store'}")
    yield engine
    engine.dispose()


def book(engine: Engine, account: str = "ann", permissions: Permissions = ALL) -> Rules:
    return Rules(lambda _create: engine, account, permissions)


def reader(rules: Rules) -> Reader:
    return Reader(rules.engine, rules.account, rules.permissions)


def rule(name: str, *values: str, field: str = FIELD) -> Rule:
    return Rule(SHOP, "merge", name, {"field": field, "name": name, "values": list(values)})


def section_blocks(query: Collector, title: str, view: View = VIEW) -> list[ui.Block]:
    sections = ui.sections(list(utm.ask(query, view, {})), "page")
    section = next(section for section in sections if section.title == title)
    return list(section.make(*(answer.result() for answer in section.answers)))


def source_table(query: Collector, view: View = VIEW) -> ui.Table:
    (table,) = (
        block for block in section_blocks(query, "Sources", view) if isinstance(block, ui.Table)
    )
    return table


def said(blocks: list[ui.Block]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, ui.Text))


def findings(blocks: list[ui.Block], key: str) -> list[ui.Finding]:
    listed = [block for block in blocks if isinstance(block, ui.Findings) and block.key == key]
    return [finding for block in listed for finding in block.findings]


@pytest.fixture(scope="module")
def answers(client: Client) -> tuple[VisitGroups, VisitGroups]:
    ask = partial(visit_groups, step=conversion_step("event.purchase"), currency="EUR")
    return client.ask(ask(VIEW, FIELD)), client.ask(ask(VIEW, None))


@given(data=some.data())
def test_merged_rows_are_exact_sums(
    answers: tuple[VisitGroups, VisitGroups], data: some.DataObject
) -> None:
    groups, total = answers
    names = [name for name in groups.frame["name"] if name]
    parts = data.draw(some.lists(some.integers(0, 3), min_size=len(names), max_size=len(names)))
    sets: dict[int, list[str]] = defaultdict(list)
    for name, part in zip(names, parts, strict=True):
        sets[part].append(name)
    merges = tuple(
        Merge(FIELD, values[0], (*values, "absent"))
        for part, values in sets.items()
        if part and values
    )
    before = groups.frame.copy()
    merged = merged_tags.groups(groups, merges).frame
    pd.testing.assert_frame_equal(groups.frame, before)
    assert list(merged.index) == list(range(len(merged)))
    assert merged["visits"].is_monotonic_decreasing
    rows = merged.set_index("name")
    plain = groups.frame.set_index("name")
    of_row = {value: merge.name for merge in merges for value in merge.values}
    for name, row in rows.iterrows():
        values = [value for value in plain.index if of_row.get(value, value) == name]
        for column in ("visits", "views", "bounces", "seconds", "conversions", "orders"):
            assert row[column] == plain.loc[values, column].sum()
        assert row["revenue"] == pytest.approx(plain.loc[values, "revenue"].sum())
        for column in ("visitors", "converters", "buyers"):
            assert math.isnan(row[column]) == (len(values) > 1)
    for column in ("visits", "conversions", "orders"):
        assert rows[column].sum() == total.frame[column].iloc[0]


def test_merged_visits_equal_a_recount_of_the_rows(
    client: Client, engine: Engine, tables: Path
) -> None:
    first: dict[str, str] = {}
    for row in sorted(spellings.read(tables), key=lambda row: (row["created_at"], row["event_id"])):
        at = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)
        inside = row["website_id"] == SHOP and PERIOD.start <= at <= PERIOD.end
        if inside and row["event_type"] == "1" and row["utm_source"]:
            first.setdefault(row["visit_id"], row["utm_source"])
    counted = Counter("newsletter" if each in FOUND else each for each in first.values())
    book(engine).add(rule("newsletter", *FOUND))
    table = source_table(Collector(client, reader=reader(book(engine))))
    frame = table.frame.dropna(subset=["value"]).set_index("label")
    assert frame["visits"].to_dict() == counted
    merged = frame.loc["newsletter"]
    assert merged["note"] == "4 spellings merged"
    assert pd.isna(merged["visitors"])
    assert merged["rate"] == merged["conversions"] / merged["visits"]
    assert frame["visitors"].drop("newsletter").notna().all()
    assert table.merged == {"newsletter": FOUND}


def test_values_are_merged_where_servers_count_visitors(client: Client, engine: Engine) -> None:
    view = View(SHOP, PERIOD)
    plain = source_table(Collector(client), view).frame.set_index("label")
    book(engine).add(rule("newsletter", *FOUND))
    frame = source_table(Collector(client, reader=reader(book(engine))), view).frame.set_index(
        "label"
    )
    row = frame.loc["newsletter"]
    for column in ("views", "conversions"):
        assert row[column] == plain.loc[list(FOUND), column].sum()
        assert frame[column].sum() == plain[column].sum()
    assert math.isnan(row["visitors"])
    assert math.isnan(row["rate"])
    assert row["note"] == "4 spellings merged"


@pytest.mark.parametrize("account", ["", "ann"])
def test_findings_and_rules_by_reader(client: Client, engine: Engine, account: str) -> None:
    """Readers of a share link see what is merged, and change nothing."""
    grants = Grant(frozenset({SHOP}), None, None, filters=True, saves=bool(account))
    access = book(engine, account, Permissions((grants,)))
    (finding,) = findings(
        section_blocks(Collector(client, reader=reader(access)), "Spellings"), "spellings"
    )
    assert finding.text.startswith("Source: “newsletter” (")
    assert all(f"“{name}” (" in finding.text for name in FOUND)
    assert finding.text.endswith(" Use “newsletter” in your links.")
    if not account:
        assert finding.change is None
        book(engine).add(rule("newsletter", *FOUND))
    else:
        assert isinstance(finding.change, ui.AddRule)
        access.add(finding.change.rule)
    query = Collector(client, reader=reader(access))
    blocks = section_blocks(query, "Spellings")
    (finding,) = findings(blocks, "spellings")
    assert finding.change is None
    assert finding.text.endswith(" They are shown in one row.")
    undo = findings(blocks, "merged_tags")
    assert len(undo) == bool(account)
    assert "4 spellings merged" in set(source_table(query).frame["note"])
    if account:
        assert undo[0].text.startswith("Source: “newsletter” includes ")
        assert undo[0].text.endswith(" By ann.")
        assert isinstance(undo[0].change, ui.DeleteRule)
        access.delete(SHOP, undo[0].change.rule.id)
        after = source_table(Collector(client, reader=reader(access))).frame
        assert set(FOUND) <= set(after["label"])


def test_links_within_the_website_are_listed(client: Client) -> None:
    table = section_blocks(Collector(client), LINKS)[-1]
    assert isinstance(table, ui.Table)
    assert (*table.frame[["source", "name"]].iloc[0],) == LINK
    assert table.frame["visits"].min() >= tag_hygiene.FEWEST_VISITS
    locked = section_blocks(Collector(client), LINKS, View(SHOP, PERIOD))
    assert "Not checked with locked filters." in said(locked)


def test_older_server_says_what_it_cannot_tell(tables: Path, engine: Engine) -> None:
    view = View(SHOP, PERIOD)
    book(engine).add(rule("newsletter", *FOUND))
    with serve_version("3.1", tables) as running:
        account = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(account) as client:
            query = Collector(client, reader=reader(book(engine)))
            assert "does not tell what a visit viewed" in said(section_blocks(query, LINKS, view))
            (finding,) = findings(section_blocks(query, "Spellings", view), "spellings")
            frame = source_table(query, view).frame.set_index("label")
    assert all(f"“{name}” (" in finding.text for name in FOUND)
    assert frame.loc["newsletter", "note"] == "4 spellings merged"
    assert not {*FOUND[1:]} & {*frame.index}


def test_opened_campaign_has_all_spellings(client: Client, engine: Engine) -> None:
    values = ("brand", "retarget")
    book(engine).add(rule("brand", *values, field="utmCampaign"))
    query = Collector(client, reader=reader(book(engine)))
    cards = utm.ask(query, VIEW, {"campaign": ["brand"]})
    card = next(each for each in cards if isinstance(each, ui.Card) and "brand" in each.title)
    (buttons,) = card.items[0].make()  # type: ignore[union-attr]
    assert buttons.buttons[1][2].filters == (Filter("utmCampaign", "eq", *values),)


def test_rules_that_overlap_share_a_row() -> None:
    rules = [
        rule("a", "a", "A"),
        rule("b", "b", "B"),
        rule("c", "c", "C"),
        rule("a", "a", "A", "a "),
        rule("b", "A", "b"),
        rule("c", "c", "A", field="utmMedium"),
    ]
    assert merged_tags.in_effect(rules, FIELD) == (
        Merge(FIELD, "a", ("a", "A", "a ", "b", "B")),
        Merge(FIELD, "c", ("c", "C")),
    )


def test_rule_that_makes_a_row_too_long_does_not_apply() -> None:
    first = rule("0", *map(str, range(MOST_VALUES)))
    (row,) = merged_tags.in_effect([first, rule("1", "1", "x")], FIELD)
    assert row.filter_.values == row.values == (*map(str, range(MOST_VALUES)),)


values_of_rules = some.lists(some.integers(0, 120).map(str), min_size=2, max_size=50, unique=True)


@settings(max_examples=50)
@given(values=some.lists(values_of_rules, max_size=5), added=values_of_rules)
def test_rows_have_distinct_values_and_a_new_rule_applies(
    values: list[list[str]], added: list[str]
) -> None:
    rules = [replace(rule(each[0], *each), id=str(at)) for at, each in enumerate(values)]
    new, absorbed = merged_tags.absorb(rule(added[-1], *added), rules)
    rest = [rule for rule in rules if rule.id not in absorbed]
    for rows in (
        merged_tags.in_effect(rules, FIELD),
        after := merged_tags.in_effect([*rest, new], FIELD),
    ):
        shown = [value for row in rows for value in row.values]
        assert len(shown) == len({*shown})
        assert all(row.name in row.values == row.filter_.values for row in rows)
    assert after[-1].name == added[-1]
    assert {*added} <= {*after[-1].values}


def test_new_rule_absorbs_those_that_it_overlaps(engine: Engine) -> None:
    access = book(engine)
    old = [
        rule("a", "a", "A"),
        rule("A", "A", "a ", "b"),
        rule("b", "b", "B"),
        rule("c", "c", "C"),
        rule("a", "a", "A", field="utmMedium"),
        rule("broken"),
    ]
    others = [access.add(each) for each in old][3:]
    saved = access.add(rule("a ", "a ", "x"), merged_tags.absorb)
    assert access.of(SHOP, "merge") == (*others, saved)
    assert saved.spec == rule("a ", "a ", "x", "A", "b", "a", "B").spec
    again = access.add(rule("a ", "a ", "x"), merged_tags.absorb)
    assert access.of(SHOP, "merge") == (*others, again)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"field": "path", "name": "a", "values": ["a", "b"]},
        {"field": FIELD, "name": "c", "values": ["a", "b"]},
        {"field": FIELD, "name": "a", "values": ["a"]},
        {"field": FIELD, "name": "a", "values": ["a", 1]},
        {"field": FIELD, "name": "a", "values": ["a", ""]},
        {"field": FIELD, "name": "a", "values": ["a", "b\0"]},
        {"field": FIELD, "name": "a", "values": [str(number) for number in range(51)] + ["a"]},
        {"field": FIELD, "name": "a", "values": {"a": 1, "b": 2}},
    ],
)
def test_malformed_rules_merge_nothing(spec: dict[str, Any]) -> None:
    assert merged_tags.read(Rule(SHOP, "merge", "x", spec)) is None


def test_values_that_no_filter_takes_cannot_be_merged() -> None:
    with pytest.raises(InvalidView):
        merged_tags.rule_of(SHOP, Merge(FIELD, "a", ("a", "x" * 501)))


names = some.sampled_from(["a", "A", "b", "c", ""])


@settings(max_examples=50)
@given(numbers=some.dictionaries(names, some.integers(0, 99)), known=some.sets(names))
def test_amounts_of_a_row_are_known_if_all_are(numbers: dict[str, int], known: set[str]) -> None:
    merges = [Merge(FIELD, "a", ("a", "A"))]
    merged = merged_tags.amounts(numbers, merges, names=known)
    rest = {name: number for name, number in numbers.items() if name not in ("a", "A")}
    assert {name: merged[name] for name in rest} == rest
    among = {"a", "A"} & numbers.keys()
    assert ("a" in merged) == bool(among)
    if among and {"a", "A"} & known <= among:
        assert merged["a"] == sum(numbers[name] for name in among)
    elif among:
        assert math.isnan(merged["a"])
    visitors = merged_tags.amounts(numbers, merges, additive=False)
    assert math.isnan(visitors.get("a", 0)) == (len(among) == 2)


def tables_of(items: Iterable[ui.Item]) -> list[ui.Table]:
    """The tables of all sections of a page, after their queries."""
    tables = []
    for section in ui.sections(list(items), "page"):
        answers = [answer.result() for answer in section.answers]
        more = section.ask_more(*answers) if section.ask_more else ()
        answers += [answer.result() for answer in more]
        blocks = [*section.make(*answers)]
        nested = [
            each
            for block in blocks
            if isinstance(block, ui.Cards)
            for _t, part in block.cards
            for each in part
        ]
        tables += [each for each in (*blocks, *nested) if isinstance(each, ui.Table)]
    return tables


def by_key(items: Iterable[ui.Item], key: str) -> ui.Table:
    return next(table for table in tables_of(items) if table.key == key)


@pytest.mark.parametrize("whole", [True, False])
def test_credit_of_spellings_adds_up(client: Client, engine: Engine, whole: bool) -> None:
    view = replace(VIEW, whole_visits=whole, conversion="event.purchase", currency="EUR")
    key = f"credit_{FIELD if whole else 'source'}"
    column = attribution.MAIN if whole else "first"
    plain = by_key(attribution.ask(Collector(client), view, {}), key).frame.set_index("label")
    book(engine).add(rule("newsletter", *FOUND))
    query = Collector(client, reader=reader(book(engine)))
    frame = by_key(attribution.ask(query, view, {}), key).frame.set_index("label")
    present = [name for name in FOUND if name in plain.index]
    assert len(present) > 1
    assert frame.loc["newsletter", "note"].endswith("spellings merged")
    assert frame.loc["newsletter", column] == pytest.approx(plain.loc[present, column].sum())
    assert frame[column].sum() == pytest.approx(plain[column].sum())
    assert not {*FOUND[1:]} & {*frame.index}


def test_breakdown_shows_spellings_as_one_and_filters_by_all(
    client: Client, engine: Engine
) -> None:
    params = {"field": ["utmSource", "device"]}
    plain = by_key(breakdown.ask(Collector(client), VIEW, params), "groups").frame
    book(engine).add(rule("newsletter", *FOUND))
    query = Collector(client, reader=reader(book(engine)))
    items = list(breakdown.ask(query, VIEW, params))
    table = by_key(items, "groups")
    merged = table.frame
    names = plain[FIELD].where(~plain[FIELD].isin(FOUND), "newsletter")
    expected = plain.assign(**{FIELD: names}).groupby([FIELD, "device"])[["views", "visits"]].sum()
    actual = merged.set_index([FIELD, "device"])[["views", "visits"]]
    assert expected.sort_index().to_dict() == actual.sort_index().to_dict()
    row = merged[merged[FIELD] == "newsletter"].iloc[0]
    assert table.on_choose is not None
    change = table.on_choose(row["place"])
    assert isinstance(change, View)
    assert Filter(FIELD, "eq", *FOUND) in change.filters
    section = next(each for each in ui.sections(items, "page") if each.title == "Every group")
    text = said(list(section.make(*(answer.result() for answer in section.answers))))
    assert "Spellings shown as one: newsletter." in text
    assert "counts twice" in text


def test_compare_shows_spellings_as_one(client: Client, engine: Engine) -> None:
    book(engine).add(rule("newsletter", *FOUND))
    query = Collector(client, reader=reader(book(engine)))
    september = View(
        SHOP,
        Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"),
        "previous",
        whole_visits=True,
    )
    views = (september, september.compared() or september)
    params = {"by": [FIELD], "figure": ["visits"]}
    tables = tables_of(compare.ask(query, september, params))
    names = {name for table in tables if "name" in table.frame for name in table.frame["name"]}
    assert "newsletter" in names
    assert not {*FOUND[1:]} & names
    parts = next(table for table in tables if table.key == "parts")
    assert parts.merged == {"newsletter": FOUND}
    now, before = (client.ask(visit_groups(each, None)).frame["visits"].sum() for each in views)
    assert parts.frame["change"].sum() == now - before


@pytest.mark.parametrize("length", [2, 3])
def test_rankings_that_may_lack_rows_do_so_after_merging(length: int) -> None:
    ranking = Ranking([Ranked("a", 5), Ranked("A", 4), Ranked("b", 3)][:length], "visitors")
    other = Ranking([Ranked("c", 1)], "visitors")
    merges = (Merge(FIELD, "a", ("a", "A")),)
    (merged, same), limit = merged_tags.rankings((ranking, other), merges, 3)
    assert [row.name for row in merged.rows] == ["a", "b"][: length - 1]
    assert same.rows == other.rows
    assert limit == (2 if length == 3 else 3)


def test_merged_ranking_says_that_visitors_may_count_twice(client: Client) -> None:
    ranking = Ranking([Ranked("a", 5), Ranked("b", 4), Ranked("A", 3)], "visitors")
    merges = (Merge(FIELD, "a", ("a", "A")),)
    table = Table(FIELD, "Sources", "sources")
    drawn, text = traffic_blocks.ranking(client, VIEW, table, ranking, merges=merges)
    assert isinstance(drawn, ui.Table)
    assert isinstance(text, ui.Text)
    assert drawn.frame["value"].tolist() == ["a", "b"]
    assert drawn.frame["Visitors"].tolist() == [8, 4]
    assert drawn.frame["note"].fillna("").tolist() == ["2 spellings merged", ""]
    assert "counts twice" in text.text
    plain = traffic_blocks.ranking(client, VIEW, table, ranking)
    assert len(plain) == 1
