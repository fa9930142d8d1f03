"""Requests to Umami 3.x: filters, and the forms in which each version takes an analysis."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from umami import filter_params
from umami.capabilities import EVERYTHING, Capabilities
from umami.compat.dialect import Dialect, Part, search_param
from umami.compat.generations import Generation
from umami.endpoint import Query, Request, canonical_json, uuid_of
from umami.errors import NotFound, NotOffered
from umami.filters import FIELDS, NEWER_FIELDS
from umami.view import View

CAPABILITIES_3_0: Final = Capabilities(
    fields=frozenset(FIELDS) - NEWER_FIELDS,
    operators=frozenset({"eq", "neq", "c", "dnc"}),
    several=False,
)
CAPABILITIES_CLOUD: Final = Capabilities(commas=False)
"""The cloud's database has another syntax of patterns, so no pattern can express a comma."""
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
REVENUE_BY: Final = ("country", "region", "referrer", "channel")


@dataclass(frozen=True, slots=True)
class V3Requests(Dialect):
    """How queries are sent to one generation of 3.x; ``cloud`` is Umami Cloud."""

    generation: Generation = Generation.V3_1
    cloud: bool = False

    @property
    def is_3_0(self) -> bool:
        """Whether this is 3.0, which lacks much of what the later versions have."""
        return self.generation < Generation.V3_1

    @property
    def capabilities(self) -> Capabilities:
        """What these servers can filter by."""
        if self.cloud:
            return CAPABILITIES_CLOUD
        return CAPABILITIES_3_0 if self.is_3_0 else EVERYTHING

    def request(self, query: Query[Any], /, **overrides: str | int | None) -> Request:
        """The query as one request with this generation's filters."""
        search = {} if self.cloud else search_param(query)
        return query.to_request(self.filters(query), **{**search, **overrides})

    def filters(self, query: Query[Any]) -> tuple[tuple[str, str], ...]:
        """The query's filters as parameters."""
        if query.view is None or not query.filters:
            return query.filters
        if self.cloud:
            # Its database searches for the text itself, not for a LIKE pattern.
            return filter_params.filters(query.view, patterns=False)
        if not self.is_3_0:
            return query.filters
        # Up to 3.0 a comma is part of the value; later versions split the value there.
        saved = filter_params.filters(replace(query.view, filters=()))
        plain = (
            (filter_.field, f"{filter_.operator}.{filter_params.like_literally(filter_)[0]}")
            for filter_ in query.view.filters
        )
        return (*saved, *plain)

    def forms(self, query: Query[Any]) -> tuple[tuple[Request, ...], ...]:
        """The forms in which these servers take an analysis, the preferred form first.

        Up to 3.3 that is one POST request. From 3.4 on it is one GET request under the website,
        except for UTM and revenue, which take five or six; a server that lacks the first form gets
        the second.
        """
        post = (self.post(query),)
        if self.generation < Generation.V3_4:
            return (post,)
        gets = self._gets(query)
        return (gets, post) if len(gets) == 1 else (post, gets)

    def post(self, query: Query[Any]) -> Request:
        """An analysis as one POST request with the filters in its body."""
        body = {**self._body(query), "filters": dict(self.filters(query))}
        return replace(self.request(query), body=canonical_json(body))

    def _gets(self, query: Query[Any]) -> tuple[Request, ...]:
        """An analysis as GET requests under the website."""
        view: View = query.arguments["view"]
        common = {
            "startAt": view.period.start_at,
            "endAt": view.period.end_at,
            **dict(self.filters(query)),
        }
        path = f"/websites/{uuid_of(view.website)}"
        return tuple(
            Request(
                "GET",
                f"{path}/{route}",
                tuple(sorted((name, str(value)) for name, value in {**common, **params}.items())),
            )
            for route, params in _ROUTES[query.name](self._body(query)["parameters"])
        )

    def _body(self, query: Query[Any]) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(query.body or "{}")
        params = body["parameters"]
        if query.name == "revenue" and not self.is_3_0:
            params["currency"] = params["currency"].upper()
        if query.name == "goal":
            params["value"] = filter_params.step_escaped(params["value"])
        if query.name == "funnel":
            for step in params["steps"]:
                step["value"] = filter_params.step_escaped(step["value"])
        if query.name == "attribution" and not self.is_3_0:
            # From 3.1 on a currency has no effect.
            params.pop("currency", None)
        return body


def first_answers(forms: tuple[tuple[Request, ...], ...]) -> Part:
    """The answers to the first form that the server has; Umami Cloud answers 404 to the others."""
    *others, last = forms
    for form in others:
        try:
            return (yield form)
        except (NotOffered, NotFound):
            continue
    return (yield last)


Params = dict[str, Any]
Routed = tuple[str, Params]


def _same(route: str, *names: str) -> Callable[[Params], list[Routed]]:
    """A route that takes these parameters unchanged, lists as JSON text."""

    def routed(params: Params) -> list[Routed]:
        values = {name: params[name] for name in names if name in params}
        encoded = {
            name: json.dumps(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return [(route, encoded)]

    return routed


_ROUTES: Final[dict[str, Callable[[Params], list[Routed]]]] = {
    "funnel": _same("funnels/stats", "steps", "window"),
    "retention": _same("retention", "timezone"),
    "utm": lambda _: [("utm/metrics", {"type": name}) for name in UTM],
    "goal": _same("goals/stats", "type", "value"),
    "journey": _same("journeys", "steps", "startStep", "endStep"),
    "breakdown": _same("breakdown", "fields"),
    "attribution": _same("attribution", "model", "type", "step"),
    "revenue": lambda params: [
        *_same("revenue/chart", "currency", "unit", "timezone")(params),
        *_same("revenue/stats", "currency")(params),
        *(
            ("revenue/metrics", {"currency": params["currency"], "type": field})
            for field in REVENUE_BY
        ),
    ],
}
"""The routes of each analysis under the website, and their parameters, from 3.4 on."""
