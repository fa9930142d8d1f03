"""What a bounce, a channel and revenue under filters mean; Umami 3.2 and 3.3 changed all three.

Exported tables do not say which version collected them, so the definitions are a choice:
the newest ones, or those of 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions that queries apply."""

    event_prevents_bounce: bool = True
    """Whether a custom event in a visit with one view keeps the visit from being a bounce (3.3)."""
    one_channel_per_visit: bool = True
    """Whether a visit has exactly one channel, ``direct`` where no row tells another, and ``llm``
    is a channel of its own (3.3). Before, every row had a channel or none."""
    revenue_of_sessions: bool = True
    """Whether filters choose sessions and revenue is that of all their purchases (3.2). Before,
    filters chose the purchases themselves."""


NEWEST: Final = Definitions()
V3_1: Final = Definitions(
    event_prevents_bounce=False, one_channel_per_visit=False, revenue_of_sessions=False
)
NEWEST_VERSION: Final = "3.5"
BY_VERSION: Final[dict[str, Definitions]] = {"3.1": V3_1, NEWEST_VERSION: NEWEST}
"""The definitions by the version that introduced them, as ``UMAMI_DEFINITIONS`` names them."""
