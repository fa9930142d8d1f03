"""Realtime: visitors on the website now, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import formats, texts
from components.areas import PageInfo
from components.charts import over_time
from components.charts.tiles import figure
from components.formats import Field
from components.texts import N_, _
from components.view_description import value_name
from umami import names
from umami.analysis import activity as analysis
from umami.api.realtime import Happening, Realtime
from umami.api.traffic import Active
from umami.errors import UmamiError
from umami.view import View

INFO: Final = PageInfo(
    "realtime",
    N_("Realtime"),
    "sensors",
    N_("Traffic"),
    3,
    N_("Who is on the website now, and what they do."),
    ("active", "realtime"),
    in_reports=False,
    live=True,
)
EVERY: Final = 10
"""Interval of the queries in seconds."""
LOG_FIELDS: Final = (
    Field("what", N_("Activity"), "text", note="more"),
    Field("where", N_("Country"), "text"),
    Field("with", N_("Device"), "text", wide=True),
    Field("at", N_("Time"), "text"),
)
MINUTE_FIELDS: Final = (
    Field("time", N_("Time"), "text"),
    Field("views", N_("Views")),
    Field("visitors", N_("Visitors")),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The latest answers about a website, and a growing log of its views and events.

    ``at`` is the time of the answers; ``None`` stands for an answer that has not arrived yet.
    """

    website: str
    at: datetime
    now: Realtime | None = None
    active: Active | None = None
    log: tuple[Happening, ...] = ()


def layout(
    view: View, domain: str, seen: Seen, problem: UmamiError | None, *, paused: bool
) -> Iterator[ui.Item]:
    """The latest answers as tiles, chart, log and rankings, and the ``problem`` of the last query.

    The website's ``domain`` is excluded from the referrers.
    """
    now, zone = seen.now, view.period.timezone
    minutes = analysis.minutes(now, zone) if now else None
    yield ui.blocks_section("", _tiles(seen, minutes), framed=False)
    yield ui.blocks_section("", _status(view, seen, problem, paused=paused), framed=False)
    if now is None or minutes is None:
        return
    yield ui.blocks_section(
        _("Views and visitors per minute"),
        ui.EChart(
            _("Views and visitors in each of the last 30 minutes"),
            "minutes",
            partial(over_time.minutes_spec, minutes),
            230,
            minutes.assign(time=[formats.dated(time, "short") for time in minutes["time"]]),
            formats.translated(MINUTE_FIELDS),
        ),
    )
    bare = names.referrer(domain)
    foreign = {name: count for name, count in now.referrers.items() if names.referrer(name) != bare}
    yield ui.Columns(
        [
            ui.blocks_section(_("Pages"), _ranking(_("Pages"), "path", now.paths)),
            ui.blocks_section(_("Referrers"), _ranking(_("Referrers"), "referrer", foreign)),
            ui.blocks_section(_("Countries"), _ranking(_("Countries"), "country", now.countries)),
        ]
    )
    yield ui.blocks_section(_("Activity log"), _log(zone, seen.log))


def _status(view: View, seen: Seen, problem: UmamiError | None, *, paused: bool) -> ui.Text:
    at = _clock(seen.at, view.period.timezone)
    filters = _(" Filters do not apply to this page.") if view.is_filtered else ""
    if problem and not paused:
        return ui.Text(
            _(
                "{problem} {remedy} The figures are as of {at}; the page retries "
                "automatically.{filters}"
            ).format(
                problem=texts.sentence(problem), remedy=_(problem.remedy), at=at, filters=filters
            ),
            icon="cloud_off",
        )
    pause = _(" Paused: the page does not refresh until you resume it.") if paused else ""
    return ui.Text(
        _("The last 30 minutes, as of {at}.{pause}{filters}").format(
            at=at, pause=pause, filters=filters
        )
    )


def _tiles(seen: Seen, minutes: pd.DataFrame | None) -> ui.Tiles:
    now, active = seen.now, seen.active
    busiest = minutes["views"].max() if minutes is not None else None
    visitors = active.visitors if active else None
    countries = len(now.countries) if now else None
    return ui.Tiles(
        [
            figure(label, value, None, about)
            for label, value, about in (
                (_("Online now"), visitors, _("Visitors seen in the last five minutes.")),
                (_("Views"), now.views if now else None, _("In the last 30 minutes.")),
                (_("Busiest minute"), busiest, _("Views in the busiest minute.")),
                (_("Countries"), countries, _("In the latest 100 views and events.")),
            )
        ]
    )


def _log(zone: str, log: tuple[Happening, ...]) -> ui.Block:
    if not log:
        text = _("No visitors right now. Views, events and new visitors appear as they arrive.")
        return ui.Text(text, "empty")
    frame = pd.DataFrame(
        {
            "what": list(map(_what, log)),
            "more": list(map(_details, log)),
            "where": [value_name("country", row.country) for row in log],
            "with": list(map(_client, log)),
            "at": [_clock(row.at, zone) for row in log],
        }
    )
    return ui.Table(
        _("activity"),
        frame,
        formats.translated(LOG_FIELDS),
        "log",
        shown=len(frame),
        csv=False,
        height=560,
    )


def _clock(instant: datetime, zone: str) -> str:
    return formats.dated(pd.Timestamp(instant).tz_convert(zone), "medium")


def _what(row: Happening) -> str:
    if row.kind == "session":
        return _("New visitor")
    return row.event or row.path or _("Event") if row.kind == "event" else row.path or "/"


def _client(row: Happening) -> str:
    fields = (("browser", row.browser), ("device", row.device))
    return " · ".join(value_name(field, value) for field, value in fields if value)


def _details(row: Happening) -> str:
    if row.kind == "event":
        return _("event on {path}").format(path=row.path) if row.path else _("event")
    return (
        _("from {label}").format(label=value_name("referrer", row.referrer)) if row.referrer else ""
    )


def _ranking(title: str, field: str, counts: Mapping[str, int]) -> ui.Block:
    frame = analysis.ranked({name: count for name, count in counts.items() if name})
    if frame.empty:
        return ui.Text(
            _("No {title} in the last half hour.").format(title=texts.inside(title)), "empty"
        )
    frame.insert(0, "label", [value_name(field, name) for name in frame["name"]])
    fields = [
        Field("label", title, "text"),
        Field("count", _("Visitors") if field == "country" else _("Count"), bar=True),
        Field("share", _("% of all"), "percent", wide=True),
    ]
    return ui.Table(texts.inside(title), frame, fields, f"live_{field}", shown=6)
