"""The definitions of bounces, channels and revenue under filters, which Umami 3.2 and 3.3 changed.
Exported tables do not contain the version that collected them, so the definitions are a setting:
the newest ones, or those of 3.1."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Definitions:
    event_prevents_bounce: bool = True
    """Whether a visit with one view and a custom event is no bounce (3.3)."""
    one_channel_per_visit: bool = True
    """Whether a visit has exactly one channel, by default ``direct``, and ``llm`` is a channel
    (3.3). Before, each row had a channel or none."""
    revenue_of_sessions: bool = True
    """Whether filters select sessions and revenue sums all their purchases (3.2). Before, filters
    selected the purchases."""


NEWEST: Final = Definitions()
V3_1: Final = Definitions(
    event_prevents_bounce=False, one_channel_per_visit=False, revenue_of_sessions=False
)
V3_2: Final = Definitions(event_prevents_bounce=False, one_channel_per_visit=False)
NEWEST_VERSION: Final = "3.5"
BY_VERSION: Final[dict[str, Definitions]] = {"3.1": V3_1, NEWEST_VERSION: NEWEST}
"""The definitions by the version that introduced them, which ``UMAMI_DEFINITIONS`` contains."""
