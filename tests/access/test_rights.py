"""Rights as a value: what is not granted is refused, whatever is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from access.permissions import ALL, EVERYTHING, NONE, OF_REPORTS, Grant, Permissions, ViewFilters
from components.page_registry import ENDPOINTS
from docs.generate import example
from umami.api import (
    account,
    boards,
    conversions,
    events,
    notes,
    performance,
    reports,
    revenue,
    segments,
    sending,
    sessions,
    traffic,
    websites,
)
from umami.endpoint import REGISTRY, Query
from umami.filters import Filter
from umami.period import Period
from umami.view import View

SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
DOCS = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
VIEW = View(
    SHOP,
    Period(datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 31, tzinfo=UTC), "day", "UTC"),
)
GERMANY = VIEW.filtered("country", "DE")
LOOKS = Grant(frozenset({SHOP}), frozenset({"overview"}), ENDPOINTS["overview"])
QUESTIONS: tuple[Query[object], ...] = (
    websites.websites(),
    websites.website(SHOP),
    websites.daterange(SHOP),
    traffic.stats(VIEW),
    traffic.active(SHOP),
    traffic.values(VIEW, "country"),
    sessions.sessions(VIEW),
    sessions.session(SHOP, DOCS),
    events.series(GERMANY),
    revenue.revenue(VIEW, "USD"),
    reports.reports(SHOP),
    reports.report(SHOP),
    reports.create_report(SHOP, "utm", "x", {}),
    reports.delete_report(SHOP),
    websites.create_website("x", "x.example"),
    websites.update_website(SHOP, "x", "x.example"),
    websites.delete_website(SHOP),
    sending.send_event(SHOP, "x", "/", "x.example"),
    notes.annotations(VIEW),
    notes.create_annotation(SHOP, VIEW.period.start, "x"),
    notes.delete_annotation(SHOP, DOCS),
    segments.segment(SHOP, DOCS),
    segments.create_segment(SHOP, "segment", "x", {}),
    performance.performance_stats(VIEW),
    websites.shares(SHOP),
    websites.create_share(SHOP, "x"),
    account.me(),
    account.teams(),
    account.team_websites(DOCS),
    boards.boards(),
    boards.board(DOCS),
    boards.links(),
    boards.pixels(),
)


OF_THE_ACCOUNT = ["me", "teams", "team_websites", "boards", "board", "links", "pixels"]


def allowed(permissions: Permissions, question: Query[object]) -> bool:
    return permissions.refusal(question, question.website) is None


def test_nobody_may_ask_anything_and_an_admin_everything() -> None:
    assert [query.name for query in QUESTIONS if allowed(NONE, query)] == []
    assert [query.name for query in QUESTIONS if not allowed(ALL, query)] == []


def test_a_section_opens_its_own_questions_and_what_every_page_needs() -> None:
    permissions = Permissions((LOOKS,))
    assert {query.name for query in QUESTIONS if allowed(permissions, query)} == {
        "websites",
        "website",
        "daterange",
        "stats",
        "active",
        "annotations",
        "values",
    }


def test_another_website_is_never_told_of() -> None:
    permissions = Permissions((replace(EVERYTHING, websites=frozenset({DOCS})),))
    about_shop = [query for query in QUESTIONS if query.website == SHOP]
    assert len(about_shop) > 10
    assert not any(allowed(permissions, query) for query in about_shop)


def test_what_names_no_website_is_for_those_who_have_all() -> None:
    permissions = Permissions((replace(EVERYTHING, websites=frozenset({SHOP})),))
    without = [
        query.name
        for query in QUESTIONS
        if query.website is None and not allowed(permissions, query)
    ]
    assert without == ["report", "delete_report", "create_website", *OF_THE_ACCOUNT]


def test_saving_is_no_administration() -> None:
    permissions = Permissions((replace(EVERYTHING, admin=False),))
    assert [query.name for query in QUESTIONS if not allowed(permissions, query)] == [
        "create_website",
        "update_website",
        "delete_website",
        "send_event",
        "shares",
        "create_share",
        *OF_THE_ACCOUNT,
    ]


def test_fixed_filters_cannot_be_changed_by_saving_their_segment() -> None:
    """Whoever saves analyses saves segments, too, except behind filters that are locked."""
    writes = (
        segments.create_segment(SHOP, "segment", "x", {}),
        segments.update_segment(SHOP, DOCS, "segment", "x", {}),
        segments.delete_segment(SHOP, DOCS),
    )
    free = replace(EVERYTHING, admin=False)
    locked = replace(free, filters=False, fixed_filters=ViewFilters(segment=DOCS))
    assert all(allowed(Permissions((free,)), query) for query in writes)
    assert not any(allowed(Permissions((locked,)), query) for query in writes)
    assert allowed(Permissions((locked,)), reports.create_report(SHOP, "utm", "x", {}))
    looks = replace(free, saves=False)
    assert not any(allowed(Permissions((looks,)), query) for query in writes)


def test_every_question_about_a_website_is_held_to_the_right_to_that_website() -> None:
    """Whatever is declared: a new endpoint is covered without being named anywhere."""
    elsewhere = Permissions((replace(EVERYTHING, websites=frozenset({DOCS})),))
    here = Permissions((replace(EVERYTHING, websites=frozenset({SHOP})),))
    for name, endpoint in REGISTRY.items():
        if endpoint.secret or name in {*OF_REPORTS, "websites"}:
            continue
        question = example(endpoint, view=VIEW, website=SHOP, websites=(SHOP,))
        for site in question.websites or (None,):
            assert elsewhere.refusal(question, site) is not None, name
            assert (here.refusal(question, site) is None) == bool(question.websites), name


def test_lists_of_the_account_are_for_administrators() -> None:
    """An analyst of every website does not learn of teams, boards and links."""
    analyst = Permissions((replace(EVERYTHING, admin=False),))
    accounts = [question for question in QUESTIONS if question.name in OF_THE_ACCOUNT]
    assert [question.name for question in accounts if allowed(analyst, question)] == []
    assert [question.name for question in accounts if not allowed(ALL, question)] == []
    assert str(analyst.refusal(account.teams(), None)) == "Only admins can see this."


@pytest.mark.parametrize(
    "view",
    [
        GERMANY,
        replace(VIEW, segment=SHOP),
        replace(VIEW, cohort=SHOP),
        replace(GERMANY, match="any"),
    ],
)
def test_who_may_not_filter_gets_everything_or_nothing(view: View) -> None:
    permissions = Permissions((LOOKS,))
    assert allowed(permissions, traffic.stats(VIEW))
    assert not allowed(permissions, traffic.stats(view))


def test_fixed_filters_are_the_only_ones_and_nothing_passes_by_them() -> None:
    fixed = replace(
        LOOKS,
        endpoints=ENDPOINTS["overview"] | ENDPOINTS["sessions"] | {"values"},
        fixed_filters=ViewFilters.of(GERMANY),
    )
    permissions = Permissions((fixed,))
    assert allowed(permissions, traffic.stats(GERMANY))
    # One filter is joined by nothing.
    assert allowed(permissions, traffic.stats(replace(GERMANY, match="any")))
    both = replace(GERMANY, filters=(*GERMANY.filters, Filter("browser", "eq", "chrome")))
    for question in (
        traffic.stats(VIEW),
        traffic.stats(VIEW.filtered("country", "FR")),
        traffic.stats(both),
        # These tell of all visitors, whatever the filters are.
        traffic.active(SHOP),
        traffic.values(GERMANY, "country"),
        # Servers replace a filter on the ranked field with the search.
        traffic.metrics(GERMANY, "country", search="U"),
        traffic.groups(GERMANY, "country", search="U"),
        sessions.session(SHOP, DOCS),
        sessions.activity(GERMANY, DOCS),
    ):
        assert not allowed(permissions, question), question.name
    assert allowed(permissions, websites.daterange(SHOP))
    assert allowed(permissions, sessions.sessions(GERMANY, search="U"))
    assert allowed(Permissions((LOOKS,)), traffic.metrics(VIEW, "country", search="U"))


def test_fixed_filters_of_rows_show_no_other_rows_of_the_visits() -> None:
    pricing = VIEW.filtered("path", "/pricing")
    endpoints = ENDPOINTS["overview"] | ENDPOINTS["landing"]
    fixed = replace(LOOKS, endpoints=endpoints, fixed_filters=ViewFilters.of(pricing))
    permissions = Permissions((fixed,))
    whole = replace(pricing, whole_visits=True)
    assert allowed(permissions, traffic.metrics(pricing, "path"))
    assert not allowed(permissions, traffic.metrics(whole, "path"))
    assert not allowed(permissions, conversions.visit_groups(pricing, "entry", currency="EUR"))


def test_one_grant_lends_nothing_to_another() -> None:
    permissions = Permissions(
        (
            replace(LOOKS, exports=True),
            Grant(frozenset({DOCS}), None, None, filters=True, saves=True),
        )
    )
    at_docs = replace(VIEW, website=DOCS)
    assert allowed(permissions, sessions.sessions(at_docs))
    assert not allowed(permissions, sessions.sessions(VIEW))
    assert not allowed(permissions, traffic.stats(GERMANY))
    assert allowed(permissions, traffic.stats(replace(GERMANY, website=DOCS)))
    assert permissions.exports(SHOP)
    assert not permissions.exports(DOCS)
    assert not permissions.saves(SHOP)


def test_why_is_said_by_the_grant_that_is_about_the_website() -> None:
    permissions = Permissions((Grant(frozenset({DOCS})), LOOKS))
    refusal = permissions.refusal(sessions.sessions(VIEW), SHOP)
    assert str(refusal) == "You have no access to this part of the website."
    refusal = permissions.refusal(traffic.stats(VIEW), "somewhere")
    assert str(refusal) == "You have no access to this website."


grants = some.builds(
    Grant,
    websites=some.sampled_from([None, frozenset(), frozenset({SHOP}), frozenset({DOCS})]),
    sections=some.none(),
    endpoints=some.sampled_from([None, frozenset(), *ENDPOINTS.values()]),
    filters=some.booleans(),
    fixed_filters=some.sampled_from([ViewFilters(), ViewFilters.of(GERMANY)]),
    exports=some.booleans(),
    saves=some.booleans(),
    costs=some.booleans(),
    admin=some.booleans(),
)


@given(mine=some.lists(grants, max_size=3), more=grants, query=some.sampled_from(QUESTIONS))
def test_one_more_grant_takes_nothing_away_and_gives_no_more_than_itself(
    mine: list[Grant], more: Grant, query: Query[object]
) -> None:
    before = allowed(Permissions(tuple(mine)), query)
    alone = allowed(Permissions((more,)), query)
    assert allowed(Permissions((*mine, more)), query) == (before or alone)
