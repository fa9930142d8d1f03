"""Channels as 2.x tells them apart: by regular expressions on the referrer and the URL's query."""

from __future__ import annotations

import re
from collections.abc import Iterable

from umami.embedded.queries.channels import DIRECT, DOMAINS, PAID_PARAMETERS
from umami.embedded.scope import Scope
from umami.embedded.store import Store

CHANNELS = (
    DIRECT,
    *("referral", "affiliate", "email", "sms"),
    *("organicSearch", "organicSocial", "organicShopping", "organicVideo"),
    *("paidAds", "paidSearch", "paidSocial", "paidShopping", "paidVideo"),
)
SHOPS = tuple(name.replace("alibaba.com", "alibab.com") for name in DOMAINS["shop"])
"""2.x misspells one of them."""


def _any_of(texts: Iterable[str]) -> str:
    return "|".join(map(re.escape, texts))


PAID = re.compile(r"utm_medium=(.*cp.*|ppc|retargeting|paid)")
RULES = tuple(
    (name, re.compile(domain), re.compile(query))
    for name, domain, query in (
        ("paidAds", r"(?!)", _any_of(PAID_PARAMETERS)),
        ("referral", r"(?!)", r"utm_medium=(referral|app|link)"),
        ("affiliate", r"(?!)", r"utm_medium=affiliate"),
        ("sms", r"(?!)", r"utm_(source|medium)=sms"),
        ("Search", _any_of(DOMAINS["search"]), r"utm_medium=organic"),
        ("Social", _any_of(DOMAINS["social"]), r"utm_medium=(social|sm)"),
        ("email", _any_of(DOMAINS["mail"]), r"utm_medium=.*e[-_ ]?mail"),
        ("Shopping", _any_of(SHOPS), r"utm_campaign=.*(([^a-df-z]|^)shop|shopping)"),
        ("Video", _any_of(DOMAINS["video"]), r"utm_medium=.*video"),
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
    pairs = store.rows(
        f"""
        SELECT e.referrer_domain, e.url_query, count(DISTINCT e.session_id)
        {rows.sql} GROUP BY 1, 2
        """,
        rows.values,
    )
    counts = dict.fromkeys(CHANNELS, 0)
    for domain, query, sessions in pairs:
        name = channel(domain, query)
        if name:
            counts[name] += sessions
    return counts
