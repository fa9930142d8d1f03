"""Journey: the paths that visits take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from components import blocks as ui
from components import formats
from components.areas import PageInfo, last_value
from components.charts import flows as charts
from components.formats import Field
from components.loading import Collector
from components.view_description import dates, why_empty
from umami.analysis import activity as analysis
from umami.analysis.activity import Flow, Through
from umami.api import reports
from umami.api.reports import Path
from umami.endpoint import Query
from umami.filters import LONGEST_VALUE
from umami.view import View

INFO: Final = PageInfo(
    "journey",
    "Journey",
    "route",
    "Behaviour",
    5,
    "The paths that visits take.",
    ("journey", "values"),
    params=("steps", "start", "end", "through"),
)
LENGTHS: Final = {length: f"{length} steps" for length in range(3, 8)}
DEFAULT_LENGTH: Final = 5
FIELDS: Final = (
    Field("path", "Path", "text"),
    Field("length", "Steps", wide=True),
    Field("visits", "Visits", bar=True),
    Field("share", "Share", "percent"),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected paths: their number of steps, first and last value, and a node on them."""

    length: int
    start: str | None
    end: str | None
    through: Through | None


def parse(params: ui.Params) -> tuple[Selection, tuple[str, ...]]:
    """Parse the page's parameters; returns the selection and error messages."""
    text = {name: last_value(params, name) for name in INFO.params}
    length = next((length for length in LENGTHS if str(length) == text["steps"]), DEFAULT_LENGTH)
    faults: tuple[str, ...] = ()
    if text["steps"] and str(length) != text["steps"]:
        faults = (f"“{text['steps'][:20]}” is not a number of steps from 3 to 7.",)
    through = Through.read(text["through"])
    selection = Selection(
        length,
        text["start"][:LONGEST_VALUE] or None,
        text["end"][:LONGEST_VALUE] or None,
        through if through and through.step <= length else None,
    )
    return selection, faults


def path_query(selection: Selection, view: View) -> Query[tuple[Path, ...]]:
    """The query of the paths; it does not depend on the node."""
    return reports.journey(view, selection.length, selection.start, selection.end)


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The paths as a diagram and as a table."""
    selection, _ = parse(params)
    paths = query.ask(path_query(selection, view))
    yield ui.Section(
        "Paths", partial(blocks, view, selection), [paths], about=dates(view), height=700
    )


def blocks(view: View, selection: Selection, answer: tuple[Path, ...]) -> list[ui.Block]:
    """The selected paths as a sentence, a diagram and a table."""
    if not answer:
        nothing = (
            "No visit took such a path in this period. Try another start or end, or more time."
        )
        return [ui.Text(why_empty(view, nothing), "empty")]
    through = selection.through
    paths = tuple(path for path in answer if through is None or through.leads(path))
    counts = ui.Text(_counts(through, paths, answer))
    if not paths:
        return [counts, ui.Text("None of the paths goes through there.", "empty")]
    table = ui.Table("paths", analysis.path_table(paths), FIELDS, "paths", shown=15)
    return [counts, *_diagram(through, analysis.flow(paths)), table]


def _counts(through: Through | None, paths: Sequence[Path], answer: Sequence[Path]) -> str:
    """A sentence with the numbers of visits and paths."""
    visits = sum(path.visits for path in paths)
    sentence = f"{formats.whole(visits)} visits on {formats.whole(len(paths))} paths"
    if through:
        share = visits / sum(path.visits for path in answer)
        sentence += f", {formats.percent(share)} of those on all paths"
    if len(answer) >= analysis.MOST_PATHS:
        sentence += f". The server returns only the {analysis.MOST_PATHS} most frequent paths"
    return f"{sentence}."


def _diagram(through: Through | None, flow: Flow) -> list[ui.Block]:
    """A Sankey diagram; a click on a node selects the paths through it."""
    if not flow.links:
        return [ui.Text("These visits ended with their first step.", "empty", medium="page")]

    def select(position: int) -> ui.SetParams | None:
        node = flow.nodes[position]
        clicked = Through(node.step, node.name)
        if not node.name:
            return None
        return ui.SetParams({"through": "" if clicked == through else clicked.spelled})

    alt = "Visits from step to step"
    return [
        ui.EChart(
            alt,
            "flow",
            partial(charts.sankey_spec, flow, through),
            charts.height(flow),
            charts.least_width(flow),
            select,
        ),
        ui.Chart(alt, "flow", partial(charts.sankey_figure, flow, through), medium="report"),
    ]
