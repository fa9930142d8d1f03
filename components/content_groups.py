"""Content groups and own channels as rankings and as a field of a breakdown.

Each group is a View with its filters, so its figures are those of any filtered View: N groups take
N queries, and the views of no group one more. Where filters keep whole visits, the server divides
views or visits into groups in one query.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import pandas as pd

from components import blocks as ui
from components import formats, texts
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _, memoize
from components.view_description import why_empty
from umami.api import reports, traffic
from umami.api.reports import Breakdown, BreakdownField, Parts, parts_of_visits
from umami.api.traffic import Ranking, Stats
from umami.content_groups import (
    ASSISTANTS,
    ContentGroup,
    GroupKind,
    filters_of,
    filters_of_rest,
    lacking,
    matching,
    patterns_in,
    step_of,
    visits_of,
    within,
    without_patterns,
)
from umami.conversion import FunnelStep
from umami.endpoint import Query
from umami.errors import InvalidView, UmamiError
from umami.filters import (
    LONGEST_VALUE,
    PATTERNS,
    VISIT_FIELDS,
    Capabilities,
    Filter,
    params_of,
)
from umami.view import View

Answer = Stats | Breakdown | Parts
REST: Final = "rest"
"""The value of the row of views without a group."""


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
    by_visit: str
    """How visitors are counted where filters keep whole visits."""
    rest: str
    """The name of the row without a group."""


_PAGES_COUNTED: Final = N_(
    "A page is in the first group whose patterns match its path. A visitor counts in every group "
    "that they viewed a page of, so shares may add up to more than 100 %."
)
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
        _PAGES_COUNTED,
        _PAGES_COUNTED,
        N_("In no group"),
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
        N_(
            "A visit is in the first channel that one of its views came through. Visitors with "
            "several visits may count in several channels, so shares may add up to more than "
            "100 %. Umami’s own channels follow other rules."
        ),
        N_("In no channel"),
    ),
}
LEFT_OVER: Final = 5
"""Pages without a group that a preview names."""
NO_RANKING: Final = Ranking([], "visitors")
FIGURES: Final = ("views", "visitors", "visits", "bounces", "seconds")
"""The figures of a breakdown."""
SEVERAL_FIELDS: Final = N_(
    "These channels have patterns of several fields, and this server cannot leave out a view by "
    "another field: a view that matches channels of different fields counts in each."
)


@dataclass(frozen=True, slots=True)
class Part:
    """One group or, with the value ``REST``, what is in no group.

    ``filters`` keep what is in it, ``matching`` what is in it unless it is in an earlier part;
    ``fields`` are those of all groups.
    """

    name: str
    value: str
    filters: tuple[Filter, ...]
    matching: tuple[Filter, ...]
    fields: frozenset[str]

    def is_of(self, view: View) -> bool:
        """Whether a View is filtered by this part."""
        joined = view.match == "all" or len(view.filters) == 1
        return joined and patterns_in(view, self.fields) == set(self.filters)


@memoize
def parts(groups: tuple[ContentGroup, ...], *, whole_visits: bool) -> tuple[Part, ...]:
    """The parts that groups divide views into, or channels whole visits if filters keep those: the
    groups in their order and, unless filters cannot express it, the rest. Their names differ, also
    where a group has the name of the rest."""
    fields = frozenset(group.field for group in groups)
    kind: GroupKind = "group" if "path" in fields else "channel"
    of_visits = whole_visits and kind == "channel"
    filters = visits_of if of_visits else filters_of
    named = [
        Part(
            _(group.name) if group is ASSISTANTS else group.name,
            str(at),
            filters(groups, at),
            (matching(group),),
            fields,
        )
        for at, group in enumerate(groups)
    ]
    if groups and (of_visits or kind == "group"):
        rest = distinct(_(WORDS[kind].rest), [part.name for part in named])
        left = lacking(groups) if of_visits else filters_of_rest(groups)
        named.append(Part(rest, REST, left, (), fields))
    return tuple(named)


def distinct(name: str, others: Collection[str]) -> str:
    """A name that differs from all others, if need be by spaces at its end."""
    while name in others:
        name += " "
    return name


def effective(query: Collector, website: str, kind: GroupKind) -> tuple[ContentGroup, ...]:
    """The groups of a website; without channels of its own, that of AI assistants."""
    return query.content_groups(website, kind) or ((ASSISTANTS,) if kind == "channel" else ())


def resolved(query: Collector, website: str, step: FunnelStep) -> FunnelStep:
    """A step with the filters of its content group or own channel. It is a step to a page where
    only that can express the group, and stays as it is if there is no such group, or nothing can:
    servers then say why."""
    groups: tuple[ContentGroup, ...] = ()
    if step.kind == "group" or step.kind == "channel":
        groups = query.content_groups(website, step.kind)
    place = next((at for at, group in enumerate(groups) if group.name == step.value), None)
    if place is None:
        return step
    if not query.client.capabilities.group_steps:
        pattern = step_of(groups, place)
        return FunnelStep("path", pattern) if pattern else step
    filters = (visits_of if step.kind == "channel" else filters_of)(groups, place)
    return replace(step, rows=tuple(params_of(filters).items()))


def step_name(step: FunnelStep, most: int = LONGEST_VALUE) -> str:
    """The value of a step, in at most so many characters; that of an own channel says what it is,
    as a content group may have the same name."""
    name = formats.shortened(step.value, most)
    return _("{name} (own channel)").format(name=name) if step.kind == "channel" else name


def steps(query: Collector, website: str) -> tuple[dict[str, str], list[str]]:
    """The content groups that a step to a page can express, as names by patterns, and the names of
    the others."""
    groups = query.content_groups(website, "group")
    patterns = [step_of(groups, at) for at in range(len(groups))]
    named = list(zip(patterns, (group.name for group in groups), strict=True))
    return (
        {pattern: name for pattern, name in named if pattern},
        [name for pattern, name in named if not pattern],
    )


@dataclass(frozen=True, slots=True)
class Question:
    """What the figures of parts come from: ``ask`` makes the query for a View, or for the View of
    its comparison."""

    parts: tuple[Part, ...]
    view: View
    ask: Callable[[View], Query[Any]]


def questions(
    view: View,
    capabilities: Capabilities,
    divided: Sequence[Part],
    fields: tuple[BreakdownField, ...] = (),
) -> list[Question]:
    """The questions for the parts of a View, also broken down by ``fields``: one of all parts where
    filters keep whole visits. Where they keep rows, it is one of each part, and a View that is
    filtered by a part has only that one.

    Raises ``InvalidView`` where the server, or the filters of the View, do not allow it.
    """
    if view.whole_visits:
        groups = tuple(part.matching for part in divided if part.matching)
        of: Literal["rows", "visits"] = "rows" if "path" in divided[0].fields else "visits"
        at_once = partial(parts_of_visits, parts=groups, fields=fields, of=of)
        return [Question(tuple(divided), view, at_once)]
    narrowed = next(([(part, view)] for part in divided if part.is_of(view)), None)
    narrowed = narrowed or [(part, within(view, part.filters)) for part in divided]
    for _part, each in narrowed:
        if reason := each.lacking(capabilities):
            raise InvalidView(reason, remedy=N_("Groups need a server that filters by patterns."))
    ask = partial(reports.breakdown, fields=fields) if fields else traffic.stats
    return [Question((part,), each, ask) for part, each in narrowed]


def frames(divided: Sequence[Part], answers: Sequence[Answer]) -> list[pd.DataFrame]:
    """The figures of each part, of the answers to the questions, as frames of a breakdown."""
    first, *_others = answers
    if isinstance(first, Parts):
        frame = first.frame
        return [frame[frame["part"] == at].drop(columns="part") for at in range(len(divided))]
    return [
        answer.frame
        if isinstance(answer, Breakdown | Parts)
        else pd.DataFrame([{name: getattr(answer.current, name) for name in FIGURES}])
        for answer in answers
    ]


def _summed(divided: Sequence[Part], answers: Sequence[Answer]) -> pd.DataFrame:
    """A row with the figures of each part."""
    return pd.DataFrame([frame[[*FIGURES]].sum() for frame in frames(divided, answers)])


def chosen(
    view: View, capabilities: Capabilities, divided: Sequence[Part], value: str
) -> ui.Change:
    """The View filtered by the part with this value instead of another one, or without its filters
    if it has them; a note where that is not possible."""
    part = next(part for part in divided if part.value == value)
    by_part = any(other.is_of(view) for other in divided)
    cleared = without_patterns(view, part.fields) if by_part else view
    if part.is_of(view):
        return cleared
    try:
        narrowed = within(cleared, part.filters)
    except InvalidView as problem:
        return ui.Note(texts.sentences(problem))
    reason = narrowed.lacking(capabilities)
    return ui.Note(_(reason)) if reason else narrowed


def about_clicks(view: View, divided: Sequence[Part], fields: Sequence[str] = ()) -> list[ui.Block]:
    """A sentence if a click keeps fewer visits than its row counts: all filters have to match the
    same view or event of a visit, also those of the other ``fields`` of a row, while a row counts
    the visits that they keep."""
    if not divided or not view.whole_visits:
        return []
    others = without_patterns(view, divided[0].fields).filters
    fields = (*(filter_.field for filter_ in others), *fields)
    if VISIT_FIELDS.issuperset(fields) and not view.segment:
        return []
    text = _(
        "A click can keep fewer visits than its row counts: those in which a single view or event "
        "matches all filters, the group and the others."
    )
    return [ui.Text(text, medium="page")]


def filtered_by(query: Collector, view: View) -> list[tuple[GroupKind, Part]]:
    """The groups that a View is filtered by, at most one of each kind."""
    if not any(filter_.operator in PATTERNS for filter_ in view.filters):
        return []
    divided = {
        kind: parts(groups, whole_visits=view.whole_visits)
        for kind in WORDS
        if (groups := effective(query, view.website, kind))
    }
    return [(kind, part) for kind, every in divided.items() for part in every if part.is_of(view)]


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
        divided = parts(groups, whole_visits=view.whole_visits)
        plan = questions(view, capabilities, divided)
    except InvalidView as problem:
        reason = ui.Text(texts.sentences(problem), "empty")
        return ui.blocks_section(title, reason, *edit)
    except UmamiError as problem:
        return ui.failed_section(title, problem)
    total = query.hint(traffic.stats(view), None)
    answers = [query.compared(each.view, each.ask) for each in plan]
    notes: list[ui.Block] = []
    if len(divided[0].fields) > 1 and not view.whole_visits:
        notes = [ui.Text(_(SEVERAL_FIELDS))]
    notes += about_clicks(view, divided)
    shown = tuple(part for each in plan for part in each.parts)
    about_bounces = _(query.client.definitions.bounce)

    def make(whole: Stats | None, *stats: Answer) -> list[ui.Block]:
        now, earlier = stats[: len(plan)], stats[len(plan) :]
        frame = ranked(shown, whole, now, earlier)
        choose = partial(chosen, view, capabilities, divided)
        active = [part.value for part in divided if part.is_of(view)]
        return [*_blocks(view, kind, frame, choose, active, about_bounces), *notes, *edit]

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
    ``visitors``, ``visits``, ``share`` (of all visitors, a fraction), ``views``, with a comparison
    ``change``, and where whole visits are known ``bounce_rate``."""
    frame = _summed(named, now)
    if isinstance(now[0], Parts):
        frame["bounce_rate"] = frame["bounces"] / frame["visits"].where(frame["visits"] > 0)
    frame = frame.drop(columns=["bounces", "seconds"]).assign(
        value=[part.value for part in named], label=[part.name for part in named]
    )
    everybody = total.current.visitors if total else 0
    frame["share"] = frame["visitors"] / (everybody or float("nan"))
    if earlier:
        was = _summed(named, earlier)["visitors"].astype("float64")
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
    about_bounces: str,
) -> list[ui.Block]:
    words = WORDS[kind]
    counted = _(words.by_visit if view.whole_visits else words.counted)
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
                Field("share", _("% of visitors"), "percent", help=f"{about} {counted}"),
                *([Field("change", _("Change"), "change", wide=True)] if "change" in frame else []),
                Field("views", _("Views"), wide=True),
                *([_bounces(kind, about_bounces)] if "bounce_rate" in frame else []),
            ],
            f"groups_{kind}",
            value="value",
            on_choose=choose,
            active=active,
            csv=False,
        )
    ]


def _bounces(kind: GroupKind, definition: str) -> Field:
    """The column of the bounce rate, which is of whole visits."""
    of_group = _("Bounce rate of the visits that contain a page of the group.")
    of_channel = _("Bounce rate of the visits in the channel.")
    about = f"{of_group if kind == 'group' else of_channel} {definition}"
    return Field("bounce_rate", _("Bounce rate"), "percent", wide=True, help=about)


def preview(
    query: Collector, view: View, kind: GroupKind, groups: tuple[ContentGroup, ...]
) -> list[ui.Block]:
    """What groups that are not saved yet count in the period of a View, whatever its filters, and
    what they leave over. Waits for the answers. Raises ``UmamiError``."""
    unfiltered = view.unfiltered()
    divided = parts(groups, whole_visits=view.whole_visits)
    plan = questions(unfiltered, query.client.capabilities, divided)
    total = query.ask(traffic.stats(unfiltered))
    left: Future[Ranking] | None = None
    if kind == "group":
        rest = within(replace(unfiltered, whole_visits=False), divided[-1].filters)
        left = query.hint(traffic.metrics(rest, "path", limit=LEFT_OVER), NO_RANKING)
    answers = [query.ask(each.ask(each.view)) for each in plan]
    now = tuple(answer.result() for answer in answers)
    frame = ranked(divided, total.result(), now)
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
    if left is None and REST in set(frame["value"]):
        visits = int(frame["visits"].sum())
        rest = int(frame["visits"][frame["value"] == REST].sum())
        share = formats.percent(rest / visits if visits else None)
        return _("{share} of the visits came through none of these channels.").format(share=share)
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
