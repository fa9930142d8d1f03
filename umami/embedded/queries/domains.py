"""Well-known websites under one name, however many domains they send visitors from."""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "baidu.com": ("baidu.",),
    "bing.com": ("bing.",),
    "brave.com": ("brave.",),
    "chatgpt.com": ("chatgpt.",),
    "duckduckgo.com": ("duckduckgo.",),
    "facebook.com": ("facebook.",),
    "github.com": ("github.",),
    "google.com": ("google.",),
    "news.ycombinator.com": ("news.ycombinator.com",),
    "instagram.com": ("instagram.", "ig.com"),
    "linkedin.com": ("linkedin.",),
    "pinterest.com": ("pinterest.",),
    "reddit.com": ("reddit.",),
    "snapchat.com": ("snapchat.",),
    "twitter.com": ("twitter.", "t.co", "x.com"),
    "yahoo.com": ("yahoo.",),
    "yandex.ru": ("yandex.",),
}
"""By the name of a website: what a referrer's domain contains if it is that one."""
OTHER = "Other"

_TOLD = " ".join(
    f"WHEN e.referrer_domain ILIKE '%{mark}%' THEN '{name}'"
    for name, marks in GROUPS.items()
    for mark in marks
)
DOMAIN = f"CASE {_TOLD} ELSE '{OTHER}' END"
"""SQL for the website that an event ``e`` was sent from; the first that matches."""
