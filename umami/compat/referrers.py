"""Referrers without the website itself, on servers that overlook a ``www.``.

Umami leaves out rows whose referrer is the page's own hostname. Before 3.1 ``shop.example`` counts
as a referrer of ``www.shop.example``. Which of the listed names are such, the hostnames tell; how
often each is a referrer of other hosts all the same, a filter tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from umami.compat.dialect import Part, narrowed_by
from umami.endpoint import Query, Request
from umami.filters import Filter
from umami.view import View

WWW = "www."
ENOUGH = 500
Ranked = Callable[[View, str, int], Request]
"""Asks for the values of a field, so many of them."""


def foreign(question: Query[Any], asked: Ranked, hosts: Ranked, name: str) -> Part:
    """The ranking of a question about referrers; ``name`` is the key of its rows' names.

    ``hosts`` asks for plain metrics, whose rows are ``{x, y}``.
    """
    view, limit, offset = (question.arguments[key] for key in ("view", "limit", "offset"))
    enough = max(ENOUGH, limit + offset)
    rows, hostnames = yield (asked(view, "referrer", enough), hosts(view, "hostname", ENOUGH))
    hosts_named = {str(row["x"]) for row in hostnames}
    own = {host.removeprefix(WWW) for host in hosts_named if host.startswith(WWW)}
    listed = [row for row in rows if row[name] in own]
    counted: dict[str, list[Any]] = {}
    host = next((one for one in view.filters if one.field == "hostname"), None)
    if {one.removeprefix(WWW) for one in hosts_named} == own and len(own) == 1:
        # The website has one name: whatever it refers, it refers to itself.
        counted = {row[name]: [] for row in listed}
    elif host is not None and host.operator == "eq":
        counted = {row[name]: [] for row in listed if WWW + row[name] in host.values}
    elif listed and not any(one.field in ("referrer", "hostname") for one in view.filters):
        answers = yield tuple(asked(_elsewhere(view, row[name]), "referrer", 1) for row in listed)
        counted = {row[name]: answer for row, answer in zip(listed, answers, strict=True)}
    corrected = (counted.get(row[name], [row]) for row in rows)
    ranked = [row for answer in corrected for row in answer if row[name]]
    measure = "y" if name == "x" else "visitors"
    return sorted(ranked, key=lambda row: -int(row[measure]))[offset:][:limit]


def _elsewhere(view: View, domain: str) -> View:
    """What came from a domain to other hosts than its ``www.``."""
    from_domain = narrowed_by(view, Filter("referrer", "eq", domain))
    return narrowed_by(from_domain, Filter("hostname", "neq", WWW + domain))


def without_itself(
    question: Query[Any], visitors: Request, money: Request | None, hosts: Ranked
) -> Part:
    """An attribution, ``money`` and all, whose referrers leave out the website itself.

    That is exact where the website has one name, with and without ``www.``; where it has others,
    which could refer to each other, they stay.
    """
    asked = (visitors,) if money is None else (visitors, money)
    hostnames, *answers = yield (hosts(question.arguments["view"], "hostname", ENOUGH), *asked)
    names = {str(row["x"]).removeprefix(WWW) for row in hostnames}
    own = names if len(names) == 1 else set()
    kept = [
        {**one, "referrer": [row for row in one["referrer"] if row["name"] not in own]}
        for one in answers
    ]
    return kept[0] if money is None else {**kept[0], "money": kept[1]}
