"""Answers in the newest form to queries without a recording, written after Umami's sources."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from umami.api import (
    account,
    boards,
    browser_errors,
    conversions,
    events,
    notes,
    performance,
    realtime,
    reports,
    revenue,
    segments,
    sending,
    sessions,
    websites,
)
from umami.endpoint import Query
from umami.filters import Filter
from umami.period import Period
from umami.view import View

SITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
OTHER = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
TEAM = "9f0a4c1e-8a38-4f0f-9d53-0f4f9d9b1a11"
ZONE = "Europe/Zurich"
PERIOD = Period.of_days(date(2026, 8, 1), date(2026, 8, 3), ZONE)
VIEW = View(SITE, PERIOD)
NOW = "2026-08-02T10:30:00.000Z"
NOON = datetime(2026, 8, 2, 10, tzinfo=UTC)

MODELS = ("first", "last", "lastKnown", "linear", "timeDecay", "position")
ACCOUNT = {
    "id": OTHER,
    "username": "ada",
    "role": "user",
    "createdAt": NOW,
    "isAdmin": False,
    "teams": [],
}
WEBSITE = {
    "id": SITE,
    "name": "Shop",
    "domain": "shop.example",
    "shareId": None,
    "resetAt": None,
    "userId": OTHER,
    "teamId": None,
    "createdAt": NOW,
    "updatedAt": None,
    "deletedAt": None,
    "recorderEnabled": False,
    "replayConfig": None,
}
REPORT = {
    "id": OTHER,
    "userId": OTHER,
    "websiteId": SITE,
    "type": "goal",
    "name": "Sign-ups",
    "description": "",
    "parameters": {"type": "event", "value": "signup"},
    "createdAt": NOW,
    "updatedAt": NOW,
}
SEGMENT = {
    "id": OTHER,
    "websiteId": SITE,
    "type": "segment",
    "name": "Germans",
    "parameters": {"filters": [{"name": "country", "operator": "eq", "value": "DE"}]},
    "createdAt": NOW,
    "updatedAt": NOW,
}
ANNOTATION = {
    "id": OTHER,
    "websiteId": SITE,
    "userId": None,
    "date": NOW,
    "allDay": False,
    "note": "A new campaign",
    "createdAt": NOW,
    "updatedAt": None,
}
SHARE = {
    "id": OTHER,
    "entityId": SITE,
    "name": "For the agency",
    "shareType": 1,
    "slug": "a1b2c3d4e5f6a7b8",
    "parameters": {"overview": True},
    "createdAt": NOW,
    "updatedAt": NOW,
}
BOARD = {
    "id": OTHER,
    "type": "open",
    "name": "Launch",
    "description": "",
    "parameters": {"websiteId": SITE},
    "userId": OTHER,
    "teamId": None,
    "createdAt": NOW,
    "updatedAt": NOW,
}
PIXEL = {
    "id": OTHER,
    "name": "Newsletter",
    "slug": "news2026",
    "userId": OTHER,
    "teamId": None,
    "createdAt": NOW,
    "updatedAt": None,
    "deletedAt": None,
}
SESSION = {
    "id": OTHER,
    "websiteId": SITE,
    "hostname": "shop.example",
    "browser": "chrome",
    "os": "Linux",
    "device": "laptop",
    "screen": "1920x1080",
    "language": "de",
    "country": "DE",
    "region": "DE-BE",
    "city": "Berlin",
    "firstAt": NOW,
    "lastAt": NOW,
    "visits": 2,
    "views": "6",
    "events": "1",
    "createdAt": NOW,
}
TEAM_ROW = {
    "id": TEAM,
    "name": "Marketing",
    "accessCode": "team_secret",
    "logoUrl": None,
    "createdAt": NOW,
    "twoFactorRequired": False,
}
ISSUE = {
    "id": OTHER,
    "websiteId": SITE,
    "fingerprint": "f" * 64,
    "groupingVersion": 1,
    "title": "TypeError: x is undefined",
    "status": "unresolved",
    "resolvedAt": None,
    "createdAt": NOW,
    "occurrences": 12,
    "visits": 7,
    "firstSeen": NOW,
    "lastSeen": NOW,
}
VITAL = {"p50": 1200.5, "p75": "1800", "p95": 4000}
NUMBERS = {"total": "90.5", "average": 30.1667, "median": 20, "min": 10.5, "max": 60}
OK = {"ok": True}
SENT = {"cache": "abc", "sessionId": OTHER, "visitId": TEAM}


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    """A page of a list that is not longer."""
    return {"data": list(rows), "count": len(rows), "page": 1, "pageSize": 100, "isCapped": False}


def _by_name(*pairs: tuple[Query[Any], Any]) -> dict[str, tuple[Query[Any], Any]]:
    return {question.name: (question, answer) for question, answer in pairs}


SAMPLES = _by_name(
    (account.login("ada", "-"), {"token": "secret", "user": ACCOUNT}),
    (account.verify(), ACCOUNT),
    (
        account.me(),
        {"user": ACCOUNT, "authType": "api-key", "apiKey": {"id": OTHER, "name": "dashboard"}},
    ),
    (boards.boards(), page(BOARD)),
    (boards.board(OTHER), BOARD),
    (browser_errors.browser_errors(VIEW), page(ISSUE)),
    (
        browser_errors.browser_error_stats(VIEW),
        {
            "occurrences": 12,
            "visits": 7,
            "issues": 1,
            "firstSeen": NOW,
            "lastSeen": NOW,
            "series": [{"date": "2026-08-02", "occurrences": 12}],
        },
    ),
    (
        conversions.visit_groups(VIEW, "entry", currency="EUR"),
        [
            {
                "name": "/",
                "visitors": 3,
                "visits": 4,
                "pageviews": 9,
                "bounces": 1,
                "totaltime": 125,
                "conversions": 2,
                "converters": 1,
                "times": 3,
                "revenue": 59.9,
                "orders": 2,
                "buyers": 1,
            }
        ],
    ),
    (
        conversions.credit(VIEW, "channel", currency="EUR"),
        {
            "conversions": 3,
            "revenue": 59.9,
            "rows": [
                {
                    "name": "email",
                    "conversions": dict.fromkeys(MODELS, 1.5),
                    "revenue": dict.fromkeys(MODELS, 59.9),
                }
            ],
        },
    ),
    (
        conversions.steps_around(VIEW, "/cart"),
        {
            "visits": 9,
            "began": 2,
            "ended": 4,
            "before": [{"kind": "path", "name": "/products", "visits": 7}],
            "after": [{"kind": "event", "name": "purchase", "visits": 5}],
        },
    ),
    (
        conversions.internal_tags(VIEW),
        [{"source": "/", "name": "/sale", "visits": 4, "visitors": 3, "pageviews": 5}],
    ),
    (
        reports.parts_of_visits(VIEW, ((Filter("path", "re", "^(/blog/.*)$"),),), ("country",)),
        [
            {
                "part": 1,
                "country": "DE",
                "views": 9,
                "visitors": 3,
                "visits": 4,
                "bounces": 1,
                "totaltime": 60,
            }
        ],
    ),
    (events.event_data_numeric_stats(VIEW, "purchase", "price"), NUMBERS),
    (
        events.event_data_numeric_series(VIEW, "purchase", "price"),
        [{"t": "2026-08-01 00:00:00", "y": "30.5"}, {"t": "2026-08-02T22:00:00Z", "y": 60}],
    ),
    (
        events.event_data_property_series(VIEW, "purchase", "plan"),
        [
            {"x": "pro", "t": "2026-08-01 00:00:00", "y": 2},
            {"x": "free", "t": "2026-08-03 00:00:00", "y": "5"},
        ],
    ),
    (boards.links(), page({**PIXEL, "url": "https://shop.example/sale"})),
    (boards.pixels(), page(PIXEL)),
    (notes.annotations(VIEW), page(ANNOTATION)),
    (notes.annotation(SITE, OTHER), ANNOTATION),
    (notes.create_annotation(SITE, NOON, "A new campaign", all_day=False), ANNOTATION),
    (notes.update_annotation(SITE, OTHER, NOON, "A new campaign"), ANNOTATION),
    (notes.delete_annotation(SITE, OTHER), OK),
    (
        performance.performance_stats(VIEW),
        {
            "lcp": VITAL,
            "inp": {"p50": 40, "p75": 60, "p95": None},
            "cls": {"p50": "0.01", "p75": 0.05, "p95": 0.3},
            "fcp": VITAL,
            "ttfb": VITAL,
            "count": "31",
        },
    ),
    (
        performance.performance_chart(VIEW),
        {"chart": [{"t": "2026-08-02 00:00:00", **VITAL}]},
    ),
    (
        performance.performance_metrics(VIEW, "path"),
        [{"name": "/", **VITAL, "count": 20}, {"name": "/pricing", **VITAL, "count": "11"}],
    ),
    (
        realtime.realtime(SITE),
        {
            "countries": {"DE": 2},
            "urls": {"/": 3},
            "referrers": {"t.co": 1},
            "events": [
                {
                    "__type": "pageview",
                    "sessionId": OTHER,
                    "eventName": None,
                    "createdAt": NOW,
                    "browser": "chrome",
                    "os": "Linux",
                    "device": "laptop",
                    "country": "DE",
                    "urlPath": "/",
                    "referrerDomain": "t.co",
                }
            ],
            "series": {
                "views": [{"x": "2026-08-02T10:29:00Z", "y": 3}],
                "visitors": [{"x": "2026-08-02T10:29:00Z", "y": 2}],
            },
            "totals": {"views": 3, "visitors": 2, "events": 0, "countries": 1},
            "timestamp": 1785666600000,
        },
    ),
    (reports.reports(SITE), page(REPORT)),
    (reports.report(OTHER), REPORT),
    (reports.create_report(SITE, "goal", "Sign-ups", {}), REPORT),
    (reports.update_report(OTHER, SITE, "goal", "Sign-ups", {}), REPORT),
    (reports.delete_report(OTHER), OK),
    (
        revenue.revenue_stats(VIEW, "eur"),
        {
            "sum": "120.50",
            "count": 4,
            "unique_count": 3,
            "total_sessions": 40,
            "average": 30.125,
            "arpu": 3.0125,
            "comparison": {"sum": "0", "count": 0, "unique_count": 0, "total_sessions": 0},
        },
    ),
    (
        revenue.revenue_chart(VIEW, "EUR"),
        {"chart": [{"x": "purchase", "t": "2026-08-02 00:00:00", "y": "120.50", "count": 4}]},
    ),
    (
        revenue.revenue_metrics(VIEW, "EUR", "region"),
        [
            {"name": "DE-BE", "country": "DE", "value": "20.50"},
            {"name": "CH-ZH", "country": "CH", "value": 100},
        ],
    ),
    (revenue.revenue_sessions(VIEW, "EUR"), page(SESSION)),
    (segments.segments(SITE), page(SEGMENT)),
    (segments.segment(SITE, OTHER), SEGMENT),
    (segments.create_segment(SITE, "segment", "Germans", {}), SEGMENT),
    (segments.update_segment(SITE, OTHER, "segment", "Germans", {}), SEGMENT),
    (segments.delete_segment(SITE, OTHER), OK),
    (sending.send_event(SITE, "signup", "/", "shop.example"), SENT),
    (sending.send_identity(SITE, "shop.example"), SENT),
    (sending.send_pageview(SITE, "/", "shop.example"), SENT),
    (
        sessions.session_data_stats(VIEW, "plan"),
        [
            {
                "label": "pro",
                "sessions": 3,
                "visits": 5,
                "views": "20",
                "events": "4",
                "activity": 20,
            },
            {"label": None, "sessions": 1, "visits": 1, "views": 1, "events": 0, "activity": 1},
        ],
    ),
    (sessions.session_data_numeric_stats(VIEW, "age"), NUMBERS),
    (
        sessions.session_data_numeric_series(VIEW, "age", "avg"),
        [{"t": "2026-08-02 00:00:00", "y": "41.5"}],
    ),
    (
        sessions.session_data_property_series(VIEW, "plan"),
        [{"x": "pro", "t": "2026-08-02 00:00:00", "y": 3}],
    ),
    (
        sessions.session_properties(SITE, OTHER),
        [
            {
                "websiteId": SITE,
                "sessionId": OTHER,
                "dataKey": key,
                "dataType": kind,
                "stringValue": text,
                "numberValue": number,
                "dateValue": None,
                "createdAt": NOW,
            }
            for key, kind, text, number in (("plan", 1, "pro", None), ("age", 2, "41.0000", "41"))
        ],
    ),
    (account.teams(), page(TEAM_ROW)),
    (
        account.replica(),
        {"asOf": "2026-09-01T08:00:00+00:00", "proved": None, "problem": "The disk is full."},
    ),
    (account.team_websites(TEAM), page({**WEBSITE, "teamId": TEAM})),
    (websites.websites(), page(WEBSITE)),
    (websites.website(SITE), WEBSITE),
    (websites.create_website("Shop", "shop.example"), WEBSITE),
    (websites.update_website(SITE, "Shop", "shop.example"), WEBSITE),
    (websites.delete_website(SITE), OK),
    (websites.reset_website(SITE), OK),
    (
        websites.website_charts([SITE], PERIOD),
        {"data": {SITE: {"total": "9", "values": [1, 2, 0, "4", 5, 0]}}},
    ),
    (websites.shares(SITE), page(SHARE)),
    (websites.create_share(SITE, "For the agency", {"overview": True}), SHARE),
)
"""By endpoint."""
