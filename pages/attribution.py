"""Attribution: which first and last touch conversions are credited to, side by side."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels, saved, steps, url_state
from components.render import open_page
from components.sections import attribution as shown
from components.told import attribution as told
from umami.endpoints import events, reports

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Attribution"):
        step, currency = shown.conversion()
    suggestions = steps.ask(page, view)
    codes = page.hint(reports.currencies(view.unfiltered()), ())
    listed = saved.ask(page, view)
    if not step.value:
        properties = page.hint(events.event_data_properties(view.unfiltered()), ())
        names = steps.suggestions(*(coming.result() for coming in suggestions)).events
        step = told.suggested(properties.result(), names)
    in_money = shown.tells_money(page)
    credited = partial(told.asked, step=step, currency=currency if in_money else None)

    with panels.card("Conversion", about=url_state.described(view)):
        page.section(
            partial(shown.editor, view, step, currency, in_money),
            *suggestions,
            codes,
            listed,
            height=60,
        )
        if not step.value:
            shown.nothing()
    if step.value:
        first = page.compared(view, partial(credited, model="first-click"))
        last = page.ask(credited(view, model="last-click"))
        touches = (first.now, last, *first.earlier)
        page.section(partial(shown.totals, step), *touches, height=120)
        page.section(partial(shown.parts, currency), *touches, height=420)
