"""Differences between the answers of 3.5 and 3.1, over rows that can be counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.embedded.golden import END, START, WEBSITE, Row, golden, identity
from tests.embedded.random_traffic import Client, asking
from tests.embedded.test_golden3 import RANGE
from umami.embedded.store import Store

SITE = f"/api/websites/{WEBSITE}"
AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
LINKS = [("A", "anna"), ("B", "anna"), ("C", "anna"), ("C", "bert")]
DOTTED: list[Row] = [
    ("D", 2, "14 10:00:00", "/offer", "", None, "ask", (("plan.id", 1, "a,b"),)),
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = golden(DOTTED)
    with store.writing() as cursor:
        for session, distinct_id in LINKS:
            cursor.execute(
                "INSERT INTO session_link VALUES (?, ?, ?, ?)",
                [WEBSITE, identity(session), distinct_id, START],
            )
        # An older value of a property that was set again.
        cursor.execute(
            "INSERT INTO session_data (session_data_id, website_id, session_id, data_key, "
            "string_value, data_type, created_at) VALUES (?, ?, ?, 'email', 'old@demo.test', 1, ?)",
            [uuid4(), WEBSITE, identity("E"), START],
        )
    yield store
    store.close()


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[Client]:
    with asking(store) as client:
        yield client


def get(client: Client, path: str, /, **query: Any) -> httpx.Response:
    return client.get(f"{SITE}/{path}", params={**RANGE, **query})


def answer(client: Client, path: str, /, **query: Any) -> Any:
    response = get(client, path, **query)
    assert response.status_code == 200, response.text
    return response.json()


# What the server says of itself


def test_config_route_is_absent(client: Client) -> None:
    response = client.get("/api/config", params={})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_script_and_openapi_document_name_the_version(client: Client) -> None:
    script = client.get("/api/scripts/telemetry", params={})
    assert "a.png?v=3.5.0" in script.text
    assert script.headers["content-type"].startswith("text/javascript")
    document = client.get("/openapi.json", params={}).json()
    assert document["info"]["version"] == "3.5.0"
    assert document["openapi"].startswith("3.")
    assert set(document["paths"]["/api/websites/{website_id}"]) == {"delete", "get", "post"}
    # A client that stops reading early has seen the version.
    assert next(iter(document)) == "info"


def test_me_names_the_signed_in_user(client: Client) -> None:
    body = client.get("/api/me", params={}).json()
    assert body["authType"] == "session"
    assert set(body) == {"user", "authType"}
    assert set(body["user"]) == {"id", "username", "role", "isAdmin"}
    key = client.ask("POST", "/api/me/api-keys", json={"name": "mine"}).json()
    by_key = {"authorization": f"Bearer {key['key']}"}
    assert client.ask("GET", "/api/me", headers=by_key).json() == {
        "user": body["user"],
        "authType": "api-key",
        "apiKey": {"id": key["id"], "name": "mine"},
    }


def test_website_has_the_members_of_3_5(client: Client) -> None:
    body = client.get(SITE, params={}).json()
    assert (body["recorderEnabled"], body["replayConfig"], body["shareId"]) == (
        False,
        None,
        None,
    )


# Lists


def test_search_matches_part_of_a_name_or_path(client: Client) -> None:
    body = answer(client, "events", search="IGN")
    assert {row["eventName"] for row in body["data"]} == {"signup"}
    assert body["count"] == 2
    assert answer(client, "events", search="lo")["data"][0]["urlPath"] == "/blog"
    assert answer(client, "events", search="%ign%")["count"] == 2


def test_events_name_their_visit_and_visitor(client: Client) -> None:
    (event,) = answer(client, "events", path="/account")["data"]
    assert event["visitId"] == str(identity("E", 1))
    assert event["distinctId"] == "user-1"
    assert {row["distinctId"] for row in answer(client, "events")["data"]} == {None, "user-1"}


@pytest.mark.parametrize(("kind", "rows"), [("events", 17), ("sessions", 5)])
def test_count_is_capped_at_max_results(client: Client, kind: str, rows: int) -> None:
    for most, count, capped in ((rows + 1, rows, False), (rows, rows, False), (3, 3, True)):
        body = answer(client, kind, maxResults=most, pageSize=1)
        assert (body["count"], body["isCapped"]) == (count, capped)
        assert len(body["data"]) == 1
    assert answer(client, kind)["isCapped"] is False
    assert get(client, kind, maxResults=0).status_code == 400


def test_pages_of_events_do_not_overlap(client: Client) -> None:
    # Two views of D happened in the same second.
    whole = [row["id"] for row in answer(client, "events", pageSize=100)["data"]]
    parts = [
        answer(client, "events", pageSize=1, page=page)["data"][0]["id"]
        for page in range(1, len(whole) + 1)
    ]
    assert parts == whole
    times = [row["createdAt"] for row in answer(client, "events", pageSize=100)["data"]]
    assert times == sorted(times, reverse=True)


def test_sessions_name_their_visitor(client: Client) -> None:
    visitors = {row["id"]: row["distinctId"] for row in answer(client, "sessions")["data"]}
    assert visitors[str(identity("E"))] == "user-1"
    assert visitors[str(identity("A"))] is None


# One session


def session(client: Client, name: str) -> dict[str, Any]:
    response = client.get(f"{SITE}/sessions/{identity(name)}", params={})
    assert response.status_code == 200
    answered: dict[str, Any] = response.json()
    return answered


def test_sessions_of_a_visitor_are_stitched(client: Client) -> None:
    body = session(client, "A")
    # Three visits of A, and one each of B and C; A's take 400 seconds, C's 725.
    assert (body["visits"], body["views"], body["events"], body["totaltime"]) == (
        *(5, "9", "4", "1125"),
    )
    assert (body["firstAt"], body["lastAt"]) == (
        "2026-11-10T08:00:00.000Z",
        "2026-11-13T09:00:40.000Z",
    )
    assert (body["stitchedSessionCount"], body["distinctIds"]) == (3, ["anna"])
    assert (body["distinctId"], body["country"], body["canDelete"]) == ("anna", "DE", True)


def test_session_of_two_visitors_names_neither(client: Client) -> None:
    body = session(client, "C")
    assert (body["stitchedSessionCount"], body["distinctIds"]) == (3, ["anna", "bert"])
    assert "distinctId" not in body
    assert body["country"] == "US"


def test_unlinked_session_is_not_stitched(client: Client) -> None:
    body = session(client, "D")
    assert (body["stitchedSessionCount"], body["distinctIds"]) == (1, [])
    assert "distinctId" not in body
    # Identified before there were links.
    body = session(client, "E")
    assert (body["stitchedSessionCount"], body["distinctIds"]) == (1, ["user-1"])
    assert body["distinctId"] == "user-1"


def test_an_unknown_session_is_not_found(client: Client) -> None:
    response = client.get(f"{SITE}/sessions/{UUID(int=1)}", params={})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not-found"


def test_activity_of_a_session_and_of_a_visitor(client: Client) -> None:
    path = f"sessions/{identity('A')}/activity"
    assert len(answer(client, path)) == 8
    whole = answer(client, path, distinctId="anna")
    assert len(whole) == 13
    times = [event["createdAt"] for event in whole]
    assert times == sorted(times, reverse=True)
    assert len(answer(client, path, distinctId="nobody")) == 8


def test_identifying_links_a_session() -> None:
    store = golden()
    with asking(store) as client:
        payload = {"website": str(WEBSITE), "hostname": "demo.test", "id": "user-9"}
        message = {"type": "identify", "payload": {**payload, "data": {"plan": "pro"}}}
        for _ in range(2):
            sent = client.ask("POST", "/api/send", json=message, headers=AGENT).json()
        assert store.rows("SELECT website_id, session_id, distinct_id FROM session_link") == [
            (WEBSITE, UUID(sent["sessionId"]), "user-9")
        ]
        del payload["id"]
        client.ask("POST", "/api/send", json={"type": "identify", "payload": payload})
        assert store.row("SELECT count(*) FROM session_link") == (1,)
        client.ask("POST", f"{SITE}/reset", json={})
        assert store.row("SELECT count(*) FROM session_link") == (0,)
    store.close()


# Properties


def test_a_session_has_one_value_of_a_property(client: Client) -> None:
    body = client.get(f"{SITE}/sessions/{identity('E')}/properties", params={}).json()
    assert [(row["dataKey"], row["stringValue"]) for row in body] == [
        ("age", "42"),
        ("email", "someone@demo.test"),
    ]
    assert answer(client, "session-data/values", propertyName="email") == [
        {"value": "someone@demo.test", "total": 1}
    ]


def test_properties_of_sessions_have_types(client: Client) -> None:
    email = {"propertyName": "email", "dataType": 1, "total": 1}
    age = {"propertyName": "age", "dataType": 2, "total": 1}
    assert answer(client, "session-data/properties") == [age, email]
    assert answer(client, "session-data/properties", propertyName="email") == [email]
    values = {"propertyName": "age"}
    assert answer(client, "session-data/values", **values, dataType=2) == [
        {"value": "42", "total": 1}
    ]
    assert answer(client, "session-data/values", **values, dataType=1) == []


def test_fields_have_no_values(client: Client) -> None:
    fields = {row["propertyName"]: row for row in answer(client, "event-data/fields")}
    assert fields["plan"] == {"propertyName": "plan", "dataType": 1, "total": 2}
    assert set(fields) == {
        *("plan", "seats", "trial", "when", "tags", "revenue", "currency", "plan.id"),
    }
    names = answer(client, "event-data/fields", eventName="purchase")
    assert {row["propertyName"] for row in names} == {"revenue", "currency"}


def test_properties_of_events_have_types(client: Client) -> None:
    body = answer(client, "event-data/properties")
    assert body[0]["total"] == 2
    assert {"eventName": "signup", "propertyName": "seats", "dataType": 2, "total": 1} in body


def test_values_are_those_of_an_event(client: Client) -> None:
    def values(**query: Any) -> set[str]:
        rows = answer(client, "event-data/values", propertyName="plan", **query)
        return {row["value"] for row in rows}

    assert values() == values(eventName="signup") == {"pro", "free"}
    assert values(eventName="purchase") == set()
    # The name is no filter: it is compared as it is.
    assert values(eventName="c.sign") == set()
    assert values(event="c.sign", country="DE") == {"pro"}
    assert values(eventName="signup", dataType=2) == set()
    assert get(client, "event-data/values").status_code == 400


# Filters by properties


def events(client: Client, **query: str) -> int:
    count: int = answer(client, "events", **query)["count"]
    return count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1.eq.plan.pro", 1),
        ("1.eq.plan.pro,free", 2),
        ("1.neq.plan.pro", 1),
        ("1.c.plan.RE", 1),
        ("1.dnc.plan.re", 1),
        ("1.re.plan.^p", 1),
        ("1.nre.plan.^p", 1),
        ("1.c.plan%2Eid.a,b", 1),
        ("1.eq.plan%2Eid.a", 0),
        ("2.eq.seats.3", 1),
        ("2.eq.revenue.5,19.99", 2),
        ("2.neq.revenue.5", 1),
        ("2.gt.revenue.5", 1),
        ("2.gte.revenue.5", 2),
        ("2.lt.revenue.19.99", 1),
        ("2.lte.revenue.19.99", 2),
        ("3.eq.trial.true", 1),
        ("3.eq.trial.false", 0),
        ("4.bf.when.2026-11-11", 1),
        ("4.af.when.2026-11-10T08:00:00Z", 0),
        ("4.af.when.2026-11-10T08:30:00+01:00", 1),
        ('5.c.tags."b"', 1),
        # There is such a property, but of another type.
        ("2.eq.plan.3", 0),
        ("1.eq.nothing.x", 0),
    ],
)
def test_events_with_a_property(client: Client, text: str, count: int) -> None:
    assert events(client, epf0=text) == count


def test_sessions_with_a_property(client: Client) -> None:
    for text, visitors in (
        ("1.eq.email.someone@demo.test", 1),
        # What was set again counts no more.
        ("1.eq.email.old@demo.test", 0),
        ("2.gt.age.41", 1),
        ("2.gt.age.42", 0),
    ):
        assert answer(client, "stats", spf0=text)["visitors"] == visitors
        assert answer(client, "sessions", spf0=text)["count"] == visitors


def test_property_filters_are_combined_with_and(client: Client) -> None:
    both = {"epf0": "1.eq.plan.pro", "epf1": "2.eq.seats.3"}
    assert events(client, **both) == 1
    assert events(client, **{**both, "epf1": "2.eq.seats.4"}) == 0
    assert events(client, epf0="1.eq.plan.pro", country="US") == 0
    assert events(client, epf0="1.eq.plan.pro", country="US", path="/pricing", match="any") == 1


def test_property_filter_of_events_excludes_views(client: Client) -> None:
    body = answer(client, "stats", epf0="1.eq.plan.pro")
    assert {body[name] for name in ("pageviews", "visitors", "visits", "bounces")} == {0}
    assert answer(client, "events/stats", epf0="1.eq.plan.pro")["data"]["events"] == 1
    # Revenue is that of all purchases of such sessions.
    earned = answer(client, "revenue/stats", currency="EUR", epf0="1.eq.plan.free")
    assert (float(earned["sum"]), earned["total_sessions"]) == (5, 1)


def test_reports_are_filtered_by_properties(client: Client) -> None:
    dates = {"startDate": START.isoformat() + "Z", "endDate": END.isoformat() + "Z"}
    body = {
        "websiteId": str(WEBSITE),
        "type": "goal",
        "filters": {"spf0": "2.eq.age.42"},
        "parameters": {**dates, "type": "path", "value": "/account"},
    }
    assert client.ask("POST", "/api/reports/goal", json=body).json() == {"num": 1, "total": 1}


def test_segment_may_contain_session_properties(client: Client) -> None:
    def saved(*filters: dict[str, Any]) -> str:
        made = client.ask(
            "POST",
            f"{SITE}/segments",
            json={
                "type": "segment",
                "name": "Adults",
                "parameters": {"filters": [], "sessionPropertyFilters": list(filters)},
            },
        )
        id: str = made.json()["id"]
        return id

    adult = {"propertyName": "age", "dataType": 2, "operator": "gte", "value": "18"}
    known = {"propertyName": "email", "dataType": 1, "operator": "eq", "value": ["x", "y"]}
    assert answer(client, "stats", segment=saved(adult))["visitors"] == 1
    assert answer(client, "stats", segment=saved(adult, known))["visitors"] == 0
    assert answer(client, "stats", segment=saved(adult), country="DE")["visitors"] == 0
    wrong = saved({**adult, "operator": "c"})
    assert get(client, "stats", segment=wrong).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        *("", "1.eq.plan", "1.eq..x", "plan.eq.1.x", "6.eq.plan.x", "0.eq.plan.x", "11.eq.plan.x"),
        *("1.gt.plan.x", "2.c.seats.3", "2.eq.seats.many", "2.eq.seats.nan", "2.gt.seats.1e99"),
        *("3.eq.trial.yes", "4.bf.when.soon", "4.eq.when.2026-11-10", "1.re.plan.(", "1.x.plan.y"),
        "4.af.when.0001-01-01T00:00+23:00",
    ],
)
@pytest.mark.parametrize("name", ["spf0", "epf12"])
def test_a_malformed_filter_is_refused(client: Client, name: str, text: str) -> None:
    response = get(client, "stats", **{name: text})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["properties"][name]["errors"]


@pytest.mark.parametrize("name", ["spf", "epf", "spf0x", "pf0", "SPF0"])
def test_only_numbered_names_filter_by_properties(client: Client, name: str) -> None:
    assert get(client, "stats", **{name: "1.eq.plan.pro"}).status_code == 400


# Analyses by GET


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("breakdown", {"fields": '["path"]'}),
        ("funnels/stats", {"window": 60, "steps": '[{"type":"path","value":"/"}]'}),
        ("goals/stats", {"type": "path", "value": "/"}),
        ("journeys", {"steps": 3}),
        ("retention", {}),
        ("attribution", {"model": "first-click", "type": "path", "step": "/"}),
        ("utm/metrics", {"type": "utm_source"}),
        ("revenue/stats", {"currency": "EUR"}),
        ("event-data/properties", {}),
        ("session-data/properties", {}),
    ],
)
@pytest.mark.parametrize(
    "range_",
    [
        {"startAt": RANGE["endAt"], "endAt": RANGE["startAt"]},
        {"startAt": f"{RANGE['startAt']}.0"},
        {"endAt": "1.5e12"},
        {"startAt": -1},
        {"endAt": 8.65e15},
    ],
)
def test_invalid_ranges_are_refused(
    client: Client, path: str, query: dict[str, Any], range_: dict[str, Any]
) -> None:
    assert get(client, path, **{**query, **range_}).status_code == 400
