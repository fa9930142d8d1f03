"""The main script: resolves the viewer, draws navigation and control bar, and runs the page."""

import time
from functools import partial

import streamlit as st

from components import (
    chart_notes,
    chart_period,
    controls,
    cost_dialog,
    elements,
    entrypoint_guard,
    export_permissions,
    freshness,
    group_dialog,
    invitations,
    language,
    local_access,
    log,
    metrics,
    navigation,
    page_context,
    page_registry,
    render_lock,
    request_security,
    saved_views,
    segments_dialog,
    shortcuts,
    signin,
    umami_server,
    unsubscribe,
    url_state,
    viewer,
    website_admin,
)
from components.loading import every_website
from components.setup_wizard import steps
from reports import dialog as report_dialog
from reports import forms, scheduler
from umami.errors import UmamiError

log.shorten()
request_security.configure()
request_security.restrict()
language.resolve()
begun = time.perf_counter()
st.set_page_config(
    page_icon=entrypoint_guard.ROOT / "static" / "mark.svg",
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": None},
)
st.html(entrypoint_guard.ROOT / "components" / "frontend" / "page.css")
if refused := request_security.session_refused():
    navigation.closed()
    page_context.refused(refused)
    st.stop()
if unsubscribe.draw():
    st.stop()
local_access.receive()
unseen = st.container(key="unseen", gap=None)
with unseen:
    viewer.link_input()
    language.announce()
    url_state.merge_history()
st.logo(entrypoint_guard.ROOT / "static" / "logo.svg", size="large")
try:
    metrics.start(viewer.CHECKS)
    scheduler.begin()
    looking = viewer.resolve()
except UmamiError as problem:
    navigation.closed()
    page_context.stopped(problem)
    st.stop()
# Resolve the viewer before taking the render lock: that may query a remote database.
with render_lock.RENDER_LOCK.taken():
    # Before any st.stop: only this disables Streamlit's own handling of pages/.
    page = navigation.drawn(looking.permissions)
    with unseen:
        signin.watch(looking)
    if not looking.inside:
        signin.draw(looking)
        st.stop()
    signin.menu(looking)
    shown = navigation.named(page.url_path, looking.permissions)
    if page.url_path == page_registry.SETUP.name:
        # Setup also works without a server. A run that stops would keep its inputs.
        with unseen:
            url_state.keep()
        navigation.name_tab(page.title)
        shortcuts.draw(navigation.opened(looking.permissions))
        navigation.go_on(looking.permissions)
    else:
        steps.leave()
        try:
            client = page_context.client()
            sites = every_website(client)
            if not sites:
                page_context.no_websites()
                if looking.permissions.admin:
                    website_admin.create_form()
                st.stop()
            saved_views.open_start(page.url_path, sites)
            with unseen:
                url_state.resolve(
                    page.url_path,
                    [site.id for site in sites],
                    page_context.recorded,
                    client.capabilities,
                )
        except UmamiError as problem:
            page_context.stopped(problem)
            st.stop()
        names = {site.id: site.name for site in sites}
        navigation.name_tab(page.title, names.get(url_state.view().website, ""))
        if shown != page_registry.ACCESS.name:
            invitations.forget()
            export_permissions.toolbars()
            with unseen:
                export_permissions.chart_buttons()
        if shown not in page_registry.WITHOUT_BAR:
            draw_report = partial(report_dialog.draw, sites, shown)
            dated = shown not in page_registry.LIVE
            controls.bar(client, sites, draw_report, partial(forms.draw_menu, shown), dated=dated)
            shortcuts.draw(navigation.opened(looking.permissions), sites, dated=dated)
            with unseen:
                chart_period.listen()
        else:
            shortcuts.draw(navigation.opened(looking.permissions))
        chart_notes.draw_open()
        saved_views.draw_open()
        group_dialog.draw_open()
        segments_dialog.draw_open()
        cost_dialog.draw_open()
        forms.draw_open(client, sites)
        freshness.notice()
        # Before the notes, which are shown once: on the page that is opened.
        navigation.go_on(looking.permissions)
        for sentence in url_state.notes():
            elements.show_note(sentence)
    with metrics.timed(shown, "page", begun), entrypoint_guard.opening():
        page.run()
    umami_server.tune()
