"""The dashboard: start-up, navigation, the gate and the control bar; pages do the rest."""

import streamlit as st

from components import controls, gate, start
from umami.errors import UmamiError

st.set_page_config(
    page_title="Umami Dashboard",
    page_icon="static/mark.svg",
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": None},
)
start.tune()

overview = st.Page(
    "pages/overview.py",
    title="Overview",
    icon=":material/monitoring:",
    url_path="home",
    default=True,
)
page = st.navigation(
    [
        overview,
        # The default page answers at / alone; its own name is an address too.
        st.Page("pages/overview.py", title="Overview", url_path="overview", visibility="hidden"),
    ]
)
st.logo("static/logo.svg", size="large")

try:
    asks = start.Questions(start.client())
    sites = asks.websites()
    ready = bool(sites) and controls.resolve(sites, asks) is not None
except UmamiError as problem:
    start.stopped(problem)
    st.stop()
if not ready:
    start.no_websites()
    st.stop()

controls.bar(sites, asks)
start.server_line()
with gate.opening():
    page.run()
