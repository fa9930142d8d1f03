"""Two segments or cohorts side by side in one period: their figures, and who is in which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, get_args

import pandas as pd

from components import blocks as ui
from components import conversions, formats, merged_tags, rankings, texts, visit_tables
from components.charts import tiles as tile_data
from components.charts.tiles import Tile
from components.formats import Field
from components.loading import Collector
from components.merged_tags import Merge
from components.texts import N_, _
from components.view_description import dates, value_name, why_unknown
from umami.analysis import side_by_side as analysis
from umami.api import segments, traffic
from umami.api.conversions import VisitGroups
from umami.api.segments import Kind, Segment
from umami.api.traffic import Ranking, Stats
from umami.definitions import Definitions
from umami.endpoint import Query
from umami.errors import InvalidView
from umami.normal_forms import uuid_of
from umami.parsing import Page
from umami.view import View

PARAMS: Final = ("left", "right")
"""The URL parameters of both sides: ``all``, or a kind and an id as ``segment.…``."""
EVERYBODY: Final = "all"
LIMIT: Final = 500
ENDPOINTS: Final = ("segments",)


@dataclass(frozen=True, slots=True)
class Side:
    """One side: everybody, or a segment or cohort with its id."""

    kind: Kind | None = None
    id: str = ""

    def view(self, view: View) -> View:
        """The View of this side, in the same period and with the same filters."""
        return replace(
            view,
            comparison="none",
            against=None,
            segment=self.id if self.kind == "segment" else None,
            cohort=self.id if self.kind == "cohort" else None,
        )


def parse_side(text: str) -> Side:
    """The side of a URL parameter; everybody for an empty one. Raises ``InvalidView``."""
    if text in ("", EVERYBODY):
        return Side()
    name, _dot, id = text.partition(".")
    kind = next((kind for kind in get_args(Kind) if kind == name), None)
    try:
        if kind:
            return Side(kind, uuid_of(id))
    except InvalidView:
        pass
    raise InvalidView(N_("That is no segment to compare."), remedy=N_("Choose two sides above."))


def is_chosen(params: ui.Params) -> bool:
    """Whether the URL names a side, so that sides are compared instead of periods."""
    return any(_texts(params))


def _texts(params: ui.Params) -> list[str]:
    return [next(reversed(params.get(name, ())), "") for name in PARAMS]


def ask(
    query: Collector, view: View, params: ui.Params, table: rankings.Table
) -> Iterator[ui.Item]:
    """The figures of both sides, and the ranking of a field with a column for each."""
    title = _("Side by side")
    try:
        sides = [parse_side(text) for text in _texts(params)]
    except InvalidView as problem:
        yield ui.blocks_section(title, ui.Text(texts.sentences(problem), "empty"))
        return
    if sides[0] == sides[1]:
        text = _("Both sides are the same: choose another segment or cohort on one of them.")
        yield ui.blocks_section(title, ui.Text(text, "empty"))
        return
    kinds = list(dict.fromkeys(side.kind for side in sides if side.kind))
    named = [query.ask(segments.segments(view.website, kind)) for kind in kinds]
    views = [side.view(view) for side in sides]
    conversion = conversions.chosen(query, view) if view.whole_visits else None

    def ask_figures(*pages: Page[Segment]) -> list[Future[Any]]:
        # Servers answer an unknown segment with an internal error.
        side_names(sides, pages)
        queries: list[Query[Any]] = [traffic.stats(each) for each in views]
        if conversion:
            queries += map(visit_tables.groups_query(conversion, None), views)
        return [query.ask(each) for each in queries]

    def figures(*answers: Any) -> list[ui.Block]:
        names = side_names(sides, answers[: len(kinds)])
        now, other, *brought = answers[len(kinds) :]
        more: list[Tile] = []
        if conversion:
            more += visit_tables.conversion_tiles(conversion, *brought).values()
            rate, earlier = map(_conversion_rate, brought)
            more.append(tile_data.figure(_("Conversion rate"), rate, earlier, "", "percent"))
        blocks = figure_blocks(query.client.definitions, views, names, now, other, more)
        if view.filters:
            text = _("The filters apply to both sides, also to everybody.")
            blocks.insert(0, ui.Text(text, icon="filter_alt"))
        return blocks

    def ask_shares(*pages: Page[Segment]) -> list[Future[Any]]:
        side_names(sides, pages)
        ranked = partial(traffic.metrics, field=table.field, limit=LIMIT)
        return [*map(query.ask, map(traffic.stats, views)), *map(query.ask, map(ranked, views))]

    def shares(*answers: Any) -> list[ui.Block]:
        names = side_names(sides, answers[: len(kinds)])
        merges = merged_tags.of(query, view.website, table.field)
        return share_blocks(view, table, names, *answers[len(kinds) :], merges=merges)

    about = dates(view)
    yield ui.Section(title, figures, named, ask_more=ask_figures, about=about, height=ui.TABLE)
    yield ui.Section(
        _("{many} side by side").format(many=texts.capitalised(_(table.many))),
        shares,
        named,
        ask_more=ask_shares,
        about=about,
        height=ui.TABLE,
    )


def _conversion_rate(groups: VisitGroups) -> float | None:
    """The share of visits that converted; ``None`` without visits."""
    totals = groups.frame.sum(numeric_only=True)
    return float(totals["conversions"] / totals["visits"]) if totals["visits"] else None


def side_names(sides: Sequence[Side], pages: Sequence[Page[Segment]]) -> list[str]:
    """The names of both sides. Raises ``InvalidView`` for a segment that the website lacks."""
    known = {row.id: row.name or _("(no name)") for page in pages for row in page.rows}
    if any(side.kind and side.id not in known for side in sides):
        raise InvalidView(
            segments.MISSING,
            remedy=N_("Choose two sides above."),
        )
    return [
        formats.shortened(known[side.id], 40) if side.kind else _("Everybody") for side in sides
    ]


def figure_blocks(
    definitions: Definitions,
    views: Sequence[View],
    names: Sequence[str],
    now: Stats,
    other: Stats,
    brought: Sequence[Tile],
) -> list[ui.Block]:
    """A table with the figures of both sides and their difference."""
    doubtful = next((view for view in views if why_unknown(view)), views[0])
    no_history = pd.DataFrame({"time": pd.DatetimeIndex([])})
    tiles = tile_data.of_website(definitions, doubtful, now, no_history, other)
    rows = [
        (tile.label, tile.value, tile.before or formats.ABSENT, _difference(tile))
        for tile in (*tiles, *brought)
    ]
    frame = pd.DataFrame(rows, columns=["figure", "left", "right", "difference"])
    fields = [
        Field("figure", _("Figure"), "text"),
        Field("left", names[0], "text"),
        Field("right", names[1], "text"),
        Field("difference", _("Difference"), "text"),
    ]
    unknown = why_unknown(doubtful)
    return [
        ui.Table(_("figures side by side"), frame, fields, "side_figures"),
        *([ui.Text(unknown)] if unknown else []),
    ]


def _difference(tile: Tile) -> str:
    """How much larger the figure of the left side is."""
    if tile.number is None or tile.earlier is None or tile.delta is None:
        return formats.ABSENT
    return str(tile.delta or formats.ABSENT)


def share_blocks(
    view: View,
    table: rankings.Table,
    names: Sequence[str],
    now: Stats,
    other: Stats,
    left: Ranking,
    right: Ranking,
    *,
    merges: tuple[Merge, ...] = (),
) -> list[ui.Block]:
    """The values of a field with their share on both sides, the largest difference first."""
    merged = merged_tags.notes(merges, [row.name or "" for row in (*left.rows, *right.rows)])
    totals = [now.current.visitors, other.current.visitors]
    if left.measure == "times":
        totals = [sum(row.count for row in ranked.rows) for ranked in (left, right)]
    (left, right), limit = merged_tags.rankings((left, right), merges, LIMIT)
    shares = analysis.shares(left, right, totals[0], totals[1], limit)
    frame = shares.frame
    blocks: list[ui.Block] = []
    if shares.uncertain:
        text = _(
            "{uncertain} {many} are among the first {limit} of one side only. Their numbers on the "
            "other side are unknown, so they are left out."
        )
        uncertain = formats.whole(shares.uncertain)
        blocks.append(ui.Text(text.format(uncertain=uncertain, many=_(table.many), limit=LIMIT)))
    if frame.empty:
        return blocks or [ui.Text(table.why_empty(view, _("on either side")), "empty")]
    frame["label"] = [
        value_name(table.field, name, of=country if isinstance(country, str) else None)
        for name, country in zip(frame["name"], frame["country"], strict=True)
    ]
    frame["times"] = frame["times"].round(2)
    few = frame[["left", "right"]].max(axis="columns") < analysis.FEW
    frame["note"] = [_("few visitors") if mark else None for mark in few]
    share = _("{name}: share")
    fields = [
        Field("label", _(table.tab), "text", note="note" if few.any() else None),
        Field("left_share", share.format(name=names[0]), "percent"),
        Field("right_share", share.format(name=names[1]), "percent"),
        Field("points", _("Difference"), "points", neutral=True),
        Field(
            "times",
            _("Times as common"),
            "number",
            wide=True,
            help=_("The share on the left, divided by the share on the right."),
        ),
        Field("left", names[0], wide=True),
        Field("right", names[1], wide=True),
    ]
    if all(totals):
        # Without visitors, a side has no shares to compare.
        blocks.insert(0, ui.Text("", "body", lead=sentence(table, names, frame)))
    measure = texts.inside(_(rankings.MEASURES[left.measure]))
    return [
        *blocks,
        ui.Text(
            _("Shares of all {measure} on each side, the largest difference first.").format(
                measure=measure
            )
        ),
        ui.Table(
            _("{many} side by side").format(many=_(table.many)),
            frame,
            fields,
            "side_shares",
            value="name" if table.filters else None,
            filter_field=table.filters,
            merged=merged_tags.filters(merges),
        ),
        *([ui.Text(f"{_(merged_tags.TWICE)} {_(merged_tags.UNDO)}")] if merged else []),
    ]


def sentence(table: rankings.Table, names: Sequence[str], frame: pd.DataFrame) -> str:
    """The value that differs most, in a sentence, unless that may be chance."""
    differing = frame[frame["beyond_chance"]]
    if differing.empty:
        return _("No share of {many} differs by more than chance.").format(many=_(table.many))
    row = differing.iloc[0]
    text = _("{value} is more common in “{more}” than in “{less}”: {high} and {low}.")
    first = row["points"] > 0
    return text.format(
        value=formats.shortened(str(row["label"])),
        more=names[0] if first else names[1],
        less=names[1] if first else names[0],
        high=formats.percent(max(row["left_share"], row["right_share"])),
        low=formats.percent(min(row["left_share"], row["right_share"])),
    )


def ask_choices(query: Collector, view: View) -> dict[str, Future[Page[Segment]]]:
    """Send the queries for what sides can be chosen; empty lists where the server has none."""
    none: Page[Segment] = Page((), 0)
    return {
        kind: query.hint(segments.segments(view.website, kind), none)
        for kind in query.client.capabilities.saved_kinds
    }


def choices(pages: dict[str, Future[Page[Segment]]]) -> dict[str, str]:
    """The sides to choose from, by their value in the URL."""
    kinds = {"segment": _("Segment: {name}"), "cohort": _("Cohort: {name}")}
    return {
        EVERYBODY: _("Everybody"),
        **{
            f"{kind}.{row.id}": kinds[kind].format(name=row.name or _("(no name)"))
            for kind, page in pages.items()
            for row in page.result().rows
        },
    }
