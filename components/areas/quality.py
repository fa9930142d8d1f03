"""Data quality: gaps and doubts in the figures, how they are defined, and their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import conversions, doubtful, formats, texts
from components.areas import PageInfo
from components.charts import over_time
from components.doubtful import Corrected, Doubt, Findings, Search
from components.formats import Field
from components.loading import Collector
from components.texts import N_, NN_, _
from components.traffic_blocks import NO_VIEWS
from components.view_description import dates, server_name, why_empty
from umami.api import conversions as visits
from umami.api import events, reports, revenue, sessions, traffic
from umami.api.traffic import Stats
from umami.conversion import PURCHASE, Conversion, read
from umami.endpoint import Query
from umami.errors import InvalidView, RateLimited, UmamiError
from umami.filters import FIELDS
from umami.view import View

INFO: Final = PageInfo(
    "quality",
    N_("Data quality"),
    "verified",
    N_("Manage"),
    3,
    N_("Gaps and doubts in the figures, how they are defined, and their limits."),
    doubtful.ENDPOINTS,
    doubtful.OPTIONAL_ENDPOINTS,
    list_params=("without",),
)
ALL: Final = "all"
"""The value of the parameter ``without`` for everything that was detected."""
MOST_BUTTONS: Final = 8
WHEN: Final = N_("When")
PROBES: Final[tuple[tuple[str, Callable[[View], Query[Any]]], ...]] = (
    (N_("Conversions"), lambda view: visits.visit_groups(view, None)),
    (N_("Figures"), lambda view: traffic.stats(view)),
    (N_("Campaigns"), lambda view: traffic.metrics(view, "utmSource")),
    (N_("Pages"), lambda view: traffic.groups(view, "path")),
    (N_("Breakdown"), lambda view: reports.breakdown(view, ("country",))),
    (N_("Events"), lambda view: events.series(view)),
    (N_("Activity log"), lambda view: events.events(view)),
    (N_("Visitors"), lambda view: sessions.sessions(view)),
    (N_("Busiest times"), lambda view: sessions.weekly(view)),
    (N_("Retention"), lambda view: reports.retention(view)),
    (N_("Campaigns"), lambda view: reports.utm(view)),
    (N_("Revenue"), lambda view: revenue.revenue_metrics(view, "EUR", "region")),
)
"""Queries of each part of the dashboard, to learn which of them the server does not support."""
REPLACED_HOURS: Final = NN_(
    "{count} hour has the value that was to be expected.",
    "{count} hours have the values that were to be expected.",
)
REPLACED_DAYS: Final = NN_(
    "{count} day has the value that was to be expected.",
    "{count} days have the values that were to be expected.",
)


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """What was detected, the figures without it, definitions, and limits."""
    search = Search(query, view)
    answers = search.ask()
    more = search.ask_more
    yield ui.Section(
        _("What was detected"),
        lambda *_answers: found_blocks(view, search.results("stats")[0], search.find(), params),
        answers,
        ask_more=more,
        about=dates(view),
        height=ui.TABLE,
    )
    if leaves_out(params):
        yield ui.Section(
            _("Without what was detected"),
            lambda *_answers: corrected_blocks(
                view, search.results("stats")[0], search.find(), params
            ),
            answers,
            ask_more=more,
            about=dates(view),
            height=300 + ui.CHART_BUTTONS,
        )
    defined = ui.Section(
        _("Definitions in force"), lambda: definition_blocks(query, view), height=ui.TABLE
    )
    limits = ui.Section(
        _("Limits and refusals"),
        lambda *_answers: limit_blocks(query, view, search),
        answers,
        ask_more=more,
        height=ui.TABLE,
    )
    yield ui.Columns([defined, limits])


def leaves_out(params: ui.Params) -> bool:
    """Whether to show the figures without something: the parameter ``without``."""
    return any(params.get("without", ()))


def left_out(findings: Findings, params: ui.Params) -> list[Doubt]:
    """The doubts to leave out: all, or those that the parameter ``without`` names."""
    keys = params.get("without", ())
    return [
        doubt
        for doubt in findings.doubts
        if doubt.can_be_left_out and (ALL in keys or doubt.key in keys)
    ]


def found_blocks(view: View, stats: Stats, findings: Findings, params: ui.Params) -> list[ui.Block]:
    """A table of the doubts, buttons to leave each of them out, and what was not looked at."""
    blocks: list[ui.Block] = []
    if findings.doubts:
        blocks.append(ui.Text(_("Select a row to open its days."), medium="page"))
        blocks.append(_table(findings))
        blocks += _buttons(findings, params)
    elif not stats.current.views:
        blocks.append(ui.Text(why_empty(view, _(NO_VIEWS)), "empty"))
    elif findings.unknown:
        blocks.append(ui.Text(_("Nothing unusual in what could be checked."), "empty"))
    else:
        blocks.append(ui.Text(_("Nothing unusual in this period."), "empty"))
    if findings.unknown:
        reasons = ", ".join(f"{what} ({why})" for what, why in findings.unknown.items())
        text = _("Not checked, or in part: {reasons}.").format(reasons=reasons)
        blocks.append(ui.Text(text, "note"))
    return blocks


def _buttons(findings: Findings, params: ui.Params) -> list[ui.Block]:
    """A button for each of the largest doubts that leaves it out, or no longer does."""
    chosen = [doubt.key for doubt in left_out(findings, params)]
    buttons: list[tuple[str, str, ui.Change]] = []
    for doubt in findings.doubts:
        if doubt.can_be_left_out and len(buttons) < MOST_BUTTONS:
            subject = doubt.what or doubt.when
            if doubt.key in chosen:
                keys = [key for key in chosen if key != doubt.key]
                label = _("Show with {subject}").format(subject=subject)
            else:
                keys = [*chosen, doubt.key]
                label = _("Show without {subject}").format(subject=subject)
            icon = "visibility" if doubt.key in chosen else "visibility_off"
            buttons.append((label, icon, ui.SetParams({"without": keys})))
    return [ui.Buttons("leave_out", buttons)] if buttons else []


def _table(findings: Findings) -> ui.Table:
    doubts = findings.doubts
    frame = pd.DataFrame(
        {
            "key": [str(at) for at in range(len(doubts))],
            "what": [doubt.title for doubt in doubts],
            WHEN: [doubt.when for doubt in doubts],
            "size": [doubt.sized for doubt in doubts],
            "share": pd.Series([doubt.share for doubt in doubts], dtype="float64"),
        }
    )
    fields = [
        Field("what", _("Detected"), "text", note=WHEN),
        Field("size", _("Size"), "text"),
        Field(
            "share",
            _("% of period"),
            "percent",
            wide=True,
            help=_("The part of what should have been counted in the period."),
        ),
    ]
    return ui.Table(
        _("findings"),
        frame,
        fields,
        "doubts",
        printed=50,
        value="key",
        on_choose=lambda key: doubts[int(key)].change,
    )


def corrected_blocks(
    view: View, stats: Stats, findings: Findings, params: ui.Params
) -> list[ui.Block]:
    """The traffic with expected values in place of doubtful ones, and both totals."""
    chosen = left_out(findings, params)
    shown = doubtful.corrected(view, stats, findings, chosen)
    groups = [doubt for doubt in chosen if doubt.kind == "automated"]
    replaced = int(shown.frame["replaced"].sum())
    if not replaced and not groups:
        return [ui.Text(_("There is nothing to leave out in this period."), "empty")]
    words = REPLACED_HOURS if shown.unit == "hour" else REPLACED_DAYS
    sentences = [formats.counted(*words, replaced)]
    if groups:
        text = _("The totals are also without the visits of “{group}”.")
        sentences.append(text.format(group=max(groups, key=lambda doubt: doubt.size).what))
    sentences.append(_("Nothing is changed on the server or on other pages."))
    blocks: list[ui.Block] = [ui.Text(" ".join(sentences), "note")]
    if not shown.frame.empty:
        alt = _("Views and visitors without what was detected, {view}").format(view=dates(view))
        draw = partial(over_time.corrected, shown.frame, shown.unit)
        blocks.append(ui.Chart(alt, "corrected", draw))
    return [*blocks, _totals(shown)]


def _totals(shown: Corrected) -> ui.Table:
    (views, fewer_views), (visitors, fewer_visitors) = shown.totals
    frame = pd.DataFrame(
        {
            "figure": [_("Views"), _("Visitors")],
            "counted": [views, visitors],
            "without": [fewer_views, fewer_visitors],
        }
    )
    fields = [
        Field("figure", _("Figure"), "text"),
        Field("counted", _("As counted")),
        Field("without", _("Without it, about")),
    ]
    return ui.Table(
        _("totals without what was detected"), frame, fields, "corrected_totals", csv=False
    )


def definition_blocks(query: Collector, view: View) -> list[ui.Block]:
    """What the figures mean on this server, and the versions that changed it."""
    definitions = query.client.definitions
    blocks: list[ui.Block] = [
        ui.Text(
            _("{server} answers by the definitions of Umami {version}.").format(
                server=server_name(query.client.server), version=definitions.version
            )
        )
    ]
    for term in definitions.terms:
        before = _("Umami before {version}: {definition}")
        since = _("Umami {version} and newer: {definition}")
        text = _(term.text)
        if term.changed and term.other:
            older = before if term.newer else since
            text += " " + older.format(version=term.changed, definition=_(term.other))
        blocks.append(ui.Text(text, "body", lead=f"{_(term.name)}:"))
    blocks.append(ui.Text(_conversion(view), "body", lead=f"{_('Conversion')}:"))
    return blocks


def _conversion(view: View) -> str:
    """What counts as a conversion in a View."""
    if not view.conversion:
        return _("Chosen under Conversion in the bar above: a page, an event or any purchase.")
    try:
        step = None if view.conversion == PURCHASE else read(view.conversion)
    except InvalidView as problem:
        return texts.sentence(problem)
    text = (
        _("The visits with “{described}”.")
        if view.whole_visits
        else _("The visitors with “{described}”.")
    )
    return text.format(described=conversions.described(Conversion(step, view.currency)))


def limit_blocks(query: Collector, view: View, search: Search) -> list[ui.Block]:
    """What the server does not offer for a View, the limits that its figures meet, and their
    age."""
    blocks: list[ui.Block] = []
    said: set[str] = set()
    for part, make in PROBES:
        problem = query.client.refusal(make(view))
        if problem is not None and (text := texts.sentence(problem)) not in said:
            said.add(text)
            blocks.append(ui.Text(text, "body", lead=f"{_(part)}:"))
    for _unused, reply in query.sent:
        failure = reply.exception() if reply.done() else None
        if isinstance(failure, UmamiError) and (text := texts.sentence(failure)) not in said:
            said.add(text)
            blocks.append(ui.Text(text, "body", lead=_("Refused:")))
    if not blocks:
        blocks.append(ui.Text(_("This server answers every question of this page."), "body"))
    capped = [_(FIELDS[name]) for name in search.capped()]
    blocks.append(
        ui.Text(
            _("Lists end after {count} values. Longer are those of: {fields}.").format(
                count=formats.whole(doubtful.LIMIT), fields=", ".join(capped)
            )
            if capped
            else _(
                "No list of pages, referrers, countries or browsers reaches {count} values."
            ).format(count=formats.whole(doubtful.LIMIT)),
            "body",
            lead=_("Lengths of lists:"),
        )
    )
    limited = any(isinstance(reply.problem, RateLimited) for _unused, reply in query.sent)
    if query.client.server.cloud or limited:
        text = (
            _("The server refused queries of this page because they were too many.")
            if limited
            else _("Umami Cloud takes 50 calls in 15 seconds. No query of this page was refused.")
        )
        blocks.append(ui.Text(text, "body", lead=_("Rate limit:")))
    ages = [reply.answered_at for _unused, reply in query.sent if reply.answered_at]
    if ages:
        text = _("The oldest figure on this page is as of {time}.")
        at = formats.at(min(ages), view.period.timezone)
        blocks.append(ui.Text(text.format(time=at), "body", lead=_("Age:")))
    return blocks
