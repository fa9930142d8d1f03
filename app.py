"""The dashboard: who looks, navigation, the gate and the control bar; pages do the rest."""

from functools import partial

import streamlit as st

from components import (
    account,
    address,
    areas,
    controls,
    exports,
    gate,
    local_access,
    log,
    measures,
    messages,
    monitor,
    navigation,
    origins,
    runs,
    server,
    signin,
    start,
    viewer,
)
from components.sections import manage, setup
from reports import popover
from umami.errors import UmamiError

log.brief()
origins.configure()
messages.restrict()
run = measures.Run()
st.set_page_config(
    page_title="Umami Dashboard",
    page_icon=gate.ROOT / "static" / "mark.svg",
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": None},
)
if refused := origins.session_refused():
    navigation.closed()
    start.refused(refused)
    st.stop()
local_access.receive()
unseen = account.unseen()
with unseen:
    viewer.link_input()
st.logo(gate.ROOT / "static" / "logo.svg", size="large")
try:
    monitor.start()
    looking = viewer.resolve()
except UmamiError as problem:
    navigation.closed()
    start.stopped(problem)
    st.stop()
# From here on it draws; who looks may be asked of a database elsewhere.
with runs.FLOOR.taken():
    # Before anything may stop: only this ends Streamlit's own running of pages/.
    page = navigation.drawn(looking.rights)
    with unseen:
        account.watch(looking)
    if not looking.inside:
        signin.draw(looking)
        st.stop()
    account.menu(looking)
    if page.url_path == areas.SETUP.name:
        # Also there while nothing can be asked. A run that stops would keep what was typed.
        with unseen:
            address.keep()
        navigation.go_on(looking.rights)
    else:
        setup.leave()
        try:
            client = start.client()
            sites = controls.sites(client)
            if not sites:
                start.no_websites()
                if looking.rights.admin:
                    manage.create()
                st.stop()
            with unseen:
                address.resolve(
                    page.url_path, [site.id for site in sites], start.recorded, client.abilities
                )
        except UmamiError as problem:
            start.stopped(problem)
            st.stop()
        shown = navigation.named(page.url_path, looking.rights)
        controls.bar(client, sites, partial(popover.draw, sites, shown))
        exports.toolbars()
        start.server_line()
        navigation.go_on(looking.rights)
    with run.of(page.title), gate.opening():
        page.run()
    server.tune()
