"""The form of a website's content groups or own channels, with a preview of what they count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import streamlit as st

from access.notes import cleaned
from components import (
    authorized,
    content_groups,
    draw_blocks,
    edit_dialog,
    elements,
    page_context,
    texts,
    url_state,
    viewer,
)
from components.content_groups import WORDS
from components.edit_dialog import EditDialog
from components.loading import Collector
from components.texts import N_, _
from components.view_description import dates
from umami.content_groups import (
    ASSISTANTS,
    FIELDS_OF,
    LONGEST_NAME,
    MOST_GROUPS,
    ContentGroup,
    GroupField,
    GroupKind,
    check,
)
from umami.errors import UmamiError
from umami.filters import FIELDS

PLACEHOLDERS: Final[dict[GroupKind, str]] = {
    "group": "/blog/*\n/news/*",
    "channel": "example.com",
}
ADD: Final[dict[GroupKind, str]] = {"group": N_("Add group"), "channel": N_("Add channel")}
ABOUT: Final[dict[GroupKind, str]] = {
    "group": N_(
        "Write one pattern in each line; * stands for any text, and upper and lower case do not "
        "matter. A page belongs to the first group that matches it."
    ),
    "channel": N_(
        "Write one pattern in each line; * stands for any text, and upper and lower case do not "
        "matter. A domain includes its subdomains. A source belongs to the first channel that "
        "matches it."
    ),
}


@dataclass(slots=True)
class _Form:
    """The groups in the dialog: ``rows`` are the numbers of their inputs in their order.

    ``saved`` are the groups that were stored when the form was opened.
    """

    kind: GroupKind
    website: str
    saved: tuple[ContentGroup, ...]
    number: int
    begun: dict[int, ContentGroup] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    preview: tuple[ContentGroup, ...] = ()

    def key(self, name: str, row: int) -> str:
        """The key of an input."""
        return f"group_{name}_{self.number}_{row}"

    def add(self, group: ContentGroup | None = None) -> None:
        """Add a row at the end, with a group or empty."""
        row = max((0, *self.begun, *self.rows)) + 1
        self.rows.append(row)
        if group:
            self.begun[row] = group

    def move(self, place: int, by: int) -> None:
        """Move the row at a place up or down."""
        self.rows.insert(place + by, self.rows.pop(place))

    def remove(self, place: int) -> None:
        """Remove the row at a place."""
        del self.rows[place]

    def typed(self) -> tuple[ContentGroup, ...]:
        """The groups that the inputs describe; rows without any text are left out. Raises
        ``InvalidView``."""
        groups = []
        for row in self.rows:
            name, lines, field_ = (
                str(st.session_state.get(self.key(part, row)) or "")
                for part in ("name", "patterns", "field")
            )
            patterns = tuple(line.strip() for line in lines.splitlines() if line.strip())
            if name.strip() or patterns:
                chosen: GroupField = next(
                    (each for each in FIELDS_OF[self.kind] if each == field_),
                    FIELDS_OF[self.kind][0],
                )
                groups.append(ContentGroup(cleaned(name), chosen, patterns))
        check(groups, self.kind)
        return tuple(groups)


_DIALOG: Final[EditDialog[_Form]] = EditDialog("content groups")


def draw_open() -> None:
    """Draw the form while it is open, and confirm what was done. Call once per run."""
    kind = edit_dialog.GROUPS.form()
    if kind is not None:
        edit_dialog.GROUPS.close()
        _DIALOG.open(_new_form(kind))
    form = _DIALOG.form_here()
    if form is not None:
        authorized.dialog(_(WORDS[form.kind].edit), _form, _DIALOG.close)


def _new_form(kind: GroupKind) -> _Form:
    website = url_state.view().website
    saved = page_context.reader().content_groups.of(website, kind)
    form = _Form(kind, website, saved, _DIALOG.next_number())
    for group in saved or ((ASSISTANTS,) if kind == "channel" else ()):
        form.add(group)
    if not form.rows:
        form.add()
    return form


def _form() -> None:
    form = _DIALOG.current()
    elements.show_loss(_("content groups"))
    st.caption(_(ABOUT[form.kind]))
    for place, row in enumerate(form.rows):
        with st.container(
            horizontal=True, vertical_alignment="top", gap="xsmall", key=f"group_row_{place}"
        ):
            _inputs(form, place, row)
    with elements.row():
        full = len(form.rows) >= MOST_GROUPS
        elements.action_button(_(ADD[form.kind]), "group_add", form.add, icon="add", disabled=full)
        elements.action_button(_("Preview"), "group_preview", _preview, form, icon="visibility")
        elements.action_button(_("Save"), "group_save", _save, form, type="primary")
    _DIALOG.show_problem()
    if form.preview:
        _draw_preview(form)


def _inputs(form: _Form, place: int, row: int) -> None:
    """Inputs for one group, and buttons to move it up or down and to remove it."""
    begun = form.begun.get(row)
    name = "" if begun is None else _(begun.name) if begun is ASSISTANTS else begun.name
    labels: Literal["visible", "collapsed"] = "collapsed" if place else "visible"
    with st.container(width="stretch", gap="xsmall"):
        st.text_input(
            _("Name"),
            name,
            key=form.key("name", row),
            max_chars=LONGEST_NAME,
            label_visibility=labels,
        )
        fields = FIELDS_OF[form.kind]
        if len(fields) > 1:
            st.selectbox(
                _("Field"),
                fields,
                fields.index(begun.field) if begun else 0,
                format_func=lambda each: _(FIELDS[each]),
                key=form.key("field", row),
                label_visibility="collapsed",
            )
    st.text_area(
        _("Patterns"),
        "\n".join(begun.patterns) if begun else "",
        key=form.key("patterns", row),
        placeholder=PLACEHOLDERS[form.kind],
        # With a label above it, it is shorter.
        height=90 if place else 117,
        label_visibility=labels,
    )
    last = len(form.rows) - 1
    with st.container(horizontal=True, gap="xsmall", width="content"):
        for icon, label, disabled, act, args in (
            ("arrow_upward", _("Earlier"), place == 0, form.move, (place, -1)),
            ("arrow_downward", _("Later"), place == last, form.move, (place, 1)),
            ("close", _("Remove this group"), False, form.remove, (place,)),
        ):
            elements.text_button(
                f":material/{icon}:",
                f"group_{icon}_{row}",
                act,
                *args,
                help=label,
                disabled=disabled,
            )


def _preview(form: _Form) -> None:
    try:
        form.preview = form.typed()
    except UmamiError as problem:
        form.preview = ()
        _DIALOG.refuse(texts.sentences(problem))


def _draw_preview(form: _Form) -> None:
    """Draw what the groups count in the current View."""
    query = Collector(page_context.client())
    with elements.card(_("Preview"), about=dates(url_state.view())):
        try:
            blocks = content_groups.preview(query, url_state.view(), form.kind, form.preview)
        except UmamiError as problem:
            elements.show_error(problem)
        else:
            draw_blocks.draw(*blocks)


def _save(form: _Form) -> None:
    words = WORDS[form.kind]
    try:
        groups = form.typed()
        page_context.reader().content_groups.replace(form.website, form.kind, form.saved, groups)
    except UmamiError as problem:
        _record(form, done=False)
        _DIALOG.refuse(texts.sentences(problem))
        return
    _record(form)
    _DIALOG.confirm(_("{name}: saved.").format(name=_(words.edit)))
    _DIALOG.close()


def _record(form: _Form, *, done: bool = True) -> None:
    viewer.record(viewer.current(), f"save {form.kind}s", form.website, done=done)
