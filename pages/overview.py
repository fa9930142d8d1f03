"""Overview: how the website does, and where its visitors come from."""

import streamlit as st

from components import controls, elements, entrypoint_guard, formats, page_context
from components.areas import overview
from components.escaping import plain
from components.render import open_page
from umami.api import traffic
from umami.api.traffic import Active

entrypoint_guard.check()
view = controls.view()


def online_badge(active: Active) -> None:
    """A badge with the number of visitors on the website now."""
    st.badge(
        plain(f"{formats.whole(active.visitors)} online now"),
        icon=":material/sensors:",
        color="green" if active.visitors else "gray",
        help="Visitors seen in the last five minutes.",
    )


with open_page(page_context.client()) as page:
    online = page.ask(traffic.active(view.website))
    layout = page.prepare(overview.ask(page, view, {}))
    with elements.title("Overview"):
        page.section(online_badge, online, height=24)
    page.draw(layout)
