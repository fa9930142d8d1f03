"""Reports: the analyses that were saved in Umami."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels
from components.render import open_page
from components.sections import reports as shown
from umami.endpoints import reports

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    listed = page.ask(reports.reports(view.website))

    with panels.title("Reports"):
        looked_at = shown.chosen()
    shown.said()
    with panels.card("Saved reports", about="Kept by the Umami server, for everybody who uses it."):
        page.section(partial(shown.saved_reports, view, looked_at), listed, height=300)
