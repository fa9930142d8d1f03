"""Referrers without the website itself, for servers that ignore a ``www.``.

Umami leaves out rows whose referrer is the page's own hostname. Before 3.1 it does not recognise
``shop.example`` as the host ``www.shop.example``, so such names stay in the list. The ranking of
hostnames shows which they are; a filter shows how often each is a referrer of other hosts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from umami.compat.dialect import Part, with_filter
from umami.endpoint import Query, Request
from umami.filters import Filter
from umami.view import View

WWW = "www."
MOST_HOSTS = 500
Ranked = Callable[[View, str, int], Request]
"""The request for the top values of a field: View, field and limit."""


def ranking_without_itself(query: Query[Any], ranked: Ranked, hosts: Ranked, name: str) -> Part:
    """The ranking of referrers that a query requests; ``name`` is the key of its rows' names.

    ``hosts`` requests plain metrics, whose rows are ``{x, y}``.
    """
    view, limit, offset = (query.arguments[key] for key in ("view", "limit", "offset"))
    most = max(MOST_HOSTS, limit + offset)
    rows, hostnames = yield (ranked(view, "referrer", most), hosts(view, "hostname", MOST_HOSTS))
    all_hosts = {str(row["x"]) for row in hostnames}
    bare_hosts = {host.removeprefix(WWW) for host in all_hosts if host.startswith(WWW)}
    suspects = [row for row in rows if row[name] in bare_hosts]
    corrected: dict[str, list[Any]] = {}
    host = next((filter_ for filter_ in view.filters if filter_.field == "hostname"), None)
    if {host.removeprefix(WWW) for host in all_hosts} == bare_hosts and len(bare_hosts) == 1:
        # The website has one name, so every visit from that name comes from the website itself.
        corrected = {row[name]: [] for row in suspects}
    elif host is not None and host.operator == "eq":
        corrected = {row[name]: [] for row in suspects if WWW + row[name] in host.values}
    elif suspects and not any(f.field in ("referrer", "hostname") for f in view.filters):
        answers = yield tuple(
            ranked(_from_domain(view, row[name]), "referrer", 1) for row in suspects
        )
        corrected = {row[name]: answer for row, answer in zip(suspects, answers, strict=True)}
    remaining = [
        row for listed in rows for row in corrected.get(listed[name], [listed]) if row[name]
    ]
    measure = "y" if name == "x" else "visitors"
    return sorted(remaining, key=lambda row: -int(row[measure]))[offset:][:limit]


def _from_domain(view: View, domain: str) -> View:
    """Rows that a domain referred to other hosts than its ``www.``."""
    from_domain = with_filter(view, Filter("referrer", "eq", domain))
    return with_filter(from_domain, Filter("hostname", "neq", WWW + domain))


def attribution_without_itself(
    query: Query[Any], visitors: Request, money: Request | None, hosts: Ranked
) -> Part:
    """An attribution, with money where requested, whose referrers leave out the website itself.

    That is exact where the website has one name, with and without ``www.``. Several names may refer
    to each other, so they stay.
    """
    requests = (visitors,) if money is None else (visitors, money)
    hostnames, *answers = yield (hosts(query.arguments["view"], "hostname", MOST_HOSTS), *requests)
    names = {str(row["x"]).removeprefix(WWW) for row in hostnames}
    itself = names if len(names) == 1 else set()
    reports = [
        {**answer, "referrer": [row for row in answer["referrer"] if row["name"] not in itself]}
        for answer in answers
    ]
    return reports[0] if money is None else {**reports[0], "money": reports[1]}
