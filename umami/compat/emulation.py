"""Answers that stand in for a question that several generations lack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any, Final

from umami.compat.dialect import Part, Plan, narrowed_by
from umami.endpoint import JSON, Query, Request
from umami.endpoints import reports, sessions, teams, traffic, websites
from umami.errors import (
    NotFound,
    NotOffered,
    Rejected,
    ServerFault,
    Unauthorised,
    UnexpectedAnswer,
)
from umami.filters import Filter
from umami.period import Period, zone
from umami.view import View

Spell = Callable[[Query[Any]], Request]
"""Makes the one request of a question, in a generation's words."""
REFUSALS: Final = (Unauthorised, NotFound, NotOffered, Rejected, ServerFault, UnexpectedAnswer)
"""What a server answers for good; other errors pass, and asking again helps."""

NO_NAME: Final = "-" * 51
"""No event has so long a name; a row without a name differs from nothing."""
MOST_NAMES: Final = 10_000
ROWS_AT_ONCE: Final = 200


def event_stats(view: View, asked: Callable[[Query[Any]], Request]) -> Plan:
    """Totals of custom events before 3.1: session stats of the rows that have an event's name,
    and the names themselves. ``asked`` spells a question."""
    named = view
    if not any(one.field == "event" for one in view.filters):
        named = narrowed_by(view, Filter("event", "neq", NO_NAME))
    totals, names = yield (
        asked(sessions.session_stats(named)),
        asked(traffic.metrics(view, "event", limit=MOST_NAMES)),
    )
    return {
        "data": {
            "events": totals["pageviews"]["value"],
            "visitors": totals["visitors"]["value"],
            "visits": totals["visits"]["value"],
            "uniqueEvents": len(names),
        }
    }


def websites_of_teams_too(question: Query[Any], spell: Spell) -> Plan:
    """The account's websites and those of its teams, each once.

    2.x lists the account's own only; 3.x adds those of teams that the account owns, but not of
    those it is a member of. Where a server refuses to tell of teams, the account's own remain.
    """
    search, page, size, order = (
        question.arguments[name] for name in ("search", "page", "page_size", "order_by")
    )
    try:
        own, first_teams = yield (spell(question), spell(teams.teams()))
    except REFUSALS:
        (own,) = yield (spell(question),)
        return own
    if not isinstance(first_teams, dict) or not first_teams.get("data"):
        return own
    rows = yield from _every_row(
        lambda number: spell(websites.websites(search, number, ROWS_AT_ONCE, order))
    )
    for team in (yield from _every_row(lambda number: spell(teams.teams(number)), first_teams)):
        rows += yield from _team_rows(team["id"], search, spell)
    unique = {row["id"]: row for row in reversed(rows)}
    ordered = sorted(unique.values(), key=lambda row: str(row.get(order) or "").casefold())
    start = (page - 1) * size
    return {
        "data": ordered[start : start + size],
        "count": len(ordered),
        "page": page,
        "pageSize": size,
    }


def _team_rows(team: str, search: str | None, spell: Spell) -> Part:
    """A team's websites; none where the server refuses to tell."""
    try:
        return (
            yield from _every_row(
                lambda number: spell(teams.team_websites(team, search, number, ROWS_AT_ONCE))
            )
        )
    except REFUSALS:
        return []


def _every_row(page: Callable[[int], Request], first: JSON = None) -> Part:
    """The rows of all pages of a list; ``first`` is its first page, where that is known."""
    number, rows, answer = 1, [], first
    if answer is None:
        (answer,) = yield (page(number),)
    while answer["data"]:
        rows += answer["data"]
        if len(rows) >= int(answer["count"]):
            break
        number += 1
        (answer,) = yield (page(number),)
    return rows


def website_charts(
    question: Query[Any], spell: Spell, visitors: Callable[[JSON], Any], *, offered: bool
) -> Request | Plan:
    """Charts of websites. Before 3.3 stats and pageviews of each website tell them.

    Newer servers count from the start of the period in steps of 12 hours, but group by midnight and
    noon of the zone, so their curves are right for few periods: for others pageviews tell them.
    ``visitors`` reads a website's stats; ``offered`` says whether the server has charts.
    """
    period: Period = question.arguments["period"]
    if offered and _cut_at_noon(period):
        return spell(question)
    return _charts_apart(question, spell, visitors, offered=offered)


def _charts_apart(
    question: Query[Any], spell: Spell, visitors: Callable[[JSON], Any], *, offered: bool
) -> Plan:
    views = [View(site, question.arguments["period"]) for site in question.arguments["websites"]]
    curves = [spell(traffic.pageviews(view)) for view in views]
    if offered:
        charts, *pageviews = yield (spell(question), *curves)
        totals = [charts["data"].get(view.website, {}).get("total") for view in views]
    else:
        answers = yield (*(spell(traffic.stats(view)) for view in views), *curves)
        totals = [visitors(answer) for answer in answers[: len(views)]]
        pageviews = answers[len(views) :]
    return {
        "data": {
            view.website: {"total": total, "sessions": curve["sessions"]}
            for view, total, curve in zip(views, totals, pageviews, strict=True)
            if total is not None
        }
    }


def _cut_at_noon(period: Period) -> bool:
    """Whether steps of 12 hours from the start of the period end at midnight and noon of its zone
    all through it, summer time included."""
    local = zone(period.timezone)
    first = period.start.astimezone(local)
    days = range((period.end - period.start).days + 1)
    moments = [*(period.start + timedelta(days=day) for day in days), period.end]
    offsets = {moment.astimezone(local).utcoffset() for moment in moments}
    return first.time() in (time(0), time(12)) and len(offsets) == 1


def part_of_revenue(question: Query[Any], answer_to: Callable[[Query[Any]], Part]) -> Plan:
    """What a question about revenue asks for, from the whole report on revenue; ``answer_to`` is
    how the report is asked for."""
    arguments = question.arguments
    report = yield from answer_to(reports.revenue(arguments["view"], arguments["currency"]))
    if question.name == "revenue_stats":
        return report["total"]
    if question.name == "revenue_chart":
        return {"chart": report["chart"]}
    return report[arguments["by"]]


def without_token(answer: JSON) -> JSON:
    """Who is signed in; before 3.4 the answer repeats the token, which nobody shall keep."""
    return {name: answer.get(name) for name in ("user", "authType", "apiKey")}
