"""Through which kind of source visitors came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from umami.embedded.queries.metrics import Expanded, Rank, summed_visits
from umami.embedded.scope import Rows, Scope
from umami.embedded.store import Store

DIRECT = "direct"
PAID_PARAMETERS = (
    *("gclid=", "fbclid=", "msclkid=", "dclid=", "twclid=", "ttclid=", "li_fat_id=", "epik="),
    *("scid=", "aid=", "pc_id=", "ad_id=", "rdt_cid=", "ob_click_id="),
    *("utm_source=google", "utm_medium=cpc", "utm_medium=paid"),
)
ASSISTANT_DOMAINS = (
    *("chatgpt.com", "claude.ai", "copilot.microsoft.com", "gemini.google.com", "meta.ai"),
    "perplexity.ai",
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
    *("amazon.", "ebay.com", "walmart.com", "alibaba.com", "aliexpress.com", "etsy.com"),
    *("bestbuy.com", "target.com", "newegg.com"),
)
VIDEO_DOMAINS = ("youtube.", "twitch.")
PAID_QUERIES = (*PAID_PARAMETERS, "utm_medium=paid_social")
TELLING = ("referrer_domain", "hostname", "url_query", "utm_medium", "utm_source")
"""Columns that decide a row's channel."""


def channel_of_row(scope: Scope) -> str:
    """SQL for the channel of an event ``e``, ``''`` for none: of what its URL, its campaign and its
    referrer say, the first that matches, and ``referral`` for any other website."""
    newest = scope.definitions.one_channel_per_visit
    # Before 3.3 the underscores of the lists were wildcards.
    contains = _contains_any if newest else _like_any
    domain, medium = "e.referrer_domain", "e.utm_medium"
    paid = f"{medium} LIKE 'p%' OR " + " OR ".join(
        f"{medium} LIKE '%{mark}%'" for mark in ("ppc", "retargeting", "paid")
    )
    prefix = f"CASE WHEN {paid} THEN 'paid' ELSE 'organic' END"

    def either(domains: Iterable[str], mark: str) -> str:
        return f"{contains(domain, domains)} OR {contains(medium, (mark,))}"

    rules = (
        (f"{domain} = '' AND e.url_query = ''", f"'{DIRECT}'"),
        (contains("e.url_query", PAID_QUERIES), "'paidAds'"),
        (contains(medium, ("referral", "app", "link")), "'referral'"),
        (contains(medium, ("affiliate",)), "'affiliate'"),
        (f"{contains(medium, ('sms',))} OR {contains('e.utm_source', ('sms',))}", "'sms'"),
        *(((contains(domain, ASSISTANT_DOMAINS), "'llm'"),) if newest else ()),
        (either(SEARCH_DOMAINS, "organic"), f"{prefix} || 'Search'"),
        (contains(domain, SOCIAL_DOMAINS), f"{prefix} || 'Social'"),
        (either(MAIL_DOMAINS, "mail"), "'email'"),
        (either(SHOP_DOMAINS, "shop"), f"{prefix} || 'Shopping'"),
        (either(VIDEO_DOMAINS, "video"), f"{prefix} || 'Video'"),
        (f"{scope.external_referrer} AND {domain} <> ''", "'referral'"),
    )
    cases = " ".join(f"WHEN {condition} THEN {name}" for condition, name in rules)
    return f"CASE {cases} ELSE '' END"


def _like_any(name: str, texts: Iterable[str]) -> str:
    return " OR ".join(f"{name} ILIKE '%{text}%'" for text in texts)


def _contains_any(name: str, texts: Iterable[str]) -> str:
    return " OR ".join(f"contains(lower({name}), '{text}')" for text in texts)


def channel_visitors(store: Store, scope: Scope, types: Sequence[int]) -> list[Rank]:
    """By channel, most first: the distinct sessions that have a visit in it; before 3.3, a row of
    the types."""
    visits = _visits(scope, types)
    found = store.rows(
        f"""
        {visits.sql}
        SELECT name, count(DISTINCT session_id) AS number
        FROM visit WHERE name <> '' GROUP BY name ORDER BY number DESC, name
        """,
        visits.values,
    )
    return [Rank(*row) for row in found]


def channel_totals(store: Store, scope: Scope, types: Sequence[int]) -> list[Expanded]:
    """By channel, most visitors first: the totals of its visits' rows of the types.

    Before 3.3, a visit's views, bounce and time are those that came in one way: with the same
    referrer, campaign and query.
    """
    visits, summed = _visits(scope, types), summed_visits(scope)
    found = store.rows(
        f"""
        {visits.sql}
        SELECT name, NULL, {summed.sql}
        FROM visit WHERE name <> '' GROUP BY name ORDER BY visitors DESC, visits DESC, name
        """,
        [*visits.values, *summed.values],
    )
    return [Expanded(*row) for row in found]


def _visits(scope: Scope, types: Sequence[int]) -> Rows:
    """``WITH …`` that defines ``visit``: visits with their channel, views, and the times of the
    first and last one.

    A visit has the channel of its first row, by time and id, that has any; without one it is
    direct. Before 3.3, each way of a visit's rows counts for itself.
    """
    rows = scope.rows(*types)
    # There are far fewer combinations of these columns than rows, and a channel takes time.
    alike = " AND ".join(f"e.{name} IS NOT DISTINCT FROM k.{name}" for name in TELLING)
    if scope.definitions.one_channel_per_visit:
        name = (
            "coalesce(arg_min(k.name, (e.created_at, e.event_id)) FILTER (k.name <> ''), "
            f"'{DIRECT}')"
        )
        groups = "e.session_id, e.visit_id"
    else:
        name = "k.name"
        groups = f"k.name, e.session_id, e.visit_id, {', '.join(f'e.{one}' for one in TELLING)}"
    sql = f"""
    WITH view AS MATERIALIZED (
        SELECT e.session_id, e.visit_id, e.event_id, e.created_at,
               {", ".join(f"e.{name}" for name in TELLING)} {rows.sql}
    ),
    kind AS MATERIALIZED (
        SELECT e.*, {channel_of_row(scope)} AS name
        FROM (SELECT DISTINCT {", ".join(TELLING)} FROM view) e
    ),
    visit AS (
        SELECT {name} AS name, e.session_id, e.visit_id, count(*) AS views,
               min(e.created_at) AS first_at, max(e.created_at) AS last_at
        FROM view e JOIN kind k ON {alike} GROUP BY {groups}
    )
    """
    return Rows(sql, rows.values)
