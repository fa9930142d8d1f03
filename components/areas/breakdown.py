"""Breakdown: traffic by one to three fields at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, get_args

import pandas as pd

from components import blocks as ui
from components import content_groups, merged_tags, texts
from components.areas import PageInfo
from components.charts import maps
from components.content_groups import Answer, Part, Question
from components.formats import Field, Kind
from components.loading import Collector, QueryClient
from components.merged_tags import Merge
from components.texts import N_, _, memoize
from components.view_description import dates, value_name, why_empty, why_unknown
from umami.analysis import rankings as analysis
from umami.analysis.rankings import Measure
from umami.api import reports
from umami.api.reports import Breakdown, BreakdownField
from umami.content_groups import GroupKind, within
from umami.errors import InvalidView
from umami.filters import FIELDS, VISIT_FIELDS, Capabilities, Filter
from umami.view import View

INFO: Final = PageInfo(
    "breakdown",
    N_("Breakdown"),
    "account_tree",
    N_("Traffic"),
    5,
    N_("Traffic by one to three fields at once."),
    ("breakdown",),
    ("stats", "parts_of_visits"),
    params=("measure",),
    list_params=("field",),
)
Grouping = Literal["contentGroup", "ownChannel"]
"""What is no field of Umami: the groups that a website chooses."""
GroupBy = BreakdownField | Grouping
GROUPINGS: Final[dict[Grouping, GroupKind]] = {"contentGroup": "group", "ownChannel": "channel"}
LABELS: Final[dict[str, str]] = {
    **FIELDS,
    **{name: content_groups.WORDS[kind].name for name, kind in GROUPINGS.items()},
}
"""What can be grouped by, with its words."""
MOST_FIELDS: Final = 3
DEFAULT: Final[tuple[GroupBy, ...]] = ("country", "browser")
MEASURES: Final[dict[Measure, tuple[str, Kind]]] = {
    "views": (N_("Views"), "count"),
    "visitors": (N_("Visitors"), "count"),
    "visits": (N_("Visits"), "count"),
    "bounce_rate": (N_("Bounce rate"), "percent"),
    "average_visit": (N_("Visit duration"), "seconds"),
}
SUMMED: Final = ("views", "visitors", "visits")
PARTS_OF_VISITS: Final = N_(
    "Umami groups views, not visits: by a page, source, title, query or campaign, one visit can "
    "be in several groups, with some of its views in each. Bounce rates and visit durations would "
    "be wrong."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The fields to group by, and the measure."""

    fields: tuple[GroupBy, ...]
    measure: Measure

    @property
    def grouping(self) -> Grouping | None:
        """The field that is the groups of the website, if one is."""
        return next((name for name in GROUPINGS if name in self.fields), None)

    @property
    def of_umami(self) -> tuple[BreakdownField, ...]:
        """The other fields."""
        fields: dict[str, BreakdownField] = {field: field for field in get_args(BreakdownField)}
        return tuple(fields[field] for field in self.fields if field in fields)

    @property
    def summed(self) -> Measure:
        """The measure of the treemap, which needs sums: views in place of rates."""
        return self.measure if self.measure in SUMMED else "views"


def available_fields(supported: Collection[str]) -> list[BreakdownField]:
    """The supported fields that views have: ``event`` is none of them."""
    return [field for field in get_args(BreakdownField) if field in supported and field != "event"]


def available_groupings(query: Collector, view: View) -> tuple[Grouping, ...]:
    """The kinds of groups that the website has, where the server filters by patterns and the reader
    may filter."""
    patterns = "re" in query.client.capabilities.operators
    if not patterns or not content_groups.can_filter(query, view):
        return ()
    return tuple(
        name
        for name, kind in GROUPINGS.items()
        if content_groups.effective(query, view.website, kind)
    )


def parse(
    params: ui.Params, supported: Collection[str], groupings: Sequence[Grouping] = ()
) -> tuple[Choice, str]:
    """Parse the page's parameters; returns the choice and an error message (``""`` for none)."""
    requested = list(dict.fromkeys(params.get("field", ())))
    choices: list[GroupBy] = [*available_fields(supported), *groupings]
    available: dict[str, GroupBy] = {field: field for field in choices}
    fields = tuple(available[field] for field in requested if field in available)[:MOST_FIELDS]
    unknown = next((field for field in requested if field not in available), None)
    fault = (
        _("“{unknown}” is not a field that can be broken down here.").format(unknown=unknown[:40])
        if unknown
        else ""
    )
    if sum(field in GROUPINGS for field in fields) > 1:
        first = next(field for field in fields if field in GROUPINGS)
        fields = tuple(field for field in fields if field == first or field not in GROUPINGS)
        fault = _("Content groups and own channels cannot be broken down by each other.")
    measures = list(params.get("measure", ()))
    measure: Measure = next((name for name in MEASURES if [name] == measures), "views")
    return Choice(fields or DEFAULT, measure), fault


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The groups as a treemap, as a pivot table, and as a list."""
    capabilities = query.client.capabilities
    choice, _unused = parse(params, capabilities.fields, available_groupings(query, view))
    try:
        questions = _questions(query, view, choice)
    except InvalidView as problem:
        reason = ui.Text(texts.sentences(problem), "empty")
        yield ui.Card(_("Groups"), [ui.blocks_section("", reason)], about=dates(view))
        return
    divided = tuple(part for each in questions for part in each.parts)
    groups: list[Future[Any]] = [query.ask(each.ask(each.view)) for each in questions]
    if not questions:
        groups = [query.ask(reports.breakdown(view, choice.of_umami))]
    by = _(" and ").join(texts.inside(_(LABELS[field])) for field in choice.fields)

    def section(
        title: str, draw: Callable[[Breakdown], list[ui.Block]], height: int, about: str = ""
    ) -> ui.Section:
        def make(*answers: Answer) -> list[ui.Block]:
            return draw(merged_tags.breakdown(joined(choice, divided, answers), merges))

        return ui.Section(title, make, groups, about=about, height=height)

    merges = tuple(
        merge for field in choice.of_umami for merge in merged_tags.of(query, view.website, field)
    )
    draw_all = partial(_all_groups, view, query.client, choice, divided, merges)
    sections = [
        section(
            _("By {by}").format(by=by),
            partial(_treemap, view, capabilities, choice, divided, merges),
            420 + ui.CHART_BUTTONS,
            dates(view),
        ),
        section(_("Every group"), draw_all, 648),
    ]
    if has_pivot(view, choice):
        draw_pivot = partial(_pivot, view, choice)
        sections.insert(1, section(_("Pivot table"), draw_pivot, ui.TABLE + 38))
    yield ui.Card(_("Groups"), sections, about=dates(view))


def _questions(query: Collector, view: View, choice: Choice) -> list[Question]:
    """A question for each group of the website; none if groups are not chosen. Raises
    ``InvalidView``."""
    if choice.grouping is None:
        return []
    groups = content_groups.effective(query, view.website, GROUPINGS[choice.grouping])
    divided = content_groups.parts(groups, whole_visits=view.whole_visits)
    capabilities = query.client.capabilities
    return content_groups.questions(view, capabilities, divided, choice.of_umami)


@memoize
def joined(choice: Choice, divided: tuple[Part, ...], answers: tuple[Answer, ...]) -> Breakdown:
    """One breakdown of the answers to the queries for each group of the website."""
    if not divided:
        (answer,) = answers
        assert isinstance(answer, Breakdown)
        return answer
    frames = [
        frame[frame["visitors"] > 0].assign(**{str(choice.grouping): part.name})
        for part, frame in zip(divided, content_groups.frames(divided, answers), strict=True)
    ]
    return Breakdown(pd.concat(frames, ignore_index=True))


def rates_unknown(view: View, choice: Choice) -> str | None:
    """Why bounce rates and visit durations of groups are unknown; ``None`` if they are known."""
    if choice.grouping and view.whole_visits:
        return None
    if any(field not in VISIT_FIELDS for field in choice.fields):
        return _(PARTS_OF_VISITS)
    return why_unknown(view)


def has_pivot(view: View, choice: Choice) -> bool:
    """Whether there are two fields or more, and the measure is known."""
    known = choice.measure in SUMMED or rates_unknown(view, choice) is None
    return len(choice.fields) > 1 and known


@memoize
def groups_of(view: View, choice: Choice, answer: Breakdown) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The groups by descending measure: with raw values, and with labels.

    Unknown rates are ``NaN``. The second frame has the position of each group, too (``place``).
    """
    table = analysis.rated(answer)
    if rates_unknown(view, choice):
        table = table.assign(bounce_rate=float("nan"), average_visit=float("nan"))
    groups = analysis.ranked(table, choice.measure)
    named = groups.assign(place=list(map(str, groups.index)))
    for field in choice.fields:
        named[field] = _names(field, groups[field])
    return groups, named


def _names(field: str, values: Iterable[object]) -> list[str]:
    """The names of values. That of a missing one differs from the others, so that tables do not add
    up both."""
    texts_of = [value if isinstance(value, str) else None for value in values]
    names = {value: value_name(field, value) for value in texts_of if value}
    others = set(names.values())
    return [
        names[value] if value else content_groups.distinct(value_name(field, value), others)
        for value in texts_of
    ]


def _treemap(
    view: View,
    capabilities: Capabilities,
    choice: Choice,
    divided: tuple[Part, ...],
    merges: tuple[Merge, ...],
    answer: Breakdown,
) -> list[ui.Block]:
    groups, named = groups_of(view, choice, answer)
    if groups.empty:
        return [ui.Text(why_empty(view, _("No views in this period.")), "empty")]
    fields = list(choice.fields)
    label = _(MEASURES[choice.summed][0])
    tree = _tree(choice, named)

    def filtered(point: Sequence[Any]) -> ui.Change:
        path = tree["path"].iloc[int(point[0])]
        matches = (named[fields[: len(path)]] == list(path)).all(axis=1)
        group = groups.iloc[int(matches.to_numpy().argmax())]
        return filtered_view(view, capabilities, group, fields[: len(path)], divided, merges)

    chart = ui.Chart(
        _("{label} by {field}").format(
            label=label, field=_(" and ").join(_(LABELS[field]) for field in fields)
        ),
        "treemap",
        partial(maps.tree_figure, tree, texts.inside(label)),
        on_choose=filtered,
    )
    blocks: list[ui.Block] = [chart]
    if choice.summed != "views":
        once = {
            "visitors": _("A visitor in several groups counts in each of them."),
            "visits": _("A visit in several groups counts in each of them."),
        }
        blocks.append(ui.Text(once[choice.summed]))
    listed = groups.groupby(choice.grouping).size().max() if choice.grouping else len(groups)
    if listed >= analysis.MOST_GROUPS:
        text = _("The server returns only the first {most_groups} groups; there are more.").format(
            most_groups=analysis.MOST_GROUPS
        )
        blocks.append(ui.Text(text))
    return blocks


@memoize
def _tree(choice: Choice, named: pd.DataFrame) -> pd.DataFrame:
    return maps.tree(analysis.tree(named, choice.fields, choice.summed))


def filtered_view(
    view: View,
    capabilities: Capabilities,
    group: pd.Series[Any],
    fields: Sequence[str],
    divided: Sequence[Part] = (),
    merges: Sequence[Merge] = (),
) -> ui.Change:
    """The View filtered by a group's values, or all that are merged to them, with a note on values
    that cannot be filters."""
    note = ""
    values_of = {(merge.field, merge.name): merge.filter_.values for merge in merges}
    for field in fields:
        value = group[field]
        if field in GROUPINGS:
            part = next(part for part in divided if part.name == value)
            try:
                view = view if part.is_of(view) else within(view, part.filters)
            except InvalidView as problem:
                note = texts.sentences(problem)
            continue
        if not isinstance(value, str) or not value:
            note = _("Views without a {field} cannot be filtered for.").format(
                field=texts.inside(_(LABELS[field]))
            )
            continue
        try:
            filter_ = Filter(field, "eq", *values_of.get((field, value), (value,)))
        except InvalidView as problem:
            note = texts.sentence(problem)
            continue
        if refused := capabilities.refused(filter_):
            note = _(refused)
        else:
            view = view.adding(filter_, beside=False)
    return ui.Note(note, view) if note else view


def _pivot(view: View, choice: Choice, answer: Breakdown) -> list[ui.Block]:
    _unused, named = groups_of(view, choice, answer)
    if named.empty:
        return []
    label = _(MEASURES[choice.measure][0])
    rows, columns = (texts.inside(_(LABELS[field])) for field in choice.fields[:2])
    frame, fields = pivot(choice, named)
    return [
        ui.Text(
            "",
            "body",
            lead=_("{label} by {rows} and {columns}").format(
                label=label, rows=rows, columns=columns
            ),
        ),
        ui.Table(
            _("rows of the pivot table"), frame, fields, "pivot", report_title=_("pivot table")
        ),
    ]


@memoize
def pivot(choice: Choice, named: pd.DataFrame) -> tuple[pd.DataFrame, list[Field]]:
    """A row for each value of the first field, a column for each value of the second."""
    rows, columns = choice.fields[:2]
    others = content_groups.distinct(_("Others"), set(named[columns]))
    table = analysis.pivot(named, rows, columns, choice.measure, others)
    frame = table.reset_index()
    # Positions as column names, since a value may have the name of the first column.
    frame.columns = pd.Index(["name", *(f"c{at}" for at in range(len(table.columns)))])
    first = _(LABELS[rows])
    headings = [content_groups.distinct(str(name), [first]) for name in table.columns]
    kind = MEASURES[choice.measure][1]
    return frame, [
        Field("name", first, "text"),
        *(Field(f"c{at}", name, kind, wide=at > 1) for at, name in enumerate(headings)),
    ]


def _all_groups(
    view: View,
    client: QueryClient,
    choice: Choice,
    divided: tuple[Part, ...],
    merges: tuple[Merge, ...],
    answer: Breakdown,
) -> list[ui.Block]:
    groups, named = groups_of(view, choice, answer)
    if groups.empty:
        return []
    merged = [each.name for each in merges if each.name in set(groups[each.field].dropna())]
    notes = []
    if merged:
        text = _("Spellings shown as one: {names}.").format(names=", ".join(dict.fromkeys(merged)))
        twice = _("A visitor, or a visit, of two of them counts twice.")
        notes = [ui.Text(f"{text} {twice} {_(merged_tags.UNDO)}")]
    about = _(client.definitions.bounce) if choice.measure == "bounce_rate" else ""
    title = _("Every group, by {measure}").format(
        measure=texts.inside(_(MEASURES[choice.measure][0]))
    )
    unknown = rates_unknown(view, choice)
    return [
        ui.Text("", "body", lead=title, help=about, medium="page"),
        *([ui.Text(unknown)] if unknown else []),
        *notes,
        ui.Table(
            _("groups"),
            named,
            table_fields(choice),
            "groups",
            shown=15,
            printed=25,
            value="place",
            on_choose=lambda place: filtered_view(
                view, client.capabilities, groups.iloc[int(place)], choice.fields, divided, merges
            ),
        ),
        ui.Text(_("Choose a group to filter every page by it."), medium="page"),
        *content_groups.about_clicks(view, divided, choice.of_umami),
    ]


def table_fields(choice: Choice) -> list[Field]:
    """The columns of the table of groups."""
    return [
        *(Field(field, _(LABELS[field]), "text") for field in choice.fields),
        *(
            Field(name, _(label), kind, bar=name == choice.measure, wide=name != choice.measure)
            for name, (label, kind) in MEASURES.items()
        ),
    ]
