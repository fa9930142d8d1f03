"""Descriptions of a View in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import pandas as pd

from components import formats, texts
from components.texts import N_, NN_, _
from umami import names
from umami.api.events import Kind
from umami.connection import Server
from umami.content_groups import patterns_of
from umami.filters import FIELDS, OPERATORS, PATTERNS, VISIT_FIELDS, Filter
from umami.period import Period, Unit
from umami.view import View

NO_VIEWS_OF_EVENTS: Final = N_(
    "Umami counts views and events separately: with a filter on an event, it reports no views, "
    "visitors or visits."
)
PARTS_OF_VISITS: Final = N_(
    "Umami filters views, not visits: with a filter on a page, source, title, query, event or "
    "campaign, a visit keeps only its matching views, so its bounce rate and duration would be "
    "wrong."
)
SEGMENT: Final = N_(
    "Umami filters views, not visits: where a segment filters by a page, source, title, query, "
    "event or campaign, a visit keeps only its matching views, so its bounce rate and duration "
    "would be wrong."
)


def described(now: View) -> str:
    """The View's dates and those of its comparison."""
    before = compared(now)
    return (
        _("{dates} compared with {before}").format(dates=dates(now), before=before)
        if before
        else dates(now)
    )


def compared_with(now: View) -> str:
    """What a View is compared with, for legends: ``previous year``."""
    return {"year": _("previous year"), "custom": _("comparison")}.get(
        now.comparison, _("previous period")
    )


def compared(now: View) -> str:
    """The dates of the comparison and its difference from the period: ``1 – 30 Sep 2026 (one day
    shorter)``. Empty without a comparison."""
    before = now.compared()
    if before is None:
        return ""
    words = formats.period(before.period)
    if now.comparison == "umami":
        return _("{words} (Umami's previous period)").format(words=words)
    notes = [_("same weekdays")] if now.weekdays and now.weekdays_matter else []
    if difference := _difference(now.period, before.period):
        notes.append(difference)
    return f"{words} ({', '.join(notes)})" if notes else words


def _difference(now: Period, before: Period) -> str:
    """The difference in length in local days, or else in buckets; empty if there is none."""
    (first, last), (first_before, last_before) = now.days, before.days
    unit: Unit = "day"
    longer = (last_before - first_before).days - (last - first).days
    if not longer and before.unit != "day":
        unit = before.unit
        longer = len(before.axis()) - len(now.axis())
    if not longer:
        return ""
    forms = _LONGER[unit] if longer > 0 else _SHORTER[unit]
    return formats.counted(*forms, abs(longer))


_LONGER: Final[dict[Unit, tuple[str, str]]] = {
    "minute": NN_("{count} minute longer", "{count} minutes longer"),
    "hour": NN_("{count} hour longer", "{count} hours longer"),
    "day": NN_("{count} day longer", "{count} days longer"),
    "month": NN_("{count} month longer", "{count} months longer"),
    "year": NN_("{count} year longer", "{count} years longer"),
}
_SHORTER: Final[dict[Unit, tuple[str, str]]] = {
    "minute": NN_("{count} minute shorter", "{count} minutes shorter"),
    "hour": NN_("{count} hour shorter", "{count} hours shorter"),
    "day": NN_("{count} day shorter", "{count} days shorter"),
    "month": NN_("{count} month shorter", "{count} months shorter"),
    "year": NN_("{count} year shorter", "{count} years shorter"),
}


def dates(now: View) -> str:
    """The View's dates without its comparison."""
    return formats.period(now.period)


def present(now: View) -> pd.Timestamp | None:
    """The current local time of the View while its period is running, else ``None``."""
    if now.period.end <= datetime.now(UTC):
        return None
    return pd.Timestamp.now(now.period.timezone).tz_localize(None)


def why_empty(now: View, otherwise: str) -> str:
    """The text of an empty place: a hint at the filters if there are any, else ``otherwise``."""
    if not now.keeps_views:
        return _(NO_VIEWS_OF_EVENTS)
    return _("Nothing in this period matches the filters.") if now.filters else otherwise


def why_unknown(now: View) -> str | None:
    """The reason why bounce rate and visit duration, or all totals, of a View are unavailable.

    ``None`` if all totals are available.
    """
    if not now.keeps_views:
        return _(NO_VIEWS_OF_EVENTS)
    if now.keeps_whole_visits:
        return None
    on_views = any(filter_.field not in VISIT_FIELDS for filter_ in now.filters)
    return _(PARTS_OF_VISITS) if on_views else _(SEGMENT)


def values(filter_: Filter) -> str:
    """The values of a filter: ``Germany or France``."""
    if filter_.operator in PATTERNS:
        return _(" or ").join(patterns_of(filter_) or filter_.values)
    return _(" or ").join(value_name(filter_.field, value) for value in filter_.values)


def server_name(server: Server) -> str:
    """A server with its version, without its address."""
    return " ".join(filter(None, (_(server.label), server.version)))


def value_name(field: str, value: str | None, *, of: str | None = None) -> str:
    """The name of a field's value in the reader's language; ``of`` is the country of a region or
    city. The name of ``None`` and of an empty text depends on the field."""
    name = names.label(field, value, of=of, language=texts.language())
    # Any other name is what websites sent, or the same in every language.
    return _(name) if not value or field in ("device", "channel") else name


def activity_name(kind: Kind) -> str:
    """What a row of an activity log is: a view, an event or a measurement."""
    names = {Kind.CUSTOM: _("Event"), Kind.PERFORMANCE: _("Web vitals")}
    return names.get(kind, _("View"))


def filter_in_words(filter_: Filter) -> str:
    """A filter: ``Country is Germany``."""
    return f"{_(FIELDS[filter_.field])} {_(OPERATORS[filter_.operator])} {values(filter_)}"
