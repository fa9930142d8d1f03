"""The embedded server answers every recorded report as Umami 2.18.1 did."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Some
from tests.contract.comparing import as_sets, differences, ordered_by
from tests.contract.recordings import Line, answered_lines

NUMERIC = ("y", "value", "sum", "views", "totaltime", "result")
"""What 2.x writes as text, though it is a number."""
MOST_PATHS, MOST_GROUPS, MOST_NAMES = 100, 500, 20

ROUTES = [
    f"/reports/{name}"
    for name in (
        *("attribution", "funnel", "goals", "insights"),
        *("journey", "retention", "revenue", "utm"),
    )
]


@pytest.mark.parametrize("route", ROUTES)
def test_reports_equal_the_recorded_ones(
    umami: httpx.Client, subtests: pytest.Subtests, route: str, some: Some
) -> None:
    cases = answered_lines("v2.18.1", route)
    assert cases
    for case in some(cases, 3):
        with subtests.test(case["name"]):
            answer = umami.request(
                case["method"], case["path"], params=case["query"], json=case["body"]
            )
            assert answer.status_code == 200, answer.text
            assert differences_of(case, answer.json()) == []


def differences_of(case: Line, answer: Any) -> list[str]:
    """The differences, in the order that the report promises."""
    recorded, kind = case["answer"], case["path"].rsplit("/", 1)[1]
    if kind == "journey":
        cut = len(recorded) == MOST_PATHS
        return ordered_by(answer, recorded, lambda row: row["count"], cut=cut)
    if kind == "insights":
        return ordered_by(
            answer,
            recorded,
            lambda row: {"views": row["views"], "visitors": row["visitors"]},
            cut=len(recorded) == MOST_GROUPS,
            numeric=NUMERIC,
        )
    if kind == "attribution":
        lists = [part for part in recorded if part != "total"]
        different = [
            difference
            for part in lists
            for difference in ordered_by(
                answer[part],
                recorded[part],
                lambda row: {"value": row["value"]},
                cut=len(recorded[part]) == MOST_NAMES,
                numeric=NUMERIC,
            )
        ]
        return different + differences(answer["total"], recorded["total"])
    if kind == "revenue" and case["method"] == "POST":
        return [
            *ordered_by(answer["chart"], recorded["chart"], lambda row: row["t"], numeric=NUMERIC),
            *as_sets(answer["country"], recorded["country"], numeric=NUMERIC),
            *differences(answer["total"], recorded["total"], numeric=NUMERIC),
            *as_sets(answer["table"], recorded["table"], numeric=NUMERIC),
        ]
    return differences(answer, recorded, numeric=NUMERIC)
