"""Attribution: which first and last touch conversions are credited to, side by side."""

from functools import partial

from components import address, controls, gate, panels, saved, start, steps
from components.asking import asking
from components.sections import attribution as shown
from components.told import attribution as told
from umami.endpoints import reports

gate.opened()

view = controls.view()

with asking(start.client()) as page:
    with panels.title("Attribution"):
        step, currency = shown.conversion()
    suggestions = steps.ask(page, view)
    codes = page.hint(reports.currencies(view), ())
    listed = saved.ask(page, view)
    touches = (
        (
            page.ask(told.asked(view, step, currency, "first-click")),
            page.ask(told.asked(view, step, currency, "last-click")),
        )
        if step.value
        else ()
    )

    with panels.card("Conversion", about=address.dates(view)):
        page.section(
            partial(shown.editor, view, step, currency), *suggestions, codes, listed, height=60
        )
        if not touches:
            shown.nothing()
    if touches:
        page.section(partial(shown.totals, step), *touches, height=120)
        page.section(partial(shown.parts, currency), *touches, height=420)
