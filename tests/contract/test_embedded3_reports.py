"""Reports equal those of 3.1.0, for requests of 3.1 and, with its definitions, of 3.4."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.conftest import Some
from tests.contract.comparing import differences, ordered_by
from tests.contract.recordings import Line, answered_lines

NUMERIC = ("y", "value", "sum", "views", "totaltime")
"""What 3.1 writes as text, though it is a number."""
MOST_PATHS, MOST_GROUPS, MOST_NAMES, MOST_TAGS = 100, 500, 20, 50
ROUTES = [
    f"/reports/{name}"
    for name in (
        *("attribution", "breakdown", "funnel", "goal"),
        *("journey", "retention", "revenue", "utm"),
    )
]


@pytest.mark.parametrize("route", ROUTES)
def test_reports_equal_the_recorded_ones(
    umami3: httpx.Client, subtests: pytest.Subtests, route: str, some: Some
) -> None:
    cases = answered_lines("v3.1.0", route)
    assert cases
    for case in some(cases, 3):
        with subtests.test(case["name"]):
            answer = umami3.post(case["path"], json=case["body"])
            assert answer.status_code == 200, answer.text
            assert differences_of(case, answer.json()) == []


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_requests_of_3_4_get_the_same_answers(
    newest_by_3_1: httpx.Client, subtests: pytest.Subtests, route: str, some: Some
) -> None:
    cases = answered_lines("v3.1.0", route)
    assert cases
    for case in some(cases, 3):
        with subtests.test(case["name"]):
            assert differences_of(case, in_the_words_of_3_4(newest_by_3_1, case)) == []


def in_the_words_of_3_4(client: httpx.Client, case: Line) -> Any:
    """The answer to a recorded report, requested as a client of 3.4 does."""
    body, params = case["body"], dict(case["body"]["parameters"])
    common = {
        "startAt": milliseconds(params.pop("startDate")),
        "endAt": milliseconds(params.pop("endDate")),
        **body["filters"],
    }

    def ask(route: str, **query: Any) -> Any:
        spelled = {
            name: json.dumps(value) if isinstance(value, list) else value
            for name, value in query.items()
        }
        path = f"/api/websites/{body['websiteId']}/{route}"
        answer = client.get(path, params={**common, **spelled})
        assert answer.status_code == 200, answer.text
        return answer.json()

    kind = body["type"]
    paths = {"funnel": "funnels/stats", "goal": "goals/stats", "journey": "journeys"}
    if kind == "utm":
        return {name: ask("utm/metrics", type=name) for name in case["answer"]}
    if kind == "revenue":
        return {
            **ask("revenue/chart", **params),
            "total": ask("revenue/stats", currency=params["currency"]),
            **{
                part: ask("revenue/metrics", currency=params["currency"], type=part)
                for part in ("country", "region", "referrer", "channel")
            },
        }
    return ask(paths.get(kind, kind), **params)


def milliseconds(text: str) -> int:
    """ISO text as Unix milliseconds."""
    return round(pd.Timestamp(text).timestamp() * 1000)


def differences_of(case: Line, answer: Any) -> list[str]:
    """The differences, in the order that the report promises."""
    recorded, kind = case["answer"], case["body"]["type"]
    if kind == "journey":
        cut = len(recorded) == MOST_PATHS
        return ordered_by(answer, recorded, lambda row: row["count"], cut=cut)
    if kind == "breakdown":
        return ordered_by(
            answer,
            recorded,
            lambda row: {"visitors": row["visitors"], "views": row["views"]},
            cut=len(recorded) == MOST_GROUPS,
            numeric=NUMERIC,
        )
    if kind == "revenue":
        lists = [part for part in recorded if part not in ("chart", "total")]
        return [
            *ordered_by(answer["chart"], recorded["chart"], lambda row: row["t"], numeric=NUMERIC),
            *differences(answer["total"], recorded["total"], numeric=NUMERIC),
            *parts(answer, recorded, lists, "value", 0),
        ]
    if kind == "attribution":
        lists = [part for part in recorded if part != "total"]
        return [
            *parts(answer, recorded, lists, "value", MOST_NAMES),
            *differences(answer["total"], recorded["total"]),
        ]
    if kind == "utm":
        return parts(answer, recorded, list(recorded), "views", MOST_TAGS)
    return differences(answer, recorded, numeric=NUMERIC)


def parts(answer: Any, recorded: Any, lists: list[str], by: str, most: int) -> list[str]:
    """The differences of lists under keys, each ordered by a number."""
    assert set(answer) == set(recorded)
    return [
        f"{part}: {difference}"
        for part in lists
        for difference in ordered_by(
            answer[part],
            recorded[part],
            lambda row: {by: row[by]},
            cut=bool(most) and len(recorded[part]) == most,
            numeric=NUMERIC,
        )
    ]
