"""Revenue by time, event, place and source."""

from functools import partial

from components import elements, entrypoint_guard, texts, url_state
from components.areas import revenue
from components.conversions import choices
from components.render import area_page
from components.texts import _
from umami import names
from umami.api import revenue as endpoints

entrypoint_guard.check()


def choice(currency: str, currencies: tuple[str, ...]) -> None:
    """An input for the currency."""
    elements.select(
        _("Currency"),
        {code: label(code) for code in choices(currencies, currency)},
        currency,
        key="pick_currency",
        icon=":material/payments:",
        width=250,
        write=lambda code: url_state.set_params(revenue_currency=code),
    )


def label(currency: str) -> str:
    """A currency with its name, where it has one."""
    name = names.currency(currency, texts.language())
    return f"{currency} · {name}" if name != currency else currency


with area_page(revenue) as (page, view, params):
    scope = revenue.find_scope(page, view, params)
    with elements.title(_("Revenue"), revenue.parse(params)[1]):
        if isinstance(scope, revenue.Scope):
            currencies = page.unfiltered(view, endpoints.currencies)
            page.section(partial(choice, scope.currency), currencies, height=38)
