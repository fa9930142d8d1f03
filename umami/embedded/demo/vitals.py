"""Generate the web vitals of a share of the pageviews."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from umami.embedded.demo import scenario
from umami.embedded.demo.random import Fractions, fraction
from umami.embedded.demo.scenario import MACHINES, Site
from umami.embedded.demo.visits import Integers, Views, Visits, bell, machines, seconds
from umami.embedded.scope import PAGEVIEW

DELAY = 3
"""Seconds between a pageview and its measurements."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """Columns with a row per measured pageview. Times are milliseconds."""

    view: Integers
    """The row in ``Views``."""
    lcp: Fractions
    inp: Fractions
    """``NaN`` where the visitor did nothing on the page."""
    cls: Fractions
    fcp: Fractions
    ttfb: Fractions


def measure(site: Site, visits: Visits, views: Views, today: date) -> Measurements:
    """Measurements of pageviews, slower on weak devices and on heavy pages."""

    def draw(which: int) -> Fractions:
        return fraction(views.number[view], views.at[view], np.uint64(which))

    share = scenario.MEASURED if site.views == PAGEVIEW else 0
    measured = fraction(views.number, views.at, np.uint64(81)) < share
    view: Integers = np.flatnonzero(measured)
    page, person = views.page[view], visits.person[views.visit[view]]
    slowness = np.array([scenario.SLOWNESS[machine.device] for machine in MACHINES])
    device = slowness[machines(site, person)]
    weight = 0.8 + 0.6 * fraction(np.arange(len(site.pages)), np.uint64(site.id.int % 2**63))
    heavy = weight[page]
    if site is scenario.SHOP:
        since = seconds(today) - scenario.HEAVIER_AGO * 86_400
        is_heavier = (page == scenario.HOME) & (views.at[view] >= since)
        heavy = np.where(is_heavier, scenario.HEAVIER * heavy, heavy)
    number, at = views.number[view], views.at[view]
    ttfb = 300 * device * np.exp(0.5 * bell(number, at, 82))
    fcp = ttfb + 520 * device * heavy * np.exp(0.4 * bell(number, at, 83))
    lcp = fcp + 560 * device * heavy * np.exp(0.7 * bell(number, at, 84))
    inp = 85 * device * np.exp(0.7 * bell(number, at, 85))
    cls = 0.03 * heavy**2 * np.exp(1.1 * bell(number, at, 86))
    return Measurements(view, lcp, np.where(draw(87) < 0.7, inp, np.nan), cls, fcp, ttfb)
