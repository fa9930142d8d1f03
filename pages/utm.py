"""Campaigns: what the visits through tagged links brought, by the tags of the links."""

from functools import partial

import streamlit as st

from components import cost_dialog, elements, entrypoint_guard, page_context, texts
from components.areas import utm
from components.loading import domain
from components.render import area_page
from components.texts import _
from umami.analysis.marketing import tagged_link
from umami.api import reports
from umami.api.reports import Utm
from umami.errors import InvalidView

entrypoint_guard.check()
TAGS = {
    "source": _("Source, such as newsletter"),
    "medium": _("Medium, such as email"),
    "campaign": _("Campaign, such as spring-sale"),
    "content": _("Ad content (optional)"),
    "term": _("Keyword (optional)"),
}


def build(domain: str, answer: Utm) -> None:
    """Inputs for the address and the tags of a link, with the tags in use, and the link."""
    address = st.text_input(
        _("Address of the page"),
        key="link_address",
        placeholder=f"https://{domain or 'example.com'}/offer",
        max_chars=2000,
    )
    tags: dict[str, str] = {}
    used = {
        name: list(answer.frame.loc[answer.frame["parameter"] == name, "value"]) for name in TAGS
    }
    with st.grid(3, min_column_width=220):
        for name, label in TAGS.items():
            chosen = st.selectbox(
                label,
                used[name],
                index=None,
                key=f"link_{name}",
                accept_new_options=True,
                placeholder=_("Choose or type"),
            )
            tags[name] = str(chosen or "")
    for name, tag in tags.items():
        alike = [other for other in used[name] if other != tag and other.lower() == tag.lower()]
        if alike:
            elements.show_note(
                _("“{tag}” and “{alike}” are counted apart: use one spelling.").format(
                    tag=tag, alike=alike[0]
                )
            )
    if not address:
        return
    if not (tags["source"] and tags["medium"] and tags["campaign"]):
        elements.show_note(_("A tagged link needs a source, a medium and a campaign."))
        return
    try:
        st.code(tagged_link(address, tags), language=None, wrap_lines=True)
    except InvalidView as problem:
        elements.show_note(texts.sentence(problem))


with area_page(utm) as (page, view, _params), elements.title(_("Campaigns")), elements.row():
    cost_dialog.draw_button(view)
    with st.popover(_("Build a link"), icon=":material/add_link:", key="link_builder"):
        site = domain(page_context.client(), view.website)
        page.section(partial(build, site), page.ask(reports.utm(view)), height=60)
