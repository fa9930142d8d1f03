"""Content groups and own channels as rankings and as a field of a breakdown.

Each group is a View with its filters, so its figures are those of any filtered View: N groups take
N queries, and the views of no group one more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import formats, texts
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _, memoize
from components.view_description import why_empty
from umami.api import reports, traffic
from umami.api.reports import Breakdown, BreakdownField, parts_of_visits
from umami.api.traffic import Ranking, Stats
from umami.content_groups import (
    ASSISTANTS,
    ContentGroup,
    GroupKind,
    filters_of,
    filters_of_rest,
    patterns_in,
    step_of,
    within,
    without_patterns,
)
from umami.endpoint import Query
from umami.errors import InvalidView, UmamiError
from umami.filters import Capabilities, Filter
from umami.view import View

Answer = Stats | Breakdown
REST: Final = "rest"
"""The value of the row of views without a group."""
NO_GROUP: Final = N_("In no group")


@dataclass(frozen=True, slots=True)
class Words:
    """The texts about a kind of groups."""

    tab: str
    many: str
    """The rows in the plural."""
    name: str
    """The heading of the first column."""
    edit: str
    """The label of the button that opens the form, and the title of the form."""
    none: str
    """What is shown while there are no groups."""
    nobody: str
    """What is shown where no visitor counts."""
    counted: str
    """How visitors are counted."""


WORDS: Final[dict[GroupKind, Words]] = {
    "group": Words(
        N_("Groups"),
        N_("content groups"),
        N_("Content group"),
        N_("Content groups"),
        N_(
            "No content groups yet. They rank pages together, such as all of /blog/*, under a name "
            "that you choose."
        ),
        N_("Nobody viewed a page of these groups in this period."),
        N_(
            "A page is in the first group whose patterns match its path. A visitor counts in every "
            "group that they viewed a page of, so shares may add up to more than 100 %."
        ),
    ),
    "channel": Words(
        N_("Own channels"),
        N_("own channels"),
        N_("Own channel"),
        N_("Own channels"),
        N_("No own channels yet. They rank sources together under a name that you choose."),
        N_("Nobody came through these channels in this period: {names}."),
        N_(
            "A visitor counts in every channel that one of their views came through, so shares may "
            "add up to more than 100 %. Umami’s own channels follow other rules."
        ),
    ),
}
LEFT_OVER: Final = 5
"""Pages without a group that a preview names."""
NO_RANKING: Final = Ranking([], "visitors")
FIGURES: Final = ("views", "visitors", "visits", "bounces", "seconds")
"""The figures of a breakdown."""
SEVERAL_FIELDS: Final = N_(
    "These channels have patterns of several fields, and servers cannot leave out a view by another"
    " field: a view that matches channels of different fields counts in each."
)


@dataclass(frozen=True, slots=True)
class Part:
    """One group or, with the value ``REST``, the views without a group, and its ``filters``."""

    name: str
    value: str
    filters: tuple[Filter, ...]

    @property
    def field(self) -> str:
        """The field of its patterns."""
        return self.filters[0].field

    def is_of(self, view: View) -> bool:
        """Whether a View is filtered by this part."""
        return patterns_in(view, self.field) == set(self.filters)


@memoize
def parts(groups: tuple[ContentGroup, ...]) -> tuple[Part, ...]:
    """The parts that groups divide views into: the groups in their order and, of groups of pages,
    the views without a group. Their names differ, also where a group has the name of the rest."""
    named = [
        Part(_(group.name) if group is ASSISTANTS else group.name, str(at), filters_of(groups, at))
        for at, group in enumerate(groups)
    ]
    if groups and groups[0].field == "path":
        rest = distinct(_(NO_GROUP), [part.name for part in named])
        named.append(Part(rest, REST, filters_of_rest(groups)))
    return tuple(named)


def distinct(name: str, others: Collection[str]) -> str:
    """A name that differs from all others, if need be by spaces at its end."""
    while name in others:
        name += " "
    return name


def effective(query: Collector, website: str, kind: GroupKind) -> tuple[ContentGroup, ...]:
    """The groups of a website; without channels of its own, that of AI assistants."""
    return query.content_groups(website, kind) or ((ASSISTANTS,) if kind == "channel" else ())


def steps(query: Collector, website: str) -> tuple[dict[str, str], list[str]]:
    """The content groups that can be a step, as names by patterns, and the names of the others."""
    groups = query.content_groups(website, "group")
    patterns = [step_of(groups, at) for at in range(len(groups))]
    named = list(zip(patterns, (group.name for group in groups), strict=True))
    return (
        {pattern: name for pattern, name in named if pattern},
        [name for pattern, name in named if not pattern],
    )


@dataclass(frozen=True, slots=True)
class Question:
    """What the figures of a part come from: ``ask`` makes the query for a View, or for the View of
    its comparison."""

    part: Part
    view: View
    ask: Callable[[View], Query[Any]]


def by_visit(view: View) -> bool:
    """Whether the filters of a View keep whole visits, of which parts keep single views."""
    return view.whole_visits and view.is_filtered and not view.filters_visits


def questions(
    view: View,
    capabilities: Capabilities,
    divided: Sequence[Part],
    fields: tuple[BreakdownField, ...] = (),
) -> list[Question]:
    """The questions for each part of a View, also broken down by ``fields``. Where filters keep
    rows, a View that is filtered by a part has only that one.

    Raises ``InvalidView`` where the server, or the filters of the View, do not allow it.
    """
    if by_visit(view):
        return [
            Question(part, view, partial(parts_of_visits, rows=part.filters, fields=fields))
            for part in divided
        ]
    rows = replace(view, whole_visits=False)
    narrowed = next(([(part, rows)] for part in divided if part.is_of(view)), None)
    narrowed = narrowed or [(part, within(rows, part.filters)) for part in divided]
    for _part, each in narrowed:
        if lacking := each.lacking(capabilities):
            raise InvalidView(lacking, remedy=N_("Groups need a server that filters by patterns."))
    ask = partial(reports.breakdown, fields=fields) if fields else traffic.stats
    return [Question(part, each, ask) for part, each in narrowed]


def figures(answer: Answer) -> pd.DataFrame:
    """The answer to a question as the frame of a breakdown."""
    if isinstance(answer, Breakdown):
        return answer.frame
    return pd.DataFrame([{name: getattr(answer.current, name) for name in FIGURES}])


def chosen(
    view: View, capabilities: Capabilities, divided: Sequence[Part], value: str
) -> ui.Change:
    """The View filtered by the part with this value instead of another one, or without its filters
    if it has them; a note where that is not possible."""
    part = next(part for part in divided if part.value == value)
    cleared = view
    for other in divided:
        if other.is_of(view):
            cleared = without_patterns(cleared, other.field)
    if part.is_of(view):
        return cleared
    try:
        narrowed = within(cleared, part.filters)
    except InvalidView as problem:
        return ui.Note(texts.sentences(problem))
    lacking = narrowed.lacking(capabilities)
    return ui.Note(_(lacking)) if lacking else narrowed


def can_filter(query: Collector, view: View) -> bool:
    """Whether the reader may filter the website, as the figures of groups need."""
    return query.reader is None or query.reader.permissions.filters(view.website)


def tabs(query: Collector, view: View, kind: GroupKind) -> list[ui.Tab]:
    """The tab of a kind of groups, if the reader may filter; reports print it if there are
    groups."""

    def printed() -> bool:
        return bool(query.content_groups(view.website, kind))

    if not can_filter(query, view):
        return []
    return [ui.Tab(_(WORDS[kind].tab), partial(section, query, view, kind), printed)]


def section(query: Collector, view: View, kind: GroupKind) -> ui.Section:
    """Send the queries of the ranking of groups; a click on a row filters every page."""
    words, groups = WORDS[kind], effective(query, view.website, kind)
    title = texts.capitalised(_(words.many))
    edit: list[ui.Block] = []
    if query.reader and query.reader.content_groups.may_change(view.website):
        label = _("{name} …").format(name=_(words.edit))
        edit.append(ui.Buttons(f"edit_{kind}", [(label, "edit", ui.EditGroups(kind))]))
    if not groups:
        return ui.blocks_section(title, ui.Text(_(words.none), "empty"), *edit)
    try:
        capabilities = query.client.capabilities
        divided = parts(groups)
        plan = questions(view, capabilities, divided)
    except InvalidView as problem:
        reason = ui.Text(texts.sentences(problem), "empty")
        return ui.blocks_section(title, reason, *edit)
    except UmamiError as problem:
        return ui.failed_section(title, problem)
    total = query.hint(traffic.stats(view), None)
    answers = [query.compared(each.view, each.ask) for each in plan]
    several = len({part.field for part in divided}) > 1
    notes = [ui.Text(_(SEVERAL_FIELDS))] if several else []

    def make(whole: Stats | None, *stats: Answer) -> list[ui.Block]:
        now, earlier = stats[: len(plan)], stats[len(plan) :]
        frame = ranked(tuple(each.part for each in plan), whole, now, earlier)
        choose = partial(chosen, view, capabilities, divided)
        active = [part.value for part in divided if part.is_of(view)]
        return [*_blocks(view, kind, frame, choose, active), *notes, *edit]

    earlier = [before for answer in answers for before in answer.earlier]
    sent: list[Future[Any]] = [total, *(answer.now for answer in answers), *earlier]
    return ui.Section(title, make, sent, height=ui.TABLE)


@memoize
def ranked(
    named: tuple[Part, ...],
    total: Stats | None,
    now: tuple[Answer, ...],
    earlier: tuple[Answer, ...] = (),
) -> pd.DataFrame:
    """A row for each part, most visitors first and the rest last: ``value``, ``label``,
    ``visitors``, ``share`` (of all visitors, a fraction), ``views`` and, with a comparison,
    ``change``."""
    frame = pd.concat([figures(answer) for answer in now], ignore_index=True)
    frame = frame[["visitors", "views"]].assign(
        value=[part.value for part in named], label=[part.name for part in named]
    )
    everybody = total.current.visitors if total else 0
    frame["share"] = frame["visitors"] / (everybody or float("nan"))
    if earlier:
        before = pd.concat([figures(answer) for answer in earlier], ignore_index=True)
        was = before["visitors"].astype("float64")
        frame["change"] = frame["visitors"] / was.where(was > 0) - 1
    rest = frame["value"] == REST
    order = frame.assign(rest=rest).sort_values(
        ["rest", "visitors"], ascending=[True, False], kind="stable", ignore_index=True
    )
    return order.drop(columns="rest")


def _blocks(
    view: View,
    kind: GroupKind,
    frame: pd.DataFrame,
    choose: Callable[[str], ui.Change],
    active: Sequence[str],
) -> list[ui.Block]:
    words = WORDS[kind]
    if not view.keeps_views or not frame["visitors"].any():
        nobody = _(words.nobody).format(names=", ".join(frame["label"]))
        return [ui.Text(why_empty(view, nobody), "empty")]
    about = _("Share of all visitors of the period that match the filters.")
    return [
        ui.Table(
            _(words.many),
            frame,
            [
                Field("label", _(words.name), "text"),
                Field("visitors", _("Visitors"), bar=True),
                Field("share", _("% of visitors"), "percent", help=f"{about} {_(words.counted)}"),
                *([Field("change", _("Change"), "change", wide=True)] if "change" in frame else []),
                Field("views", _("Views"), wide=True),
            ],
            f"groups_{kind}",
            value="value",
            on_choose=choose,
            active=active,
            csv=False,
        )
    ]


def preview(
    query: Collector, view: View, kind: GroupKind, groups: tuple[ContentGroup, ...]
) -> list[ui.Block]:
    """What groups that are not saved yet count in the period of a View, whatever its filters, and
    what they leave over. Waits for the answers. Raises ``UmamiError``."""
    unfiltered = view.unfiltered()
    plan = questions(unfiltered, query.client.capabilities, parts(groups))
    total = query.ask(traffic.stats(unfiltered))
    left: Future[Ranking] | None = None
    if kind == "group":
        rest = plan[-1].view
        left = query.hint(traffic.metrics(rest, "path", limit=LEFT_OVER), NO_RANKING)
    answers = [query.ask(each.ask(each.view)) for each in plan]
    now = tuple(answer.result() for answer in answers)
    frame = ranked(tuple(each.part for each in plan), total.result(), now)
    words = WORDS[kind]
    fields = [
        Field("label", _(words.name), "text"),
        Field("visitors", _("Visitors"), bar=True),
        Field("share", _("% of visitors"), "percent"),
        Field("views", _("Views"), wide=True),
    ]
    table = ui.Table(
        _(words.many), frame, fields, f"preview_{kind}", shown=len(frame), csv=False, height=300
    )
    return [ui.Text(_left_over(kind, frame, total.result(), left)), table]


def _left_over(
    kind: GroupKind, frame: pd.DataFrame, total: Stats, left: Future[Ranking] | None
) -> str:
    """The share of views, or of visitors, that no group has, in a sentence."""
    if left is None:
        visitors = total.current.visitors
        rest = visitors - int(frame["visitors"].sum())
        share = formats.percent(max(0, rest) / visitors if visitors else None)
        return _("At least {share} of the visitors came through none of these channels.").format(
            share=share
        )
    views = int(frame["views"].sum())
    rest = int(frame["views"][frame["value"] == REST].sum())
    share = formats.percent(rest / views if views else None)
    paths = [row.name for row in left.result().rows if row.name]
    if not paths:
        return _("{share} of the views are in no group.").format(share=share)
    named = ", ".join(formats.shortened(path) for path in paths)
    return _("{share} of the views are in no group, most of them of {paths}.").format(
        share=share, paths=named
    )
