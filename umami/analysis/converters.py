"""Visitors who converted: where they live, what they use, and how their visits began.

No version of Umami reports conversions by these fields, but it lists the visitors with an event and
what each of them did.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import pandas as pd

from umami.analysis.steps import matches
from umami.api.events import Kind
from umami.api.sessions import Session, Step
from umami.conversion import FunnelStep

SESSION_FIELDS: Final = ("browser", "os", "device", "language", "country", "region", "city")
"""Fields of which a visitor has one value."""
_SOURCES: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).parents[1].joinpath("sources.toml").read_text("utf-8")
)
_DOMAINS: Final[Mapping[str, Sequence[str]]] = _SOURCES["domains"]
_NO_VIEWS: Final = (Kind.CUSTOM, Kind.PERFORMANCE)


def by_session_field(sessions: Iterable[Session], field: str) -> pd.DataFrame:
    """Visitors (``conversions``) by ``name`` and, for regions and cities, ``country``; both are
    ``""`` where the server does not know them. ``times`` are their views and events; missing where
    the server does not list events."""
    in_country = field in ("region", "city")
    rows = [
        (
            _name(session, field),
            (session.country or "") if in_country else "",
            None if session.events is None else session.views + session.events,
        )
        for session in sessions
    ]
    frame = pd.DataFrame(rows, columns=["name", "country", "times"]).astype({"times": "Int64"})
    groups = frame.groupby(["name", "country"], sort=False)["times"]
    counts = pd.DataFrame({"conversions": groups.size(), "times": groups.sum()})
    if frame["times"].isna().any():
        counts["times"] = pd.NA
    order = counts.sort_values("conversions", ascending=False, kind="stable")
    return order.reset_index()


def _name(session: Session, field: str) -> str:
    name = str(getattr(session, field) or "")
    # Umami counts languages without their countries.
    return name[:2].lower() if field == "language" else name


def by_channel(
    steps_of_sessions: Iterable[Sequence[Step]], step: FunnelStep, domain: str, *, assistants: bool
) -> dict[str, int]:
    """Visitors by the channel of the visit in which they converted.

    ``domain`` is the website's, whose own pages are no referrers. ``assistants`` gives AI
    assistants a channel. A visitor who converted in visits of several channels counts for each.
    """
    counts: Counter[str] = Counter()
    for steps in steps_of_sessions:
        visits: dict[str, list[Step]] = {}
        for taken in sorted(steps, key=lambda taken: (taken.at, taken.id or "")):
            visits.setdefault(taken.visit, []).append(taken)
        counts.update(
            {
                channel_of_visit(visit, domain, assistants=assistants)
                for visit in visits.values()
                if any(converts(taken, step) for taken in visit)
            }
        )
    return dict(counts)


def converts(taken: Step, step: FunnelStep) -> bool:
    """Whether something that a visitor did is this step."""
    if step.kind == "event":
        return taken.kind == Kind.CUSTOM and matches(step.value, taken.name or "")
    return taken.kind == Kind.PAGEVIEW and matches(step.value, taken.path)


def channel_of_visit(visit: Iterable[Step], domain: str, *, assistants: bool = True) -> str:
    """The channel of a visit: that of its first view that has one, else ``direct``.

    These are the rules of Umami 3.3 and newer, and without ``assistants`` those of 3.1.
    """
    views = (taken for taken in visit if taken.kind not in _NO_VIEWS)
    return next(filter(None, (_channel(view, domain, assistants) for view in views)), "direct")


def _channel(view: Step, domain: str, assistants: bool) -> str:
    query, referrer = view.query.lower(), (view.referrer or "").lower()
    tags = parse_qs(view.query.removeprefix("?"))
    medium, source = (tags.get(name, [""])[0] for name in ("utm_medium", "utm_source"))
    paid = medium.startswith("p") or any(mark in medium for mark in ("ppc", "retargeting", "paid"))
    prefix, medium, source = "paid" if paid else "organic", medium.lower(), source.lower()

    def has(text: str, marks: Iterable[str]) -> bool:
        return any(mark in text for mark in marks)

    def either(kind: str, mark: str) -> bool:
        return has(referrer, _DOMAINS[kind]) or mark in medium

    rules = (
        (has(query, (*_SOURCES["paid_parameters"], "utm_medium=paid_social")), "paidAds"),
        (has(medium, ("referral", "app", "link")), "referral"),
        ("affiliate" in medium, "affiliate"),
        ("sms" in medium or "sms" in source, "sms"),
        (assistants and has(referrer, _DOMAINS["assistants"]), "llm"),
        (either("search", "organic"), f"{prefix}Search"),
        (has(referrer, _DOMAINS["social"]), f"{prefix}Social"),
        (either("mail", "mail"), "email"),
        (either("shop", "shop"), f"{prefix}Shopping"),
        (either("video", "video"), f"{prefix}Video"),
        (referrer.removeprefix("www.") not in ("", domain.lower()), "referral"),
    )
    return next((name for applies, name in rules if applies), "")
