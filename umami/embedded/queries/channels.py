"""Through which kind of source visitors came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from umami.embedded.queries.metrics import TOTALS, Expanded, Rank
from umami.embedded.scope import Scope
from umami.embedded.store import Store

DIRECT = "direct"
CHANNELS = (
    DIRECT,
    *("referral", "affiliate", "email", "sms"),
    *("organicSearch", "organicSocial", "organicShopping", "organicVideo"),
    *("paidAds", "paidSearch", "paidSocial", "paidShopping", "paidVideo"),
)

PAID_PARAMETERS = (
    *("gclid=", "fbclid=", "msclkid=", "dclid=", "twclid=", "ttclid=", "li_fat_id=", "epik="),
    *("scid=", "aid=", "pc_id=", "ad_id=", "rdt_cid=", "ob_click_id="),
    *("utm_source=google", "utm_medium=cpc", "utm_medium=paid"),
)
SEARCH_DOMAINS = (
    *("google.", "bing.com", "msn.com", "duckduckgo.com", "search.brave.com", "yandex."),
    *("baidu.com", "ecosia.org", "chatgpt.com", "perplexity.ai"),
)
SOCIAL_DOMAINS = (
    *("facebook.com", "fb.com", "instagram.com", "ig.com", "twitter.com", "t.co", "x.com"),
    *("linkedin.", "tiktok.", "reddit.", "threads.net", "bsky.app", "news.ycombinator.com"),
    *("snapchat.", "pinterest."),
)
MAIL_DOMAINS = ("gmail.", "mail.yahoo.", "outlook.", "hotmail.", "protonmail.", "proton.me")
SHOP_DOMAINS = (
    # The third lacks a letter in Umami too.
    *("amazon.", "ebay.com", "walmart.com", "alibab.com", "aliexpress.com", "etsy.com"),
    *("bestbuy.com", "target.com", "newegg.com"),
)
VIDEO_DOMAINS = ("youtube.", "twitch.")


def _any_of(texts: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, texts))


PAID = re.compile(r"utm_medium=(.*cp.*|ppc|retargeting|paid)")
RULES = tuple(
    (name, re.compile(domain), re.compile(query))
    for name, domain, query in (
        ("paidAds", r"(?!)", _any_of(PAID_PARAMETERS)),
        ("referral", r"(?!)", r"utm_medium=(referral|app|link)"),
        ("affiliate", r"(?!)", r"utm_medium=affiliate"),
        ("sms", r"(?!)", r"utm_(source|medium)=sms"),
        ("Search", _any_of(SEARCH_DOMAINS), r"utm_medium=organic"),
        ("Social", _any_of(SOCIAL_DOMAINS), r"utm_medium=(social|sm)"),
        ("email", _any_of(MAIL_DOMAINS), r"utm_medium=.*e[-_ ]?mail"),
        ("Shopping", _any_of(SHOP_DOMAINS), r"utm_campaign=.*(([^a-df-z]|^)shop|shopping)"),
        ("Video", _any_of(VIDEO_DOMAINS), r"utm_medium=.*video"),
    )
)
"""Channel, mark in the referrer's domain, mark in the URL's query; the first match wins. A name
with a capital is preceded by ``organic`` or ``paid``."""


def channel(domain: str | None, query: str | None) -> str | None:
    """The channel of a row by its referrer's domain and its URL's query; ``None`` for no channel,
    such as another website that is no search engine, network or shop that Umami knows."""
    domain, query = domain or "", query or ""
    if not domain and not query:
        return DIRECT
    for name, in_domain, in_query in RULES:
        if in_domain.search(domain) or in_query.search(query):
            if name[0].isupper():
                return ("paid" if PAID.search(query) else "organic") + name
            return name
    return None


def channels(store: Store, scope: Scope) -> dict[str, int]:
    """By channel: the sum of distinct sessions over each pair of referrer domain and URL query,
    rows of any type. A session that came in two ways counts twice."""
    rows = scope.rows()
    found = store.rows(
        f"""
        SELECT e.referrer_domain, e.url_query, count(DISTINCT e.session_id)
        {rows.sql} GROUP BY 1, 2
        """,
        rows.values,
    )
    counts = dict.fromkeys(CHANNELS, 0)
    for domain, query, sessions in found:
        name = channel(domain, query)
        if name:
            counts[name] += sessions
    return counts


# From here on: 3.1, which tells the channel in SQL, by patterns that mind no case.

PAID_QUERIES = (*PAID_PARAMETERS, "utm_medium=paid_social")
SHOPS = tuple("alibaba.com" if name == "alibab.com" else name for name in SHOP_DOMAINS)


TELLING = ("referrer_domain", "hostname", "url_query", "utm_medium", "utm_source")
"""Columns that a row's channel is told by."""


def _like_any(name: str, texts: Iterable[str]) -> str:
    return " OR ".join(f"{name} ILIKE '%{text}%'" for text in texts)


def channel_of_row(elsewhere: str) -> str:
    """SQL for the channel of an event ``e``, ``''`` for none: of what its URL, its campaign and its
    referrer say, the first that matches, and ``referral`` for any other website.

    ``elsewhere`` is the condition that the referrer is not the page's own website.
    """
    paid = "e.utm_medium LIKE 'p%' OR " + " OR ".join(
        f"e.utm_medium LIKE '%{mark}%'" for mark in ("ppc", "retargeting", "paid")
    )
    prefix = f"CASE WHEN {paid} THEN 'paid' ELSE 'organic' END"
    domain, medium = "e.referrer_domain", "e.utm_medium"
    rules = (
        (f"{domain} = '' AND e.url_query = ''", "'direct'"),
        (_like_any("e.url_query", PAID_QUERIES), "'paidAds'"),
        (_like_any(medium, ("referral", "app", "link")), "'referral'"),
        (_like_any(medium, ("affiliate",)), "'affiliate'"),
        (f"{_like_any(medium, ('sms',))} OR {_like_any('e.utm_source', ('sms',))}", "'sms'"),
        (_either(domain, SEARCH_DOMAINS, medium, "organic"), f"{prefix} || 'Search'"),
        (_like_any(domain, SOCIAL_DOMAINS), f"{prefix} || 'Social'"),
        (_either(domain, MAIL_DOMAINS, medium, "mail"), "'email'"),
        (_either(domain, SHOPS, medium, "shop"), f"{prefix} || 'Shopping'"),
        (_either(domain, VIDEO_DOMAINS, medium, "video"), f"{prefix} || 'Video'"),
        (f"{elsewhere} AND {domain} <> ''", "'referral'"),
    )
    told = " ".join(f"WHEN {condition} THEN {name}" for condition, name in rules)
    return f"CASE {told} ELSE '' END"


def _either(domain: str, domains: Iterable[str], medium: str, mark: str) -> str:
    return f"{_like_any(domain, domains)} OR {_like_any(medium, (mark,))}"


def channel_visitors(store: Store, scope: Scope, types: Sequence[int]) -> list[Rank]:
    """By channel, most first: the distinct sessions with a row of the types in it."""
    rows = scope.rows(*types)
    # There are far fewer kinds of rows than rows, and telling a channel is dear.
    alike = " AND ".join(f"e.{name} IS NOT DISTINCT FROM k.{name}" for name in TELLING)
    found = store.rows(
        f"""
        WITH visit AS MATERIALIZED (
            SELECT DISTINCT e.session_id, {", ".join(f"e.{name}" for name in TELLING)} {rows.sql}
        ),
        kind AS MATERIALIZED (
            SELECT e.*, {channel_of_row(scope.elsewhere)} AS name
            FROM (SELECT DISTINCT {", ".join(TELLING)} FROM visit) e
        )
        SELECT k.name, count(DISTINCT e.session_id) AS number
        FROM visit e JOIN kind k ON {alike}
        WHERE k.name <> '' GROUP BY k.name ORDER BY number DESC, k.name
        """,
        rows.values,
    )
    return [Rank(*row) for row in found]


def channel_totals(store: Store, scope: Scope, types: Sequence[int]) -> list[Expanded]:
    """By channel, most visitors first: the totals of its rows of the types, where a visit's views,
    bounce and time are those that came in one way: with the same referrer, campaign and query."""
    rows = scope.rows(*types)
    way = "e.referrer_domain, e.url_query, e.utm_medium, e.utm_source, e.hostname"
    found = store.rows(
        f"""
        WITH visit AS (
            SELECT {channel_of_row(scope.elsewhere)} AS name, e.session_id, e.visit_id,
                   count(*) AS views, min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY e.session_id, e.visit_id, {way}
        )
        SELECT name, NULL, {TOTALS}
        FROM visit WHERE name <> '' GROUP BY name ORDER BY visitors DESC, visits DESC, name
        """,
        rows.values,
    )
    return [Expanded(*row) for row in found]
