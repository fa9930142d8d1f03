"""Everything that Umami 2.x says otherwise; to be deleted on the day that 2.x is.

Questions and models speak the newest generation's language. ``spell`` says a question the old
way, ``read`` turns an old answer into a new one. 2.18.1 and 2.20.2 are known by recordings.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from umami.endpoints.spelling import identified, iso
from umami.question import JSON, Question, Request
from umami.view import Filter, View

RENAMED = {"path": "url", "hostname": "host"}
"""Fields that bore another name: filters, metric types, report fields, funnel steps."""
RESTORED = {old: new for new, old in RENAMED.items()}
SIGNS = {"eq": "", "neq": "!", "c": "~", "dnc": "!~"}
FILTERED = frozenset({"stats", "pageviews", "metrics", "series", "session_stats", "breakdown"})
"""Endpoints whose filters 2.x applies; on all others it drops them without a word."""
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def ignores_filters(question: Question[Any]) -> bool:
    """Whether 2.x would answer this question as if its View had no filters."""
    view = question.arguments.get("view")
    return isinstance(view, View) and bool(view.filters) and question.name not in FILTERED


def spell(question: Question[Any]) -> Request:
    """The question as 2.x wants it asked."""
    spelling = _SPELLINGS.get(question.name)
    if spelling is not None:
        return spelling(question)
    if question.body is not None or question.endpoint.method != "GET":
        return question.request
    return Request("GET", question.path, _query(question))


def read(question: Question[Any], answer: JSON) -> JSON:
    """An answer of 2.x as the newest generation would have given it.

    Raises ``ValueError``, ``TypeError`` or ``LookupError`` for what 2.x does not answer.
    """
    reading = _READINGS.get(question.name)
    return answer if reading is None or answer is None else reading(answer)


def moved(name: str) -> str | None:
    """Method and route that 2.x has instead, where an endpoint of this name has moved."""
    return _MOVED.get(name)


def _old(field: str) -> str:
    return RENAMED.get(field, field)


def _filters(question: Question[Any]) -> dict[str, str]:
    view = question.arguments.get("view")
    if not isinstance(view, View) or question.name not in FILTERED:
        return {}
    return {_old(one.field): f"{SIGNS[one.operator]}{one.value}" for one in view.filters}


def _query(question: Question[Any], **instead: str | None) -> tuple[tuple[str, str], ...]:
    """The question's query with filters in signs, and some parameters given another way."""
    view = question.arguments.get("view")
    filtered = {one.field for one in view.filters} if isinstance(view, View) else set()
    query: dict[str, str | None] = {
        key: value
        for key, value in question.query
        if key not in filtered or not _is_filter(view, key, value)
    }
    query |= _filters(question) | instead
    return tuple(sorted((key, value) for key, value in query.items() if value is not None))


def _is_filter(view: Any, key: str, value: str) -> bool:
    return any(
        one.field == key and value == f"{one.operator}.{one.value}"
        for one in view.filters
        if isinstance(one, Filter)
    )


def _stats(question: Question[Any]) -> Request:
    compare = dict(question.query).get("compare")
    return Request(
        "GET", question.path, _query(question, compare="yoy" if compare == "yoy" else None)
    )


def _typed(question: Question[Any]) -> Request:
    field = question.arguments["field"]
    return Request("GET", question.path, _query(question, type=_old(field)))


def _event_values(question: Question[Any]) -> Request:
    return Request(
        "GET", question.path, _query(question, event=None, eventName=question.arguments["event"])
    )


def _currencies(question: Question[Any]) -> Request:
    view: View = question.arguments["view"]
    range_ = _range(view)
    query = {
        "websiteId": identified(view.website),
        "startDate": range_["startDate"],
        "endDate": range_["endDate"],
    }
    return Request("GET", "/reports/revenue", tuple(sorted(query.items())))


def _range(view: View) -> dict[str, str]:
    return {
        "startDate": iso(view.period.start),
        "endDate": iso(view.period.end),
        "unit": view.period.unit,
    }


def _analysis(
    kind: str, parameters: Callable[[dict[str, Any]], dict[str, Any]]
) -> Callable[[Question[Any]], Request]:
    """An analysis: ``parameters`` says the newest parameters the old way."""

    def spelling(question: Question[Any]) -> Request:
        view: View = question.arguments["view"]
        given = json.loads(question.body or "{}")["parameters"]
        body = {
            "websiteId": identified(view.website),
            "timezone": view.period.timezone,
            "dateRange": _range(view),
            **parameters(given),
        }
        if question.name == "breakdown":
            body["filters"] = [
                {
                    "name": _old(one.field),
                    "type": "string",
                    "operator": one.operator,
                    "value": one.value,
                }
                for one in view.filters
            ]
        return Request("POST", f"/reports/{kind}", (), json.dumps(body, sort_keys=True))

    return spelling


def _step(kind: str, value: str) -> dict[str, str]:
    return {"type": _old(kind), "value": value}


_MOVED = {
    "goal": "POST /reports/goals",
    "breakdown": "POST /reports/insights",
    "currencies": "GET /reports/revenue",
}

_SPELLINGS: dict[str, Callable[[Question[Any]], Request]] = {
    "stats": _stats,
    "metrics": _typed,
    "values": _typed,
    "event_data_values": _event_values,
    "currencies": _currencies,
    "funnel": _analysis(
        "funnel",
        lambda given: {
            "window": given["window"],
            "steps": [_step(one["type"], one["value"]) for one in given["steps"]],
        },
    ),
    "retention": _analysis("retention", lambda _given: {}),
    "utm": _analysis("utm", lambda _given: {}),
    "goal": _analysis(
        "goals",
        # The target is the client's own business; the server only echoes it.
        lambda given: {"goals": [{**_step(given["type"], given["value"]), "goal": 1}]},
    ),
    "journey": _analysis(
        "journey",
        lambda given: {
            key: given[key] for key in ("steps", "startStep", "endStep") if key in given
        },
    ),
    "breakdown": _analysis(
        "insights",
        lambda given: {
            "fields": [
                {"name": _old(field), "type": "string", "label": field} for field in given["fields"]
            ]
        },
    ),
    "revenue": _analysis("revenue", lambda given: {"currency": given["currency"]}),
    "attribution": _analysis(
        "attribution",
        lambda given: {
            "model": {"first-click": "firstClick", "last-click": "lastClick"}[given["model"]],
            "steps": [_step(given["type"], given["step"])],
            **({"currency": given["currency"]} if "currency" in given else {}),
        },
    ),
}


def _read_stats(answer: JSON) -> JSON:
    """``{value, prev}``; before 2.12 ``{value, change}``."""

    def before(figure: dict[str, Any]) -> Any:
        return figure["prev"] if "prev" in figure else figure["value"] - figure["change"]

    return {
        **{name: figure["value"] for name, figure in answer.items()},
        "comparison": {name: before(figure) for name, figure in answer.items()},
    }


def _read_data_stats(answer: JSON) -> JSON:
    """An object; the reference has a list of one, with ``fields`` for ``properties``."""
    found = answer[0] if isinstance(answer, list) else answer
    return {"properties": found.get("fields"), **found}


def _read_utm(answer: JSON) -> JSON:
    """Maps of value to views up to 2.18; from 2.19 rows of raw query strings."""
    if isinstance(answer, dict):
        # A parameter that nobody used is left out.
        if not all(name.startswith("utm_") for name in answer):
            raise ValueError("not a map of UTM parameters")
        counted: dict[str, dict[str, int]] = {name: dict(answer.get(name, {})) for name in UTM}
    else:
        counted = {name: {} for name in UTM}
        for row in answer:
            for name, value in dict(parse_qsl(row["url_query"])).items():
                if name in counted:
                    counted[name][value] = counted[name].get(value, 0) + int(row["num"])
    return {
        name: [{"utm": value, "views": views} for value, views in values.items()]
        for name, values in counted.items()
    }


def _renamed_keys(answer: JSON) -> JSON:
    return [{RESTORED.get(key, key): value for key, value in row.items()} for row in answer]


def _renamed_steps(answer: JSON) -> JSON:
    return [{**row, "type": RESTORED.get(row["type"], row["type"])} for row in answer]


_READINGS: dict[str, Callable[[JSON], JSON]] = {
    "active": lambda answer: {"visitors": answer["x"]} if "x" in answer else answer,
    "stats": _read_stats,
    # 2.x lists every channel it knows, those without visitors too.
    "metrics": lambda answer: [row for row in answer if row["y"]],
    "daterange": lambda answer: {"startDate": answer["mindate"], "endDate": answer["maxdate"]},
    "event_data_stats": _read_data_stats,
    "activity": lambda answer: [{"eventId": row.get("id"), **row} for row in answer],
    "session": lambda answer: {"region": answer.get("subdivision1"), **answer} if answer else {},
    "segments": lambda answer: {"data": answer, "count": len(answer)},
    "currencies": lambda answer: [{"value": row["currency"]} for row in answer],
    "funnel": _renamed_steps,
    "utm": _read_utm,
    "goal": lambda answer: {"times": answer[0]["result"]},
    "breakdown": _renamed_keys,
}
