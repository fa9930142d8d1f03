"""The dashboard: start-up, navigation, the gate and the control bar; pages do the rest."""

import streamlit as st

from components import address, areas, controls, gate, start
from umami.errors import UmamiError

st.set_page_config(
    page_title="Umami Dashboard",
    page_icon="static/mark.svg",
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": None},
)
# Before anything may stop: only this ends Streamlit's own running of pages/.
page = areas.navigation()
start.tune()
st.logo("static/logo.svg", size="large")

try:
    client = start.client()
    sites = controls.sites(client)
    if not sites:
        start.no_websites()
        st.stop()
    address.resolve(page.url_path, [site.id for site in sites], start.recorded, client.abilities)
except UmamiError as problem:
    start.stopped(problem)
    st.stop()

controls.bar(client, sites)
start.server_line()
areas.go_on()
with gate.opening():
    page.run()
