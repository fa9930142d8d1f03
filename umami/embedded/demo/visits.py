"""Visits of a website: who comes when, from where, and which pages they open."""

from __future__ import annotations

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
"""More than a day has visits: ordinal of the day times this, plus the visit, is its number."""
EARLY = 15
"""Seconds after midnight (UTC) within which the day's first visit comes."""
LONGEST = 9
"""Pages of a visit."""
RETURNING = 0.34
"""Visits by somebody who was here before."""
FORGOTTEN = 9.0
"""Days after which they come back, on average."""
SILENCE = 270
"""Seconds after which somebody who is still there opens another page, today and later."""
CALMER, CALM = 900, 3
"""Seconds by which that grows with each day ago, so that the last days do not stand out; and the
days after which nobody needs to."""


@dataclass(frozen=True, slots=True)
class Visits:
    """A row a visit. Times are Unix seconds."""

    number: Integers
    """Of the visit; unique within the website."""
    person: Integers
    start: Integers
    source: Integers


@dataclass(frozen=True, slots=True)
class Views:
    """A row a pageview, by time: of which visit (its row), when, which page, after which one.

    Times are Unix seconds; no visit has two views in the same second.
    """

    visit: Integers
    number: Integers
    """Of the visit; with the time it names a pageview."""
    at: Integers
    page: Integers
    before: Integers
    """The page before it in the visit; -1 for the first."""


def seconds(day: date) -> int:
    """The start of a day (UTC) as Unix seconds."""
    return (day - date(1970, 1, 1)).days * DAY


def expected(site: Site, day: date, today: date) -> tuple[float, float]:
    """Visits that a day brings on average, and how much stronger the campaign makes its source."""
    ago = (today - day).days
    usual = (
        site.visits * (1 - scenario.GROWTH * max(0, ago) / 365) * scenario.WEEKDAYS[day.weekday()]
    )
    usual *= scenario.season(day)
    if 0 <= scenario.BROKEN_AGO - ago < scenario.BROKEN_DAYS:
        usual *= scenario.BROKEN_LEFT
    lift = 1.0
    since = scenario.CAMPAIGN_AGO - ago
    if 0 <= since < scenario.CAMPAIGN_DAYS and any(one.name == "campaign" for one in site.sources):
        lift = scenario.CAMPAIGN_LIFT * (1 - since / (scenario.CAMPAIGN_DAYS + 4))
        weights = sum(one.weight for one in site.sources)
        own = sum(one.weight for one in site.sources if one.name == "campaign")
        usual *= (weights - own + own * lift) / weights
    return usual, lift


def visits(site: Site, first: date, last: date, today: date) -> Visits:
    """The visits of some days, both included; a day's do not depend on which others are asked."""
    parts = [_day(site, first + timedelta(days=n), today) for n in range((last - first).days + 1)]
    return Visits(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _day(site: Site, day: date, today: date) -> tuple[Integers, Integers, Integers, Integers]:
    chance = np.random.default_rng([site.id.int % 2**63, day.toordinal()])
    mean, lift = expected(site, day, today)
    count = int(chance.poisson(mean))
    ordinal = day.toordinal()
    back = ordinal - np.ceil(chance.exponential(FORGOTTEN, count)).astype(np.int64)
    known = max(1, int(mean * (1 - RETURNING)))
    earlier = back * MANY + chance.integers(0, known, count)
    new = ordinal * MANY + np.arange(count)
    person = np.where(chance.random(count) < RETURNING, earlier, new)
    local = weighted(chance.random(count), scenario.HOURS) * 3600 + chance.integers(0, 3600, count)
    hours = np.array([place.hours for place in scenario.PLACES])[places(site, person)]
    start = seconds(day) + (local - hours * 3600) % DAY
    if site.always_somebody and count:
        start[np.argmin(start)] = seconds(day) + int(chance.integers(0, EARLY))
    weights = [one.weight * (lift if one.name == "campaign" else 1) for one in site.sources]
    source = weighted(chance.random(count), weights)
    return ordinal * MANY + np.arange(count), person, start, source


def places(site: Site, person: Integers) -> Integers:
    """Where people live, as numbers of ``story.PLACES``."""
    return weighted(_trait(site, person, 1), [place.weight for place in scenario.PLACES])


def machines(site: Site, person: Integers) -> Integers:
    """What people browse with, as numbers of ``story.MACHINES``."""
    return weighted(_trait(site, person, 2), [one.weight for one in scenario.MACHINES])


def _trait(site: Site, person: Integers, which: int) -> Fractions:
    return fraction(person, np.uint64(site.id.int % 2**63), np.uint64(which))


def views(site: Site, coming: Visits, today: date) -> Views:
    """The pages that visits open, one after the other as the website's flow leads."""
    count, pages = len(coming.number), len(site.pages)
    likely = np.zeros((pages, pages))
    for number, flow in enumerate(site.flow):
        for following, chance in flow.items():
            likely[number, following] = chance
    edges = likely.cumsum(axis=1)
    lands = np.array([-1 if one.lands is None else one.lands for one in site.sources])
    usual = weighted(fraction(coming.number, 3), site.entries)
    page: Integers = np.where(lands[coming.source] >= 0, lands[coming.source], usual)
    row: Integers = np.arange(count)
    before: Integers = np.full(count, -1)
    at = coming.start.copy()
    found = [(row, at, page, before)]
    for step in range(1, LONGEST):
        chances = fraction(coming.number[row], step, 4)
        going = chances < edges[page, -1]
        row, before = row[going], page[going]
        page = np.asarray((chances[going][:, None] >= edges[before]).sum(axis=1))
        pause = np.exp(4.0 + 0.9 * _bell(coming.number[row], step))
        at = at[going] + np.clip(pause, 3, 1500).astype(np.int64)
        found.append((row, at, page, before))
    row, at, page, before = (np.concatenate(column) for column in zip(*found, strict=True))
    if site.always_somebody:
        row, at, page, before = _lingering(coming, today, row, at, page, before)
    order = np.lexsort((row, at))
    row, at, page, before = row[order], at[order], page[order], before[order]
    return Views(row, coming.number[row], at, page, before)


def _bell(*parts: Integers | int) -> Fractions:
    """Roughly normal numbers: the sum of three even ones, made to vary by 1."""
    total = sum(fraction(*parts, which) for which in (5, 6, 7))
    return np.asarray((total - 1.5) * 2)


def _lingering(
    coming: Visits, today: date, row: Integers, at: Integers, page: Integers, before: Integers
) -> tuple[Integers, Integers, Integers, Integers]:
    """In the quiet hours who is there reads on, so that somebody is there at any time.

    A day is filled from its own visits alone: from its first, a moment after midnight, to the
    next midnight.
    """
    day = coming.number[row] // MANY
    order = np.lexsort((at, day))
    row, at, page, before, day = (one[order] for one in (row, at, page, before, day))
    midnight = (day + 1 - UNIX) * DAY
    after = np.append(at[1:], 0)
    last = np.append(day[1:] != day[:-1], True)
    after = np.where(last, np.maximum(at, midnight + EARLY), after)
    ago = np.maximum(0, today.toordinal() - day)
    more = np.where(ago < CALM, np.maximum(0, after - at - 1) // (SILENCE + CALMER * ago), 0)
    again = np.repeat(np.arange(len(at)), more)
    nth = np.arange(len(again)) - np.repeat(np.cumsum(more) - more, more) + 1
    pause = (after - at)[again] // (more[again] + 1)
    read = np.where((page[again] + nth) % 2 == 0, scenario.BLOG, scenario.POST)
    row, at, page = (
        np.concatenate(pair)
        for pair in ((row, row[again]), (at, at[again] + nth * pause), (page, read))
    )
    first = np.concatenate([before < 0, np.zeros(len(again), dtype=bool)])
    # Whoever goes on afterwards comes from the page read last.
    order = np.lexsort((at, row))
    row, at, page, first = row[order], at[order], page[order], first[order]
    return row, at, page, np.where(first, -1, np.append(-1, page[:-1]))
