"""Saved: saved views, analyses that are saved in Umami, and notes."""

from functools import partial

from components import (
    chart_notes,
    controls,
    elements,
    entrypoint_guard,
    loading,
    page_context,
    saved_reports,
    saved_views,
    url_state,
)
from components.areas import last_value
from components.areas import reports as area
from components.render import open_page
from components.texts import _
from reports import forms

entrypoint_guard.check()

view = url_state.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(area.INFO)
    layout = page.prepare(area.ask(page, view, params))
    notes = page.prepare([area.ask_notes(page, view, params)])
    effect = page.prepare(area.ask_effect(page, view, params))
    with elements.title(_("Saved")):
        controls.website_select(loading.every_website(page.client))
        saved_reports.show_done()
    saved_views.draw(last_value(params, "saved"), forms.actions(page.client))
    with elements.card(_("Saved reports"), about=_("Shared with everyone on this Umami.")):
        page.draw(layout, nested=True)
        page.section(
            partial(saved_reports.detail, view, area.report_id(params)),
            loading.ask_saved_reports(page, view),
            height=60,
        )
    with elements.card(_("Notes"), about=_("On every chart over time, and in reports.")):
        chart_notes.add_button()
        page.draw(notes, nested=True)
        page.section(
            partial(chart_notes.detail, view, area.note_key(params)), page.notes(view), height=60
        )
        page.draw(effect, nested=True)
