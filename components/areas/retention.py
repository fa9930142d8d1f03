"""Retention: the share of visitors who return, by time after the first visit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import formats, texts
from components.areas import PageInfo
from components.charts import heatmaps as charts
from components.charts.tiles import figure, unexplained
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _
from components.view_description import described, why_empty
from umami.analysis import retention as analysis
from umami.analysis.retention import GRAINS, Cohorts, Grain
from umami.api import reports
from umami.api.reports import Retention
from umami.memoize import memoize
from umami.view import View

INFO: Final = PageInfo(
    "retention",
    N_("Retention"),
    "replay",
    N_("Behaviour"),
    4,
    N_("How many visitors return, and how long after their first visit."),
    ("retention",),
    params=("grain",),
)
GRAIN_NAMES: Final[dict[Grain, str]] = {
    "day": N_("By day"),
    "week": N_("By week"),
    "month": N_("By month"),
}
DAYS: Final = (1, 7, 14, 30)
"""Days after the first visit that get a tile."""


def grain(view: View, params: ui.Params) -> Grain:
    """The length of a cohort: the parameter, by default one that suits the period."""
    days = (view.period.end - view.period.start).days + 1
    selected = list(params.get("grain", ()))
    return next((grain for grain in GRAINS if [grain] == selected), analysis.suggested(days))


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The cohorts of the period and of the comparison."""
    by = grain(view, params)
    cohorts = query.compared(view, reports.retention)
    yield ui.Section(_("Figures"), partial(_tiles, view), [*cohorts], framed=False)
    yield ui.Section(
        _("Cohorts"),
        partial(_triangle, view, by),
        [cohorts.now],
        about=described(view),
        height=363 + ui.CHART_BUTTONS,
    )
    yield ui.Columns(
        [
            ui.Section(
                _("Average return rate"),
                partial(_curve, view),
                [*cohorts],
                height=336 + ui.CHART_BUTTONS,
            ),
            ui.Section(
                _("Cohort sizes"),
                partial(_sizes, view, by),
                [cohorts.now],
                height=296 + ui.CHART_BUTTONS,
            ),
        ]
    )


@texts.memoize
def _tiles(view: View, now: Retention, before: Retention | None = None) -> list[ui.Block]:
    """Tiles with the new visitors, and the average shares that returned on some days."""
    average = cohorts_of(view, now, "day").average
    compared = view.compared()
    earlier = cohorts_of(compared, before, "day").average if before and compared else None

    def share(shares: pd.Series[float] | None, day: int) -> float | None:
        return None if shares is None or pd.isna(shares[day]) else float(shares[day])

    size = int(now.frame.groupby("cohort")["size"].max().sum())
    size_before = int(before.frame.groupby("cohort")["size"].max().sum()) if before else None
    tiles = [
        figure(_("New visitors"), size, size_before, _("Visitors of all cohorts together.")),
        *(
            figure(
                _("Returned after {days}").format(days=_days(day)),
                share(average, day),
                share(earlier, day),
                _(
                    "Share of visitors who returned {days} after their first "
                    "visit. Weighted average; unfinished days are left out."
                ).format(days=_days(day)),
                "percent",
            )
            for day in DAYS
        ),
    ]
    reason = _("Returning visitors are known by the day of their first visit only.")
    return [ui.Tiles(unexplained(tiles, reason))]


def _days(number: int) -> str:
    """A number of days after a word such as “after”, which has another case in some languages."""
    return formats.counted("{count} day", "{count} days", number)


@memoize
def cohorts_of(view: View, answer: Retention, by: Grain) -> Cohorts:
    """The cohorts of an answer, up to the end of the View's period."""
    until = (
        pd.Timestamp(view.period.end).tz_convert(view.period.timezone).tz_localize(None).floor("D")
    )
    return analysis.cohorts(answer, until, by)


def _triangle(view: View, by: Grain, answer: Retention) -> list[ui.Block]:
    if answer.frame.empty:
        text = _("No visitors in this period. A cohort begins with the first visits of a day.")
        return [ui.Text(text, "empty")]
    cohorts = cohorts_of(view, answer, by)
    frame, fields = _table(cohorts)
    return [
        ui.Text(_explanation(cohorts, by)),
        ui.Chart(
            _("Share of each cohort that came back, by time after the first visit"),
            "triangle",
            partial(charts.triangle, cohorts, by),
        ),
        ui.Table(_("cohorts"), frame, fields, "cohorts", shown=0, printed=0),
    ]


def _explanation(cohorts: Cohorts, by: Grain) -> str:
    text = {
        "day": _("Each row: visitors who came first that day, and their number."),
        "week": _("Each row: visitors who came first that week, and their number."),
        "month": _("Each row: visitors who came first that month, and their number."),
    }[by]
    if by != "day":
        text += _(" Shares are of an average day of the week.")
    if cohorts.small.any():
        text += _(" ◦ marks fewer than {small} visitors: too few for reliable shares.").format(
            small=analysis.SMALL
        )
    if len(cohorts.sizes) > charts.MOST:
        text += _(" The latest {most} of {count} are drawn.").format(
            most=charts.MOST, count=len(cohorts.sizes)
        )
    return text


@texts.memoize
def _table(cohorts: Cohorts) -> tuple[pd.DataFrame, list[Field]]:
    """A row for each cohort, a column for each step."""
    names = [charts.step_name(*step) for step in cohorts.steps]
    frame = cohorts.shares.set_axis(names, axis="columns").reset_index()
    frame.insert(1, "size", cohorts.sizes.to_numpy())
    return frame, [
        Field("cohort", _("First visit"), "time", unit="day"),
        Field("size", _("Visitors")),
        *(Field(name, name, "percent") for name in names),
    ]


def _curve(view: View, now: Retention, before: Retention | None = None) -> list[ui.Block]:
    if now.frame.empty:
        return [ui.Text(_("No average yet: no visitor came first in this period."), "empty")]
    compared = view.compared()
    earlier = cohorts_of(compared, before, "day") if before and compared else None
    return [
        ui.Text(_("Weighted average of the cohorts; unfinished days are left out.")),
        ui.Chart(
            _("Average share of returning visitors, by day after the first visit"),
            "curve",
            partial(charts.curve, cohorts_of(view, now, "day"), earlier),
        ),
    ]


def _sizes(view: View, by: Grain, answer: Retention) -> list[ui.Block]:
    if answer.frame.empty:
        return [ui.Text(why_empty(view, _("No visits in this period.")), "empty")]
    cohorts = cohorts_of(view, answer, by)
    return [
        ui.Chart(_("Visitors of each cohort"), "sizes", partial(charts.sizes, cohorts, by)),
        ui.Text(
            _("{count} cohorts, {sizes} visitors on average.").format(
                count=formats.whole(len(cohorts.sizes)), sizes=formats.whole(cohorts.sizes.mean())
            )
        ),
    ]
