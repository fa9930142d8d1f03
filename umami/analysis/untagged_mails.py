"""Visits without tags on days of a campaign mail.

Who follows an untagged link of a mail comes without a source, as somebody does who types the
address. On such a day there are then more visitors without a source than the website usually has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from umami.analysis import expected

BASE_DAYS: Final = 28
"""The days before that show how many visitors mails bring without a new one."""
LEAST_DAYS: Final = 7
"""The fewest days before that show it."""
FEWEST: Final = 10
"""The visitors by tagged links in mails from which a day can be that of a mail."""
PEAK: Final = 3.0
"""How many times the visitors of the days before it has, at least."""


@dataclass(frozen=True, slots=True)
class UntaggedDay:
    """A day of a mail with unusually many visitors without a source."""

    day: date
    visitors: float
    expected: float

    @property
    def more(self) -> int:
        """How many visitors more than expected it had."""
        return round(self.visitors - self.expected)


def mail_days(mails: pd.Series) -> tuple[date, ...]:
    """The days on which a mail with tagged links went out: the first ones with far more visitors by
    such links than in the four weeks before. ``mails`` has the visitors by complete local days."""
    daily = expected.complete_days(mails).fillna(0.0)
    usual = daily.shift(1).rolling(BASE_DAYS, min_periods=LEAST_DAYS).median()
    high = (daily >= FEWEST) & (daily >= PEAK * usual)
    first = high & ~high.shift(1, fill_value=False)
    return tuple(day.date() for day in pd.DatetimeIndex(daily.index[first]))


def untagged_days(direct: pd.Series, mails: Iterable[date]) -> tuple[UntaggedDay, ...] | None:
    """Of the days of mails, those with clearly more visitors without a source than their weekday
    usually has (``umami.analysis.expected``); ``None`` if the history is too short or too thin to
    tell. ``direct`` has the visitors without a source by complete local days."""
    pattern = expected.rhythm(direct)
    if pattern is None:
        return None
    days = set(mails)
    return tuple(
        UntaggedDay(unusual.day, unusual.actual, unusual.expected)
        for unusual in expected.unusual_days(pattern)
        if unusual.kind == "spike" and unusual.day in days
    )
