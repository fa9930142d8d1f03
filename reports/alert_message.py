"""What an alert says, in mails and to webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from components import formats
from components.texts import _


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message that an alert began or, with ``ended``, that it is over.

    ``id`` is the same for every attempt to send it. ``headline`` says what happened in a sentence,
    ``findings`` what moved it. ``url`` opens the View in the dashboard. ``since`` and ``ended`` are
    aware, in the time zone of the alert.
    """

    id: str
    name: str
    website: str
    headline: str
    since: datetime
    url: str
    findings: tuple[str, ...] = ()
    ended: datetime | None = None

    @property
    def title(self) -> str:
        """The headline, which says whether the alert is over."""
        return (
            _("Ended: {headline}").format(headline=self.headline) if self.ended else self.headline
        )

    @property
    def when(self) -> str:
        """When it began, and ended."""
        since = formats.moment(self.since, "hour")
        if self.ended is None:
            return _("Since {since}.").format(since=since)
        ended = formats.moment(self.ended, "hour")
        return _("From {since} until {ended}.").format(since=since, ended=ended)
