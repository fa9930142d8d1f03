"""UTM."""

from __future__ import annotations

from functools import partial

from components import view_description
from components.charts import bars as drawn
from components.told import utm as told
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.endpoints import reports, traffic
from umami.models.reports import Utm
from umami.models.traffic import Stats
from umami.view import View


def ask(page: Asking) -> None:
    """Every parameter of tagged links."""
    view = page.view
    utm = page.against(view, reports.utm)
    totals = page.totals(view)
    all_views = page.hint(traffic.stats(view), None)
    page.section("Figures", _tagged, utm.now, totals.now, *utm.earlier, *totals.earlier)
    for name, title in told.NAMES.items():
        page.section(title, partial(_parameter, view, name), utm.now, all_views, *utm.earlier)


def _tagged(now: Utm, all_views: Stats, *earlier: Utm | Stats) -> list[Block]:
    return [Tiles(told.tagged(now, all_views, *earlier))]


def _parameter(
    view: View, name: str, now: Utm, all_views: Stats | None, before: Utm | None = None
) -> list[Block]:
    table = told.table(name, now, all_views, before)
    if table.empty:
        return [Sentence(view_description.why_empty(view, told.none_of(name)))]
    compared = before is not None
    data = told.bars(table, compared=compared)
    return [
        Chart(f"Views by utm_{name}", partial(drawn.bars_figure, data)),
        Table(told.NAMES[name].lower(), table, told.fields(name, compared=compared)),
    ]
