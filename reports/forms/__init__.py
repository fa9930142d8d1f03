"""The forms of subscriptions and alerts, and their list; the only part of reports, beside its
dialog, that uses Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from access.permissions import AuthorizedClient
from access.saved_views import SavedView
from components import authorized, elements, page_registry, saved_views, url_state
from components.loading import QueryClient, every_website
from components.saved_views import Action
from components.texts import _
from reports.forms import alert, common, listing, subscription
from umami.api.websites import Website


def draw_page(selected: str, sites: Sequence[Website]) -> None:
    """Draw the page of mails and alerts: what exists, and buttons for new ones."""
    common.show_loss()
    common.show_mail_problem()
    if common.may_send(url_state.view().website):
        overview = page_registry.OVERVIEW.name
        with elements.row():
            send_button(sites, overview, _("New mail …"), width="content")
            alert_button(overview, elements.action_button)
    else:
        st.caption(_("You can view this website, but not send its figures to others."))
    listing.draw(selected, sites)


def draw_open(client: AuthorizedClient, sites: Sequence[Website]) -> None:
    """Draw the dialog while a form is open, and confirm what was done. Call once per run."""
    form = common.DIALOG.form_here()
    if form is None:
        return
    is_alert = form.kind == alert.KIND
    titles = {
        (True, False): _("New alert"),
        (True, True): _("Change alert"),
        (False, False): _("Send regularly"),
        (False, True): _("Change mail"),
    }

    def draw() -> None:
        current = common.DIALOG.current()
        if is_alert:
            alert.draw(current, sites, client)
        else:
            subscription.draw(current, sites, client.capabilities)

    authorized.dialog(titles[is_alert, form.old is not None], draw, common.DIALOG.close)


def actions(client: QueryClient) -> dict[str, tuple[str, Action]]:
    """What can be made from a saved view of the current website: labels, icons and functions."""
    if not common.may_send(url_state.view().website):
        return {}
    sites = every_website(client)

    def subscribe(view: SavedView) -> None:
        subscription.begin(view, sites)

    return {
        _("Send regularly"): ("schedule_send", subscribe),
        _("New alert"): ("notifications", alert.begin),
    }


def send_button(
    sites: Sequence[Website],
    shown: str,
    label: str = "",
    width: Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw a button that opens the form of a subscription with the current page."""
    if common.may_send(url_state.view().website):
        elements.action_button(
            label or _("Send regularly …"),
            "send_regularly",
            lambda: subscription.begin(current(shown), sites),
            icon="schedule_send",
            width=width,
        )


def draw_menu(shown: str) -> None:
    """Draw what the menu of a page offers: save its view, and watch its website."""
    saved_views.save_button(shown)
    alert_button(shown)


def alert_button(shown: str, button: Callable[..., None] = elements.text_button) -> None:
    """Draw a button that opens the form of an alert with the current filters."""
    if common.may_send(url_state.view().website):
        button(
            _("New alert …"), "new_alert", lambda: alert.begin(current(shown)), icon="notifications"
        )


def current(shown: str) -> SavedView:
    """The current View of a page by its name; of the Overview for a page that is no area."""
    pages = {page.name: page for page in page_registry.PAGES}
    return saved_views.current(pages.get(shown, page_registry.OVERVIEW))
