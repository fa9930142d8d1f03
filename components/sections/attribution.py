"""Attribution: the conversion, and which touch it is credited to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import draw_blocks, panels, parameters, saved, steps, tiles, url_state
from components.blocks import Chart
from components.escaping import plain
from components.listing import listing
from components.notices import show_empty, show_note
from components.render import Page as Asking
from components.told import attribution as told
from components.told.revenue import choices
from umami.analysis import saved as spelling
from umami.analysis.steps import spell
from umami.errors import UmamiError
from umami.models.paging import Page
from umami.models.reports import Attribution, FunnelStep, Report
from umami.models.traffic import Value
from umami.view import View


def conversion() -> tuple[FunnelStep, str | None]:
    """The conversion that the URL names (its value may still be empty), and the currency."""
    step, currency, faults = told.read(parameters.read("conversion", "conversion_currency"))
    for fault in faults:
        show_note(fault)
    return step, currency


def tells_money(page: Asking) -> bool:
    """Whether the server tells money in attribution; not known to while it does not answer."""
    try:
        return page.client.definitions.attribution_money
    except UmamiError:
        # Every section says what went wrong.
        return False


def editor(
    view: View,
    step: FunnelStep,
    currency: str | None,
    in_money: bool,
    paths: Sequence[Value],
    events: Sequence[Value],
    codes: tuple[str, ...],
    listed: Page[Report],
) -> None:
    """Inputs for the conversion and, where the server tells money, for that; what is saved."""
    offered = steps.suggestions(paths, events)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        steps.inputs(
            step,
            offered,
            label="Conversion",
            key="edit",
            write=lambda one: parameters.write(conversion=spell(one)),
        )
        if codes and in_money:
            money = choices(codes, currency or "")
            parameters.choice(
                "Count",
                {"": "Count visitors", **{code: f"And revenue in {code}" for code in money}},
                currency or "",
                key="pick_currency",
                icon=":material/payments:",
                width=220,
                write=lambda code: parameters.write(conversion_currency=code),
            )
        making = partial(_saving, view, step, currency) if step.value else None
        saved.menu(view, "attribution", making, listed)


def _saving(view: View, step: FunnelStep, currency: str | None) -> dict[str, object]:
    return spelling.parameters(
        view, model="first-click", type=step.kind, step=step.value, currency=currency
    )


def nothing() -> None:
    """What is shown until there is a conversion."""
    show_empty(
        "Choose the page or the event that you call a conversion. First and last touch are then "
        "shown side by side."
    )


def totals(
    step: FunnelStep, first: Attribution, last: Attribution, before: Attribution | None = None
) -> None:
    """How many conversions there were; both models see the same ones."""
    del last
    tiles.draw(told.totals(step, first, before))


def parts(
    currency: str | None,
    first: Attribution,
    last: Attribution,
    before: Attribution | None = None,
) -> None:
    """Each part of the credit as a figure and a table."""
    credit = told.credit(currency, first, last, before)
    if credit.moneyless:
        show_note(told.NO_MONEY)
    if credit.table.empty:
        show_empty(url_state.why_empty(told.NOBODY))
        return
    st.caption(told.EXPLAINED)
    with st.grid(2, min_column_width=330):
        for part in credit.parts:
            with panels.card(told.PARTS[part][0]):
                _part(part, credit)
    if credit.missing:
        st.caption(credit.missing)


def _part(part: str, credit: told.Credit) -> None:
    title = told.PARTS[part][0]
    found = told.of_part(credit, part)
    st.caption(plain(found.sentence, 300))
    draw_blocks.draw(
        Chart(
            f"{title}: credit by first and by last touch",
            f"shift_{part}",
            told.part_figure,
            found.figure,
        )
    )
    listing(found.frame, found.fields, what=title, key=f"credit_{part}")
