"""Requests to Umami 2.x: names of fields, filters with signs, and bodies of reports."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from umami.endpoint import JSON, Query, Request, canonical_json
from umami.filters import step_escaped
from umami.normal_forms import uuid_of
from umami.period import iso_time
from umami.view import View

RENAMED: Final = {"path": "url", "hostname": "host"}
"""2.x's names of fields, in filters, metric types, report fields and funnel steps."""
RESTORED: Final = {old: new for new, old in RENAMED.items()}
SIGNS: Final = {"eq": "", "neq": "!", "c": "~", "dnc": "!~"}
"""The sign before a filter's value, by operator."""
AMBIGUOUS_STARTS: Final = {"eq": ("!", "~"), "neq": ("~",), "c": (), "dnc": ()}
"""Beginnings of a value that would change the sign before it into another one."""
REPORT_TYPES: Final = {"breakdown": "insights", "goal": "goals"}
ATTRIBUTION_MODELS: Final = {"first-click": "firstClick", "last-click": "lastClick"}

Parameters = Mapping[str, Any]


def old_name(field: str) -> str:
    """2.x's name of a field."""
    return RENAMED.get(field, field)


def new_name(field: str) -> str:
    """The newest generation's name of a field of 2.x."""
    return RESTORED.get(field, field)


def insights(view: View, fields: tuple[str, ...]) -> Request:
    """The request for a breakdown by ``fields``."""
    body = {
        **_envelope(view),
        "fields": _report_fields(fields),
        "filters": [
            {
                "name": old_name(filter_.field),
                "type": "string",
                "operator": filter_.operator,
                "value": filter_.literal_values[0],
            }
            for filter_ in view.filters
        ],
    }
    return Request("POST", "/reports/insights", (), canonical_json(body))


def report(query: Query[Any]) -> Request:
    kind, view = query.name, query.arguments["view"]
    params = json.loads(query.body or "{}")["parameters"]
    if kind == "funnel":
        params["steps"] = [
            {**step, "value": step_escaped(step["value"])} for step in params["steps"]
        ]
    body = {**_envelope(view), **_OLD_PARAMETERS[kind](params)}
    if "unit" in params:
        body["dateRange"]["unit"] = params["unit"]
    return Request("POST", f"/reports/{REPORT_TYPES.get(kind, kind)}", (), canonical_json(body))


def currencies(view: View) -> Request:
    """The request for the currencies in which a website has revenue."""
    params = {"websiteId": uuid_of(view.website), **_date_range(view)}
    return Request("GET", "/reports/revenue", tuple(sorted(params.items())))


def save_report(query: Query[Any]) -> Request:
    """The request that saves a report; ``restore_report`` reads it back."""
    body = json.loads(query.body or "{}")
    kind = body["type"]
    old = {**body, "type": REPORT_TYPES.get(kind, kind)}
    # Parameters that are not of this kind are saved unchanged.
    with suppress(LookupError):
        old["parameters"] = {**body["parameters"], **_OLD_PARAMETERS[kind](body["parameters"])}
    return Request(query.endpoint.method, query.path, query.params, canonical_json(old))


def restore_report(report: JSON) -> JSON:
    """A saved report of 2.x in the newest generation's form."""
    if report is None:
        return None
    kind = next((new for new, old in REPORT_TYPES.items() if old == report["type"]), report["type"])
    params = report["parameters"]
    params = json.loads(params) if isinstance(params, str) else params
    marker, restore = _NEW_PARAMETERS.get(kind, ("", dict))
    if isinstance(params, dict) and marker in params:
        # Reports that other programs saved are listed even where their parameters are unknown.
        with suppress(LookupError, TypeError, AttributeError, ValueError):
            params = {**params, **restore(params)}
    return {**report, "type": kind, "parameters": params}


def _date_range(view: View) -> dict[str, str]:
    return {"startDate": iso_time(view.period.start), "endDate": iso_time(view.period.end)}


def _envelope(view: View) -> dict[str, Any]:
    return {
        "websiteId": uuid_of(view.website),
        "timezone": view.period.timezone,
        "dateRange": _date_range(view),
    }


def _report_fields(fields: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": old_name(field), "type": "string", "label": field} for field in fields]


def _pick(params: Parameters, *names: str) -> dict[str, Any]:
    return {name: params[name] for name in names if name in params}


def _with_types(steps: Iterable[Parameters], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**step, "type": names.get(step["type"], step["type"])} for step in steps]


_OLD_PARAMETERS: Final[dict[str, Callable[[Parameters], dict[str, Any]]]] = {
    "funnel": lambda params: {
        **_pick(params, "window"),
        "steps": [_pick(step, "type", "value") for step in _with_types(params["steps"], RENAMED)],
    },
    "retention": lambda _: {},
    "utm": lambda _: {},
    "goal": lambda params: {
        "goals": [
            {
                "type": old_name(params["type"]),
                "value": params["value"],
                # The server requires a target and repeats it, without any other use.
                "goal": params.get("target") or 1,
            }
        ]
    },
    "journey": lambda params: _pick(params, "steps", "startStep", "endStep"),
    "breakdown": lambda params: {"fields": _report_fields(params["fields"])},
    "revenue": lambda params: _pick(params, "currency"),
    "attribution": lambda params: {
        "model": ATTRIBUTION_MODELS[params["model"]],
        "steps": [{"type": old_name(params["type"]), "value": params["step"]}],
        **_pick(params, "currency"),
    },
}
"""The parameters of a report for 2.x, from the newest generation's."""


def _new_goal(params: Parameters) -> dict[str, Any]:
    goals = [
        {"type": new_name(goal["type"]), "value": goal["value"], "target": goal.get("goal")}
        for goal in params["goals"]
    ]
    return {**goals[0], "goals": goals}


def _new_attribution(params: Parameters) -> dict[str, Any]:
    (step,) = _with_types(params["steps"][:1], RESTORED)
    models = {old: new for new, old in ATTRIBUTION_MODELS.items()}
    model = models.get(params["model"], params["model"])
    return {"model": model, "type": step["type"], "step": step["value"]}


_NEW_PARAMETERS: Final[dict[str, tuple[str, Callable[[Parameters], dict[str, Any]]]]] = {
    "funnel": ("steps", lambda params: {"steps": _with_types(params["steps"], RESTORED)}),
    "goal": ("goals", _new_goal),
    "breakdown": (
        "fields",
        lambda params: {"fields": [new_name(field["name"]) for field in params["fields"]]},
    ),
    "attribution": ("steps", _new_attribution),
}
"""The parameter that identifies parameters saved by 2.x, and how to restore the newest form."""
