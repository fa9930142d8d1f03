"""Mails & alerts: reports that are mailed regularly, and alerts."""

from components import elements, entrypoint_guard, page_context, page_registry, url_state
from components.areas import last_value
from components.loading import every_website
from components.texts import _
from reports import forms

entrypoint_guard.check()

sites = every_website(page_context.client())
params = url_state.page_params(page_registry.MAILS)
with elements.title(_("Mails & alerts")):
    pass
forms.draw_page(last_value(params, "mail"), sites)
