"""The View: read from any URL, printed, compared and moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from umami.errors import InvalidView
from umami.filters import FIELDS, OPERATORS, Filter, in_form_of
from umami.period import PRESETS, Period, zone
from umami.view import COMPARISONS, View, selected_period, shifted
from umami.view_parsing import parse

NOW = datetime(2026, 11, 23, 14, 5, 17, tzinfo=UTC)
SITES = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]


def read(**params: str | list[str]) -> View:
    """The View of these parameters, nothing dropped."""
    parsed = parse(lists(params), now=NOW, websites=SITES)
    assert parsed.dropped == ()
    return parsed.view


def dropped(**params: str | list[str]) -> tuple[View, str]:
    parsed = parse(lists(params), now=NOW, websites=SITES)
    return parsed.view, " ".join(parsed.dropped)


def lists(params: dict[str, str | list[str]]) -> dict[str, list[str]]:
    return {
        name.rstrip("_"): [value] if isinstance(value, str) else value
        for name, value in params.items()
    }


def test_nothing_asked_is_the_last_seven_days_of_the_first_website() -> None:
    view = read()
    assert (view.website, view.preset, view.comparison) == (SITES[0], "7d", "previous")
    assert view.period == Period.of_days(date(2026, 11, 16), date(2026, 11, 22), "UTC")


@pytest.mark.parametrize("days", [7, 14, 28, 30, 90, 180])
def test_the_last_days_are_whole_and_end_yesterday(days: int) -> None:
    period = read(period=f"{days}d", tz="Europe/Berlin").period
    assert period.days == (date(2026, 11, 23) - timedelta(days), date(2026, 11, 22))
    assert len(period.axis()) == days


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("12mo", "2025-11-01", "2026-10-31"),
        ("quarter", "2026-10-01", "2026-11-23"),
        ("last-quarter", "2026-07-01", "2026-09-30"),
    ],
)
def test_months_and_quarters(name: str, first: str, last: str) -> None:
    days = read(period=name).period.days
    assert tuple(map(str, days)) == (first, last)


def test_a_running_period_ends_with_the_running_hour() -> None:
    for name in ("today", "24h", "week", "month"):
        assert read(period=name).period.end == datetime(2026, 11, 23, 14, 59, 59, 999000, UTC)
    later = parse({"period": ["today"]}, now=NOW + timedelta(minutes=50), websites=SITES).view
    assert later == read(period="today")
    # India is half an hour off, and has hours of its own.
    assert read(period="today", tz="Asia/Kolkata").period.end.minute == 29


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_days_of_the_zone(name: str) -> None:
    view = read(period=name, tz="America/New_York")
    wall = view.period.start.astimezone(zone("America/New_York"))
    assert wall.minute == 0
    assert name == "24h" or wall.hour == 0


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"period": "6m"}, "Showing the last 7 days: “6m” is not a period."),
        (
            {"period": "custom", "from_": "2026-08-01"},
            "Showing the last 7 days: a custom period needs both its dates.",
        ),
        ({"unit": "week"}, "Showing figures by the day: “week” is not a unit of time."),
        (
            {"unit": "minute"},
            "Showing figures by the day: this period is too long to be cut by the minute.",
        ),
        (
            {"compare": "mars"},
            "Showing the previous period as the comparison: “mars” is not a comparison.",
        ),
        ({"tz": "Mars/Olympus"}, "Showing times in UTC: “Mars/Olympus” is not a time zone."),
        (
            {"website": "no"},
            "Showing your first website: the link’s website is not among those you can open.",
        ),
        (
            {"period": "custom", "from_": "2000-01-01", "to": "2009-12-31"},
            "Showing no comparison: a period lies between the years 2000 and 2100.",
        ),
        (
            {"period": "custom", "from_": "2026-10-26", "to": "2026-10-27", "unit": "hour"}
            | {"tz": "Europe/Berlin"},
            "Showing figures by the day: the comparison is too long to be cut by the hour.",
        ),
    ],
)
def test_a_wrong_link_says_what_is_shown_instead(params: dict[str, str], sentence: str) -> None:
    assert dropped(**params)[1] == sentence


def test_custom_days_include_the_last() -> None:
    view = read(period="custom", from_="2026-08-01", to="2026-09-30", tz="UTC")
    assert view.period == Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC")


def test_all_time_is_what_was_recorded() -> None:
    span = (datetime(2026, 8, 1, 5, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC))
    view = parse({"period": ["all"]}, now=NOW, websites=SITES, recorded=span).view
    assert (view.period.start, view.period.end) == (datetime(2026, 8, 1, tzinfo=UTC), span[1])


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"website": "33333333-3333-4333-8333-333333333333"}, "website"),
        ({"website": "<script>"}, "website"),
        ({"period": "fortnight"}, "fortnight"),
        ({"unit": "week"}, "week"),
        ({"unit": "minute"}, "minute"),
        ({"tz": "Mars/Olympus"}, "Mars/Olympus"),
        ({"tz": "../../etc/passwd"}, "time zone"),
        ({"period": "custom", "from_": "2026-08-01"}, "both"),
        ({"period": "custom", "from_": "yesterday", "to": "2026-08-01"}, "yesterday"),
        ({"period": "custom", "from_": "2026-09-30", "to": "2026-08-01"}, "reversed"),
        ({"period": "custom", "from_": "2031-01-01", "to": "2031-02-01"}, "future"),
        ({"period": "custom", "from_": "1066-10-14", "to": "2026-02-01"}, "2000"),
        ({"compare": "mars"}, "mars"),
        ({"compare": "custom"}, "both"),
        ({"filter": ["nonsense"]}, "nonsense"),
        ({"filter": ["shoe.eq.x"]}, "shoe"),
        ({"filter": ["path.like.x"]}, "like"),
        ({"filter": ["path.eq."]}, "value"),
        ({"filter": ["path.c./a", "path.c./b"]}, "one filter"),
    ],
)
def test_what_cannot_be_shown_is_dropped_and_said(params: dict[str, str], said: str) -> None:
    view, sentences = dropped(**params)
    assert said in sentences
    assert view.website in SITES


def test_a_filter_is_spelled_with_its_operator() -> None:
    view = read(filter=["referrer.eq.t.co", "country.neq.US"])
    assert Filter("referrer", "eq", "t.co") in view.filters
    assert view.params()["filter"] == ["country.neq.US", "referrer.eq.t.co"]
    assert view.filtered("country", "DE").filters[0] == Filter("country", "eq", "DE")


def test_equal_filters_in_another_order_are_the_same_view() -> None:
    view = read(filter=["path.eq./a", "os.eq.iOS"])
    assert view == read(filter=["os.eq.iOS", "path.eq./a"])
    assert hash(view) == hash(read(filter=["os.eq.iOS", "path.eq./a"]))


def test_two_filters_on_one_field_are_no_view() -> None:
    view = read()
    with pytest.raises(InvalidView):
        replace(view, filters=(Filter("os", "eq", "a"), Filter("os", "eq", "b")))


def test_next_and_previous_move_by_calendar_steps() -> None:
    march = shifted(read(period="last-month"), -7)
    assert march.params()["from"] == ["2026-03-01"]
    assert march.params()["to"] == ["2026-03-31"]
    assert shifted(march, 1).period == Period.of_days(date(2026, 4, 1), date(2026, 4, 30), "UTC")
    week = shifted(read(period="week"), -1)
    assert (week.params()["from"], week.params()["to"]) == (["2026-11-16"], ["2026-11-22"])
    new_year = read(period="custom", from_="2011-12-31", to="2011-12-31", tz="Pacific/Apia")
    assert shifted(new_year, -1).params()["from"] == ["2011-12-29"]


def selected(view: View, first: str, last: str = "") -> tuple[str, str, str] | None:
    """The dates and the unit of a stretch, as the URL has them; a link to it opens the same."""
    ends = (datetime.fromisoformat(end) for end in (first, last or first))
    chosen = selected_period(view, *ends, NOW)
    if chosen is None:
        return None
    linked = {**chosen.params(), "unit": []}
    assert parse(linked, now=NOW, websites=SITES).view.period == chosen.period
    assert (chosen.website, chosen.filters) == (view.website, view.filters)
    return chosen.params()["from"][0], chosen.params()["to"][0], chosen.period.unit


@pytest.mark.parametrize(
    ("period", "first", "last", "expected"),
    [
        ("7d", "2026-11-18T00:00", "", ("2026-11-18", "2026-11-18", "hour")),
        ("7d", "2026-11-17T13:00", "2026-11-20T11:00", ("2026-11-18", "2026-11-20", "day")),
        ("7d", "2026-11-20T11:00", "2026-11-17T13:00", ("2026-11-18", "2026-11-20", "day")),
        ("7d", "2026-11-15T18:00", "2026-11-23T06:00", ("2026-11-16", "2026-11-22", "day")),
        ("7d", "2026-10-01T00:00", "2026-10-03T00:00", None),
        ("7d", "2026-12-01T00:00", "2026-12-03T00:00", None),
        ("12mo", "2026-02-09T00:00", "", ("2026-02-01", "2026-02-28", "day")),
        ("12mo", "2026-02-09T00:00", "2026-08-20T00:00", ("2026-02-01", "2026-09-30", "month")),
        (
            "yesterday",
            "2026-11-22T09:10",
            "",
            ("2026-11-22T09:00:00", "2026-11-22T09:59:59", "minute"),
        ),
        (
            "yesterday",
            "2026-11-22T09:10",
            "2026-11-22T11:40",
            ("2026-11-22T09:00:00", "2026-11-22T12:59:59", "hour"),
        ),
        ("year", "2026-11-02T00:00", "", ("2026-11-01", "2026-11-23T14:59:59", "day")),
        ("month", "2026-11-23T00:00", "", ("2026-11-23", "2026-11-23T14:59:59", "hour")),
    ],
)
def test_a_stretch_of_a_chart_is_whole_buckets(
    period: str, first: str, last: str, expected: tuple[str, str, str] | None
) -> None:
    assert selected(read(period=period), first, last) == expected


def test_a_stretch_never_lies_in_the_future() -> None:
    today = read(period="custom", from_="2026-11-23", to="2026-11-23")
    assert today.period.unit == "hour"
    assert selected(today, "2026-11-23T15:00") is None
    until_now = ("2026-11-23T13:00:00", "2026-11-23T14:59:59", "hour")
    assert selected(today, "2026-11-23T13:00", "2026-11-23T22:00") == until_now


def test_a_chart_of_minutes_has_no_shorter_stretch() -> None:
    hour = read(period="custom", from_="2026-11-22T09:00:00", to="2026-11-22T09:59:59")
    assert hour.period.unit == "minute"
    assert selected(hour, "2026-11-22T09:10", "2026-11-22T09:20") is None


def test_a_stretch_holds_all_of_a_day_on_which_the_clocks_change() -> None:
    days = read(period="custom", from_="2026-10-20", to="2026-10-30", tz="Europe/Berlin")
    chosen = selected_period(days, datetime(2026, 10, 25), datetime(2026, 10, 25), NOW)
    assert chosen is not None
    assert chosen.period == Period.of_days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin")
    # The hour that comes twice is one bucket of two hours, also after a reload.
    assert selected(chosen, "2026-10-25T02:00") == (
        "2026-10-25T02:00:00",
        "2026-10-25T02:59:59+01:00",
        "hour",
    )
    assert selected(chosen, "2026-10-25T01:00") == (
        "2026-10-25T01:00:00",
        "2026-10-25T01:59:59",
        "minute",
    )
    spring = read(period="custom", from_="2026-03-29", to="2026-03-29", tz="Europe/Berlin")
    # The hour from 2 to 3 is not on the axis.
    assert selected(spring, "2026-03-29T01:00", "2026-03-29T03:00") == (
        "2026-03-29T01:00:00",
        "2026-03-29T03:59:59",
        "hour",
    )


@given(
    st.sampled_from(["Europe/Berlin", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe"]),
    st.dates(date(2011, 1, 1), date(2026, 11, 20)),
    st.integers(0, 400),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_stretch_is_within_its_chart_in_every_zone(
    timezone: str, first: date, length: int, ends: tuple[float, float]
) -> None:
    last = min(first + timedelta(days=length), date(2026, 11, 22))
    try:
        period = Period.of_days(first, last, timezone)
    except InvalidView:  # a day that the zone skips
        return
    view = View(SITES[0], period)
    axis = period.axis()
    stretch = [axis[0] + share * (axis[-1] - axis[0]) for share in ends]
    chosen = selected_period(view, *stretch, NOW)
    assert chosen is not None
    starts, _unused = period.buckets()
    assert {chosen.period.days[0], chosen.period.days[1]} <= {
        day.date() for day in pd.date_range(starts[0], last + timedelta(days=366))
    }
    linked = {**chosen.params(), "unit": []}
    assert parse(linked, now=NOW, websites=SITES).view.period == chosen.period


def test_a_view_and_its_comparison_are_cut_alike() -> None:
    view = read(period="custom", from_="2026-03-01", to="2026-08-31", compare="previous")
    compared = view.compared()
    assert compared is not None
    assert compared.period.unit == view.period.unit


TEXT = st.one_of(
    st.text(max_size=20),
    st.dates().map(str),
    st.sampled_from(
        [*PRESETS, *COMPARISONS, "all", *FIELDS, "hour", "day", "month", "year", "UTC", "1", *SITES]
    ),
    st.builds(
        "{}.{}.{}".format,
        st.sampled_from(sorted(FIELDS)),
        st.sampled_from(sorted(OPERATORS)),
        st.text(min_size=1, max_size=8),
    ),
)
NAMES = ("website", "period", "from", "to", "unit", "tz", "compare", "filter")
PARAMS = st.dictionaries(
    st.sampled_from([*NAMES, "compare_from", "compare_to", "weekdays", "other"]),
    st.lists(TEXT, max_size=3),
    max_size=8,
)


@given(PARAMS)
@example({"period": ["custom"], "from": ["0001-01-01"], "to": ["9999-12-31"]})
@example({"period": ["12mo"], "compare": ["year"], "unit": ["year"]})
def test_any_url_is_some_view_that_prints_itself(params: dict[str, list[str]]) -> None:
    view = parse(params, now=NOW, websites=SITES).view
    compared = view.compared()
    assert compared is None or compared.period.unit == view.period.unit
    if view.preset != "all":
        again = parse(view.params(), now=NOW, websites=SITES)
        assert again.view == view
        assert again.dropped == ()


@given(st.text(max_size=30))
def test_a_filter_is_itself_again_or_refused(text: str) -> None:
    try:
        condition = Filter("path", "eq", text)
    except InvalidView:
        return
    assert [Filter.parse(text) for text in condition.texts()] == [condition]


@pytest.mark.parametrize("field", FIELDS)
def test_only_filters_on_the_visitor_keep_whole_visits(field: str) -> None:
    view = read(filter=f"{field}.eq.x")
    on_visitors = ("browser", "os", "device", "language", "country", "region", "city", "distinctId")
    assert view.keeps_whole_visits == (field in on_visitors)
    assert view.keeps_views == (field != "event")
    assert not view.filtered("path", "/").keeps_whole_visits


def test_what_a_segment_filters_by_is_unknown() -> None:
    assert read().keeps_whole_visits
    assert not read(segment=str(UUID(int=1))).keeps_whole_visits
    assert read(cohort=str(UUID(int=1))).keeps_whole_visits


def test_any_of_an_event_and_a_page_leaves_views() -> None:
    both = ["event.eq.purchase", "path.eq./"]
    assert not read(filter=both).keeps_views
    assert read(filter=both, match="any").keeps_views
    assert not read(filter=both[0], match="any").keeps_views


@pytest.mark.parametrize(
    ("typed", "known", "value"),
    [
        ("caf\u00e9", ["cafe\u0301"], "cafe\u0301"),
        ("cafe\u0301", ["a", "caf\u00e9"], "caf\u00e9"),
        ("f\u00e9", ["/cafe\u0301/menu"], "fe\u0301"),
        ("caf\u00e9", ["cafe\u0301", "caf\u00e9"], "caf\u00e9"),
        ("caf\u00e9", ["/caf\u00e9/menu", "cafe\u0301"], "cafe\u0301"),
        ("caf\u00e9", ["cafe"], "caf\u00e9"),
        ("caf\u00e9", [], "caf\u00e9"),
    ],
)
def test_what_is_typed_takes_the_form_of_what_is_there(
    typed: str, known: list[str], value: str
) -> None:
    assert in_form_of(typed, known) == value


@pytest.mark.parametrize(
    "text", ["event.\0", "path.", "purchase", "event." + "x" * 600, "nonsense.x"]
)
def test_invalid_conversion_is_dropped(text: str) -> None:
    parsed = parse({"conversion": [text]}, now=NOW, websites=SITES)
    assert parsed.view.conversion == ""
    assert bool(parsed.faults) == (text != "path.")


def test_conversion_is_kept_in_the_url() -> None:
    params = {"conversion": ["event.purchase"], "conversion_currency": ["EUR"]}
    view = parse(params, now=NOW, websites=SITES).view
    assert (view.conversion, view.currency) == ("event.purchase", "EUR")
    assert params.items() <= view.params().items()
    assert view.of_website(SITES[1]).conversion == ""
