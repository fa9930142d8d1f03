"""Inputs of the pages of analyses: steps with suggestions, and analyses saved in Umami."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

from components import (
    authorized,
    content_groups,
    conversions,
    elements,
    formats,
    page_context,
    texts,
    url_state,
    viewer,
)
from components.elements import action_button, text_button
from components.escaping import plain
from components.loading import Collector, QueryClient, ask_saved_reports
from components.render import Page
from components.texts import N_, _
from umami import parsing
from umami.analysis import saved
from umami.analysis.steps import KINDS
from umami.api import reports, traffic
from umami.api.reports import Report
from umami.api.traffic import Value
from umami.conversion import PURCHASE, Conversion, FunnelStep, StepKind, spell
from umami.errors import InvalidView, UmamiError
from umami.view import View

PLACEHOLDERS: Final[dict[StepKind, str]] = {
    "path": N_("Choose or type a page, such as /pricing or /blog/*"),
    "event": N_("Choose or type the name of an event"),
    "group": N_("Choose a content group"),
    "channel": N_("Choose an own channel"),
}
NO_STEPS: Final = N_(
    "Content groups that are no step: {names}. A step is one pattern with * only at its ends, and "
    "servers cannot leave out the pages of an earlier group."
)
CHANNEL_STEP: Final = N_(
    "A visitor reaches an own channel by a page view that matches its patterns, and those of no "
    "channel before it. A visit can reach several channels in this way; the tab “Own channels” "
    "counts it in one."
)
_SAVED: Final = "what was just saved"
_NONE: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Values that occur in the period, the most frequent first, and content groups as names by the
    patterns of pages, and the names of those that are no step. ``named`` are the names of content
    groups and own channels where these are kinds of steps."""

    paths: tuple[str, ...]
    events: tuple[str, ...]
    groups: Mapping[str, str]
    no_steps: Sequence[str]
    named: Mapping[StepKind, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kinds(self) -> list[StepKind]:
        """The kinds of steps to choose from."""
        return [kind for kind in KINDS if kind in ("path", "event") or self.named.get(kind)]

    def of(self, kind: StepKind) -> tuple[str, ...]:
        """The suggestions for one kind of step."""
        match kind:
            case "path":
                return (*self.groups, *self.paths)
            case "event":
                return self.events
        return self.named.get(kind, ())

    def label(self, value: str) -> str:
        """A value as the inputs show it: the pattern of a group with its name."""
        return f"{self.groups[value]} ({value})" if value in self.groups else value


Values = Future[tuple[Value, ...]]


def ask_suggestions(page: Collector, view: View) -> tuple[Values, Values]:
    """Query pages and events to suggest; empty where the server does not support it."""
    return (
        page.hint(traffic.values(view, "path"), _NONE),
        page.hint(traffic.values(view, "event"), _NONE),
    )


def suggestions(
    page: Collector, website: str, paths: Sequence[Value], events: Sequence[Value]
) -> Suggestions:
    """The suggestions from both answers, without rows that have no value, and the groups and
    channels of the website."""
    values = (
        tuple(row.value for row in paths if row.value),
        tuple(row.value for row in events if row.value),
    )
    if page.client.capabilities.group_steps:
        named: dict[StepKind, tuple[str, ...]] = {
            kind: tuple(group.name for group in page.content_groups(website, kind))
            for kind in content_groups.WORDS
        }
        return Suggestions(*values, {}, (), named)
    return Suggestions(*values, *content_groups.steps(page, website))


def explain_steps(offered: Suggestions, steps: Iterable[FunnelStep | None]) -> None:
    """Name the content groups that cannot be a step, and say why; say when channels are reached."""
    if any(step and step.kind == "channel" for step in steps):
        st.caption(_(CHANNEL_STEP))
    if offered.no_steps:
        names = ", ".join(map(formats.shortened, offered.no_steps))
        st.caption(plain(_(NO_STEPS).format(names=names), 500))


def editor(
    page: Page, view: View, draw: Callable[..., None], *answers: Future[Any], height: int
) -> None:
    """Draw the inputs of an analysis once the queries for them have been answered.

    ``draw`` receives the suggestions, the saved reports of the website and further ``answers``.
    """

    def drawn(paths: Any, events: Any, listed: parsing.Page[Report], *more: Any) -> None:
        draw(suggestions(page, view.website, paths, events), listed.rows, *more)

    saved_reports = ask_saved_reports(page, view)
    page.section(drawn, *ask_suggestions(page, view), saved_reports, *answers, height=height)


def inputs(
    step: FunnelStep,
    offered: Suggestions,
    *,
    label: str,
    key: str,
    write: Callable[[FunnelStep], object],
) -> None:
    """Draw two inputs for one step; ``write`` receives the new step when either changes."""
    kind_key, value_key = f"{key}_kind", f"{key}_value"
    st.session_state[kind_key] = step.kind

    def changed() -> None:
        kind: StepKind = st.session_state[kind_key]
        entry: Any = st.session_state[value_key]
        value = "" if entry is None or kind != step.kind else str(entry).strip()
        write(FunnelStep(kind, value))

    st.selectbox(
        _("{label}: kind").format(label=label),
        list(dict.fromkeys((*offered.kinds, step.kind))),
        key=kind_key,
        format_func=lambda kind: _(KINDS[kind]),
        label_visibility="collapsed",
        width=150 if len(offered.kinds) > 2 else 95,
        on_change=authorized.callback(changed),
    )
    value_input(
        f"{label}: {texts.inside(_(KINDS[step.kind]))}",
        value_key,
        step.value,
        offered.of(step.kind),
        changed,
        placeholder=_(PLACEHOLDERS[step.kind]),
        format_func=offered.label,
    )


_EVERY_KIND: Final[dict[str, str]] = {
    **{str(kind): label for kind, label in KINDS.items()},
    PURCHASE: N_("Any purchase"),
}


COUNTED_BY_VISIT: Final = N_(
    "Each visit counts as one conversion at most. Tables of pages, sources, campaigns, locations "
    "and devices show how many visits converted."
)
COUNTED_BY_VISITOR: Final = N_(
    "Each visitor counts as one conversion at most. This server tells how many of the visitors of "
    "campaigns, sources, channels, locations and devices converted."
)


def conversion_popover(client: QueryClient, view: View) -> None:
    """Draw the choice of what counts as a conversion, and of the currency of its revenue."""
    page = Collector(client, reader=page_context.reader())
    with st.popover(
        # A label that changes would close it.
        _("Conversion"),
        icon=":material/flag:",
        key="conversion_popover",
        help=_("What counts as a conversion"),
        on_change="rerun",
    ) as popover:
        if not popover.open:
            return
        chosen = conversions.chosen(page, view)
        paths, events = ask_suggestions(page, view)
        offered = suggestions(page, view.website, paths.result(), events.result())
        codes = conversions.choices(conversions.ask_currencies(page, view).result(), view.currency)
        _conversion_inputs(chosen, offered, list(codes))
        explain_steps(offered, [chosen.step])
        st.caption(_(COUNTED_BY_VISIT) if view.whole_visits else _(COUNTED_BY_VISITOR))
        if viewer.current().permissions.saves(view.website):
            elements.show_loss(_("the conversions of websites"))
            saved = viewer.saved_conversion(view.website)
            text = spell(chosen.step) if chosen.step else PURCHASE
            if chosen and saved != (text, chosen.currency):
                to_save = text, chosen.currency
                action_button(
                    _("Save for everyone"), "save_conversion", _save_conversion, view, to_save
                )
            if saved:
                text_button(
                    _("Delete saved conversion"), "forget_conversion", _save_conversion, view, None
                )


def _conversion_inputs(chosen: Conversion, offered: Suggestions, currencies: list[str]) -> None:
    """Draw inputs for the kind of conversion, its value, and the currency."""
    step = chosen.step or FunnelStep("event", "")
    kind = PURCHASE if chosen and not chosen.step else step.kind

    def choose_kind(kind: str) -> None:
        first = next((value for each in KINDS if each == kind for value in offered.of(each)), "")
        url_state.change({"conversion": [kind if kind == PURCHASE else f"{kind}.{first}"]})

    def choose_value() -> None:
        value = str(st.session_state["conversion_value"] or "").strip()
        url_state.change({"conversion": [f"{step.kind}.{value}"] if value else []})

    shown = {*offered.kinds, step.kind, *([PURCHASE] if currencies else [])}
    kinds = {name: _(label) for name, label in _EVERY_KIND.items() if name in shown}
    elements.select(_("Kind"), kinds, kind, key="conversion_kind", write=choose_kind)
    if kind != PURCHASE:
        value_input(
            _("Conversion: {kind}").format(kind=texts.inside(_(KINDS[step.kind]))),
            "conversion_value",
            step.value,
            offered.of(step.kind),
            choose_value,
            placeholder=_(PLACEHOLDERS[step.kind]),
            format_func=offered.label,
        )
    if currencies:
        elements.select(
            _("Currency"),
            {code: _("Revenue in {code}").format(code=code) for code in currencies},
            chosen.currency,
            key="conversion_revenue",
            icon=":material/payments:",
            write=lambda code: url_state.change({"conversion_currency": [code]}),
        )


def _save_conversion(view: View, saved: tuple[str, str] | None) -> None:
    try:
        viewer.save_conversion(view.website, saved)
    except UmamiError as problem:
        url_state.note(
            _("Not saved. {problem} {remedy}").format(
                problem=texts.sentence(problem), remedy=_(problem.remedy)
            )
        )
        return
    url_state.change({"conversion": [], "conversion_currency": []})


def value_input(
    label: str,
    key: str,
    value: str | None,
    offered: Sequence[str],
    changed: Callable[[], None],
    **options: Any,
) -> None:
    """Draw an input for a text or one of the ``offered`` values; ``changed`` reads the state."""
    st.session_state[key] = value or None
    st.selectbox(
        label,
        list(dict.fromkeys([*([value] if value else []), *offered])),
        index=None,
        key=key,
        accept_new_options=True,
        label_visibility="collapsed",
        on_change=authorized.callback(changed),
        **options,
    )


def saved_menu(
    view: View,
    kind: str,
    listed: Sequence[Report],
    to_save: dict[str, Any] | None,
    *,
    description: str = "",
    about: str = "",
) -> None:
    """Draw a popover that lists the saved reports of a kind and can save the current one.

    ``to_save`` are the parameters to save; ``None`` while there is nothing to save. ``about``
    describes them.
    """
    if name := authorized.data().pop(_SAVED, None):
        st.toast(
            plain(_("Saved in Umami as “{name}”.").format(name=name)),
            icon=":material/bookmark_added:",
        )
    with st.popover(_("Saved"), icon=":material/bookmarks:", key="saved_reports"):
        of_kind = [report for report in listed if report.type == kind]
        if not of_kind:
            st.caption(_("No {kind} is saved for this website yet.").format(kind=kind))
        for report in of_kind:
            label, key = plain(report.name, 60), f"open_{report.id}"
            action_button(label, key, _open, report, icon="folder_open", type="tertiary")
        if to_save is None or not viewer.current().permissions.saves(view.website):
            return
        st.divider()
        if about:
            st.caption(plain(about))
        st.text_input(_("Name"), key="save_name", placeholder=_("Name"), max_chars=200)
        action_button(
            _("Save in Umami"),
            "save_report",
            _save,
            *(view, kind, to_save, description),
            icon="bookmark_add",
            width="stretch",
        )


def _open(report: Report) -> None:
    try:
        url_state.set_params(**saved.opening(report).parameters)
    except InvalidView as problem:
        url_state.note(texts.sentence(problem))


def _save(view: View, kind: str, what: dict[str, Any], description: str) -> None:
    name = str(st.session_state.get("save_name") or "").strip()
    if not name:
        url_state.note(_("Enter a name first."))
        return
    try:
        page_context.client().ask(
            reports.create_report(view.website, kind, name, what, description=description)
        )
    except UmamiError as problem:
        url_state.note(
            _("Not saved. {problem} {remedy}").format(
                problem=texts.sentence(problem), remedy=_(problem.remedy)
            )
        )
        return
    st.session_state["save_name"] = ""
    st.session_state["saved_reports"] = False
    authorized.data()[_SAVED] = name
