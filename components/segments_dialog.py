"""Segments & cohorts: the dialog that lists, creates, changes and deletes those of a website."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import streamlit as st

from access.permissions import AuthorizedClient
from components import (
    authorized,
    elements,
    filter_inputs,
    formats,
    page_context,
    texts,
    url_state,
)
from components.edit_dialog import EditDialog
from components.escaping import plain
from components.texts import N_, _
from components.view_description import filter_in_words
from umami.analysis.segments import RANGES, ActionKind, Definition, definition
from umami.api import segments, sessions
from umami.api.segments import Kind, Segment
from umami.endpoint import Query
from umami.errors import InvalidView, UmamiError
from umami.filters import NO_COHORTS, Filter
from umami.period import Period, zone
from umami.view import View

KINDS: Final[dict[Kind, str]] = {"segment": N_("Segment"), "cohort": N_("Cohort")}
ACTIONS: Final[dict[ActionKind, str]] = {
    "path": N_("Viewed a page"),
    "event": N_("Triggered an event"),
}
CUSTOM: Final = "custom"


@dataclass(frozen=True, slots=True)
class _Open:
    """What the dialog shows: a form with a ``definition``, or else the list.

    ``id`` is that of the segment that the form changes; ``deleting`` that of the segment whose
    deletion is to be confirmed. ``number`` makes the keys of the inputs, new for each form.
    """

    view: View
    number: int
    definition: Definition | None = None
    id: str = ""
    deleting: str = ""

    def key(self, name: str) -> str:
        return f"segment_{name}_{self.number}"


_DIALOG: Final[EditDialog[_Open]] = EditDialog("segment")


def button(client: AuthorizedClient, now: View) -> None:
    """Draw a button that opens the dialog, where the server has segments."""
    try:
        if client.refusal(segments.segments(now.website)) is not None:
            return
    except UmamiError:
        return
    elements.text_button(_("Segments & cohorts …"), "open_segments", _begin, icon="groups")


def _begin() -> None:
    st.session_state["add_filter"] = False
    _show_list(url_state.view())


def _show_list(view: View, deleting: str = "") -> None:
    _DIALOG.open(_Open(view, _DIALOG.next_number(), deleting=deleting))


def _show_form(view: View, shown: Definition, id: str = "") -> None:
    _DIALOG.open(_Open(view, _DIALOG.next_number(), shown, id))


def draw_open() -> None:
    """Draw the dialog while it is open, and confirm what was done. Call once per run."""
    if _DIALOG.form_here():
        authorized.dialog(_("Segments & cohorts"), _draw, _DIALOG.close)


def _draw() -> None:
    opened = _DIALOG.current()
    client = page_context.client()
    if opened.definition is None:
        _list(client, opened)
    else:
        _form(client, opened, opened.definition)
    _DIALOG.show_problem()


def _may_save(client: AuthorizedClient, view: View) -> bool:
    """Whether the viewer may save segments, and the server takes them."""
    saves = client.permissions.saves(view.website) and client.permissions.filters(view.website)
    return saves and client.refusal(_saving(view, "", Definition("segment"), client)) is None


def _list(client: AuthorizedClient, opened: _Open) -> None:
    """All segments and cohorts, with what can be done with them."""
    view = opened.view
    usable = client.capabilities.saved_kinds
    if "cohort" in usable:
        text = _(
            "A segment is a set of filters under a name. A cohort is visitors who did something "
            "within some days. They are saved in Umami and work in every filter."
        )
        st.caption(text)
    else:
        text = _("A segment is a set of filters under a name. It is saved in Umami.")
        st.caption(f"{text} {_(NO_COHORTS)}")
    may_save = _may_save(client, view)
    if may_save:
        with elements.row():
            if view.filters:
                current = Definition("segment", filters=view.filters, match=view.match)
                elements.action_button(
                    _("Save these filters as a segment"),
                    "segment_of_filters",
                    _show_form,
                    *(view, current),
                    icon="filter_alt",
                    type="primary",
                )
            new = Definition("segment")
            elements.action_button(
                _("New segment"), "new_segment", _show_form, view, new, icon="add"
            )
            if "cohort" in usable:
                cohort = Definition("cohort", dates="30day", action=("path", ""))
                elements.action_button(
                    _("New cohort"), "new_cohort", _show_form, view, cohort, icon="group_add"
                )
    try:
        replies = [client.submit(segments.segments(view.website, kind)) for kind in KINDS]
        pages = [reply.result() for reply in replies]
        listed = [row for page in pages for row in page.rows]
    except UmamiError as problem:
        elements.show_error(problem)
        return
    if not listed:
        elements.show_empty(_("No segments or cohorts are saved for this website yet."))
    if missing := sum(page.count for page in pages) - len(listed):
        text = formats.counted(
            "This server does not list {count} more: choose it in Umami.",
            "This server does not list {count} more: choose them in Umami.",
            missing,
        )
        elements.show_note(text)
    for row in listed:
        with st.container(border=True, gap="xsmall", key=f"segment_row_{row.id}"):
            _row(client, opened, row, usable=row.kind in usable, may_save=may_save)


def _row(
    client: AuthorizedClient, opened: _Open, row: Segment, *, usable: bool, may_save: bool
) -> None:
    view, shown = opened.view, definition(row)
    st.markdown(f"**{plain(row.name or _('(no name)'), 100)}** · {_(KINDS[row.kind])}")
    st.caption(plain(in_words(shown), 400))
    used = row.id in (view.segment, view.cohort)
    with elements.row():
        if opened.deleting == row.id:
            st.markdown(_("Delete it in Umami, too? Links that use it then show no filter."))
            elements.action_button(
                _("Delete it"), f"segment_delete_{row.id}", _delete, view, row, type="primary"
            )
            elements.action_button(_("Keep it"), f"segment_keep_{row.id}", _show_list, view)
            return
        if usable:
            elements.action_button(
                _("Stop filtering") if used else _("Filter by it"),
                f"segment_use_{row.id}",
                _use,
                *(row.kind, "" if used else row.id),
                icon="filter_alt_off" if used else "filter_alt",
            )
        if usable and may_save:
            elements.text_button(
                _("Edit"), f"segment_edit_{row.id}", _show_form, view, shown, row.id, icon="edit"
            )
        if client.permissions.saves(view.website) and client.permissions.filters(view.website):
            elements.text_button(
                _("Delete"), f"segment_ask_{row.id}", _show_list, view, row.id, icon="delete"
            )


def in_words(shown: Definition) -> str:
    """What a segment or cohort selects: ``Country is Germany · Viewed /cart, last 30 days``."""
    if shown.is_opaque:
        return _("Its filters were made in Umami and cannot be shown here.")
    joined = _(" or ") if shown.match == "any" else _(" and ")
    parts = [joined.join(map(filter_in_words, shown.filters))] if shown.filters else []
    if shown.action:
        kind, value = shown.action
        parts.append(f"{_(ACTIONS[kind])}: {formats.shortened(value)}")
    if shown.kind == "cohort":
        parts.append(dates_in_words(shown))
    if shown.others:
        parts.append(_("more conditions of Umami"))
    return " · ".join(filter(None, parts)) or _("Everybody")


def dates_in_words(shown: Definition) -> str:
    """The dates of a cohort."""
    if shown.dates in RANGES:
        return _(RANGES[shown.dates])
    period = shown.period("UTC", date.today())
    return formats.days(period) if period else shown.dates


def _use(kind: Kind, id: str) -> None:
    url_state.change({kind: [id] if id else []})
    _DIALOG.close()


def _form(client: AuthorizedClient, opened: _Open, shown: Definition) -> None:
    """The form of a segment or cohort."""
    st.text_input(_("Name"), shown.name, key=opened.key("name"), max_chars=200)
    if shown.is_opaque:
        st.caption(in_words(shown))
    else:
        _filters(client, opened, shown)
        if shown.kind == "cohort":
            _action(client, opened, shown)
        _size(client, opened, _typed(opened, shown))
    with elements.row():
        elements.action_button(_("Save"), "segment_save", _save, opened, shown, type="primary")
        elements.action_button(_("Back to the list"), "segment_back", _show_list, opened.view)


def _filters(client: AuthorizedClient, opened: _Open, shown: Definition) -> None:
    """The filters of a form, with a button that removes each, and inputs for another one."""
    with st.container(horizontal=True, gap="xsmall", key=opened.key("filters")):
        for at, filter_ in enumerate(shown.filters):
            others = tuple(other for other in shown.filters if other != filter_)
            elements.action_button(
                plain(filter_in_words(filter_), 80),
                f"segment_filter_{at}",
                _update,
                *(opened, replace(shown, filters=others)),
                icon="close",
                icon_position="right",
                help=_("Remove this filter"),
            )
    if len(shown.filters) > 1 and client.capabilities.several:
        st.segmented_control(
            _("Filters joined by"),
            ["all", "any"],
            default=shown.match,
            format_func={"all": _("Match all"), "any": _("Match any")}.__getitem__,
            key=opened.key("match"),
            required=True,
            label_visibility="collapsed",
        )
    with st.expander(_("Add a filter"), expanded=not shown.filters and shown.kind == "segment"):
        around = opened.view.unfiltered()
        read = filter_inputs.draw(client, around, opened.key("f"))
        elements.action_button(_("Add filter"), "segment_add", _add, opened, shown, client, read)


def _add(
    opened: _Open, shown: Definition, client: AuthorizedClient, read: Callable[[], Filter]
) -> None:
    try:
        added = opened.view.unfiltered()
        for filter_ in (*shown.filters, read()):
            added = added.adding(filter_, beside=client.capabilities.several)
    except InvalidView as problem:
        _DIALOG.refuse(texts.sentence(problem))
        return
    _update(opened, replace(shown, filters=added.filters))


def _update(opened: _Open, shown: Definition) -> None:
    """Show the form with other filters and what was typed. Call it in a callback."""
    filters = shown.filters
    _DIALOG.open(replace(opened, definition=replace(_typed(opened, shown), filters=filters)))


def _action(client: AuthorizedClient, opened: _Open, shown: Definition) -> None:
    """Inputs for what the visitors of a cohort did, and when."""
    kind, value = shown.action or ("path", "")
    chosen: ActionKind = st.segmented_control(
        _("What did they do?"),
        list(ACTIONS),
        default=kind,
        format_func=lambda kind: _(ACTIONS[kind]),
        key=opened.key("kind"),
        required=True,
    )
    current = [value] if value and chosen == kind else []
    offered = filter_inputs.suggestions(client, opened.view.unfiltered(), chosen)
    st.selectbox(
        _("Page") if chosen == "path" else _("Event"),
        list(dict.fromkeys([*current, *offered])),
        index=0 if current else None,
        key=opened.key(f"value_{chosen}"),
        placeholder=_("Choose or type"),
        accept_new_options=True,
    )
    ranges = {**{name: _(label) for name, label in RANGES.items()}, CUSTOM: _("Custom dates")}
    custom = shown.dates and shown.dates not in RANGES
    dates = st.selectbox(
        _("When?"),
        list(ranges),
        index=list(ranges).index(CUSTOM if custom else shown.dates or "30day"),
        format_func=ranges.__getitem__,
        key=opened.key("dates"),
    )
    if dates == CUSTOM:
        zone_name = opened.view.period.timezone
        period = shown.period(zone_name, _today(opened)) or opened.view.period
        st.date_input(
            _("First and last day"),
            period.days,
            key=opened.key("days"),
            format=formats.date_input(),
        )


def _today(opened: _Open) -> date:
    return datetime.now(zone(opened.view.period.timezone)).date()


def _typed(opened: _Open, shown: Definition) -> Definition:
    """The definition of the inputs, with the filters of the form."""
    state = st.session_state
    typed = replace(
        shown,
        name=str(state.get(opened.key("name"), shown.name) or ""),
        match=state.get(opened.key("match")) or shown.match,
    )
    if shown.kind != "cohort" or shown.is_opaque:
        return typed
    was, before = shown.action or ("path", "")
    kind: ActionKind = state.get(opened.key("kind")) or was
    value = state.get(opened.key(f"value_{kind}"), before if kind == was else "")
    dates = state.get(opened.key("dates")) or shown.dates
    if dates == CUSTOM:
        days = state.get(opened.key("days"))
        dates = shown.dates if shown.dates not in RANGES else ""
        if isinstance(days, tuple) and len(days) == 2:
            period = Period.of_days(*days, opened.view.period.timezone)
            dates = f"range:{period.start_at}:{period.end_at}"
    return replace(typed, action=(kind, str(value or "").strip()), dates=dates)


def _size(client: AuthorizedClient, opened: _Open, typed: Definition) -> None:
    """How many visitors a segment or cohort has, and their share of all."""
    if (typed.kind == "segment" and not typed.filters) or (typed.action and not typed.action[1]):
        return
    view = replace(opened.view.unfiltered(), comparison="none", against=None)
    if typed.kind == "cohort":
        period = typed.period(view.period.timezone, _today(opened))
        if period is None:
            return
        view = view.of_period(period)
    narrowed = typed.narrowed(view)
    if narrowed is None:
        st.caption(_("Its size is known once it is saved: filter by it then."))
        return
    try:
        now, every = (client.submit(sessions.session_stats(each)) for each in (narrowed, view))
        st.markdown(plain(size_in_words(now.result().visitors, every.result().visitors, view)))
    except UmamiError as problem:
        st.caption(plain(_("Size unknown: {problem}").format(problem=texts.sentence(problem))))


def size_in_words(visitors: int, every: int, view: View) -> str:
    """A number of visitors with their share of all in a period."""
    counted = formats.counted("{count} visitor", "{count} visitors", visitors)
    share = formats.percent(visitors / every if every else None)
    return _("{counted}, {share} of all visitors, {dates}.").format(
        counted=counted, share=share, dates=formats.days(view.period)
    )


def _saving(view: View, id: str, typed: Definition, client: AuthorizedClient) -> Query[Segment]:
    parameters = typed.parameters(client.capabilities, patterns=not client.server.cloud)
    if id:
        return segments.update_segment(view.website, id, typed.kind, typed.name, parameters)
    return segments.create_segment(view.website, typed.kind, typed.name, parameters)


def _save(opened: _Open, shown: Definition) -> None:
    """Save the segment of the form; a problem is shown there."""
    client = page_context.client()
    try:
        typed = _typed(opened, shown).checked()
        client.ask(_saving(opened.view, opened.id, typed, client))
    except UmamiError as problem:
        _DIALOG.refuse(texts.sentences(problem))
        return
    text = _("The segment “{name}” was saved.")
    if typed.kind == "cohort":
        text = _("The cohort “{name}” was saved.")
    _show_list(opened.view)
    _DIALOG.redraw()
    _DIALOG.confirm(text.format(name=typed.name))


def _delete(view: View, row: Segment) -> None:
    try:
        page_context.client().ask(segments.delete_segment(view.website, row.id))
    except UmamiError as problem:
        _show_list(view)
        _DIALOG.refuse(texts.sentences(problem))
        return
    if row.id in (view.segment, view.cohort):
        url_state.change({row.kind: []})
        view = replace(view, segment=None) if row.kind == "segment" else replace(view, cohort=None)
    _show_list(view)
    _DIALOG.redraw()
    _DIALOG.confirm(_("“{name}” was deleted.").format(name=row.name))
