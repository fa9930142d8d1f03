"""Generated visits as the rows of Umami's tables, in Arrow columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from umami.embedded.collect import BOOLEAN, CLICK_IDS, DATE, NUMBER, STRING, UTM
from umami.embedded.demo import scenario
from umami.embedded.demo.random import fraction, ids
from umami.embedded.demo.scenario import Site
from umami.embedded.demo.visits import (
    Integers,
    Views,
    Visits,
    generate_views,
    generate_visits,
    machines,
    places,
)

Tables = dict[str, pa.Table]
"""Tables by name; ids are UUIDs, times are UTC in microseconds without a zone."""
EVENT_DELAY = 4
"""Seconds between a pageview and its custom event."""
EURO_ZONE = frozenset({"DE", "AT", "FR", "NL", "IT", "ES"})


def choices(values: Sequence[str | None], numbers: Integers) -> pa.Array:
    """Texts by their positions in a short list, as a dictionary array."""
    indices = pa.array(numbers.astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string()))


def constant(value: str | None, length: int) -> pa.Array:
    """The same text in every row."""
    return choices([value], np.zeros(length, dtype=np.int64))


def times(unix: Integers) -> pa.Array:
    """Unix seconds as timestamps."""
    return pa.array(unix * 1_000_000, pa.timestamp("us"))


def uuids(bytes_: NDArray[np.bytes_]) -> pa.Array:
    """Ids of 16 bytes as UUIDs."""
    buffers = [None, pa.py_buffer(bytes_.tobytes())]
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(bytes_), buffers)
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def generate(first: date, last: date, today: date) -> Tables:
    """All rows of the days from ``first`` to ``last``, of all websites, as of ``today``.

    A pure function: equal arguments return equal rows.
    """
    tables = [_site(site, first, last, today) for site in scenario.SITES]
    return {name: pa.concat_tables([rows[name] for rows in tables]) for name in tables[0]}


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


class CustomEvent:
    """A custom event: the rows of the pageviews that it follows, and its properties."""

    def __init__(self, name: str, view: Integers, **data: tuple[int, list[str]]) -> None:
        self.name = name
        self.view = view
        self.data = data
        """Type and values by property, in whose name ``__`` stands for a dot."""
        self._salt = np.uint64(100 + sum(name.encode()))

    def ids(self, views: Views, key: np.uint64, which: int = 0) -> NDArray[np.bytes_]:
        """Ids of the event's rows, or of the rows of a property."""
        number, at = views.number[self.view], views.at[self.view]
        return ids(number, at, key, self._salt, np.uint64(which))


NO_PURCHASE = CustomEvent(
    "purchase", np.array([], int), revenue=(NUMBER, []), currency=(STRING, [])
)


def _site(site: Site, first: date, last: date, today: date) -> Tables:
    visits = generate_visits(site, first, last, today)
    views = generate_views(site, visits, today)
    key = np.uint64(site.id.int % 2**63)
    months = visits.start.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    # As in Umami, a person without an id is a new visitor each calendar month.
    session = ids(visits.person, months, key, np.uint64(11))
    visit = ids(visits.number, key, np.uint64(12))
    custom = _custom_events(site, visits, views)
    purchase = next((event for event in custom if event.name == "purchase"), NO_PURCHASE)
    number = np.concatenate([np.arange(len(views.at)), *(event.view for event in custom)])
    at = np.concatenate([views.at, *(views.at[event.view] + EVENT_DELAY for event in custom)])
    kind = np.repeat(np.arange(len(custom) + 1), [len(views.at), *(len(e.view) for e in custom)])
    page_ids = ids(views.number, views.at, key, np.uint64(13))
    event_ids = np.concatenate([page_ids, *(event.ids(views, key) for event in custom)])
    # Sorted by time, so that a range is a contiguous block of the table.
    order = np.argsort(at, kind="stable")
    number, at, kind, event_ids = number[order], at[order], kind[order], event_ids[order]
    row = views.visit[number]
    events = pa.table(
        {
            "website_id": constant(str(site.id), len(at)),
            "created_at": times(at),
            "event_id": uuids(event_ids),
            "session_id": uuids(session[row]),
            "visit_id": uuids(visit[row]),
            "event_type": pa.array(np.where(kind == 0, 1, 2).astype(np.int32)),
            "event_name": choices([None, *(event.name for event in custom)], kind),
            **_page_columns(site, visits, views, number, kind == 0),
        }
    )
    sessions, session_data = _session_rows(site, visits, views, session, purchase, key)
    return {
        "website_event": events,
        "event_data": _event_data(site, views, custom, key),
        "revenue": _revenue(site, views, session, purchase, key),
        "session": sessions,
        "session_data": session_data,
    }


def _custom_events(site: Site, visits: Visits, views: Views) -> list[CustomEvent]:
    def drawn(pages: Sequence[int], chance: float, salt: int) -> Integers:
        at = np.isin(views.page, pages) & (fraction(views.at, views.number, salt) < chance)
        return np.flatnonzero(at)

    def pick(view: Integers, values: Sequence[str], salt: int) -> list[str]:
        number = (fraction(views.at[view], views.number[view], salt) * len(values)).astype(int)
        return [values[place] for place in number]

    if site is not scenario.SHOP:
        search = drawn([scenario.D_SEARCH], 0.85, 31)
        manual = drawn([scenario.D_ASSEMBLY], 0.3, 32)
        terms = ("return", "oil", "screws", "delivery", "wobbly leg", "warranty")
        results = [f"{number}.0000" for number in range(9)]
        return [
            CustomEvent(
                "search",
                search,
                term=(STRING, pick(search, terms, 33)),
                results=(NUMBER, pick(search, results, 34)),
            ),
            CustomEvent(
                "download-manual", manual, language=(STRING, pick(manual, ("en", "de", "fr"), 35))
            ),
        ]
    carts = np.flatnonzero(views.page == scenario.CART)
    bought = np.flatnonzero(views.page == scenario.THANKS)
    post, video = drawn([scenario.POST], 0.1, 21), drawn([scenario.LAMP], 0.16, 22)
    products = list(scenario.PRICES)

    def product(view: Integers) -> list[int]:
        drawn_products = (fraction(views.number[view], 23) * len(products)).astype(int)
        return [
            int(page) if page in scenario.PRICES else products[place]
            for page, place in zip(views.before[view], drawn_products, strict=True)
        ]

    def paid(view: Integers) -> list[str]:
        items = 1 + (fraction(views.number[view], 24) * 2.4).astype(int)
        prices = [scenario.PRICES[page] for page in product(view)]
        return [f"{price * number:.4f}" for price, number in zip(prices, items, strict=True)]

    homes = places(site, visits.person)[views.visit]
    countries = [scenario.PLACES[home].country for home in homes[bought]]
    ordered = views.at[bought].astype("datetime64[s]").astype("datetime64[h]")
    return [
        CustomEvent(
            "add-to-cart",
            carts,
            sku=(STRING, [scenario.SKUS[page] for page in product(carts)]),
            price=(NUMBER, [f"{scenario.PRICES[page]:.4f}" for page in product(carts)]),
        ),
        CustomEvent(
            "purchase",
            bought,
            revenue=(NUMBER, paid(bought)),
            currency=(STRING, ["EUR" if code in EURO_ZONE else "USD" for code in countries]),
            sku=(STRING, [scenario.SKUS[page] for page in product(bought)]),
            giftWrap=(BOOLEAN, pick(bought, ("true", "false", "false", "false"), 25)),
            orderedAt=(DATE, [f"{hour}:00:00.000Z" for hour in ordered.astype(str)]),
        ),
        CustomEvent(
            "newsletter-signup",
            post,
            form__fields=(NUMBER, pick(post, ("1.0000", "2.0000", "3.0000"), 26)),
            source=(STRING, pick(post, ("footer", "popup", "inline"), 27)),
        ),
        CustomEvent(
            "watch-video",
            video,
            seconds=(NUMBER, pick(video, [f"{n}.0000" for n in range(5, 95, 5)], 28)),
            hd=(BOOLEAN, pick(video, ("true", "true", "false"), 29)),
        ),
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
            [None, "headline-a", "headline-b"],
            np.where(shop & (page == scenario.HOME), variant, 0),
        ),
        **{name: choices([part.get(name) for part in parts], query) for name in (*UTM, *CLICK_IDS)},
    }


def _event_data(site: Site, views: Views, custom: list[CustomEvent], key: np.uint64) -> pa.Table:
    tables = []
    for event in custom:
        for place, (name, (kind, values)) in enumerate(event.data.items()):
            numbers = [float(text) if kind == NUMBER else None for text in values]
            dates = [
                datetime.fromisoformat(text).replace(tzinfo=None) if kind == DATE else None
                for text in values
            ]
            columns = {
                "event_data_id": uuids(event.ids(views, key, place + 50)),
                "website_id": constant(str(site.id), len(values)),
                "website_event_id": uuids(event.ids(views, key)),
                "data_key": constant(name.replace("__", "."), len(values)),
                "string_value": pa.array(values, pa.string()),
                "number_value": pa.array(numbers, pa.float64()),
                "date_value": pa.array(dates, pa.timestamp("us")),
                "data_type": pa.array([kind] * len(values), pa.int32()),
                "created_at": times(views.at[event.view] + EVENT_DELAY),
            }
            tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def _revenue(
    site: Site,
    views: Views,
    session: NDArray[np.bytes_],
    purchase: CustomEvent,
    key: np.uint64,
) -> pa.Table:
    amounts = [float(text) for text in purchase.data["revenue"][1]]
    return pa.table(
        {
            "revenue_id": uuids(purchase.ids(views, key, 61)),
            "session_id": uuids(session[views.visit[purchase.view]]),
            "event_id": uuids(purchase.ids(views, key)),
            "currency": pa.array(purchase.data["currency"][1], pa.string()),
            "revenue": pa.array(amounts, pa.float64()),
            "created_at": times(views.at[purchase.view] + EVENT_DELAY),
            "website_id": constant(str(site.id), len(amounts)),
            "event_name": constant("purchase", len(amounts)),
        }
    )


def _session_rows(
    site: Site,
    visits: Visits,
    views: Views,
    session: NDArray[np.bytes_],
    purchase: CustomEvent,
    key: np.uint64,
) -> tuple[pa.Table, pa.Table]:
    """The rows of ``session`` as of the first visit, and of ``session_data`` of customers."""
    order = np.argsort(visits.start, kind="stable")
    _, place = np.unique(session[order], return_index=True)
    row = order[place]
    person = visits.person[row]
    place, machine = places(site, person), machines(site, person)
    buyer, first = np.unique(session[views.visit[purchase.view]], return_index=True)
    is_customer = np.isin(session[row], buyer)
    names = [
        _customer(number) if known else None
        for number, known in zip(person, is_customer, strict=True)
    ]
    sessions = pa.table(
        {
            "session_id": uuids(session[row]),
            "website_id": constant(str(site.id), len(row)),
            "created_at": times(visits.start[row]),
            "distinct_id": pa.array(names, pa.string()),
            **{
                name: choices([getattr(item, name) for item in items], number)
                for items, number, attributes in (
                    (scenario.MACHINES, machine, ("browser", "os", "device", "screen")),
                    (scenario.PLACES, place, ("language", "country", "region", "city")),
                )
                for name in attributes
            },
        }
    )
    at = views.at[purchase.view][first] + EVENT_DELAY
    owner = visits.person[views.visit[purchase.view][first]]
    plans = ["plus" if plus else "free" for plus in fraction(owner, 71) < 0.3]
    seats = 1 + (fraction(owner, 72) * 5).astype(int)
    properties = [
        ("membership", STRING, plans, [None] * len(buyer)),
        ("seats", NUMBER, [f"{number}.0000" for number in seats], seats.astype(float)),
    ]
    tables = [
        {
            "session_data_id": uuids(ids(owner, at, key, np.uint64(73 + which))),
            "website_id": constant(str(site.id), len(buyer)),
            "session_id": uuids(buyer),
            "data_key": constant(name, len(buyer)),
            "string_value": pa.array(texts, pa.string()),
            "number_value": pa.array(numbers, pa.float64()),
            "data_type": pa.array([kind] * len(buyer), pa.int32()),
            "created_at": times(at),
            "distinct_id": pa.array([_customer(number) for number in owner], pa.string()),
        }
        for which, (name, kind, texts, numbers) in enumerate(properties)
    ]
    return sessions, pa.concat_tables([pa.table(columns) for columns in tables])


def _customer(person: int) -> str:
    return f"customer-{person % 90_000 + 10_000}"
