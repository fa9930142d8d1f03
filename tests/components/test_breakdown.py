"""Rates of groups of a breakdown, where groups are visits and where they are single rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from components import content_groups, view_description
from components.areas import breakdown
from components.areas.breakdown import Choice
from umami.api.reports import Breakdown, BreakdownField
from umami.content_groups import ContentGroup
from umami.filters import EVERYTHING, Filter
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


def counts(**columns: list[str | None]) -> Breakdown:
    """Groups with one view, two views, and so on."""
    views = [*range(1, 1 + len(next(iter(columns.values()))))]
    figures = dict.fromkeys(("views", "visitors", "visits", "bounces", "seconds"), views)
    return Breakdown(pd.DataFrame({**columns, **figures}))


def pivoted(choice: Choice, now: Breakdown) -> dict[str, list[float]]:
    """The cells of the pivot table by its headings."""
    frame, fields = breakdown.pivot(choice, breakdown.groups_of(VIEW, choice, now)[1])
    return {each.label: frame[each.column].dropna().to_list() for each in fields}


def test_group_with_the_name_of_the_rest_is_not_added_to_it() -> None:
    groups = (
        ContentGroup("In no group", "path", ("/a",)),
        ContentGroup("Blog", "path", ("/blog*",)),
    )
    parts = content_groups.parts(groups, whole_visits=False)
    choice = Choice(("contentGroup", "country"), "views")
    joined = breakdown.joined(choice, parts, (counts(country=["DE", "FR"]),) * 3)
    cells = pivoted(choice, joined)
    assert cells["Germany"] == [1, 1, 1]
    assert sorted(str(name).strip() for name in cells["Content group"]) == [
        "Blog",
        "In no group",
        "In no group",
    ]
    groups_of, named = breakdown.groups_of(VIEW, choice, joined)
    tree = breakdown.analysis.tree(named, ["contentGroup"], "views")
    assert tree["value"].to_list() == [3, 3, 3]
    clicked = [
        breakdown.filtered_view(VIEW, EVERYTHING, group, ["contentGroup"], parts)
        for _at, group in groups_of.drop_duplicates("contentGroup").iterrows()
    ]
    assert {each.filters for each in clicked if isinstance(each, View)} == {
        part.filters for part in parts
    }


def test_value_with_the_name_of_a_missing_one_or_of_the_rest_is_not_added_to_it() -> None:
    choice = Choice(("country", "utmSource"), "views")
    (missing,) = breakdown.groups_of(VIEW, choice, counts(country=["DE"], utmSource=[None]))[1][
        "utmSource"
    ]
    sources = [None, missing, "Others", *map(str, range(7))]
    cells = pivoted(choice, counts(country=["DE"] * 10, utmSource=sources[::-1]))
    assert cells[missing] == [9]
    assert cells[f"{missing} "] == [10]
    assert cells["Others"] == [8]
    assert cells["Others "] == [1 + 2]
