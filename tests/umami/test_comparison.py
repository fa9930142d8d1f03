"""What a period is compared with: computed on local dates, in every time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from components import view_description
from umami.period import EARLIEST, LATEST, PRESETS, Period, zone
from umami.view import View
from umami.view_parsing import parse

SITE = "11111111-1111-4111-8111-111111111111"
NOW = datetime(2026, 11, 23, 14, 5, 17, tzinfo=UTC)
BERLIN = "Europe/Berlin"
SKIPPED_A_DAY = ("Pacific/Apia", "Pacific/Fakaofo")
"""Zones without a 30 December 2011."""


def view(period: str = "custom", *, now: datetime = NOW, tz: str = BERLIN, **params: str) -> View:
    """The View of a link, of which nothing is dropped."""
    texts = {"period": period, "tz": tz, **{key.rstrip("_"): text for key, text in params.items()}}
    parsed = parse({key: [text] for key, text in texts.items()}, now=now, websites=[SITE])
    assert parsed.dropped == ()
    return parsed.view


def before(view: View) -> str:
    """The local edges of the comparison: ``2026-09-01 – 2026-09-30``, with times within a day."""
    compared = view.compared()
    assert compared is not None
    period = compared.period
    local = zone(period.timezone)
    edges = zip((period.start, period.end), period.edges_of_days, strict=True)
    return " – ".join(
        f"{moment.astimezone(local):{'%Y-%m-%d' if whole else '%Y-%m-%d %H:%M'}}"
        for moment, whole in edges
    )


@pytest.mark.parametrize(
    ("now", "preset", "previous"),
    [
        ("2026-11-23 14:05", "last-month", "2026-09-01 – 2026-09-30"),
        ("2026-04-10 14:05", "last-month", "2026-02-01 – 2026-02-28"),
        ("2026-11-23 14:05", "month", "2026-10-01 – 2026-10-23 15:59"),
        ("2026-03-31 14:05", "month", "2026-02-01 – 2026-02-28"),
        ("2026-11-26 14:05", "week", "2026-11-16 – 2026-11-19 15:59"),
        ("2026-03-29 14:05", "today", "2026-03-28 – 2026-03-28 16:59"),
        ("2026-10-25 14:05", "today", "2026-10-24 – 2026-10-24 15:59"),
        ("2026-11-23 14:05", "24h", "2026-11-21 16:00 – 2026-11-22 15:59"),
        ("2026-10-28 14:05", "7d", "2026-10-14 – 2026-10-20"),
        ("2026-11-23 14:05", "28d", "2026-09-28 – 2026-10-25"),
        ("2026-05-31 14:05", "quarter", "2026-01-01 – 2026-02-28"),
        ("2026-11-23 14:05", "last-quarter", "2026-04-01 – 2026-06-30"),
        ("2028-02-29 14:05", "year", "2027-01-01 – 2027-02-28"),
        ("2026-11-23 14:05", "12mo", "2024-11-01 – 2025-10-31"),
    ],
)
def test_a_calendar_unit_is_compared_with_the_one_before(
    now: str, preset: str, previous: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert before(view(preset, now=moment)) == previous


@pytest.mark.parametrize(
    ("first", "last", "compare", "dates"),
    [
        ("2026-10-01", "2026-10-31", "previous", "2026-09-01 – 2026-09-30"),
        ("2026-03-01", "2026-03-31", "previous", "2026-02-01 – 2026-02-28"),
        ("2026-08-01", "2026-09-30", "previous", "2026-06-01 – 2026-07-31"),
        ("2026-10-20", "2026-10-29", "previous", "2026-10-10 – 2026-10-19"),
        ("2026-10-20", "2026-10-20T12:00:00", "previous", "2026-10-19 – 2026-10-19 12:00"),
        ("2026-10-20T09", "2026-10-20T11:59:59", "previous", "2026-10-20 06:00 – 2026-10-20 08:59"),
        ("2026-10-26", "2026-10-26", "year", "2025-10-26 – 2025-10-26"),
        ("2024-02-29", "2024-02-29", "year", "2023-02-28 – 2023-02-28"),
        ("2024-02-29", "2024-03-06", "year", "2023-02-28 – 2023-03-06"),
        ("2025-02-01", "2025-02-28", "year", "2024-02-01 – 2024-02-29"),
        ("2025-02-15", "2025-02-28", "year", "2024-02-15 – 2024-02-28"),
        ("2026-10-01", "2026-10-31", "umami", "2026-08-30 23:01 – 2026-10-01 00:00"),
    ],
)  # fmt: skip
def test_chosen_dates(first: str, last: str, compare: str, dates: str) -> None:
    assert before(view(from_=first, to=last, compare=compare)) == dates


@pytest.mark.parametrize(
    ("preset", "compare", "dates"),
    [
        ("today", "previous", "2026-11-16 – 2026-11-16 15:59"),
        ("last-month", "previous", "2026-08-27 – 2026-09-26"),
        ("7d", "year", "2025-11-17 – 2025-11-23"),
        ("last-month", "year", "2025-10-02 – 2025-11-01"),
        ("12mo", "year", "2024-11-01 – 2025-10-31"),
    ],
)
def test_weekdays_can_match(preset: str, compare: str, dates: str) -> None:
    matched = view(preset, compare=compare, weekdays="1")
    assert before(matched) == dates
    assert matched.weekdays_matter == (preset != "12mo")
    assert parse(matched.params(), now=NOW, websites=[SITE]).view == matched


@pytest.mark.parametrize("name", SKIPPED_A_DAY)
def test_a_day_that_a_zone_skipped_is_passed_over(name: str) -> None:
    assert before(view(from_="2011-12-31", to="2011-12-31", tz=name)) == "2011-12-29 – 2011-12-29"
    a_year_on = view(from_="2012-12-30", to="2012-12-30", tz=name, compare="year")
    assert before(a_year_on) == "2011-12-29 – 2011-12-29"


def test_the_server_shifts_as_umami_does() -> None:
    day = Period.of_days(date(2026, 8, 2), date(2026, 8, 2), "UTC")
    assert day.start - day.previous_by_umami().start == timedelta(minutes=1439)


def test_half_a_year_by_the_day_can_be_compared() -> None:
    half = Period.of_days(date(2026, 3, 1), date(2026, 8, 31), "UTC", "day")
    assert half.previous().unit in ("day", "month")


def test_a_period_knows_its_partial_ends() -> None:
    october = view(from_="2026-10-01", to="2026-10-31")
    assert october.period.partial() == (False, False)
    assert october.period.previous_by_umami().partial() == (True, True)
    assert view("month").period.partial() == (False, True)
    by_month = view(from_="2026-01-15", to="2026-09-30")
    assert (by_month.period.unit, by_month.period.partial()) == ("month", (True, False))
    the_double_hour = view(from_="2026-10-25T00:00:00", to="2026-10-25T02:59:59", unit="hour")
    assert the_double_hour.period.partial() == (False, True)


def test_a_difference_in_length_is_explained() -> None:
    assert view_description.described(view("last-month")) == (
        "1 – 31 Oct 2026 compared with 1 – 30 Sep 2026 (1 day shorter)"
    )
    assert view_description.described(view("month")) == (
        "1 – 23 Nov 2026, until 16:00 compared with 1 – 23 Oct 2026, until 16:00"
    )
    spring = view(from_="2026-03-30", to="2026-03-30", unit="hour")
    assert view_description.compared(spring) == "Sun 29 Mar 2026 (1 hour shorter)"
    assert view_description.compared(view("7d", compare="umami")) == (
        "9 Nov 2026, 00:01 – 16 Nov 2026, 00:01 (Umami's previous period)"
    )
    assert view_description.compared(view("today", weekdays="1")) == (
        "Mon 16 Nov 2026, until 16:00 (same weekdays)"
    )
    assert view_description.compared(view("7d", compare="none")) == ""


ZONES = sorted(available_timezones() - {"Factory", "localtime"})
MOMENTS = st.datetimes(datetime(2003, 1, 2), datetime(2097, 1, 1), timezones=st.just(UTC))
SHIFTS_OF_CLOCKS = [
    (zone_name, datetime.fromisoformat(moment).replace(tzinfo=UTC))
    for zone_name, moment in (
        ("Europe/Berlin", "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25 01:30"),
        ("Europe/Berlin", "2026-03-30 00:30"),
        ("America/Havana", "2026-11-01 05:30"),
        ("America/St_Johns", "2010-11-07 03:00"),
        ("Africa/Cairo", "2026-04-24 12:00"),
        ("Asia/Beirut", "2026-10-25 12:00"),
        ("Asia/Pyongyang", "2018-05-05 12:00"),
        ("Australia/Lord_Howe", "2026-04-04 15:15"),
        ("Antarctica/Casey", "2020-10-04 12:00"),
        ("Pacific/Apia", "2011-12-31 03:00"),
        ("Pacific/Apia", "2012-01-03 03:00"),
    )
]


def check(looked_at: View) -> None:
    """Both sides cover whole local days where the View does, count alike or say why not, and do
    not overlap."""
    compared = looked_at.compared()
    assert compared is not None
    now, then = looked_at.period, compared.period
    assert then.unit == now.unit
    assert then.start <= then.end
    assert then.timezone == now.timezone
    within_a_day = now.days[0] == now.days[1]
    if now.edges_of_days[0]:
        assert then.edges_of_days[0]
    if now.edges_of_days[1] and not within_a_day:
        assert then.edges_of_days[1]
    assert then.end < now.start or (
        looked_at.comparison == "year" and now.end - now.start > timedelta(days=364)
    )
    if len(then.axis()) != len(now.axis()):
        assert "shorter" in view_description.compared(
            looked_at
        ) or "longer" in view_description.compared(looked_at)
    if now.partial() == (False, False) and all(now.edges_of_days) and now.unit != "month":
        assert then.partial() == (False, False)
    if looked_at.weekdays and looked_at.weekdays_matter and now.timezone not in SKIPPED_A_DAY:
        assert then.days[0].weekday() == now.days[0].weekday()


CHOICES = {
    "compare": st.sampled_from(["previous", "year"]),
    "weekdays": st.sampled_from(["0", "1"]),
}


@pytest.mark.thorough
@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(ZONES),
    MOMENTS,
    st.sampled_from(sorted(PRESETS)),
    st.fixed_dictionaries(CHOICES),
)
def test_every_preset_in_every_zone(
    tz: str, now: datetime, preset: str, choices: dict[str, str]
) -> None:
    check(view(preset, now=now, tz=tz, **choices))


@pytest.mark.thorough
@settings(deadline=None, max_examples=2)
@given(MOMENTS, st.sampled_from(sorted(PRESETS)), st.fixed_dictionaries(CHOICES))
def test_all_zones(now: datetime, preset: str, choices: dict[str, str]) -> None:
    for tz in ZONES:
        check(view(preset, now=now, tz=tz, **choices))


@pytest.mark.parametrize("weekdays", ["0", "1"])
@pytest.mark.parametrize("compare", ["previous", "year"])
@pytest.mark.parametrize(("tz", "now"), SHIFTS_OF_CLOCKS)
def test_every_preset_where_clocks_change(
    tz: str, now: datetime, compare: str, weekdays: str
) -> None:
    for preset in PRESETS:
        for days in (0, 1, 7, 30):
            moment = now + timedelta(days=days)
            check(view(preset, now=moment, tz=tz, compare=compare, weekdays=weekdays))


@pytest.mark.thorough
@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2004, 1, 1), date(2095, 1, 1)),
    st.integers(0, 800),
    st.fixed_dictionaries(CHOICES),
)
@example("Pacific/Apia", date(2012, 1, 6), 6, {"compare": "previous", "weekdays": "0"})
@example("Pacific/Apia", date(2011, 12, 31), 0, {"compare": "previous", "weekdays": "1"})
@example("America/St_Johns", date(2010, 11, 7), 0, {"compare": "previous", "weekdays": "0"})
def test_all_dates_in_every_zone(tz: str, first: date, more: int, choices: dict[str, str]) -> None:
    last = first + timedelta(days=more)
    assume(Period.of_days(first, first, "UTC").start > EARLIEST)
    parsed = parse(
        {"period": ["custom"], "from": [str(first)], "to": [str(last)], "tz": [tz]}
        | {key: [text] for key, text in choices.items()},
        now=LATEST,
        websites=[SITE],
    )
    assume(not parsed.dropped)  # A day that the zone skipped has no instants.
    assert all(parsed.view.period.edges_of_days)
    check(parsed.view)
    compared = parsed.view.compared()
    assert compared is not None
    assert all(compared.period.edges_of_days)
