"""Web vitals: how fast the pages load and react for visitors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, get_args

from components import blocks as ui
from components import formats, texts
from components.areas import PageInfo, last_value
from components.charts import over_time
from components.charts.tiles import figure, unexplained
from components.formats import Field, Kind
from components.loading import Collector
from components.texts import N_, _
from components.view_description import compared_with, described, value_name, why_empty
from umami.analysis import vitals as analysis
from umami.analysis.vitals import CORE, FEW, LIMITS, Rating
from umami.api import performance
from umami.api.performance import (
    PerformanceChart,
    PerformanceField,
    PerformanceMetrics,
    PerformanceStats,
    Vital,
)
from umami.view import View

INFO: Final = PageInfo(
    "performance",
    N_("Web vitals"),
    "speed",
    N_("Behaviour"),
    7,
    N_("How fast your pages load and react for visitors, by page, device and browser."),
    ("performance_stats", "performance_chart", "performance_metrics", "annotations"),
    params=("vital",),
    needs="performance_stats",
)
LIMIT: Final = 200
"""Pages, devices or browsers in a table."""
NOTHING: Final = N_(
    "No measurements in this period. Umami’s tracker sends them from pages whose tracking code has "
    '`data-performance="true"`.'
)
RATINGS: Final[dict[Rating, str]] = {
    "good": N_("good"),
    "middling": N_("needs improvement"),
    "poor": N_("poor"),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """The texts of a vital, and the kind of its values."""

    short: str
    name: str
    about: str
    kind: Kind = "milliseconds"


VITALS: Final[dict[Vital, _Words]] = {
    "lcp": _Words(
        "LCP",
        N_("Largest contentful paint"),
        N_("Time until the largest text or picture is visible."),
    ),
    "inp": _Words(
        "INP",
        N_("Interaction to next paint"),
        N_("Time until the page shows a reaction to a click, a tap or a key."),
    ),
    "cls": _Words(
        "CLS",
        N_("Cumulative layout shift"),
        N_("How much the content moves while the page loads, from 0 on."),
        "number",
    ),
    "fcp": _Words(
        "FCP",
        N_("First contentful paint"),
        N_("Time until the first text or picture is visible."),
    ),
    "ttfb": _Words(
        "TTFB",
        N_("Time to first byte"),
        N_("Time until the server’s answer begins."),
    ),
}
"""The vitals in the order of the tiles; the first three are Google’s Core Web Vitals."""


@dataclass(frozen=True, slots=True)
class _By:
    """A table of measurements by the values of a field."""

    tab: str
    many: str


TABLES: Final[dict[PerformanceField, _By]] = {
    "path": _By(N_("Pages"), N_("pages")),
    "device": _By(N_("Devices"), N_("devices")),
    "browser": _By(N_("Browsers"), N_("browsers")),
}


def names() -> dict[Vital, str]:
    """The vitals by their value in the URL, with their short and their long names."""
    return {vital: f"{words.short} · {_(words.name)}" for vital, words in VITALS.items()}


def chosen(params: ui.Params) -> Vital:
    """The vital of the chart and the tables: the parameter ``vital``, by default the first."""
    name = last_value(params, "vital")
    return next((vital for vital in get_args(Vital) if vital == name), "lcp")


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Tiles with all vitals and their ratings, and one vital over time and by page."""
    vital = chosen(params)
    words = VITALS[vital]
    stats = query.compared(view, performance.performance_stats)
    yield ui.Section(
        _("Figures"), partial(summary_blocks, view, vital), [*stats], described(view), framed=False
    )
    series = query.compared(view, partial(performance.performance_chart, vital=vital))
    yield ui.Section(
        _("{vital} over time").format(vital=_(words.name)),
        partial(_over_time, view, vital),
        [*series],
        described(view),
        height=300 + ui.CHART_BUTTONS,
    )
    tabs = [
        ui.Tab(_(by.tab), partial(_table_section, query, view, vital, field))
        for field, by in TABLES.items()
    ]
    yield ui.Card(
        _("{vital} in detail").format(vital=_(words.name)),
        [ui.Tabs("vitals_by", tabs)],
        about=_(
            "The slowest first. Three of four measurements are at most the 75th percentile. "
            "Values with fewer than {few} measurements are last."
        ).format(few=FEW),
    )


@texts.memoize
def summary_blocks(
    view: View, vital: Vital, now: PerformanceStats, before: PerformanceStats | None = None
) -> list[ui.Block]:
    """A tile for each vital, and whether the pages are fast enough in a sentence."""
    if not now.count:
        return [ui.Text(why_empty(view, _(NOTHING)), "empty")]
    values, earlier = analysis.p75(now), analysis.p75(before) if before else {}
    tiles = []
    for name, words in VITALS.items():
        value, limits = values.get(name), LIMITS[name]
        show = Field("", "", words.kind).shown
        about = _(
            "{name}. {about} Three of four measurements are at most this. Good: up to {good}; "
            "poor: above {poor}."
        ).format(
            name=_(words.name), about=_(words.about), good=show(limits[0]), poor=show(limits[1])
        )
        label = words.short
        if value is not None:
            label = f"{label} · {_(RATINGS[analysis.rating(name, value)])}"
        tile = figure(label, value, earlier.get(name), about, words.kind, good="down")
        tiles.append(replace(tile, measure=name))
    reason = _("Parts of the visitors do not add up to the time of three in four measurements.")
    blocks: list[ui.Block] = [
        ui.Tiles(
            unexplained(tiles, reason),
            on_choose=lambda name: ui.SetParams({"vital": name}),
            chosen=vital,
        ),
        ui.Text("", "body", lead=verdict(now)),
    ]
    measured = formats.counted("{count} measurement", "{count} measurements", now.count)
    if now.count < FEW:
        text = _("Only {measured}: a few slow visitors change these figures a lot.")
        blocks.append(ui.Text(text.format(measured=measured), "note"))
    else:
        text = _("From {measured} in the browsers of visitors, rated by Google’s thresholds.")
        blocks.append(ui.Text(text.format(measured=measured)))
    return blocks


def verdict(now: PerformanceStats) -> str:
    """Whether three of four visitors have a good experience, by Google’s Core Web Vitals."""
    values = analysis.p75(now)
    known = [name for name in CORE if name in values]
    if not known:
        return _("None of Google’s Core Web Vitals was measured.")
    rated = {name: analysis.rating(name, values[name]) for name in known}
    bad = [
        _("{vital} {rating}").format(vital=VITALS[name].short, rating=_(RATINGS[rating]))
        for name, rating in rated.items()
        if rating != "good"
    ]
    if bad:
        return _("Not all Core Web Vitals are good: {ratings}.").format(ratings=", ".join(bad))
    missing = [VITALS[name].short for name in CORE if name not in values]
    if missing:
        text = _("The Core Web Vitals that were measured are good; {missing} is unknown.")
        return text.format(missing=_(" and ").join(missing))
    return _("All Core Web Vitals are good: the pages are fast for three of four visitors.")


def _over_time(
    view: View, vital: Vital, now: PerformanceChart, before: PerformanceChart | None = None
) -> list[ui.Block]:
    """The percentiles of a vital over time, with the limits of its ratings."""
    words = VITALS[vital]
    if now.frame["p75"].isna().all():
        text = _("{vital} was not measured in this period.").format(vital=words.short)
        return [ui.Text(why_empty(view, text), "empty")]
    earlier = None if before is None or before.frame["p75"].isna().all() else before.frame
    draw = partial(
        over_time.percentiles,
        now.frame,
        view.period.unit,
        earlier,
        words.kind,
        LIMITS[vital],
        compared_with=compared_with(view),
    )
    percentiles = [
        Field("p50", _("Median"), words.kind),
        Field("p75", _("75th percentile"), words.kind),
        Field("p95", _("95th percentile"), words.kind),
    ]
    fields = [Field("time", _("Time"), "time", unit=view.period.unit), *percentiles]
    alt = _("{vital}: percentiles over time").format(vital=_(words.name))
    good, poor = map(Field("", "", words.kind).shown, LIMITS[vital])
    limits = _("Good up to {good}, poor from {poor}: the dotted lines.").format(
        good=good, poor=poor
    )
    return [
        ui.Text(f"{_(words.about)} {limits}"),
        ui.Chart(f"{alt}, {described(view)}", "vital", draw),
        ui.Table(
            _("{vital} over time").format(vital=words.short),
            now.frame,
            fields,
            "vital_times",
            printed=0,
            medium="report",
        ),
    ]


def _table_section(
    query: Collector, view: View, vital: Vital, field: PerformanceField
) -> ui.Section:
    """Send the queries of a vital by the values of a field."""
    ask_groups = partial(performance.performance_metrics, field=field, vital=vital, limit=LIMIT)
    return ui.Section(
        texts.capitalised(_(TABLES[field].many)),
        partial(table_blocks, view, vital, field),
        [*query.compared(view, ask_groups)],
        height=ui.TABLE,
    )


@texts.memoize
def table_blocks(
    view: View,
    vital: Vital,
    field: PerformanceField,
    now: PerformanceMetrics,
    before: PerformanceMetrics | None = None,
) -> list[ui.Block]:
    """A table of the values of a field; a click filters by one."""
    words, by = VITALS[vital], TABLES[field]
    frame = analysis.ranked(now, before)
    if frame.empty:
        text = _("{vital} was not measured in this period.").format(vital=words.short)
        return [ui.Text(why_empty(view, text), "empty")]
    frame["label"] = [value_name(field, name) for name in frame["name"]]
    frame["rating"] = [_(RATINGS[analysis.rating(vital, value)]) for value in frame["p75"]]
    few = frame["count"] < FEW
    frame["note"] = [_("few measurements") if mark else None for mark in few]
    of_vital = partial(Field, kind=words.kind)
    fields: Sequence[Field] = [
        Field("label", _(by.tab), "text", note="note" if few.any() else None),
        of_vital("p75", _("75th percentile"), bar=True),
        Field("rating", _("Rating"), "text", wide=True),
        *([Field("change", _("Change"), "change", falls_well=True)] if before is not None else []),
        of_vital("p50", _("Median"), wide=True),
        of_vital("p95", _("95th percentile"), wide=True),
        Field("count", _("Measurements"), wide=True),
    ]
    return [
        ui.Table(
            _(by.many),
            frame,
            fields,
            f"vitals_{field}",
            value="name",
            filter_field=field,
        )
    ]
