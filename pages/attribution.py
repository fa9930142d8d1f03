"""Attribution: the first and last touches that get credit for conversions, side by side."""

from collections.abc import Sequence
from functools import partial

from components import elements, entrypoint_guard, page_context, url_state
from components.analysis_controls import Suggestions, conversion_inputs, editor, saved_menu
from components.areas import attribution
from components.conversions import ask_currencies, choices, parse, suggested
from components.render import open_page
from components.view_description import described
from umami.analysis import saved
from umami.analysis.steps import spell
from umami.api.reports import FunnelStep, Report
from umami.view import View

entrypoint_guard.check()


def draw(
    view: View,
    step: FunnelStep,
    currency: str | None,
    in_money: bool,
    suggestions: Suggestions,
    listed: Sequence[Report],
    currencies: tuple[str, ...],
) -> None:
    """Inputs for the conversion and, if the server reports revenue, its currency; saved reports."""
    with elements.row():
        money = {}
        if in_money and currencies:
            codes = choices(currencies, currency or "")
            money = {"": "Count visitors", **{code: f"And revenue in {code}" for code in codes}}
        conversion_inputs(step, currency or "", money, suggestions)
        to_save = saved.parameters(
            view, model="first-click", type=step.kind, step=step.value, currency=currency
        )
        saved_menu(view, "attribution", listed, to_save if step.value else None)


view = url_state.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(attribution.INFO)
    (step, currency), faults = parse(params)
    currencies = ask_currencies(page, view)
    if not step.value:
        step = suggested(page, view)
        params["conversion"] = [spell(step)]
    layout = page.prepare(attribution.ask(page, view, params))
    in_money = attribution.reports_money(page)
    with elements.title("Attribution", faults):
        pass
    with elements.card("Conversion", about=described(view)):
        inputs_of_step = partial(draw, view, step, currency, in_money)
        editor(page, view, inputs_of_step, currencies, height=60)
    page.draw(layout)
