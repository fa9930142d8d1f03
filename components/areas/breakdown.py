"""Breakdown: traffic by one to three fields at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, get_args

import pandas as pd

from components import blocks as ui
from components import texts
from components.areas import PageInfo
from components.charts import maps
from components.formats import Field, Kind
from components.loading import Collector, QueryClient
from components.texts import N_, _, memoize
from components.view_description import dates, value_name, why_empty, why_unknown
from umami.analysis import rankings as analysis
from umami.analysis.rankings import Measure
from umami.api import reports
from umami.api.reports import Breakdown, BreakdownField
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
    params=("measure",),
    list_params=("field",),
)
MOST_FIELDS: Final = 3
DEFAULT: Final[tuple[BreakdownField, ...]] = ("country", "browser")
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

    fields: tuple[BreakdownField, ...]
    measure: Measure

    @property
    def summed(self) -> Measure:
        """The measure of the treemap, which needs sums: views in place of rates."""
        return self.measure if self.measure in SUMMED else "views"


def available_fields(supported: Collection[str]) -> list[BreakdownField]:
    """The supported fields that views have: ``event`` is none of them."""
    return [field for field in get_args(BreakdownField) if field in supported and field != "event"]


def parse(params: ui.Params, supported: Collection[str]) -> tuple[Choice, str]:
    """Parse the page's parameters; returns the choice and an error message (``""`` for none)."""
    requested = list(dict.fromkeys(params.get("field", ())))
    available: dict[str, BreakdownField] = {field: field for field in available_fields(supported)}
    fields = tuple(available[field] for field in requested if field in available)[:MOST_FIELDS]
    unknown = next((field for field in requested if field not in available), None)
    fault = (
        _("“{unknown}” is not a field that can be broken down here.").format(unknown=unknown[:40])
        if unknown
        else ""
    )
    measures = list(params.get("measure", ()))
    measure: Measure = next((name for name in MEASURES if [name] == measures), "views")
    return Choice(fields or DEFAULT, measure), fault


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The groups as a treemap, as a pivot table, and as a list."""
    capabilities = query.client.capabilities
    choice, _unused = parse(params, capabilities.fields)
    groups = query.ask(reports.breakdown(view, choice.fields))
    by = _(" and ").join(texts.inside(_(FIELDS[field])) for field in choice.fields)
    sections = [
        ui.Section(
            _("By {by}").format(by=by),
            partial(_treemap, view, capabilities, choice),
            [groups],
            dates(view),
            height=420 + ui.CHART_BUTTONS,
        ),
        ui.Section(
            _("Every group"), partial(_all_groups, view, query.client, choice), [groups], height=648
        ),
    ]
    if has_pivot(view, choice):
        pivot = ui.Section(
            _("Pivot table"), partial(_pivot, view, choice), [groups], height=ui.TABLE + 38
        )
        sections.insert(1, pivot)
    yield ui.Card(_("Groups"), sections, about=dates(view))


def rates_unknown(view: View, choice: Choice) -> str | None:
    """Why bounce rates and visit durations of groups are unknown; ``None`` if they are known."""
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
        values = (value if isinstance(value, str) else None for value in groups[field])
        named[field] = [value_name(field, value) for value in values]
    return groups, named


def _treemap(
    view: View, capabilities: Capabilities, choice: Choice, answer: Breakdown
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
        return filtered_view(
            view, capabilities, groups.iloc[int(matches.to_numpy().argmax())], fields[: len(path)]
        )

    chart = ui.Chart(
        _("{label} by {field}").format(
            label=label, field=_(" and ").join(_(FIELDS[field]) for field in fields)
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
    if len(groups) >= analysis.MOST_GROUPS:
        text = _("The server returns only the first {most_groups} groups; there are more.").format(
            most_groups=analysis.MOST_GROUPS
        )
        blocks.append(ui.Text(text))
    return blocks


@memoize
def _tree(choice: Choice, named: pd.DataFrame) -> pd.DataFrame:
    return maps.tree(analysis.tree(named, choice.fields, choice.summed))


def filtered_view(
    view: View, capabilities: Capabilities, group: pd.Series[Any], fields: Sequence[str]
) -> ui.Change:
    """The View filtered by a group's values, with a note on values that cannot be filters."""
    note = ""
    for field in fields:
        value = group[field]
        if not isinstance(value, str) or not value:
            note = _("Views without a {field} cannot be filtered for.").format(
                field=texts.inside(_(FIELDS[field]))
            )
            continue
        try:
            filter_ = Filter(field, "eq", value)
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
    rows, columns = (texts.inside(_(FIELDS[field])) for field in choice.fields[:2])
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
    table = analysis.pivot(named, rows, columns, choice.measure, _("Others"))
    frame = table.reset_index()
    # Positions as column names, since a value may have the name of the first column.
    frame.columns = pd.Index(["name", *(f"c{at}" for at in range(len(table.columns)))])
    first = _(FIELDS[rows])
    # A heading that equals the first one gets a trailing space.
    headings = [f"{name} " if name == first else str(name) for name in table.columns]
    kind = MEASURES[choice.measure][1]
    return frame, [
        Field("name", first, "text"),
        *(Field(f"c{at}", name, kind, wide=at > 1) for at, name in enumerate(headings)),
    ]


def _all_groups(
    view: View, client: QueryClient, choice: Choice, answer: Breakdown
) -> list[ui.Block]:
    groups, named = groups_of(view, choice, answer)
    if groups.empty:
        return []
    about = _(client.definitions.bounce) if choice.measure == "bounce_rate" else ""
    title = _("Every group, by {measure}").format(
        measure=texts.inside(_(MEASURES[choice.measure][0]))
    )
    unknown = rates_unknown(view, choice)
    return [
        ui.Text("", "body", lead=title, help=about, medium="page"),
        *([ui.Text(unknown)] if unknown else []),
        ui.Table(
            _("groups"),
            named,
            table_fields(choice),
            "groups",
            shown=15,
            printed=25,
            value="place",
            on_choose=lambda place: filtered_view(
                view, client.capabilities, groups.iloc[int(place)], choice.fields
            ),
        ),
        ui.Text(_("Choose a group to filter every page by it."), medium="page"),
    ]


def table_fields(choice: Choice) -> list[Field]:
    """The columns of the table of groups."""
    return [
        *(Field(field, _(FIELDS[field]), "text") for field in choice.fields),
        *(
            Field(name, _(label), kind, bar=name == choice.measure, wide=name != choice.measure)
            for name, (label, kind) in MEASURES.items()
        ),
    ]
