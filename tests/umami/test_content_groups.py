"""Content groups: patterns, the filters that groups are, and their figures against the rows."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.database import open_engine
from access.permissions import ALL
from access.reader import Reader
from components import analysis_controls, content_groups
from components import blocks as ui
from components.content_groups import REST
from components.conversions import chosen as chosen_conversion
from components.conversions import described, left_out
from components.loading import Collector
from tests.doubles.umami import serve as serve_version
from umami.api import conversions, reports, traffic
from umami.api.reports import parts_of_visits
from umami.client import Client, connect
from umami.content_groups import (
    ASSISTANTS,
    FIELDS_OF,
    LONGEST_NAME,
    LONGEST_PATTERN,
    MOST_GROUPS,
    MOST_PATTERNS,
    MOST_WILDCARDS,
    ContentGroup,
    GroupField,
    GroupKind,
    check,
    filters_of,
    filters_of_rest,
    matching,
    overlap,
    patterns_of,
    step_of,
    within,
    without_patterns,
)
from umami.conversion import Conversion, FunnelStep, spell
from umami.conversion import read as read_step
from umami.embedded.server import serve
from umami.endpoint import LONGEST_PARAMS
from umami.errors import InvalidView, NotOffered, Rejected
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
VIEW = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
TEXTS = ["".join(letters) for length in range(8) for letters in product("ab", repeat=length)]
BLOG = ContentGroup("Blog", "path", ("/blog", "/blog/*"))
SHOPPING = ContentGroup("Shopping", "path", ("/products*", "/cart"))
POSTS = ContentGroup("Posts", "path", ("/blog/how*", "*checkout"))


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern, by its definition."""
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


def first_match(groups: tuple[ContentGroup, ...], text: str) -> str:
    """The value of the first group that has a pattern for a text; ``REST`` for none."""
    places = (
        str(at)
        for at, group in enumerate(groups)
        if any(matches(pattern, text) for pattern in group.globs)
    )
    return next(places, REST)


def passes(filters: tuple[Filter, ...], text: str) -> bool:
    """Whether a server's regular expressions let a text pass."""
    return all(
        bool(re.search(each.values[0], text, re.IGNORECASE | re.DOTALL)) is (each.operator == "re")
        for each in filters
    )


short = st.text("ab*", min_size=1, max_size=4).map(lambda text: re.sub(r"\*+", "*", text))


@given(short, short)
def test_overlap_is_whether_a_text_matches_both(first: str, second: str) -> None:
    both = any(matches(first, text) and matches(second, text) for text in TEXTS)
    assert overlap(first, second) == both
    assert overlap(second, first) == both


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("/Blog/*", "/blog/A", True),
        ("/café", "/CAFÉ", True),
        ("/ſhop", "/shop", True),
        ("/blog", "/blog/", False),
        ("/a*/b", "/c/a*", False),
        ("*a*b*c*", "*c*b*a*", True),
    ],
)
def test_overlap_minds_case_as_servers_may(first: str, second: str, expected: bool) -> None:
    assert overlap(first, second) is expected


patterns = st.lists(
    st.text("ab*|.(+", min_size=0, max_size=5).map(lambda text: f"/{text}"), min_size=1, max_size=3
)


@given(st.lists(patterns, min_size=1, max_size=4), st.text("ab|.(+/", max_size=7))
def test_each_path_passes_the_filters_of_its_first_group_only(
    listed: list[list[str]], text: str
) -> None:
    groups = tuple(ContentGroup(f"g{at}", "path", tuple(each)) for at, each in enumerate(listed))
    path = f"/{text}"
    passed = [str(at) for at in range(len(groups)) if passes(filters_of(groups, at), path)]
    passed += [REST] if passes(filters_of_rest(groups), path) else []
    assert passed == [first_match(groups, path)]
    for at, group in enumerate(groups):
        assert patterns_of(filters_of(groups, at)[0]) == group.patterns


def test_only_overlapping_earlier_groups_are_left_out() -> None:
    groups = (BLOG, SHOPPING, POSTS)
    assert [len(filters_of(groups, at)) for at in range(3)] == [1, 1, 2]
    assert filters_of(groups, 2)[1] == Filter("path", "nre", "^(/blog/.*|/products.*)$")


def test_a_domain_includes_its_subdomains_and_no_other_domain() -> None:
    filters = filters_of((ASSISTANTS,), 0)
    domains = ("chatgpt.com", "www.chatgpt.com", "notchatgpt.com", "chatgpt.com.example")
    assert [passes(filters, domain) for domain in domains] == [True, True, False, False]
    assert patterns_of(filters[0]) == ASSISTANTS.patterns


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ("", "path"),
        (" /a", "path"),
        ("/a\n", "path"),
        ("/a\0b", "path"),
        ("/a\x1b[31m", "path"),
        ("/a\u202eb", "path"),
        ("/a\ud800", "path"),
        ("/" + "a" * LONGEST_PATTERN, "path"),
        ("/*" + "a*" * MOST_WILDCARDS, "path"),
        ("^/(a+)+$", "path"),
        ("blog/*", "path"),
        ("https://example.com", "referrer"),
        ("example.com/path", "referrer"),
    ],
)
def test_hostile_patterns_are_refused(pattern: str, field: GroupField) -> None:
    with pytest.raises(InvalidView) as refused:
        ContentGroup("Group", field, (pattern,))
    assert refused.value.remedy


@pytest.mark.parametrize("name", ["", " ", "a" * (LONGEST_NAME + 1), "a\nb", "a\u202eb"])
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidView):
        ContentGroup(name, "path", ("/a",))


def test_numbers_of_groups_and_patterns_are_limited() -> None:
    with pytest.raises(InvalidView):
        ContentGroup("a", "path", ())
    with pytest.raises(InvalidView):
        ContentGroup("a", "path", tuple(f"/{n}" for n in range(MOST_PATTERNS + 1)))
    many = [ContentGroup(f"g{n}", "path", (f"/{n}",)) for n in range(MOST_GROUPS + 1)]
    check(many[:-1], "group")
    for groups, kind in (
        (many, "group"),
        ([BLOG, replace(SHOPPING, name="BLOG")], "group"),
        ([BLOG], "channel"),
        ([replace(group, patterns=("/" + "x" * 150,)) for group in many[:13]], "group"),
    ):
        with pytest.raises(InvalidView):
            check(groups, kind)  # type: ignore[arg-type]


def test_catastrophic_expressions_are_texts_or_take_no_time() -> None:
    group = ContentGroup("a", "path", ("/(a+)+$", "/" + "a*" * (MOST_WILDCARDS - 1)))
    (filter_,) = filters_of((group,), 0)
    assert filter_.values == (r"^(/\(a\+\)\+\$|/a.*a.*a.*a.*)$",)


def test_group_joins_the_filters_of_a_view() -> None:
    groups = (BLOG, POSTS)
    filters = filters_of(groups, 1)
    country = Filter("country", "eq", "DE")
    page = Filter("path", "eq", "/blog/a b")
    view = within(replace(VIEW, filters=(country, page)), filters)
    assert set(view.filters) == {country, page, *filters}
    assert within(view, filters) == view
    assert set(without_patterns(view, {"path"}).filters) == {country, page}
    excluded = within(replace(VIEW, filters=(Filter("path", "nre", "^/a"),)), filters)
    assert Filter("path", "nre", "^/a|^(/blog/.*)$") in excluded.filters


@pytest.mark.parametrize(
    "view",
    [
        replace(VIEW, filters=(Filter("path", "re", "blog"),)),
        replace(VIEW, filters=(Filter("path", "nre", "(?i)blog"),)),
        replace(
            VIEW, filters=(Filter("country", "eq", "DE"), Filter("os", "eq", "iOS")), match="any"
        ),
    ],
)
def test_group_is_refused_beside_what_it_cannot_join(view: View) -> None:
    with pytest.raises(InvalidView) as refused:
        within(view, filters_of((BLOG, POSTS), 1))
    assert refused.value.remedy


def test_group_with_one_pattern_and_no_overlap_is_a_step() -> None:
    docs = ContentGroup("Docs", "path", ("/docs/*",))
    inner = ContentGroup("Reviews", "path", ("/products/*/reviews",))
    faq = ContentGroup("FAQ", "path", ("/docs/faq",))
    every = ContentGroup("All", "path", ("*",))
    groups = (docs, inner, faq, BLOG, every)
    assert [step_of(groups, at) for at in range(5)] == ["/docs/*", None, None, None, None]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve(TABLES, password="umami") as running:
        settings = Settings(api=f"{running.url}/api", username="admin", password="umami")
        with connect(settings) as client:
            yield client


@cache
def every_row() -> list[dict[str, str]]:
    """The rows of the shop in the period."""
    with gzip.open(TABLES / "website_event.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            row
            for row in csv.DictReader(file)
            if row["website_id"] == SHOP and "2026-08-01" <= row["created_at"][:10] <= "2026-09-30"
        ]


@cache
def rows() -> list[dict[str, str]]:
    """The views among them."""
    return [row for row in every_row() if row["event_type"] == "1"]


def visit(row: dict[str, str]) -> tuple[str, str]:
    return row["session_id"], row["visit_id"]


def bounces(visits: Iterable[tuple[str, str]]) -> int:
    """How many visits have a single view and no custom event."""
    views = Counter(map(visit, rows()))
    acted = {visit(row) for row in every_row() if row["event_type"] == "2"}
    return sum(views[each] == 1 and each not in acted for each in visits)


def answer(client: Client, view: View, groups: tuple[ContentGroup, ...]) -> pd.DataFrame:
    """The figures of the groups of a View that keeps whole visits, by the value of the part."""
    divided = content_groups.parts(groups, whole_visits=True)
    (question,) = content_groups.questions(view, client.capabilities, divided)
    return content_groups.ranked(divided, None, (client.ask(question.ask(view)),)).set_index(
        "value"
    )


def collector(client: Client, kind: GroupKind, groups: tuple[ContentGroup, ...]) -> Collector:
    """A collector over a database with these groups."""
    engine = open_engine("sqlite://")
    reader = Reader(lambda _create: engine, "ann", ALL)
    reader.content_groups.replace(SHOP, kind, (), groups)
    return Collector(client, reader=reader)


def counts(query: Collector, view: View, kind: GroupKind) -> dict[str, tuple[int, int]]:
    """Views and visitors of each row of a ranking by its value."""
    section = content_groups.section(query, view, kind)
    made = section.make(*(answer.result() for answer in section.answers))
    tables = [block for block in made if isinstance(block, ui.Table)]
    return {
        row.value: (row.views, row.visitors) for table in tables for row in table.frame.itertuples()
    }


fragments = st.sampled_from(
    ["/products", "/blog", "/docs", "/cart", "/checkout", "how", "lamp", "a b", "ü", "*", "*", "#"]
)
globs = st.lists(fragments, min_size=1, max_size=4).map(
    lambda parts: text if (text := "".join(parts))[0] in "/*" else f"*{text}"
)


@given(listed=st.lists(st.lists(globs, min_size=1, max_size=3), min_size=1, max_size=4))
def test_groups_count_what_the_rows_say(client: Client, listed: list[list[str]]) -> None:
    groups = tuple(ContentGroup(f"g{at}", "path", tuple(each)) for at, each in enumerate(listed))
    expected: dict[str, list[str]] = {str(at): [] for at in range(len(groups))} | {REST: []}
    for row in rows():
        expected[first_match(groups, row["url_path"])].append(row["session_id"])
    query = collector(client, "group", groups)
    assert counts(query, VIEW, "group") == {
        value: (len(sessions), len(set(sessions))) for value, sessions in expected.items()
    }
    # One for each group, one for the rest, and the totals that the page shows anyway.
    assert len(query.sent) == len(groups) + 2


@given(
    listed=st.lists(st.lists(globs, min_size=1, max_size=3), min_size=1, max_size=3),
    filtered=st.booleans(),
)
def test_groups_divide_the_visits_that_filters_keep(
    client: Client, listed: list[list[str]], filtered: bool
) -> None:
    groups = tuple(ContentGroup(f"g{at}", "path", tuple(each)) for at, each in enumerate(listed))
    source = Filter("referrer", "eq", "google.com")
    visits = {
        visit(row) for row in rows() if not filtered or row["referrer_domain"] == "google.com"
    }
    expected: dict[str, list[dict[str, str]]] = {
        **{str(at): [] for at in range(len(groups))},
        REST: [],
    }
    for row in rows():
        if visit(row) in visits:
            expected[first_match(groups, row["url_path"])].append(row)
    view = replace(VIEW, filters=(source,) if filtered else (), whole_visits=True)
    query = collector(client, "group", groups)
    assert counts(query, view, "group") == {
        value: (len(views), len({row["session_id"] for row in views}))
        for value, views in expected.items()
    }
    # One for all groups, and the totals that the page shows anyway.
    assert len(query.sent) == 2
    figures = answer(client, view, groups)
    for value, views in expected.items():
        within = {visit(row) for row in views}
        assert figures["visits"][value] == len(within)
        if within:
            assert figures["bounce_rate"][value] == bounces(within) / len(within)


SOURCES: dict[GroupField, tuple[str, ...]] = {
    "referrer": ("google.com", "*google*", "bing.com", "*", "facebook.com", "*.org"),
    "utmSource": ("newsletter", "*e*", "Google", "*"),
    "utmMedium": ("email", "*c*", "social"),
    "utmCampaign": ("*spring*", "*a*"),
}
COLUMNS: dict[str, str] = {
    "path": "url_path",
    "referrer": "referrer_domain",
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
}
channels = st.sampled_from(list(SOURCES)).flatmap(
    lambda field: st.tuples(
        st.just(field), st.lists(st.sampled_from(SOURCES[field]), min_size=1, max_size=2)
    )
)


def place(groups: tuple[ContentGroup, ...], row: dict[str, str]) -> int:
    """The first group that has a pattern for a row, whose own website is no referrer."""
    for at, group in enumerate(groups):
        text = row[COLUMNS[group.field]]
        known = bool(text) and (
            group.field != "referrer" or text != row["hostname"].removeprefix("www.")
        )
        if known and any(matches(pattern, text) for pattern in group.globs):
            return at
    return len(groups)


@given(
    listed=st.lists(channels, min_size=1, max_size=5),
    wanted=st.sampled_from([None, Filter("country", "eq", "DE"), Filter("path", "c", "product")]),
)
def test_channels_divide_visits_in_their_order(
    client: Client, listed: list[tuple[GroupField, list[str]]], wanted: Filter | None
) -> None:
    groups = tuple(
        ContentGroup(f"c{at}", field, tuple(patterns))
        for at, (field, patterns) in enumerate(listed)
    )
    view = replace(VIEW, filters=(wanted,) if wanted else (), whole_visits=True)
    total = client.ask(traffic.stats(view)).current
    if wanted is None:
        expected: dict[tuple[str, str], int] = {}
        for row in every_row():
            at = place(groups, row)
            expected[visit(row)] = min(at, expected.get(visit(row), at))
        seen = Counter(map(visit, rows()))
        parts = {
            str(at) if at < len(groups) else REST: {each for each in seen if expected[each] == at}
            for at in range(len(groups) + 1)
        }
        figures = answer(client, view, groups)
        for value, visits in parts.items():
            assert figures["visits"][value] == len(visits)
            assert figures["visitors"][value] == len({session for session, _ in visits})
            assert figures["views"][value] == sum(seen[each] for each in visits)
            if visits:
                assert figures["bounce_rate"][value] == bounces(visits) / len(visits)
    figures = answer(client, view, groups)
    assert figures["visits"].sum() == total.visits
    assert figures["views"].sum() == total.views
    # A click keeps what its row counts.
    divided = content_groups.parts(groups, whole_visits=True)
    for part in divided:
        clicked = content_groups.chosen(view, client.capabilities, divided, part.value)
        assert isinstance(clicked, View)
        after = client.ask(traffic.stats(clicked)).current
        if wanted is None or wanted.field == "country":
            row = figures.loc[part.value]
            assert (after.visits, after.visitors, after.views) == tuple(
                row[["visits", "visitors", "views"]]
            )
        assert content_groups.chosen(clicked, client.capabilities, divided, part.value) == view


@pytest.mark.parametrize(
    ("filter_", "is_equal"),
    [
        (Filter("country", "eq", "DE"), True),
        (Filter("path", "c", "product"), False),
        (Filter("event", "eq", "purchase"), False),
    ],
)
def test_rows_say_that_a_click_keeps_fewer_visits(
    client: Client, filter_: Filter, is_equal: bool
) -> None:
    groups = (BLOG, SHOPPING)
    view = replace(VIEW, filters=(filter_,), whole_visits=True)
    rows, divided = answer(client, view, groups), content_groups.parts(groups, whole_visits=True)
    clicked = content_groups.chosen(view, client.capabilities, divided, "0")
    assert isinstance(clicked, View)
    counted, after = rows["visits"]["0"], client.ask(traffic.stats(clicked)).current.visits
    assert counted == after if is_equal else counted > after
    section = content_groups.section(collector(client, "group", groups), view, "group")
    made = section.make(*(each.result() for each in section.answers))
    texts = [block.text for block in made if isinstance(block, ui.Text)]
    assert any("can keep fewer visits" in text for text in texts) is not is_equal


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ('[{"path": "re.^("}]', "[]"),
        ('[{"path": "re.(a{999}){999}"}]', "[]"),
        ('[{"path": "re.a"}, {"path": "nonsense.a", "nonsense": "eq.1"}]', "[]"),
        (json.dumps([{"path": "re." + "a" * 3_000}]), "[]"),
        (json.dumps([{"path": "re.a"}] * 101), "[]"),
        (json.dumps([{f"path{n or ''}": "re.a" for n in range(101)}]), "[]"),
        ('[{"path": "re.\\u0000"}]', "[]"),
        ('{"path": "re.a"}', "[]"),
        ("[]", "[]"),
        ("[{}]", "[]"),
        ("{", "[]"),
        ('[{"path": "re.a"}]', '["nonsense"]'),
    ],
)
def test_embedded_server_refuses_malformed_parts(client: Client, parts: str, fields: str) -> None:
    query = parts_of_visits(VIEW, ((Filter("path", "eq", "/"),),))
    changed = {"parts": parts, "fields": fields}
    params = tuple((name, changed.get(name, text)) for name, text in query.params)
    with pytest.raises(Rejected):
        client.ask(replace(query, params=params))


def test_channels_count_what_the_rows_say(client: Client) -> None:
    groups = (
        ContentGroup("Search", "referrer", ("*google*", "bing.com", "duckduckgo.com")),
        ContentGroup("Shopping ads", "referrer", ("google.com", "facebook.com")),
        ContentGroup("Partners", "referrer", ("example.net",)),
    )
    expected: dict[str, list[str]] = {"0": [], "1": [], "2": [], REST: []}
    for row in rows():
        expected[first_match(groups, row["referrer_domain"])].append(row["session_id"])
    query = collector(client, "channel", groups)
    assert counts(query, VIEW, "channel") == {
        value: (len(sessions), len(set(sessions)))
        for value, sessions in expected.items()
        if value != REST
    }
    assert len(query.sent) == len(groups) + 1


def test_view_of_a_group_has_its_row_only(client: Client) -> None:
    groups = (BLOG, SHOPPING, POSTS)
    query = collector(client, "group", groups)
    everything = counts(query, VIEW, "group")
    divided = content_groups.parts(groups, whole_visits=False)
    view = content_groups.chosen(VIEW, client.capabilities, divided, "2")
    assert isinstance(view, View)
    assert counts(query, view, "group") == {"2": everything["2"]}
    assert content_groups.chosen(view, client.capabilities, divided, "2") == VIEW
    other = content_groups.chosen(view, client.capabilities, divided, "0")
    assert isinstance(other, View)
    assert set(other.filters) == set(divided[0].filters)


def test_preview_names_what_is_left_over(client: Client) -> None:
    groups = (BLOG, SHOPPING)
    query = Collector(client)
    text, table = content_groups.preview(query, VIEW, "group", groups)
    assert isinstance(text, ui.Text)
    assert isinstance(table, ui.Table)
    rest = sum(first_match(groups, row["url_path"]) == REST for row in rows())
    assert f"{rest / len(rows()):.1%} of the views are in no group" in text.text
    assert "/checkout" in text.text
    (text, _table) = content_groups.preview(query, VIEW, "channel", (ASSISTANTS,))
    assert isinstance(text, ui.Text)
    assert "At least 100" in text.text
    (text, _table) = content_groups.preview(
        query, replace(VIEW, whole_visits=True), "channel", (ASSISTANTS,)
    )
    assert isinstance(text, ui.Text)
    assert "100.0% of the visits came through none of these channels" in text.text


@given(listed=st.lists(st.lists(globs, min_size=1, max_size=3), min_size=2, max_size=3))
def test_groups_are_steps_that_count_what_the_rows_say(
    client: Client, listed: list[list[str]]
) -> None:
    groups = tuple(ContentGroup(f"g{at}", "path", tuple(each)) for at, each in enumerate(listed))
    query = collector(client, "group", groups)
    last = content_groups.resolved(query, SHOP, FunnelStep("group", groups[-1].name))
    reached = [
        row for row in rows() if first_match(groups, row["url_path"]) == str(len(groups) - 1)
    ]
    goal = client.ask(reports.goal(VIEW, last.kind, last.value, last.rows))
    assert goal.visitors == len({row["session_id"] for row in reached})
    on_them = [
        row
        for row in every_row()
        if row["event_type"] in "12"
        and first_match(groups, row["url_path"]) == str(len(groups) - 1)
    ]
    assert goal.times == len(on_them)
    (total,) = client.ask(conversions.visit_groups(VIEW, None, last)).frame["conversions"]
    assert total == len({visit(row) for row in reached})
    start, end = client.ask(reports.funnel(VIEW, (last, last)))
    assert start.visitors == end.visitors == len({row["session_id"] for row in on_them})
    assert start.step == FunnelStep("group", last.value)


def minutes(earlier: dict[str, str], later: dict[str, str]) -> float:
    """The minutes from one row to another."""
    first, second = (datetime.fromisoformat(row["created_at"]) for row in (earlier, later))
    return (second - first).total_seconds() / 60


@given(
    listed=st.lists(channels, min_size=1, max_size=5),
    wanted=st.sampled_from([None, Filter("path", "c", "product")]),
)
def test_channels_are_steps_that_count_what_the_rows_say(
    client: Client, listed: list[tuple[GroupField, list[str]]], wanted: Filter | None
) -> None:
    groups = tuple(
        ContentGroup(f"c{at}", field, tuple(patterns))
        for at, (field, patterns) in enumerate(listed)
    )
    last = len(groups) - 1
    step = content_groups.resolved(
        collector(client, "channel", groups), SHOP, FunnelStep("channel", groups[last].name)
    )
    through = [row for row in rows() if place(groups, row) == last]
    passing = [row for row in through if wanted is None or "product" in row["url_path"].lower()]
    view = replace(VIEW, filters=(wanted,) if wanted else ())

    goal = client.ask(reports.goal(view, step.kind, step.value, step.rows))
    assert (goal.times, goal.visitors) == (
        len(passing),
        len({row["session_id"] for row in passing}),
    )

    window = 30
    bought = [row for row in every_row() if row["event_name"] == "purchase"]
    after = {
        row["session_id"]
        for row in bought
        for before in passing
        if before["session_id"] == row["session_id"] and 0 <= minutes(before, row) <= window
    }
    chain = (step, FunnelStep("event", "purchase"))
    start, end = client.ask(reports.funnel(view, chain, window))
    assert (start.visitors, end.visitors) == (goal.visitors, len(after))
    assert start.step == FunnelStep("channel", step.value)

    # Filters of whole visits keep other rows of a visit than those of the channel, too.
    groups_of_visits = client.ask(conversions.visit_groups(VIEW, None, step)).frame
    assert groups_of_visits["conversions"].tolist() == [len({visit(row) for row in through})]
    assert groups_of_visits["times"].tolist() == [len(through)]


def test_step_and_tab_of_a_channel_begin_with_the_same_views(client: Client) -> None:
    groups = (
        ContentGroup("Search", "referrer", ("*google*",)),
        ContentGroup("Mails", "utmMedium", ("email",)),
        ContentGroup("Other tags", "utmMedium", ("*",)),
    )
    query = collector(client, "channel", groups)
    parts = tuple((matching(group),) for group in groups)
    of_rows = client.ask(parts_of_visits(VIEW, parts, of="rows")).frame.set_index("part")
    counted = False
    for at, group in enumerate(groups):
        step = content_groups.resolved(query, SHOP, FunnelStep("channel", group.name))
        goal = client.ask(reports.goal(VIEW, step.kind, step.value, step.rows))
        expected = of_rows.loc[at] if at in of_rows.index else {"views": 0, "visitors": 0}
        assert (goal.times, goal.visitors) == (expected["views"], expected["visitors"])
        counted |= bool(goal.times)
    assert counted


def test_event_that_came_through_a_channel_is_no_step(tmp_path: Path) -> None:
    tables = shutil.copytree(TABLES, tmp_path / "tables")
    file = tables / "website_event.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8", newline="") as source:
        every = [*csv.DictReader(source)]
    for row in every:
        if row["event_type"] == "2":
            row["referrer_domain"] = "partner.example"
    with gzip.open(file, "wt", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, every[0])
        writer.writeheader()
        writer.writerows(every)
    partners = ContentGroup("Partners", "referrer", ("partner.example",))
    with serve(tables, password="umami") as running:
        settings = Settings(api=f"{running.url}/api", username="admin", password="umami")
        with connect(settings) as client:
            query = collector(client, "channel", (partners,))
            step = content_groups.resolved(query, SHOP, FunnelStep("channel", "Partners"))
            goal = client.ask(reports.goal(VIEW, step.kind, step.value, step.rows))
            assert (goal.times, goal.visitors) == (0, 0)
            funnel = client.ask(reports.funnel(VIEW, (step, FunnelStep("event", "purchase"))))
            assert [result.visitors for result in funnel] == [0, 0]
            totals = client.ask(conversions.visit_groups(VIEW, None, step)).frame
            assert (totals["conversions"].sum(), totals["times"].sum()) == (0, 0)
            # Whole visits are in the channel, by their events.
            view = replace(VIEW, whole_visits=True)
            assert answer(client, view, (partners,))["visits"]["0"] > 0


def test_group_and_channel_with_the_same_name_are_different_steps(client: Client) -> None:
    engine = open_engine("sqlite://")
    reader = Reader(lambda _create: engine, "ann", ALL)
    search = ContentGroup("Blog", "referrer", ("*google*",))
    reader.content_groups.replace(SHOP, "group", (), (BLOG,))
    reader.content_groups.replace(SHOP, "channel", (), (search,))
    query = Collector(client, reader=reader)
    page, source = (
        content_groups.resolved(query, SHOP, read_step(text))
        for text in ("group.Blog", "channel.Blog")
    )
    assert [dict(step.rows) for step in (page, source)] == [
        {"path": matching(BLOG).param()},
        {"referrer": matching(search).param()},
    ]
    names = [described(Conversion(step)) for step in (page, source)]
    assert names == ["Blog", "Blog (own channel)"]
    offered = analysis_controls.suggestions(query, SHOP, [], [])
    assert offered.kinds == ["path", "event", "group", "channel"]
    assert offered.of("group") == offered.of("channel") == ("Blog",)
    first, second = client.ask(reports.funnel(VIEW, (source, page), 30))
    assert first.step != second.step


def emoji(field: GroupField, letters: int) -> ContentGroup:
    """A channel with patterns of this many letters together, none of which is in ASCII."""
    whole, rest = divmod(letters, LONGEST_PATTERN)
    lengths = [LONGEST_PATTERN] * whole + ([rest] if rest else [])
    patterns = (f"{chr(0x1F600 + at)}" * length for at, length in enumerate(lengths))
    return ContentGroup(field, field, tuple(patterns))


def test_channels_that_the_form_accepts_can_be_queried(client: Client) -> None:
    fields = FIELDS_OF["channel"]

    def listed(letters: int) -> tuple[ContentGroup, ...]:
        # Each domain is a second pattern of its subdomains.
        return tuple(emoji(each, letters // (2 if each == "referrer" else 1)) for each in fields)

    def is_accepted(letters: int) -> bool:
        with suppress(InvalidView):
            check(listed(letters), "channel")
            return True
        return False

    longest = bisect_left(range(1, 1_800), True, key=lambda letters: not is_accepted(letters))
    assert longest > 500
    with pytest.raises(InvalidView, match="longer than a request may be") as refused:
        check(listed(longest + 1), "channel")
    assert refused.value.remedy
    groups = listed(longest)
    view = replace(VIEW, whole_visits=True)
    assert answer(client, view, groups)["visits"].sum()
    divided = content_groups.parts(groups, whole_visits=True)
    for part in divided:
        clicked = content_groups.chosen(view, client.capabilities, divided, part.value)
        assert isinstance(clicked, View)
        client.ask(traffic.stats(clicked))
    query = collector(client, "channel", groups)
    step = content_groups.resolved(query, SHOP, FunnelStep("channel", groups[-1].name))
    assert client.ask(conversions.visit_groups(view, None, step)).frame["times"].tolist() == [0]


def test_longer_requests_are_refused_with_their_limit(client: Client) -> None:
    query = traffic.stats(VIEW)
    others = len(urlencode([*query.params, ("tag", "")])) + 1
    for room, refusal in ((0, "server refused"), (1, f"longer than {LONGEST_PARAMS}")):
        params = (*query.params, ("tag", "a" * (LONGEST_PARAMS - others + 1 + room)))
        with pytest.raises((InvalidView, Rejected), match=refusal):
            client.ask(replace(query, params=params))


def test_group_is_a_conversion_that_counts_as_a_goal_does(client: Client) -> None:
    query = collector(client, "group", (BLOG, SHOPPING, POSTS))
    view = replace(VIEW, conversion="group.Shopping", currency="EUR", whole_visits=True)
    conversion = chosen_conversion(query, view)
    assert conversion.step
    assert conversion.step.rows
    assert not conversion.is_exact
    shopping = [row for row in rows() if first_match((BLOG, SHOPPING), row["url_path"]) == "1"]
    goal = client.ask(reports.goal(view, "group", "Shopping", conversion.step.rows))
    trend = client.ask(conversions.visit_groups(view, "time", conversion.step)).frame
    assert trend["times"].sum() == goal.times >= len(shopping)
    groups = client.ask(conversions.visit_groups(view, None, conversion.step))
    assert groups.frame["converters"].tolist() == [goal.visitors]


@pytest.mark.parametrize(("kind", "noun"), [("group", "content group"), ("channel", "own channel")])
def test_group_that_does_not_exist_is_no_step(client: Client, kind: GroupKind, noun: str) -> None:
    query = collector(client, kind, (BLOG,) if kind == "group" else (ASSISTANTS,))
    step = content_groups.resolved(query, SHOP, FunnelStep(kind, "Removed"))
    for question in (
        reports.goal(VIEW, step.kind, step.value, step.rows),
        reports.funnel(VIEW, (step, FunnelStep("path", "/"))),
        conversions.visit_groups(VIEW, None, step),
    ):
        with pytest.raises(NotOffered, match=f"no {noun} “Removed”"):
            client.ask(question)


@pytest.mark.parametrize(
    "step",
    [
        {"type": "group", "value": "Blog"},
        {"type": "group", "value": "Blog", "rows": {}},
        {"type": "path", "value": "/", "rows": {"path": "re.a"}},
        {"type": "group", "value": "Blog", "rows": {"country": "eq.DE"}},
        {"type": "group", "value": "Blog", "rows": {"path": "re.("}},
        {"type": "group", "value": "Blog", "rows": {"path": "re." + "a" * 3_000}},
        {"type": "group", "value": "Blog", "rows": []},
        {"type": "group", "value": "Blog", "rows": {"referrer": "re.a"}},
        {"type": "channel", "value": "Blog"},
        {"type": "channel", "value": "Blog", "rows": {"path": "re.a"}},
        {"type": "channel", "value": "Blog", "rows": {"country1": "re.a"}},
        {"type": "channel", "value": "Blog", "rows": {"referrer": "re.a", "utmSource": "lacks.("}},
    ],
)
def test_embedded_server_refuses_malformed_groups(client: Client, step: dict[str, Any]) -> None:
    funnel = reports.funnel(VIEW, (FunnelStep("path", "/"), FunnelStep("path", "/b")))
    body = json.loads(funnel.body or "")
    body["parameters"]["steps"][0] = step
    with pytest.raises(Rejected):
        client.ask(replace(funnel, body=json.dumps(body)))
    query = conversions.visit_groups(VIEW, None, FunnelStep("path", "/"))
    named = {"goal": step["type"], "value": step["value"], "rows": json.dumps(step.get("rows", {}))}
    params = tuple(sorted({**dict(query.params), **named}.items()))
    with pytest.raises(Rejected):
        client.ask(replace(query, params=params))


def test_servers_of_umami_take_groups_that_are_a_pattern_as_steps() -> None:
    docs = ContentGroup("Docs", "path", ("/docs/*",))
    with serve_version("3.1", TABLES) as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as umami:
            query = collector(umami, "group", (docs, BLOG))
            steps = [
                content_groups.resolved(query, SHOP, FunnelStep("group", name))
                for name in ("Docs", "Blog")
            ]
            assert steps == [FunnelStep("path", "/docs/*"), FunnelStep("group", "Blog")]
            offered = analysis_controls.suggestions(query, SHOP, [], [])
            assert (offered.kinds, offered.no_steps) == (["path", "event"], ["Blog"])
            assert offered.label("/docs/*") == "Docs (/docs/*)"
            with pytest.raises(NotOffered, match="content group as a step"):
                umami.ask(reports.goal(VIEW, "group", "Blog", (("path", "re.a"),)))


@pytest.mark.parametrize("version", ["2.18", "3.1"])
def test_servers_of_umami_take_no_channel_as_a_step(version: str) -> None:
    with serve_version(version, TABLES) as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as umami:
            query = collector(umami, "channel", (ASSISTANTS,))
            step = content_groups.resolved(query, SHOP, FunnelStep("channel", ASSISTANTS.name))
            assert step.is_unknown
            assert analysis_controls.suggestions(query, SHOP, [], []).kinds == ["path", "event"]
            known = replace(step, rows=(("referrer", "re.a"),))
            for each in (step, known):
                for question in (
                    reports.goal(VIEW, each.kind, each.value, each.rows),
                    reports.funnel(VIEW, (FunnelStep("path", "/"), each)),
                ):
                    with pytest.raises(NotOffered, match="own channel as a step") as refused:
                        umami.ask(question)
                    assert refused.value.remedy == "Choose another step."
            view = replace(VIEW, conversion=spell(step), currency="EUR")
            assert not chosen_conversion(query, view)
            assert left_out(query, view)


@pytest.mark.parametrize("version", ["2.18", "3.0"])
def test_servers_without_patterns_say_so(version: str) -> None:
    with serve_version(version, TABLES) as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as old:
            for kind in FIELDS_OF:
                groups = (BLOG,) if kind == "group" else (ASSISTANTS,)
                query = collector(old, kind, groups)
                (reason, _edit) = content_groups.section(query, VIEW, kind).make()
                assert isinstance(reason, ui.Text)
                assert "matches" in reason.text
                assert not query.sent
