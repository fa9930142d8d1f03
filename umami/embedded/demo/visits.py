"""Generate the visits of a website and their pageviews."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from umami.embedded.demo import scenario
from umami.embedded.demo.random import Fractions, fraction, weighted
from umami.embedded.demo.scenario import Site

Integers = NDArray[np.int64]
DAY = 86_400
UNIX = date(1970, 1, 1).toordinal()
MANY = 10_000
"""More than the visits of a day: a visit's number is the day's ordinal times this, plus its
position."""
EARLY = 15
"""Seconds after midnight (UTC) within which the first visit of a day begins."""
LONGEST = 9
"""The maximum number of pages of a visit."""
RETURNING = 0.34
"""The share of visits by returning visitors."""
RETURN_DAYS = 9.0
"""The average number of days between the visits of a returning visitor."""
SILENCE = 270
"""Seconds after which a visitor opens another page if nobody else does, today and later."""
SILENCE_GROWTH, SILENCE_DAYS = 900, 3
"""The seconds by which ``SILENCE`` grows per day in the past, so that the last days do not stand
out; and the number of days to which it applies."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Columns with a row per visit. Times are Unix seconds."""

    number: Integers
    """Unique within the website."""
    person: Integers
    start: Integers
    source: Integers


@dataclass(frozen=True, slots=True)
class Views:
    """Columns with a row per pageview, in order of time. Times are Unix seconds; no visit has two
    pageviews in the same second."""

    visit: Integers
    """The visit's row in ``Visits``."""
    number: Integers
    """The visit's number; together with the time, it identifies a pageview."""
    at: Integers
    page: Integers
    before: Integers
    """The previous page of the visit; -1 for the first."""


def seconds(day: date) -> int:
    """The start of a day (UTC) as Unix seconds."""
    return (day - date(1970, 1, 1)).days * DAY


def expected(site: Site, day: date, today: date) -> tuple[float, float]:
    """The expected visits of a day, and the factor by which the campaign strengthens its source."""
    ago = (today - day).days
    mean = (
        site.visits * (1 - scenario.GROWTH * max(0, ago) / 365) * scenario.WEEKDAYS[day.weekday()]
    )
    mean *= scenario.season(day)
    if 0 <= scenario.BROKEN_AGO - ago < scenario.BROKEN_DAYS:
        mean *= scenario.BROKEN_LEFT
    lift = 1.0
    since = scenario.CAMPAIGN_AGO - ago
    campaign = sum(source.weight for source in site.sources if source.name == "campaign")
    if campaign and 0 <= since < scenario.CAMPAIGN_DAYS:
        lift = scenario.CAMPAIGN_LIFT * (1 - since / (scenario.CAMPAIGN_DAYS + 4))
        weights = sum(source.weight for source in site.sources)
        mean *= (weights - campaign + campaign * lift) / weights
    return mean, lift


def generate_visits(site: Site, first: date, last: date, today: date) -> Visits:
    """The visits from ``first`` to ``last``; those of a day do not depend on other days."""
    parts = [_day(site, first + timedelta(days=n), today) for n in range((last - first).days + 1)]
    return Visits(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _day(site: Site, day: date, today: date) -> tuple[Integers, Integers, Integers, Integers]:
    chance = np.random.default_rng([site.id.int % 2**63, day.toordinal()])
    mean, lift = expected(site, day, today)
    count = int(chance.poisson(mean))
    ordinal = day.toordinal()
    back = ordinal - np.ceil(chance.exponential(RETURN_DAYS, count)).astype(np.int64)
    known = max(1, int(mean * (1 - RETURNING)))
    earlier = back * MANY + chance.integers(0, known, count)
    new = ordinal * MANY + np.arange(count)
    person = np.where(chance.random(count) < RETURNING, earlier, new)
    local = weighted(chance.random(count), scenario.HOURS) * 3600 + chance.integers(0, 3600, count)
    hours = np.array([place.hours for place in scenario.PLACES])[places(site, person)]
    start = seconds(day) + (local - hours * 3600) % DAY
    if site.always_somebody and count:
        start[np.argmin(start)] = seconds(day) + int(chance.integers(0, EARLY))
    weights = [
        source.weight * (lift if source.name == "campaign" else 1) for source in site.sources
    ]
    source = weighted(chance.random(count), weights)
    return ordinal * MANY + np.arange(count), person, start, source


def places(site: Site, person: Integers) -> Integers:
    """The homes of persons, as positions in ``scenario.PLACES``."""
    return weighted(_trait(site, person, 1), [place.weight for place in scenario.PLACES])


def machines(site: Site, person: Integers) -> Integers:
    """The devices of persons, as positions in ``scenario.MACHINES``."""
    return weighted(_trait(site, person, 2), [machine.weight for machine in scenario.MACHINES])


def _trait(site: Site, person: Integers, which: int) -> Fractions:
    return fraction(person, np.uint64(site.id.int % 2**63), np.uint64(which))


def generate_views(site: Site, visits: Visits, today: date) -> Views:
    """The pageviews of visits, by the transition probabilities of the website."""
    count, pages = len(visits.number), len(site.pages)
    likely = np.zeros((pages, pages))
    for number, flow in enumerate(site.flow):
        for following, chance in flow.items():
            likely[number, following] = chance
    edges = likely.cumsum(axis=1)
    lands = np.array([-1 if source.lands is None else source.lands for source in site.sources])
    usual = weighted(fraction(visits.number, 3), site.entries)
    page: Integers = np.where(lands[visits.source] >= 0, lands[visits.source], usual)
    row: Integers = np.arange(count)
    before: Integers = np.full(count, -1)
    at = visits.start.copy()
    steps = [(row, at, page, before)]
    for step in range(1, LONGEST):
        chances = fraction(visits.number[row], step, 4)
        going = chances < edges[page, -1]
        row, before = row[going], page[going]
        page = np.asarray((chances[going][:, None] >= edges[before]).sum(axis=1))
        pause = np.exp(4.0 + 0.9 * bell(visits.number[row], step))
        at = at[going] + np.clip(pause, 3, 1500).astype(np.int64)
        steps.append((row, at, page, before))
    row, at, page, before = (np.concatenate(column) for column in zip(*steps, strict=True))
    if site.always_somebody:
        row, at, page, before = _lingering(visits, today, row, at, page, before)
    order = np.lexsort((row, at))
    row, at, page, before = row[order], at[order], page[order], before[order]
    return Views(row, visits.number[row], at, page, before)


def bell(*parts: Integers | int) -> Fractions:
    """Approximately normal numbers with mean 0 and standard deviation 1: a sum of uniform ones."""
    total = sum(fraction(*parts, which) for which in (5, 6, 7))
    return np.asarray((total - 1.5) * 2)


def _lingering(
    visits: Visits, today: date, row: Integers, at: Integers, page: Integers, before: Integers
) -> tuple[Integers, Integers, Integers, Integers]:
    """Add pageviews to visits in quiet hours, so that a visitor is active at any time. A day is
    filled from its own visits, from the first, just after midnight, to the next midnight."""
    day = visits.number[row] // MANY
    order = np.lexsort((at, day))
    row, at, page, before, day = (column[order] for column in (row, at, page, before, day))
    midnight = (day + 1 - UNIX) * DAY
    after = np.append(at[1:], 0)
    last = np.append(day[1:] != day[:-1], True)
    after = np.where(last, np.maximum(at, midnight + EARLY), after)
    ago = np.maximum(0, today.toordinal() - day)
    pauses = np.maximum(0, after - at - 1) // (SILENCE + SILENCE_GROWTH * ago)
    more = np.where(ago < SILENCE_DAYS, pauses, 0)
    again = np.repeat(np.arange(len(at)), more)
    nth = np.arange(len(again)) - np.repeat(np.cumsum(more) - more, more) + 1
    pause = (after - at)[again] // (more[again] + 1)
    read = np.where((page[again] + nth) % 2 == 0, scenario.BLOG, scenario.POST)
    row, at, page = (
        np.concatenate(pair)
        for pair in ((row, row[again]), (at, at[again] + nth * pause), (page, read))
    )
    first = np.concatenate([before < 0, np.zeros(len(again), dtype=bool)])
    # The next page of the visit follows the last added one.
    order = np.lexsort((at, row))
    row, at, page, first = row[order], at[order], page[order], first[order]
    return row, at, page, np.where(first, -1, np.append(-1, page[:-1]))
