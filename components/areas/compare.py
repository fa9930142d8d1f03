"""Compare: what grew and fell, and what is new and gone, between two periods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import (
    conversions,
    figure_parts,
    formats,
    history,
    merged_tags,
    rankings,
    side_by_side,
    texts,
    traffic_blocks,
    what_changed,
)
from components.areas import PageInfo, last_value
from components.charts import bars
from components.formats import Field
from components.loading import Collector
from components.merged_tags import Merge
from components.texts import N_, _, memoize
from components.view_description import described, value_name
from umami.analysis import changes
from umami.analysis import rankings as analysis
from umami.analysis.changes import FIGURES
from umami.analysis.rankings import Move, Movers
from umami.api import traffic
from umami.api.traffic import Metric, Ranking
from umami.conversion import Conversion
from umami.errors import UmamiError
from umami.view import View

INFO: Final = PageInfo(
    "compare",
    N_("Compare"),
    "compare_arrows",
    N_("Traffic"),
    4,
    N_("What changed most between two periods: what grew, what fell, what is new or gone."),
    figure_parts.ENDPOINTS,
    # The figures of other pages, such as Revenue on servers of Umami, need their permission.
    (*figure_parts.OPTIONAL_ENDPOINTS, "event_stats", *side_by_side.ENDPOINTS),
    params=("by", "figure", *side_by_side.PARAMS),
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
        rankings.Table("utmCampaign", N_("Campaigns"), N_("campaigns")),
        rankings.Table("utmSource", N_("Sources"), N_("sources")),
        rankings.Table("utmMedium", N_("Mediums"), N_("mediums")),
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
MOST_STEPS: Final = 6
"""Values with bars of their own; the others are one bar."""
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
    """A website's figures and the changes in a ranking, or two segments side by side."""
    if side_by_side.is_chosen(params):
        yield from side_by_side.ask(query, view, params, TABLES[metric(params)])
        return
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
    figure = FIGURES.get(chosen_figure(params))
    needed = view.whole_visits or (figure and figure.name in figure_parts.OF_CONVERSION)
    conversion = conversions.chosen(query, view) if needed else None
    shown = conversion if view.whole_visits else None
    brought = traffic_blocks.ask_conversions(query, view, shown) if shown else ()
    ranked = query.compared(view, partial(traffic.metrics, field=by, limit=LIMIT))
    known: list[Future[Any]] = [totals.now, timeline, *totals.earlier]
    merges = merged_tags.of(query, view.website, by)
    yield from conversions.left_out(query, view)

    def tiles(*answers: Any) -> list[ui.Block]:
        more = traffic_blocks.conversion_tiles(shown, *answers[len(known) :])
        return traffic_blocks.website_tiles(
            query.client,
            view,
            *answers[: len(known)],
            brought=more,
            why_not=partial(figure_parts.why_not, view, conversion),
        )

    yield ui.Section(_("Figures"), tiles, [*known, *brought], height=ui.CURVES, framed=False)
    about = described(view)
    if figure:
        why_not = figure_parts.why_not(view, conversion, figure.name)
        try:
            yield (
                ui.blocks_section(_title(figure), ui.Text(why_not, "empty"))
                if why_not
                else _explanation(query, view, conversion, figure, by, [*totals, *brought])
            )
        except UmamiError as problem:
            yield ui.failed_section(_title(figure), problem)
    all_moves = ui.Section(
        _("Biggest changes"),
        partial(moved_blocks, view, by, merges=merges),
        [*ranked],
        about,
        height=447 + ui.CHART_BUTTONS,
    )
    each = ui.Section(
        _("By kind of change"),
        partial(kinds_blocks, by, merges=merges),
        [*ranked],
        height=ui.TABLE + 60,
    )
    yield ui.Card(_("Biggest changes"), [all_moves, each], about)


def figures() -> dict[str, str]:
    """Names of the figures whose change can be explained, by their value in the URL."""
    return {name: _(words.name) for name, words in figure_parts.WORDS.items()}


def _title(figure: changes.Figure) -> str:
    name = _(figure_parts.WORDS[figure.name].name)
    return _("Why it changed: {figure}").format(figure=name)


def chosen_figure(params: ui.Params) -> str:
    """The figure to explain: the parameter ``figure``, by default none."""
    name = last_value(params, "figure")
    return name if name in FIGURES else ""


def _explanation(
    query: Collector,
    view: View,
    conversion: Conversion | None,
    figure: changes.Figure,
    by: Metric,
    totals: Sequence[Future[Any]],
) -> ui.Section:
    """Send the queries for the parts that the values of a field have in the change of a figure."""
    field = figure_parts.field_of(view, conversion, figure, by)
    counted = figure_parts.ask_counted(query, view, conversion, field, figure)
    groups: Sequence[Future[Any]]
    if counted:
        totals, groups = counted.totals, counted.parts
    else:
        groups = figure_parts.ask_groups(query, view, conversion, field, figure)
    days = history.ask(query, view)
    merges = merged_tags.of(query, view.website, field)

    def make(*answers: Any) -> list[ui.Block]:
        of_periods = answers[: len(totals)]
        both: tuple[changes.Totals, changes.Totals] | None = (
            (of_periods[0], of_periods[1])
            if counted
            else figure_parts.both_totals(view, of_periods)
        )
        if both is None:
            return [ui.Text(_("The server does not report the comparison."), "empty")]
        currency = conversion.currency if conversion else ""
        change = what_changed.Change(figure, *both, currency)
        parts = what_changed.parts(change, *answers[-len(groups) :], merges=merges)
        blocks = explanation_blocks(change, by, field, parts, merges)
        spread = changes.dispersion(history.joined(answers)["sessions"].tolist())
        if parts is not None and change.size and not changes.is_beyond_usual(figure, *both, spread):
            blocks.insert(1, ui.Text(_("This is within the usual variation of the website.")))
        return blocks

    about = described(view)
    if conversion and figure.name in figure_parts.OF_CONVERSION:
        about = f"{conversions.described(conversion)} · {about}"
    return ui.Section(
        _title(figure),
        make,
        [*totals, *days, *groups],
        about,
        height=447 + ui.CHART_BUTTONS,
    )


def explanation_blocks(
    change: what_changed.Change,
    by: Metric,
    field: Metric,
    parts: pd.DataFrame | None,
    merges: tuple[Merge, ...] = (),
) -> list[ui.Block]:
    """The parts of the values of a field in a change: a chart and a table, which add up to it.

    ``by`` is the field that was asked for; rates are explained by ``field`` where each visit must
    have one value.
    """
    if parts is None:
        return [ui.Text(figure_parts.why_no_parts(change.figure), "empty")]
    if not change.size:
        return [ui.Text(_("This figure did not change."), "empty")]
    table = TABLES[field]
    # A visitor with several values counts for each of them.
    overlaps = change.figure.amount in figure_parts.DISTINCT and not change.figure.per
    rest = _("Others and overlap") if overlaps else _("Others")
    labels = [
        value_name(field, name, of=country or None) if isinstance(name, str) else rest
        for name, country in zip(parts["name"], parts["country"], strict=True)
    ]
    frame = parts.assign(label=labels)
    if overlaps:
        # The overlap is no number of visitors.
        frame[["before", "now"]] = frame[["before", "now"]].where(frame["name"].notna())
    blocks: list[ui.Block] = [ui.Text("", "body", lead=what_changed.sentence(change))]
    if field != by:
        text = (
            _("By {field}, since a visit can have several {many}.")
            if by in figure_parts.SEVERAL_VALUES and field == "entry"
            else _("By {field}, since this figure cannot be split by {many}.")
        )
        name = texts.inside(_(figure_parts.LABELS[field]))
        blocks.append(ui.Text(text.format(field=name, many=_(TABLES[by].many))))
    shown = what_changed.parts_blocks(
        change, frame, rest, (table.tab, table.many), MOST_STEPS, table.filters, merges
    )
    merged = any(merge.name in set(frame["name"].dropna()) for merge in merges)
    return [*blocks, *shown, *([ui.Text(_(merged_tags.UNDO))] if merged else [])]


@memoize
def moved(by: Metric, now: Ranking, before: Ranking, merges: tuple[Merge, ...] = ()) -> Movers:
    """The rows that moved, with their names in ``label``."""
    (now, before), limit = merged_tags.rankings((now, before), merges, LIMIT)
    movers = analysis.movers(now, before, limit)
    labels = [
        value_name(by, name, of=country if isinstance(country, str) else None)
        for name, country in zip(movers.frame["name"], movers.frame["country"], strict=True)
    ]
    return replace(movers, frame=movers.frame.assign(label=labels))


def moved_blocks(
    view: View, by: Metric, now: Ranking, before: Ranking, *, merges: tuple[Merge, ...] = ()
) -> list[ui.Block]:
    """The number of rows by kind of move, and a chart of the largest moves."""
    movers = moved(by, now, before, merges)
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
    names = [row.name or "" for ranking in (now, before) for row in ranking.rows]
    if merged_tags.notes(merges, names):
        blocks.append(ui.Text(f"{_(merged_tags.TWICE)} {_(merged_tags.UNDO)}"))
    return blocks


def kinds_blocks(
    by: Metric, now: Ranking, before: Ranking, *, merges: tuple[Merge, ...] = ()
) -> list[ui.Block]:
    """A card for each kind of move that there is."""
    movers = moved(by, now, before, merges)
    cards = [
        (_(title), [moves_table(by, move, movers, merges)])
        for move, title in MOVES.items()
        if not movers.of(move).empty
    ]
    return [ui.Cards(cards)] if cards else []


def moves_table(by: Metric, move: Move, movers: Movers, merges: tuple[Merge, ...] = ()) -> ui.Table:
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
        merged=merged_tags.filters(merges),
    )
