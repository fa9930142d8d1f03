"""Rates of groups of a breakdown, where groups are visits and where they are single rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from components import view_description
from components.areas import breakdown
from components.areas.breakdown import Choice
from umami.api.reports import Breakdown, BreakdownField
from umami.filters import Filter
from umami.period import Period
from umami.view import View

VIEW = View(
    "7e6f5c1a-0000-4000-8000-000000000001",
    Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"),
)


def answer(field: str) -> Breakdown:
    numbers = {"views": [3], "visitors": [2], "visits": [2], "bounces": [1], "seconds": [30]}
    return Breakdown(pd.DataFrame({field: ["x"], **numbers}))


@pytest.mark.parametrize(
    ("field", "filters", "reason"),
    [
        ("country", (), None),
        ("country", (Filter("browser", "eq", "chrome"),), None),
        ("country", (Filter("path", "eq", "/"),), view_description.PARTS_OF_VISITS),
        ("referrer", (), breakdown.PARTS_OF_VISITS),
        ("utmCampaign", (), breakdown.PARTS_OF_VISITS),
    ],
)
def test_rates_are_unknown_under_filters_of_single_rows(
    field: BreakdownField, filters: tuple[Filter, ...], reason: str | None
) -> None:
    view = replace(VIEW, filters=filters)
    now = Choice((field, "browser"), "bounce_rate")
    assert breakdown.rates_unknown(view, now) == reason
    assert breakdown.has_pivot(view, now) == (reason is None)
    assert breakdown.has_pivot(view, replace(now, measure="views"))
    _, named = breakdown.groups_of(view, Choice((field,), "views"), answer(field))
    shown = [
        column.shown(named[column.column].iloc[0])
        for column in breakdown.table_fields(Choice((field,), "views"))
    ]
    rates = ["–", "–"] if reason else ["50.0%", "15s"]
    assert shown[1:] == ["3", "2", "2", *rates]
