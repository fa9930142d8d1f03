"""Saved views: the dialog that saves and changes one, their list, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd
import streamlit as st

from access.accounts import EVERYBODY
from access.saved_views import LONGEST_NAME, Audience, SavedView
from components import (
    authorized,
    draw_blocks,
    elements,
    formats,
    navigation,
    page_context,
    page_registry,
    texts,
    url_state,
    viewer,
)
from components.areas import PageInfo
from components.blocks import SetParams, Table
from components.edit_dialog import EditDialog
from components.escaping import plain
from components.formats import Field
from components.notes import AUDIENCES
from components.texts import _
from umami.api.websites import Website
from umami.errors import UmamiError

Action = Callable[[SavedView], object]
"""What a button does with a saved view, in a callback."""
_BEGUN: Final = "whether this session has opened a page"
_VISITED: Final = "websites that were opened in this session"
_AUDIENCES: Final[tuple[Audience, ...]] = ("me", "team")


@dataclass(frozen=True, slots=True)
class _Open:
    """The view in the dialog; ``number`` makes the keys of its inputs, new for each dialog."""

    view: SavedView
    number: int

    def key(self, name: str) -> str:
        return f"saved_{name}_{self.number}"


_DIALOG: Final[EditDialog[_Open]] = EditDialog("view")


def save_button(shown: str) -> None:
    """Draw a button that saves the current page, for those who may save views."""
    book = page_context.reader().saved_views
    page = _page(shown)
    if page and book.account:
        elements.text_button(_("Save this view …"), "save_view", _begin, page, icon="bookmark_add")


def current(page: PageInfo) -> SavedView:
    """The current View of a page, which is the current one, without a name."""
    params = {**url_state.params(), **url_state.own_params(page)}
    params.pop("website", None)
    return SavedView(url_state.view().website, "", page.name, params)


def _page(name: str) -> PageInfo | None:
    return next((page for page in page_registry.PAGES if page.name == name), None)


def _begin(page: PageInfo) -> None:
    st.session_state["menu"] = False
    edit(replace(current(page), name=_(page.title)))


def edit(view: SavedView) -> None:
    """Open the dialog for a view. Call it in a callback."""
    _DIALOG.open(_Open(view, _DIALOG.next_number()))


def draw_open() -> None:
    """Draw the dialog while a view is open, and confirm what was done. Call once per run."""
    opened = _DIALOG.form_here()
    if opened:
        title = _("Change saved view") if opened.view.id else _("Save this view")
        authorized.dialog(title, _form, _DIALOG.close, "small")


def _form() -> None:
    opened = _DIALOG.current()
    view, book = opened.view, page_context.reader().saved_views
    elements.show_loss(_("saved views"))
    st.text_input(_("Name"), view.name, key=opened.key("name"), max_chars=LONGEST_NAME)
    if book.may_share(view.website):
        st.segmented_control(
            _("Who sees it?"),
            _AUDIENCES,
            default=view.audience,
            format_func=lambda audience: _(AUDIENCES[audience]),
            key=opened.key("audience"),
            required=True,
            help=_("Team: everybody with an account that sees this website."),
        )
    st.toggle(_("Open this website with it"), view.starts, key=opened.key("starts"))
    elements.action_button(_("Save"), "view_save", _save, opened, type="primary")
    _DIALOG.show_problem()


def _save(opened: _Open) -> None:
    state = st.session_state
    view = replace(
        opened.view,
        name=str(state.get(opened.key("name")) or ""),
        audience=state.get(opened.key("audience")) or opened.view.audience,
        starts=bool(state.get(opened.key("starts"))),
    )
    try:
        saved = page_context.reader().saved_views.save(view)
    except UmamiError as problem:
        _record("save view", view, done=False)
        _DIALOG.refuse(texts.sentences(problem))
        return
    _record("save view", saved)
    _DIALOG.confirm(_("The view “{name}” was saved.").format(name=saved.name))
    _DIALOG.close()


def _delete(view: SavedView) -> None:
    page_context.reader().saved_views.delete(view)
    _record("delete view", view)
    url_state.set_params(saved="")
    _DIALOG.confirm(_("The view “{name}” was deleted.").format(name=view.name))


def _record(what: str, view: SavedView, *, done: bool = True) -> None:
    """Write an entry to the audit log, except about private views."""
    if view.audience != "me":
        viewer.record(viewer.current(), what, f"{view.name} of {view.website}", done=done)


def draw(selected: str, actions: Mapping[str, tuple[str, Action]]) -> None:
    """Draw the card of the website's saved views, with details of the ``selected`` one.

    ``actions`` are further buttons for a view: labels with an icon and what they do.
    """
    views = page_context.reader().saved_views.of(url_state.view().website)
    about = _("Pages with their period and filters, for you or for the team.")
    with elements.card(_("Saved views"), about=about):
        if not views:
            elements.show_empty(
                _("No saved views yet. “Save this view” in the menu “More” of a page adds one.")
            )
            return
        draw_blocks.draw(_table(views, selected))
        view = next((view for view in views if view.id == selected), None)
        if view:
            with st.container(border=True, key="view_detail"):
                _detail(view, actions)
        elif selected:
            st.caption(_("The view of this link does not exist for this website."))
        else:
            st.caption(_("Select a view to open, change or send it."))


def _table(views: Sequence[SavedView], selected: str) -> Table:
    titles = page_registry.titles()
    rows = [
        (
            view.id,
            view.name,
            titles.get(view.page, view.page),
            _(AUDIENCES[view.audience]),
            _("Start view") if view.starts else "",
            formats.ABSENT if view.owner == EVERYBODY else view.owner,
        )
        for view in views
    ]
    frame = pd.DataFrame(rows, columns=["id", "name", "page", "audience", "starts", "owner"])
    fields = [
        Field("name", _("Name"), "text", note="starts"),
        Field("page", _("Page"), "text"),
        Field("audience", _("For"), "text", wide=True),
        Field("owner", _("Owner"), "text", wide=True),
    ]
    return Table(
        _("Saved views"),
        frame,
        fields,
        "saved_views",
        shown=50,
        value="id",
        on_choose=lambda id: SetParams({"saved": "" if id == selected else id}),
        active=(selected,),
    )


def _detail(view: SavedView, actions: Mapping[str, tuple[str, Action]]) -> None:
    st.header(plain(view.name, 100), anchor=False)
    with st.container(horizontal=True, gap="small"):
        elements.action_button(
            _("Open"), "open_saved", open_view, view, icon="open_in_new", type="primary"
        )
        for number, (label, (icon, act)) in enumerate(actions.items()):
            elements.action_button(label, f"saved_action_{number}", act, view, icon=icon)
        if page_context.reader().saved_views.may_change(view):
            elements.action_button(_("Edit"), "edit_saved", edit, view, icon="edit")
            with st.popover(_("Delete"), icon=":material/delete:", key="delete_saved"):
                st.markdown(_("Delete **{name}**?").format(name=plain(view.name, 60)))
                elements.action_button(
                    _("Delete it"), "delete_saved_now", _delete, view, type="primary"
                )


def open_view(view: SavedView) -> None:
    """Open a saved view in the next run. Call it in a callback."""
    url_state.write({**view.params, "website": [view.website]})
    _go(view)


def _go(view: SavedView) -> None:
    """Open the page of a view with the page's parameters."""
    permissions = viewer.current().permissions
    page = _page(view.page)
    if page is None or page not in navigation.opened(permissions):
        url_state.note(_("You do not have access to this page."))
        return
    if navigation.named(url_state.path(), permissions) == page.name:
        lists = {name: list[str]() for name in page.list_params}
        singles = dict.fromkeys(page.params, "")
        url_state.set_params(**{**singles, **lists, **_own(view, page)})
    else:
        navigation.go(page.name, **_own(view, page))


def _own_names(page: PageInfo) -> list[str]:
    """The page's parameters that saved views contain."""
    return [name for name in (*page.params, *page.list_params) if name not in page.page_params]


def _own(view: SavedView, page: PageInfo) -> dict[str, str | list[str]]:
    several = set(page.list_params)
    return {
        name: list(values) if name in several else values[-1]
        for name in _own_names(page)
        if (values := view.params.get(name))
    }


def open_start(path: str, websites: Sequence[Website]) -> None:
    """Open the start view of the first website in a session that begins at the root without
    parameters. Call in ``app.py`` before the View is parsed."""
    if st.session_state.get(_BEGUN):
        return
    st.session_state[_BEGUN] = True
    if path or st.query_params or viewer.current().share:
        return
    start = page_context.reader().saved_views.start(websites[0].id)
    page = _page(start.page) if start else None
    if start and page in navigation.opened(viewer.current().permissions):
        _visited().add(start.website)
        # The URL then contains its parameters, as it does after a click.
        names = {*url_state.NAMES, *_own_names(page)}
        params = {name: values for name, values in start.params.items() if name in names}
        st.switch_page(page.file, query_params={**params, "website": start.website})


def open_website(website: str) -> None:
    """Open another website: with its start view if it is opened for the first time in this session
    and nothing was chosen, otherwise with the current period. Call it in a callback."""
    start = None
    if website not in _visited() and _is_untouched():
        start = page_context.reader().saved_views.start(website)
    _visited().add(website)
    if start:
        open_view(start)
    else:
        url_state.go(url_state.view().of_website(website))


def _visited() -> set[str]:
    visited: set[str] = st.session_state.setdefault(_VISITED, set())
    return visited


def _is_untouched() -> bool:
    """Whether the View is the default or the start view of its website."""
    now = url_state.params()
    start = page_context.reader().saved_views.start(now["website"][0])
    if start and now == {**_of_view(start), "website": now["website"]}:
        return True
    return now == url_state.default_params()


def _of_view(view: SavedView) -> dict[str, list[str]]:
    return {name: values for name, values in view.params.items() if name in url_state.NAMES}
