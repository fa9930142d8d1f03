"""Compare."""

from __future__ import annotations

from functools import partial

from components import rankings, view_description
from components.charts import waterfall as drawn
from components.told import compare as told
from reports.asking import Asking
from reports.chapters.overview import figures
from reports.document import Block, Chart, Sentence, Table
from umami.analysis.movers import Move
from umami.endpoints import traffic
from umami.endpoints.traffic import Metric
from umami.models.traffic import Ranking
from umami.view import View


def ask(page: Asking) -> None:
    """What moved between the two periods, by the field that the page's parameters name."""
    view = page.view
    if view.compared() is None:
        page.said("What moved", "This report compares its period with no other.")
        return
    by = told.read(page.given)
    timeline = page.ask(traffic.pageviews(view))
    totals = page.totals(view)
    ranked = page.compared(view, told.ranking(by))

    page.section(
        "Figures", partial(figures, page.client, view), totals.now, timeline, *totals.earlier
    )
    page.section(
        "What moved", partial(_moved, view, by), *ranked, about=view_description.described(view)
    )
    for move, (title, _) in told.MOVE_NAMES.items():
        page.section(title, partial(_of, by, move), *ranked)


def _moved(view: View, by: Metric, now: Ranking, before: Ranking) -> list[Block]:
    found = told.moved(by, now, before)
    if found.frame.empty:
        return [Sentence(told.none_of(by, view).replace("`", ""))]
    blocks: list[Block] = [Sentence(told.counts(by, now, found))]
    if left_out := told.left_out(by, found):
        blocks.append(Sentence(left_out))
    data = drawn.deltas(found.frame)
    if data.names:
        measure = rankings.MEASURES[now.measure].lower()
        alt = f"{told.title(by)} that moved most, by {measure}"
        blocks.append(Chart(alt, partial(drawn.deltas_figure, data)))
    return blocks


def _of(by: Metric, move: Move, now: Ranking, before: Ranking) -> list[Block]:
    frame = told.moved(by, now, before).of(move)
    if frame.empty:
        return [Sentence(told.MOVE_NAMES[move][1])]
    return [Table(f"{told.TABLES[by].many} that {move}", frame, told.fields(by, move), 10)]
