"""Subscriptions and alerts in words."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from access.notifications import Alert, Notification, Schedule, Subscription, Webhook
from components import formats
from components.texts import N_, NN_, _
from reports import schedule
from umami.analysis.alerts import Condition, Figure, Kind, NewField, Span
from umami.period import zone

FREQUENCIES: Final = {
    "daily": N_("Every day"),
    "weekly": N_("Every week"),
    "monthly": N_("Every month"),
}
ATTACHMENTS: Final = {"pdf": "PDF", "html": "HTML", "xlsx": "XLSX", "none": N_("No file")}
KINDS: Final[dict[Kind, str]] = {
    "above": N_("A figure is above a limit"),
    "below": N_("A figure is below a limit"),
    "changed": N_("A figure differs from the week before"),
    "unusual": N_("A figure is unusual for this weekday and hour"),
    "no_data": N_("No data arrives"),
    "new_value": N_("A new source, page, country or campaign appears"),
    "behind_pace": N_("A figure falls behind its goal of the month"),
}
FIGURES: Final[dict[Figure, str]] = {
    "visitors": N_("Visitors"),
    "visits": N_("Visits"),
    "views": N_("Views"),
    "bounce_rate": N_("Bounce rate"),
    "conversions": N_("Conversions"),
    "revenue": N_("Revenue"),
}
SPANS: Final[dict[Span, str]] = {
    "hour": N_("In an hour"),
    "day": N_("On a day"),
    "week": N_("In 7 days"),
}
DIRECTIONS: Final = {
    "either": N_("Up or down"),
    "up": N_("Up"),
    "down": N_("Down"),
}
NEW_FIELDS: Final[dict[NewField, str]] = {
    "referrer": N_("Source"),
    "path": N_("Page"),
    "country": N_("Country"),
    "utmCampaign": N_("Campaign"),
}
SERVICES: Final = {"slack": "Slack", "teams": "Microsoft Teams", "json": N_("Signed JSON")}
_BEYOND: Final = {
    ("above", "hour"): N_("{figure} above {limit} in an hour"),
    ("above", "day"): N_("{figure} above {limit} on a day"),
    ("above", "week"): N_("{figure} above {limit} in 7 days"),
    ("below", "hour"): N_("{figure} below {limit} in an hour"),
    ("below", "day"): N_("{figure} below {limit} on a day"),
    ("below", "week"): N_("{figure} below {limit} in 7 days"),
}
_CHANGED: Final = {
    "either": N_("{figure} more than {limit} off the week before"),
    "up": N_("{figure} more than {limit} above the week before"),
    "down": N_("{figure} more than {limit} below the week before"),
}
_UNUSUAL: Final = {
    "either": N_("{figure} unusual"),
    "up": N_("{figure} unusually high"),
    "down": N_("{figure} unusually low"),
}
_NEW: Final[dict[NewField, tuple[str, str]]] = {
    "referrer": NN_(
        "A new source with {count} visitor or more", "A new source with {count} visitors or more"
    ),
    "path": NN_(
        "A new page with {count} visitor or more", "A new page with {count} visitors or more"
    ),
    "country": NN_(
        "A new country with {count} visitor or more", "A new country with {count} visitors or more"
    ),
    "utmCampaign": NN_(
        "A new campaign with {count} visitor or more",
        "A new campaign with {count} visitors or more",
    ),
}


def condition(watched: Condition) -> str:
    """What an alert watches for: ``Visitors above 1,000 on a day``."""
    if watched.kind == "no_data":
        return formats.counted(
            "No data for {count} hour", "No data for {count} hours", watched.hours
        )
    if watched.kind == "new_value":
        return formats.counted(*_NEW[watched.field], max(1, round(watched.limit)))
    figure = _(FIGURES[watched.figure])
    limit = formats.number(watched.limit)
    if watched.kind == "changed":
        limit = formats.percent(watched.limit, 0)
    elif watched.figure == "bounce_rate":
        limit = formats.percent(watched.limit)
    template = {
        "changed": _CHANGED[watched.direction],
        "unusual": _UNUSUAL[watched.direction],
        "behind_pace": N_("{figure} behind the pace to {limit} this month"),
    }.get(watched.kind) or _BEYOND[watched.kind, watched.span]
    return _(template).format(figure=figure, limit=limit)


def when(due: Schedule) -> str:
    """When a report is sent: ``Every Monday, 07:00``."""
    hour = formats.hour(due.hour)
    if due.frequency == "daily":
        return _("Every day, {hour}").format(hour=hour)
    if due.frequency == "weekly":
        day = formats.weekday(due.weekday)
        return _("Every {weekday}, {hour}").format(weekday=day, hour=hour)
    return _("On day {day} of the month, {hour}").format(day=due.day, hour=hour)


def span(watched: Condition) -> str:
    """How long its figure is measured; empty where ``condition`` says so."""
    return _(SPANS[watched.span]) if watched.kind in ("changed", "unusual") else ""


def next_send(spec: Subscription, now: datetime) -> str:
    """When a report is sent next, in its time zone."""
    due = schedule.next_occasion(spec.schedule, spec.timezone, now)
    return _("Next: {time}").format(time=formats.at(due, spec.timezone))


def instant(at: datetime, timezone: str) -> str:
    """An instant in a time zone, with its name: ``Mon 3 Aug 2026, 07:00 (Europe/Berlin)``."""
    return f"{formats.moment(at.astimezone(zone(timezone)), 'hour')} ({timezone})"


def recipients(each: Notification) -> str:
    """To whom it is sent: addresses, and the service of a webhook."""
    hook = webhook(each.spec.webhook) if isinstance(each.spec, Alert) and each.spec.webhook else ""
    return ", ".join([*each.spec.recipients, *([hook] if hook else [])])


def webhook(hook: Webhook) -> str:
    """The service of a webhook. Its address may contain a secret."""
    return _(SERVICES[hook.service])


def state(each: Notification) -> str:
    """Whether it is sent, and why not."""
    if each.ended:
        return _("Ended: {why}").format(why=_(each.why)) if each.why else _("Ended")
    if each.paused:
        return _("Paused: {why}").format(why=_(each.why)) if each.why else _("Paused")
    if episodes := each.state.get("episodes"):
        since = min(datetime.fromisoformat(episode["since"]) for episode in episodes.values())
        return _("Happening since {time}").format(time=formats.at(since, each.spec.timezone))
    if why := each.state.get("why"):
        return _("Not checked: {why}").format(why=_(str(why)))
    return _("Active")
