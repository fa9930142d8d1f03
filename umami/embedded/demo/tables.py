"""Visits as the rows of Umami's tables, in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from umami.embedded.demo import scenario
from umami.embedded.demo.random import fraction, ids
from umami.embedded.demo.scenario import Site
from umami.embedded.demo.visits import Integers, Views, Visits, machines, places, views, visits

Tables = dict[str, pa.Table]
"""Columns by table; ids are UUIDs, times Unix microseconds without a zone."""
STRING, NUMBER, BOOLEAN, DATE = 1, 2, 3, 4
EVENT_DELAY = 4
"""Seconds after its page."""
CLICKS = ("gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
EURO_ZONE = frozenset({"DE", "AT", "FR", "NL", "IT", "ES"})


def chosen(values: Sequence[str | None], places: Integers) -> pa.Array:
    """Texts by their number in a short list, kept as numbers."""
    indices = pa.array(places.astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string()))


def times(unix: Integers) -> pa.Array:
    """Unix seconds as timestamps."""
    return pa.array(unix * 1_000_000, pa.timestamp("us"))


def uuids(bytes_: NDArray[np.bytes_]) -> pa.Array:
    """Ids as UUIDs."""
    buffers = [None, pa.py_buffer(bytes_.tobytes())]
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(bytes_), buffers)
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def alike(value: str | None, length: int) -> pa.Array:
    """One value in every row."""
    return chosen([value], np.zeros(length, dtype=np.int64))


def generate(first: date, last: date, today: date) -> Tables:
    """All rows of the days from ``first`` to ``last``, of every website, as seen on ``today``.

    A pure function: equal days give equal rows.
    """
    made = [_site(site, first, last, today) for site in scenario.SITES]
    return {name: pa.concat_tables([one[name] for one in made]) for name in made[0]}


def websites(today: date) -> pa.Table:
    """The websites; they were added before all that is shown of them."""
    added = datetime(today.year - 2, today.month, 1, tzinfo=UTC).replace(tzinfo=None)
    count = len(scenario.SITES)
    return pa.table(
        {
            "website_id": [str(site.id) for site in scenario.SITES],
            "name": [site.name for site in scenario.SITES],
            "domain": [site.domain for site in scenario.SITES],
            "created_at": pa.array([added] * count, pa.timestamp("us")),
            "updated_at": pa.array([added] * count, pa.timestamp("us")),
        }
    )


def _site(site: Site, first: date, last: date, today: date) -> Tables:
    coming = visits(site, first, last, today)
    seen = views(site, coming, today)
    key = np.uint64(site.id.int % 2**63)
    months = coming.start.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    # An anonymous person is a new visitor each calendar month.
    session = ids(coming.person, months, key, np.uint64(11))
    visit = ids(coming.number, key, np.uint64(12))
    page_ids = ids(seen.number, seen.at, key, np.uint64(13))
    happened = _happenings(site, coming, seen)
    number = np.concatenate([np.arange(len(seen.at)), *(one.view for one in happened)])
    at = np.concatenate([seen.at, *(seen.at[one.view] + EVENT_DELAY for one in happened)])
    events = np.concatenate(
        [np.full(len(seen.at), -1)]
        + [np.full(len(one.view), which) for which, one in enumerate(happened)]
    )
    event_ids = np.concatenate([page_ids, *(one.ids(seen, key) for one in happened)])
    # In the order of time, so that a range is one stretch of the table.
    order = np.argsort(at, kind="stable")
    number, at, events, event_ids = number[order], at[order], events[order], event_ids[order]
    row = seen.visit[number]
    tables = {
        "website_event": _event_rows(
            site, coming, seen, number, at, events, [one.name for one in happened]
        )
    }
    tables["website_event"] = (
        tables["website_event"]
        .append_column("event_id", uuids(event_ids))
        .append_column("session_id", uuids(session[row]))
        .append_column("visit_id", uuids(visit[row]))
    )
    tables |= _data_rows(site, coming, seen, happened, key, session)
    tables["session"], tables["session_data"] = _session_rows(
        site, coming, seen, session, happened, key
    )
    return tables


class Happening:
    """A custom event: after which pageviews (their rows) it comes, and what it carries."""

    def __init__(self, name: str, view: Integers, **data: tuple[int, list[str]]) -> None:
        self.name = name
        self.view = view
        self._salt = np.uint64(100 + sum(name.encode()))
        self.data = data
        """Property (``__`` for a dot) to its type and its values as Umami writes them."""

    def ids(self, seen: Views, key: np.uint64, which: int = 0) -> NDArray[np.bytes_]:
        """An id for each time it happened, or for what belongs to it."""
        number, at = seen.number[self.view], seen.at[self.view]
        return ids(number, at, key, self._salt, np.uint64(which))


def _happenings(site: Site, coming: Visits, seen: Views) -> list[Happening]:
    def drawn(pages: Sequence[int], chance: float, salt: int) -> Integers:
        at = np.isin(seen.page, pages) & (fraction(seen.at, seen.number, salt) < chance)
        return np.flatnonzero(at)

    def pick(view: Integers, values: Sequence[str], salt: int) -> list[str]:
        number = (fraction(seen.at[view], seen.number[view], salt) * len(values)).astype(int)
        return [values[one] for one in number]

    if site is not scenario.SHOP:
        search = drawn([scenario.D_SEARCH], 0.85, 31)
        manual = drawn([scenario.D_ASSEMBLY], 0.3, 32)
        terms = ("return", "oil", "screws", "delivery", "wobbly leg", "warranty")
        found = [f"{number}.0000" for number in range(9)]
        return [
            Happening(
                "search",
                search,
                term=(STRING, pick(search, terms, 33)),
                results=(NUMBER, pick(search, found, 34)),
            ),
            Happening(
                "download-manual", manual, language=(STRING, pick(manual, ("en", "de", "fr"), 35))
            ),
        ]
    carts = np.flatnonzero(seen.page == scenario.CART)
    bought = np.flatnonzero(seen.page == scenario.THANKS)
    post, video = drawn([scenario.POST], 0.1, 21), drawn([scenario.LAMP], 0.16, 22)
    wanted = list(scenario.PRICES)

    def product(view: Integers) -> list[int]:
        before = seen.before[view]
        some = (fraction(seen.number[view], 23) * len(wanted)).astype(int)
        return [
            int(one) if one in scenario.PRICES else wanted[other]
            for one, other in zip(before, some, strict=True)
        ]

    def paid(view: Integers) -> list[str]:
        items = 1 + (fraction(seen.number[view], 24) * 2.4).astype(int)
        prices = [scenario.PRICES[one] for one in product(view)]
        return [f"{price * number:.4f}" for price, number in zip(prices, items, strict=True)]

    country = [one.country for one in scenario.PLACES]
    homes = places(site, coming.person)[seen.visit]
    currency = ["EUR" if country[one] in EURO_ZONE else "USD" for one in homes[bought]]
    ordered = seen.at[bought].astype("datetime64[s]").astype("datetime64[h]")
    return [
        Happening(
            "add-to-cart",
            carts,
            sku=(STRING, [scenario.SKUS[one] for one in product(carts)]),
            price=(NUMBER, [f"{scenario.PRICES[one]:.4f}" for one in product(carts)]),
        ),
        Happening(
            "purchase",
            bought,
            revenue=(NUMBER, paid(bought)),
            currency=(STRING, currency),
            sku=(STRING, [scenario.SKUS[one] for one in product(bought)]),
            giftWrap=(BOOLEAN, pick(bought, ("true", "false", "false", "false"), 25)),
            orderedAt=(DATE, [f"{one}:00:00.000Z" for one in ordered.astype(str)]),
        ),
        Happening(
            "newsletter-signup",
            post,
            form__fields=(NUMBER, pick(post, ("1.0000", "2.0000", "3.0000"), 26)),
            source=(STRING, pick(post, ("footer", "popup", "inline"), 27)),
        ),
        Happening(
            "watch-video",
            video,
            seconds=(NUMBER, pick(video, [f"{n}.0000" for n in range(5, 95, 5)], 28)),
            hd=(BOOLEAN, pick(video, ("true", "true", "false"), 29)),
        ),
    ]


def _event_rows(
    site: Site,
    coming: Visits,
    seen: Views,
    number: Integers,
    at: Integers,
    events: Integers,
    names: Sequence[str],
) -> pa.Table:
    """Everything of ``website_event`` but the ids."""
    count = len(number)
    row, page, before = seen.visit[number], seen.page[number], seen.before[number]
    entry = before < 0
    source = coming.source[row]
    paths = [path for path, _title in site.pages]
    sources = site.sources
    known = len(sources)
    # Where a page was reached from: a source for the first, a page of the website for the others.
    came = np.where(entry, source, known + np.maximum(before, 0))
    inner: list[str | None] = [site.domain] * len(paths)
    queries = ["", *(one.query for one in sources)]
    query = np.where(entry & (events < 0), source + 1, 0)
    parts = [dict(parse_qsl(text)) for text in queries]
    # Only the shop has an address with www, and tries two headlines on its first page.
    shop = site is scenario.SHOP
    www = shop & (fraction(coming.person[row], np.uint64(41)) < 0.07)
    which = (fraction(coming.person[row], 42) * 2).astype(int) + 1
    headline = np.where(shop & (page == scenario.HOME), which, 0)
    columns: dict[str, Any] = {
        "website_id": alike(str(site.id), count),
        "created_at": times(at),
        "url_path": chosen(paths, page),
        "url_query": chosen(queries, query),
        "referrer_domain": chosen([*(one.domain for one in sources), *inner], came),
        "referrer_path": chosen([*(one.path for one in sources), *paths], came),
        "referrer_query": chosen(
            [*(None if one.domain is None else "" for one in sources), *([""] * len(paths))], came
        ),
        "page_title": chosen([title for _path, title in site.pages], page),
        "event_type": pa.array(np.where(events < 0, 1, 2).astype(np.int32)),
        "event_name": chosen([None, *names], events + 1),
        "hostname": chosen([site.domain, f"www.{site.domain}"], www.astype(np.int64)),
        "tag": chosen(
            [None, "headline-a", "headline-b"],
            np.where(shop & (page == scenario.HOME), headline, 0),
        ),
    }
    for name in (*UTM, *CLICKS):
        columns[name] = chosen([one.get(name) for one in parts], query)
    return pa.table(columns)


def _data_rows(
    site: Site,
    coming: Visits,
    seen: Views,
    happened: list[Happening],
    key: np.uint64,
    session: NDArray[np.bytes_],
) -> Tables:
    """``event_data``, and ``revenue`` of what was bought."""
    data: dict[str, list[Any]] = {
        name: [] for name in ("id", "event", "key", "text", "number", "date", "type", "at")
    }
    money = {
        "revenue_id": pa.array([], pa.uuid()),
        "session_id": pa.array([], pa.uuid()),
        "event_id": pa.array([], pa.uuid()),
        "currency": pa.array([], pa.string()),
        "revenue": pa.array([], pa.float64()),
        "created_at": pa.array([], pa.timestamp("us")),
    }
    for one in happened:
        at = seen.at[one.view] + EVENT_DELAY
        event = one.ids(seen, key)
        for place, (name, (kind, values)) in enumerate(one.data.items()):
            data["id"].append(one.ids(seen, key, place + 50))
            data["event"].append(event)
            data["key"] += [name.replace("__", ".")] * len(values)
            data["text"] += values
            data["number"] += [float(text) if kind == NUMBER else None for text in values]
            data["date"] += [_instant(text) if kind == DATE else None for text in values]
            data["type"] += [kind] * len(values)
            data["at"].append(at)
        if "revenue" in one.data:
            money = {
                "revenue_id": uuids(one.ids(seen, key, 61)),
                "session_id": uuids(session[seen.visit[one.view]]),
                "event_id": uuids(event),
                "currency": pa.array(one.data["currency"][1]),
                "revenue": pa.array([float(text) for text in one.data["revenue"][1]]),
                "created_at": times(at),
            }
    paid = len(money["revenue_id"])
    return {
        "event_data": pa.table(
            {
                "event_data_id": uuids(np.concatenate(data["id"])),
                "website_id": alike(str(site.id), len(data["key"])),
                "website_event_id": uuids(np.concatenate(data["event"])),
                "data_key": pa.array(data["key"]),
                "string_value": pa.array(data["text"], pa.string()),
                "number_value": pa.array(data["number"], pa.float64()),
                "date_value": pa.array(data["date"], pa.timestamp("us")),
                "data_type": pa.array(data["type"], pa.int32()),
                "created_at": times(np.concatenate(data["at"])),
            }
        ),
        "revenue": pa.table(
            {
                **money,
                "website_id": alike(str(site.id), paid),
                "event_name": alike("purchase", paid),
            }
        ),
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _session_rows(
    site: Site,
    coming: Visits,
    seen: Views,
    session: NDArray[np.bytes_],
    happened: list[Happening],
    key: np.uint64,
) -> tuple[pa.Table, pa.Table]:
    """``session`` from its first visit on, and ``session_data`` of those who bought."""
    order = np.argsort(coming.start, kind="stable")
    _, place = np.unique(session[order], return_index=True)
    row = order[place]
    person = coming.person[row]
    home, machine = places(site, person), machines(site, person)
    bought = next((one.view for one in happened if one.name == "purchase"), np.array([], int))
    buyer, first = np.unique(session[seen.visit[bought]], return_index=True)
    customer = np.isin(session[row], buyer)
    named = [
        f"customer-{one % 90_000 + 10_000}" if known else None
        for one, known in zip(person, customer, strict=True)
    ]
    place_of: Callable[..., pa.Array] = partial(_attribute, scenario.PLACES, home)
    machine_of: Callable[..., pa.Array] = partial(_attribute, scenario.MACHINES, machine)
    sessions = pa.table(
        {
            "session_id": uuids(session[row]),
            "website_id": alike(str(site.id), len(row)),
            "browser": machine_of("browser"),
            "os": machine_of("os"),
            "device": machine_of("device"),
            "screen": machine_of("screen"),
            "language": place_of("language"),
            "country": place_of("country"),
            "region": place_of("region"),
            "city": place_of("city"),
            "created_at": times(coming.start[row]),
            "distinct_id": pa.array(named, pa.string()),
        }
    )
    at = seen.at[bought][first] + EVENT_DELAY
    owner = coming.person[seen.visit[bought][first]]
    plus = fraction(owner, 71) < 0.3
    seats = 1 + (fraction(owner, 72) * 5).astype(int)
    count = len(buyer)
    properties = pa.table(
        {
            "session_data_id": uuids(
                np.concatenate([ids(owner, at, key, np.uint64(73 + one)) for one in (0, 1)])
            ),
            "website_id": alike(str(site.id), 2 * count),
            "session_id": uuids(np.concatenate([buyer, buyer])),
            "data_key": pa.array(["membership"] * count + ["seats"] * count, pa.string()),
            "string_value": pa.array(
                [*("plus" if one else "free" for one in plus), *(f"{one}.0000" for one in seats)],
                pa.string(),
            ),
            "number_value": pa.array([None] * count + [float(one) for one in seats], pa.float64()),
            "data_type": pa.array([STRING] * count + [NUMBER] * count, pa.int32()),
            "created_at": times(np.concatenate([at, at])),
            "distinct_id": pa.array(
                [f"customer-{one % 90_000 + 10_000}" for one in owner] * 2, pa.string()
            ),
        }
    )
    return sessions, properties


def _attribute(facts: Sequence[Any], number: Integers, name: str) -> pa.Array:
    return chosen([getattr(one, name) for one in facts], number)
