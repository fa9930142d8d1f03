"""Compare: what grew and fell, and what is new and gone, between two periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from components import blocks as ui
from components import formats, rankings, texts, traffic_blocks
from components.areas import PageInfo
from components.charts import bars
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _, memoize
from components.view_description import described, value_name
from umami.analysis import rankings as analysis
from umami.analysis.rankings import Move, Movers
from umami.api import traffic
from umami.api.traffic import Metric, Ranking
from umami.view import View

INFO: Final = PageInfo(
    "compare",
    N_("Compare"),
    "compare_arrows",
    N_("Traffic"),
    4,
    N_("What changed most between two periods: what grew, what fell, what is new or gone."),
    ("stats", "pageviews", "metrics"),
    params=("by",),
)
LIMIT: Final = 500
TABLES: Final = {
    table.field: table
    for table in (
        *rankings.PAGES,
        *rankings.SOURCES,
        *rankings.PLACES,
        *rankings.ENVIRONMENT,
        *rankings.EVENTS,
        rankings.Table("hostname", N_("Hostnames"), N_("hostnames")),
        rankings.Table("tag", N_("Tags"), N_("tags")),
    )
}
MOVES: Final[dict[Move, str]] = {
    "grew": N_("Grew"),
    "fell": N_("Fell"),
    "appeared": N_("New"),
    "vanished": N_("Gone"),
}
COUNTED: Final[dict[Move, str]] = {
    "grew": N_("{count} grew"),
    "fell": N_("{count} fell"),
    "appeared": N_("{count} new"),
    "vanished": N_("{count} gone"),
}
NO_COMPARISON: Final = N_(
    "Choose a comparison in the bar above: the previous period, the previous year or other dates."
)


def titles() -> dict[Metric, str]:
    """Names of the fields that can be compared, in the plural."""
    return {field: texts.capitalised(_(table.many)) for field, table in TABLES.items()}


def metric(params: ui.Params) -> Metric:
    """The field to compare: the parameter ``by``, by default pages."""
    by = list(params.get("by", ()))
    return next((field for field in TABLES if [field] == by), "path")


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """A website's figures, and the changes in a ranking."""
    if view.compared() is None:
        yield ui.blocks_section(
            _("Biggest changes"),
            ui.Text(_(NO_COMPARISON), "empty", medium="page"),
            ui.Text(_("This report has no comparison."), medium="report"),
        )
        return
    by = metric(params)
    timeline = query.ask(traffic.pageviews(view))
    totals = query.totals(view)
    ranked = query.compared(view, partial(traffic.metrics, field=by, limit=LIMIT))
    yield ui.Section(
        _("Figures"),
        partial(traffic_blocks.website_tiles, query.client, view),
        [totals.now, timeline, *totals.earlier],
        height=ui.CURVES,
        framed=False,
    )
    about = described(view)
    all_moves = ui.Section(
        _("Biggest changes"),
        partial(moved_blocks, view, by),
        [*ranked],
        about,
        height=447 + ui.CHART_BUTTONS,
    )
    each = ui.Section(
        _("By kind of change"), partial(kinds_blocks, by), [*ranked], height=ui.TABLE + 60
    )
    yield ui.Card(_("Biggest changes"), [all_moves, each], about)


@memoize
def moved(by: Metric, now: Ranking, before: Ranking) -> Movers:
    """The rows that moved, with their names in ``label``."""
    movers = analysis.movers(now, before, LIMIT)
    labels = [
        value_name(by, name, of=country if isinstance(country, str) else None)
        for name, country in zip(movers.frame["name"], movers.frame["country"], strict=True)
    ]
    return replace(movers, frame=movers.frame.assign(label=labels))


def moved_blocks(view: View, by: Metric, now: Ranking, before: Ranking) -> list[ui.Block]:
    """The number of rows by kind of move, and a chart of the largest moves."""
    movers = moved(by, now, before)
    if movers.frame.empty:
        return [ui.Text(TABLES[by].why_empty(view, _("in either period")), "empty")]
    measure = texts.inside(_(rankings.MEASURES[now.measure]))
    counts = ", ".join(
        _(text).format(count=formats.whole(len(movers.of(move)))) for move, text in COUNTED.items()
    )
    blocks: list[ui.Block] = [
        ui.Text(
            "",
            "body",
            lead=_("{title} by {measure}: {counts}.").format(
                title=titles()[by], measure=measure, counts=counts
            ),
        )
    ]
    if movers.uncertain:
        blocks.append(
            ui.Text(
                _(
                    "{uncertain} {many} are among the first {limit} of one period only. Their "
                    "numbers in the other period are unknown, so they are left out."
                ).format(
                    uncertain=formats.whole(movers.uncertain), many=_(TABLES[by].many), limit=LIMIT
                )
            )
        )
    if movers.frame["delta"].any():
        alt = _("{title} with the biggest changes, by {measure}").format(
            title=titles()[by], measure=measure
        )
        blocks.append(ui.Chart(alt, "deltas", partial(bars.deltas, movers.frame)))
    return blocks


def kinds_blocks(by: Metric, now: Ranking, before: Ranking) -> list[ui.Block]:
    """A card for each kind of move that there is."""
    movers = moved(by, now, before)
    cards = [
        (_(title), [moves_table(by, move, movers)])
        for move, title in MOVES.items()
        if not movers.of(move).empty
    ]
    return [ui.Cards(cards)] if cards else []


def moves_table(by: Metric, move: Move, movers: Movers) -> ui.Table:
    """A table of the rows with one kind of move."""
    frame = movers.of(move)
    filters = TABLES[by].filters
    fields = [
        Field("label", _(TABLES[by].tab), "text"),
        Field("now", _("Now"), bar=move in ("grew", "appeared")),
        Field("before", _("Before"), bar=move in ("fell", "vanished")),
        Field("delta", _("Change"), "delta"),
        Field("change", _("Change in %"), "change", wide=True),
        Field("part", _("Share of change"), "percent", wide=True),
    ]
    return ui.Table(
        _("{many}: {move}").format(many=_(TABLES[by].many), move=texts.inside(_(MOVES[move]))),
        frame,
        fields,
        f"moved_{move}",
        printed=10,
        value="name" if filters else None,
        filter_field=filters,
    )
