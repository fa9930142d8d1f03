"""The choice of a group of websites, and the dialog in which admins make and change groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from access.website_groups import LONGEST_NAME, WebsiteGroup
from components import authorized, elements, page_context, texts, url_state, viewer
from components.edit_dialog import EditDialog
from components.escaping import plain
from components.texts import _
from umami.api.websites import Website
from umami.errors import UmamiError


@dataclass(frozen=True, slots=True)
class _Open:
    """The group in the dialog; ``number`` makes the keys of its inputs, new for each dialog."""

    group: WebsiteGroup
    number: int

    def key(self, name: str) -> str:
        return f"group_{name}_{self.number}"


_DIALOG: Final[EditDialog[_Open]] = EditDialog("website group")
_NEW: Final = WebsiteGroup("", ())


def choice(groups: Sequence[WebsiteGroup], chosen: WebsiteGroup | None) -> None:
    """Draw a select box for all websites or one of the groups, if there are any."""
    if groups:
        elements.select(
            _("Group"),
            {"": _("All websites"), **{group.id: group.name for group in groups}},
            chosen.id if chosen else "",
            key="pick_group",
            icon=":material/folder:",
            width=230,
            write=lambda id_: url_state.set_params(group=id_, websites_page=""),
        )


def menu(groups: Sequence[WebsiteGroup]) -> None:
    """Draw the menu in which admins make and change groups."""
    with st.popover(_("Groups"), icon=":material/folder:", key="website_groups"):
        for group in groups:
            elements.text_button(
                plain(group.name, 40), f"edit_group_{group.id}", _edit, group, icon="edit"
            )
        elements.action_button(_("New group"), "new_group", _edit, _NEW, icon="add")


def draw_open(sites: Sequence[Website]) -> None:
    """Draw the dialog while a group is open, and confirm what was done. Call once per run."""
    opened = _DIALOG.form_here()
    if opened:
        title = _("Change group") if opened.group.id else _("New group")
        authorized.dialog(title, lambda: _form(sites), _DIALOG.close, "small")


def _edit(group: WebsiteGroup) -> None:
    _DIALOG.open(_Open(group, _DIALOG.next_number()))


def _form(sites: Sequence[Website]) -> None:
    opened = _DIALOG.current()
    group, names = opened.group, {site.id: site.name for site in sites}
    elements.show_loss(_("groups of websites"))
    st.text_input(_("Name"), group.name, key=opened.key("name"), max_chars=LONGEST_NAME)
    st.multiselect(
        _("Websites"),
        list(names),
        [id_ for id_ in group.websites if id_ in names],
        format_func=lambda id_: names.get(id_, id_),
        key=opened.key("websites"),
        placeholder=_("Choose websites"),
    )
    with elements.row():
        elements.action_button(_("Save"), "group_save", _save, opened, type="primary")
        if group.id:
            elements.action_button(_("Delete"), "group_delete", _delete, group, icon="delete")
    _DIALOG.show_problem()


def _save(opened: _Open) -> None:
    state = st.session_state
    group = replace(
        opened.group,
        name=str(state.get(opened.key("name")) or ""),
        websites=tuple(state.get(opened.key("websites")) or ()),
    )
    try:
        saved = page_context.reader().website_groups.save(group, opened.group)
    except UmamiError as problem:
        viewer.record(viewer.current(), "save website group", group.name, done=False)
        _DIALOG.refuse(texts.sentences(problem))
        return
    viewer.record(viewer.current(), "save website group", saved.name)
    url_state.set_params(group=saved.id, websites_page="")
    _DIALOG.confirm(_("The group “{name}” was saved.").format(name=saved.name))
    _DIALOG.close()


def _delete(group: WebsiteGroup) -> None:
    page_context.reader().website_groups.delete(group)
    viewer.record(viewer.current(), "delete website group", group.name)
    url_state.set_params(group="", websites_page="")
    _DIALOG.confirm(_("The group “{name}” was deleted.").format(name=group.name))
    _DIALOG.close()
