"""What each page is opened with, so that it shows all it can, over the recorded tables."""

from __future__ import annotations

from typing import Final

from components import converters, note_effects

Parameters = dict[str, str | list[str]]

SESSION: Final = "c9b6b89c-8eef-5491-912d-42a9ac184866"
"""A session of the recorded shop."""

CHOICES: Final[dict[str, Parameters]] = {
    "funnel": {"step": ["1.path./", "2.path./products*", "3.event.purchase"], "window": "1440"},
    "goals": {"goal": ["100.event.purchase", "0.path./cart"]},
    "attribution": {"conversion": "event.purchase", "conversion_currency": "EUR"},
    "revenue": {"revenue_currency": "EUR"},
    "breakdown": {"field": ["country", "browser", "device"]},
    "journey": {"at": "/cart", "steps": "4"},
    "utm": {"campaign": "brand", "conversion": "event.purchase", "conversion_currency": "EUR"},
    "landing": {"conversion": "event.purchase", "conversion_currency": "EUR"},
    "events": {"event": "purchase", "event_property": "revenue"},
    "sessions": {"session_property": "plan"},
    "compare": {"by": "referrer", "figure": "bounce_rate"},
    "retention": {"grain": "week"},
    "performance": {"vital": "inp"},
    # Figures of a link are asked for like those of a website.
    "links": {"link": "47a8e931-d51a-4351-a5e1-51db9a717a5d"},
    "quality": {"without": ["all"]},
    "websites": {"site": "47a8e931-d51a-4351-a5e1-51db9a717a5d"},
}
"""Parameters of a page's own, for pages that have some."""

MORE: Final[dict[str, Parameters]] = {
    "sessions": {"session": SESSION},
    "breakdown": {"field": ["ownChannel"], "filter": ["referrer.eq.google.com"]},
    "compare": {"left": f"segment.{SESSION}"},
}
"""Another state of a page, which takes the place of the first."""

ON_UMAMI: Final = {
    "attribution": {"attribution"},
    "breakdown": {"stats"},
    "compare": {"groups", "event_stats"},
    "journey": {"stats"},
    "landing": {"metrics", "stats"},
    "overview": {"groups", "parts_of_visits"},
    "reports": {*note_effects.ENDPOINTS},
    "websites": {"goal", "revenue_stats"},
    "utm": {*converters.ENDPOINTS} - {"metrics"},
}
"""Endpoints that a page requests only where the server counts no visits with their conversions, or
once a note, another figure or a tab is selected."""
