"""Generated visits as the rows of Umami's tables, in Arrow columns."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid5

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from umami.embedded.collect import BOOLEAN, CLICK_IDS, DATE, NUMBER, STRING, UTM
from umami.embedded.demo import scenario
from umami.embedded.demo.random import Fractions, fraction, ids
from umami.embedded.demo.scenario import MACHINES, PLACES, Site
from umami.embedded.demo.visits import (
    Integers,
    Views,
    Visits,
    generate_views,
    generate_visits,
    machines,
    places,
)
from umami.embedded.demo.vitals import DELAY, measure
from umami.embedded.scope import CUSTOM_EVENT, PERFORMANCE

Columns = dict[str, pa.Array]
"""Columns of a table by name; ids are UUIDs, times are UTC in microseconds without a zone."""
EVENT_DELAY = 4
"""Seconds between a pageview and its custom event."""
EURO_ZONE = frozenset({"DE", "AT", "FR", "NL", "IT", "ES"})


def choices(values: Sequence[str | None], numbers: Integers) -> pa.Array:
    """Texts by their positions in a short list, as a dictionary array."""
    indices = pa.array(numbers.astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string()))


def times(unix: Integers) -> pa.Array:
    """Unix seconds as timestamps."""
    return pa.array(unix * 1_000_000, pa.timestamp("us"))


def uuids(bytes_: NDArray[np.bytes_]) -> pa.Array:
    """Ids of 16 bytes as UUIDs."""
    buffers = [None, pa.py_buffer(bytes_.tobytes())]
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(bytes_), buffers)
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def generate(first: date, last: date, today: date) -> dict[str, pa.Table]:
    """All rows of the days from ``first`` to ``last``, of all websites, links and pixels, as of
    ``today``. A pure function: equal arguments return equal rows."""
    sites: dict[str, list[pa.Table]] = defaultdict(list)
    for site in (*scenario.SITES, *(link.site for link in scenario.LINKS)):
        for name, columns in _site(site, first, last, today):
            length = len(columns["created_at"])
            website = choices([str(site.id)], np.zeros(length, dtype=np.int64))
            sites[name].append(pa.table({"website_id": website, **columns}))
    return {name: pa.concat_tables(tables) for name, tables in sites.items()}


def websites(today: date) -> pa.Table:
    """The rows of ``website``, which were created before all visits."""
    created = datetime(today.year - 2, today.month, 1, tzinfo=UTC).replace(tzinfo=None)
    created_at = pa.array([created] * len(scenario.SITES), pa.timestamp("us"))
    return pa.table(
        {
            "website_id": [str(site.id) for site in scenario.SITES],
            "name": [site.name for site in scenario.SITES],
            "domain": [site.domain for site in scenario.SITES],
            "created_at": created_at,
            "updated_at": created_at,
        }
    )


def saved(today: date) -> dict[str, list[dict[str, Any]]]:
    """The rows of ``report``, ``segment``, ``link`` and ``pixel``: what the shop's team has
    saved."""
    created = datetime(today.year, 1, 8, tzinfo=UTC).replace(tzinfo=None)
    shop, times = scenario.SHOP.id, {"created_at": created, "updated_at": created}
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, saved_rows in (("report", scenario.SAVED), ("segment", scenario.SEGMENTS)):
        rows[table] = [
            {
                **row,
                f"{table}_id": str(uuid5(shop, row["name"])),
                "website_id": str(shop),
                "parameters": json.dumps(row["parameters"]),
                **times,
            }
            for row in saved_rows
        ]
    for link in scenario.LINKS:
        names = ("name", "slug", *(["url"] if link.table == "link" else []))
        row = {name: getattr(link, name) for name in names}
        rows[link.table].append({f"{link.table}_id": str(link.site.id), **row, **times})
    return rows


Data = Mapping[str, tuple[int, Sequence[str]]]
"""Type and values by property."""


class CustomEvent:
    """A custom event: the rows of the pageviews that it follows, and its properties."""

    def __init__(self, views: Views, name: str, view: Integers, data: Data) -> None:
        self.name = name
        self.view = view
        self.at = views.at[view] + EVENT_DELAY
        self.data = data
        self._parts = views.number[view], views.at[view]

    def ids(self, key: np.uint64, which: int = 0) -> NDArray[np.bytes_]:
        """Ids of the event's rows, or of the rows of a property."""
        salt = np.uint64(100 + sum(self.name.encode()))
        return ids(*self._parts, key, salt, np.uint64(which))


def _site(site: Site, first: date, last: date, today: date) -> Iterator[tuple[str, Columns]]:
    """The columns of each table, without the website."""
    visits = generate_visits(site, first, last, today)
    views = generate_views(site, visits, today)
    key = np.uint64(site.id.int % 2**63)
    months = visits.start.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    # As in Umami, a person without an id is a new visitor each calendar month.
    session = ids(visits.person, months, key, np.uint64(11))
    visit = ids(visits.number, key, np.uint64(12))
    custom = _custom_events(site, visits, views)
    speed = measure(site, visits, views, today)
    number = np.concatenate([np.arange(len(views.at)), *(e.view for e in custom), speed.view])
    at = np.concatenate([views.at, *(e.at for e in custom), views.at[speed.view] + DELAY])
    lengths = [len(views.at), *(len(event.view) for event in custom), len(speed.view)]
    kind = np.repeat(np.arange(len(lengths)), lengths)
    page_ids = ids(views.number, views.at, key, np.uint64(13))
    speed_ids = ids(views.number[speed.view], views.at[speed.view], key, np.uint64(14))
    event_ids = np.concatenate([page_ids, *(event.ids(key) for event in custom), speed_ids])
    # Sorted by time, so that a range is a contiguous block of the table.
    order = np.argsort(at, kind="stable")
    number, at, kind, event_ids = number[order], at[order], kind[order], event_ids[order]
    row = views.visit[number]
    types = np.array([site.views, *[CUSTOM_EVENT] * len(custom), PERFORMANCE], np.int32)
    before = len(at) - len(speed.view)
    events = {
        "created_at": times(at),
        "event_id": uuids(event_ids),
        "session_id": uuids(session[row]),
        "visit_id": uuids(visit[row]),
        "event_type": pa.array(types[kind]),
        "event_name": choices([None, *(event.name for event in custom), None], kind),
        **{
            name: _among(getattr(speed, name), before, order, digits)
            for name, digits in (("lcp", 1), ("inp", 1), ("cls", 4), ("fcp", 1), ("ttfb", 1))
        },
        **_page_columns(site, visits, views, number, kind == 0),
    }
    yield "website_event", events
    for event in custom:
        for place, (name, (type_, values)) in enumerate(event.data.items()):
            data = {
                "event_data_id": uuids(event.ids(key, place + 50)),
                "website_event_id": uuids(event.ids(key)),
                "created_at": times(event.at),
            }
            yield "event_data", data | _data(name, type_, values)
    purchases = [event for event in custom if event.name == "purchase"]
    buyers = [session[views.visit[event.view]] for event in purchases]
    customers, rows = np.unique(np.concatenate([np.empty(0, "S16"), *buyers]), return_index=True)
    yield "session", _sessions(site, visits, session, customers)
    for event, buyer in zip(purchases, buyers, strict=True):
        revenue = {
            "revenue_id": uuids(event.ids(key, 61)),
            "session_id": uuids(buyer),
            "event_id": uuids(event.ids(key)),
            "currency": pa.array(event.data["currency"][1], pa.string()),
            "revenue": _numbers(event.data["revenue"][1]),
            "created_at": times(event.at),
            "event_name": choices([event.name], np.zeros(len(buyer), dtype=np.int64)),
        }
        yield "revenue", revenue
        at, owner = event.at[rows], visits.person[views.visit[event.view][rows]]
        plans = ["plus" if plus else "free" for plus in fraction(owner, 71) < 0.3]
        seats = 1 + (fraction(owner, 72) * 5).astype(int)
        for which, (name, type_, values) in enumerate(
            (
                ("membership", STRING, plans),
                ("seats", NUMBER, [f"{number}.0000" for number in seats]),
            )
        ):
            data = {
                "session_data_id": uuids(ids(owner, at, key, np.uint64(73 + which))),
                "session_id": uuids(customers),
                "created_at": times(at),
                "distinct_id": pa.array(map(_customer, owner), pa.string()),
            }
            yield "session_data", data | _data(name, type_, values)


def _among(values: Fractions, before: int, order: Integers, digits: int) -> pa.Array:
    """A column of rows in this order, of which the first ones ``before`` it have no value."""
    column = np.concatenate([np.full(before, np.nan), values.round(digits)])
    return pa.array(column[order], pa.float64(), from_pandas=True)


def _custom_events(site: Site, visits: Visits, views: Views) -> list[CustomEvent]:
    def pick(view: Integers, values: Sequence[str], salt: int) -> list[str]:
        number = (fraction(views.at[view], views.number[view], salt) * len(values)).astype(int)
        return [values[place] for place in number]

    events = _purchases(site, visits, views, pick) if site is scenario.SHOP else []
    for event in site.events:
        drawn = fraction(views.at, views.number, event.salt) < event.chance
        view = np.flatnonzero((views.page == event.page) & drawn)
        data = {
            name: (kind, pick(view, values, salt))
            for name, (kind, values, salt) in event.data.items()
        }
        events.append(CustomEvent(views, event.name, view, data))
    return events


def _purchases(
    site: Site, visits: Visits, views: Views, pick: Callable[..., list[str]]
) -> list[CustomEvent]:
    """The events of the cart and of the page after a purchase."""
    carts = np.flatnonzero(views.page == scenario.CART)
    bought = np.flatnonzero(views.page == scenario.THANKS)
    products = list(scenario.PRICES)

    def product(view: Integers) -> list[int]:
        drawn = (fraction(views.number[view], 23) * len(products)).astype(int)
        return [
            int(page) if page in scenario.PRICES else products[place]
            for page, place in zip(views.before[view], drawn, strict=True)
        ]

    items = 1 + (fraction(views.number[bought], 24) * 2.4).astype(int)
    prices = [scenario.PRICES[page] for page in product(bought)]
    paid = [f"{price * number:.4f}" for price, number in zip(prices, items, strict=True)]
    homes = places(site, visits.person)[views.visit[bought]]
    euro = [PLACES[home].country in EURO_ZONE for home in homes]
    ordered = views.at[bought].astype("datetime64[s]").astype("datetime64[h]")
    of_carts = {
        "sku": (STRING, [scenario.SKUS[page] for page in product(carts)]),
        "price": (NUMBER, [f"{scenario.PRICES[page]:.4f}" for page in product(carts)]),
    }
    of_purchases = {
        "revenue": (NUMBER, paid),
        "currency": (STRING, ["EUR" if is_euro else "USD" for is_euro in euro]),
        "sku": (STRING, [scenario.SKUS[page] for page in product(bought)]),
        "giftWrap": (BOOLEAN, pick(bought, ("true", "false", "false", "false"), 25)),
        "orderedAt": (DATE, [f"{hour}:00:00.000Z" for hour in ordered.astype(str)]),
    }
    return [
        CustomEvent(views, "add-to-cart", carts, of_carts),
        CustomEvent(views, "purchase", bought, of_purchases),
    ]


def _page_columns(
    site: Site, visits: Visits, views: Views, number: Integers, is_view: NDArray[np.bool_]
) -> dict[str, pa.Array]:
    """The columns of ``website_event`` that describe the page and how it was reached."""
    row, page, before = views.visit[number], views.page[number], views.before[number]
    entry = before < 0
    source = visits.source[row]
    paths = [path for path, _title in site.pages]
    sources = site.sources
    # The referrer of an entry page is a source, of other pages a page of the website.
    referrer = np.where(entry, source, len(sources) + np.maximum(before, 0))
    own_domain: list[str | None] = [site.domain] * len(paths)
    queries = ["", *(source.query for source in sources)]
    query = np.where(entry & is_view, source + 1, 0)
    parts = [dict(parse_qsl(text)) for text in queries]
    # Only the shop has an address with www, and an A/B test of the headline of its home page.
    shop = site is scenario.SHOP
    www = shop & (fraction(visits.person[row], np.uint64(41)) < 0.07)
    variant = (fraction(visits.person[row], 42) * 2).astype(int) + 1
    return {
        "url_path": choices(paths, page),
        "url_query": choices(queries, query),
        "referrer_domain": choices([*(source.domain for source in sources), *own_domain], referrer),
        "referrer_path": choices([*(source.path for source in sources), *paths], referrer),
        "referrer_query": choices(
            [*(source.domain and "" for source in sources), *([""] * len(paths))], referrer
        ),
        "page_title": choices([title for _path, title in site.pages], page),
        "hostname": choices([site.domain, f"www.{site.domain}"], www.astype(np.int64)),
        "tag": choices(
            [None, "headline-a", "headline-b"], np.where(shop & (page == scenario.HOME), variant, 0)
        ),
        **{name: choices([part.get(name) for part in parts], query) for name in (*UTM, *CLICK_IDS)},
    }


def _data(name: str, kind: int, values: Sequence[str]) -> Columns:
    """The columns of a property with these values."""
    dates = [
        datetime.fromisoformat(text).replace(tzinfo=None) if kind == DATE else None
        for text in values
    ]
    return {
        "data_key": choices([name], np.zeros(len(values), dtype=np.int64)),
        "string_value": pa.array(values, pa.string()),
        "number_value": _numbers(values if kind == NUMBER else [None] * len(values)),
        "date_value": pa.array(dates, pa.timestamp("us")),
        "data_type": pa.array([kind] * len(values), pa.int32()),
    }


def _numbers(texts: Sequence[str | None]) -> pa.Array:
    return pa.array([text and float(text) for text in texts], pa.float64())


def _sessions(
    site: Site, visits: Visits, session: NDArray[np.bytes_], customers: NDArray[np.bytes_]
) -> Columns:
    """The columns of ``session`` as of the first visit."""
    order = np.argsort(visits.start, kind="stable")
    row = order[np.unique(session[order], return_index=True)[1]]
    person, is_customer = visits.person[row], np.isin(session[row], customers)
    names = [
        _customer(number) if known else None
        for number, known in zip(person, is_customer, strict=True)
    ]
    return {
        "session_id": uuids(session[row]),
        "created_at": times(visits.start[row]),
        "distinct_id": pa.array(names, pa.string()),
        **{
            name: choices([getattr(item, name) for item in items], number)
            for items, number, attributes in (
                (MACHINES, machines(site, person), ("browser", "os", "device", "screen")),
                (PLACES, places(site, person), ("language", "country", "region", "city")),
            )
            for name in attributes
        },
    }


def _customer(person: int) -> str:
    return f"customer-{person % 90_000 + 10_000}"
