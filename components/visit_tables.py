"""Tables of visits with their bounces, conversions and revenue by one field.

Only servers that keep whole visits answer their queries (``Capabilities.whole_visits``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components.conversions import Conversion
from components.formats import Field
from components.loading import Collector
from components.view_description import why_empty
from umami import names
from umami.api.conversions import VisitField, VisitGroups, visit_groups
from umami.memoize import memoize
from umami.view import View

ENDPOINTS: Final = ("visit_groups", "values", "event_data_properties", "currencies")
"""What a page with such tables queries, besides the endpoints for servers of Umami."""
MOST: Final = 500
FEW: Final = 30
"""With fewer visits, rates say little; their rows are marked."""
OTHER: Final = "(other)"


@dataclass(frozen=True, slots=True)
class VisitTable:
    """A table of visits by a field; each visit is in one row, unless ``field`` is a page's."""

    field: VisitField
    title: str
    many: str
    """The rows in the plural: ``campaigns``."""
    name: str
    """The heading of the first column."""
    none: str
    """The name of the row of visits without a value."""
    visits: str = "Visits"
    filter_field: str | None = None
    other: tuple[VisitField, str] | None = None
    """Another field whose visits of the same name are shown, and its heading."""
    on_choose: Callable[[str], ui.Change] | None = None

    def section(self, query: Collector, view: View, conversion: Conversion) -> ui.Section:
        """Send the queries of the table, and those of the comparison."""
        step, currency = conversion.step, conversion.currency
        ask = partial(
            visit_groups, step=step if step.value else None, currency=currency or None, limit=MOST
        )
        groups = query.compared(view, partial(ask, field=self.field))
        total = query.ask(ask(view, field=None))
        other = query.ask(ask(view, field=self.other[0] if self.other else self.field))
        draw = partial(self._draw, view, conversion)
        return ui.Section(self.title, draw, [groups.now, total, other, *groups.earlier], height=420)

    def _draw(
        self,
        view: View,
        conversion: Conversion,
        now: VisitGroups,
        total: VisitGroups,
        other: VisitGroups,
        before: VisitGroups | None = None,
    ) -> list[ui.Block]:
        """One row a value: its visits, what became of them, and the change of their number."""
        frame = rows(self, now, total, other, before)
        if frame.empty:
            return [ui.Text(why_empty(view, "No visits in this period."), "empty")]
        fields = [
            Field("label", self.name, "text", note="few"),
            Field("visits", self.visits, bar=True),
            *([Field("change", "Change", "change", wide=True)] if "change" in frame else []),
            Field("bounce_rate", "Bounce rate", "percent"),
            *([Field("other", self.other[1], wide=True)] if self.other else []),
            Field("duration", "Visit duration", "seconds", wide=True),
        ]
        if conversion.step.value:
            fields += [
                Field("conversions", "Conversions", wide=True),
                Field("rate", "Conversion rate", "percent", wide=bool(conversion.currency)),
            ]
        if currency := conversion.currency:
            fields += [
                Field("revenue", "Revenue", "money", currency=currency),
                Field("each", "Per visit", "money", currency=currency, wide=True),
            ]
        return [
            ui.Table(
                self.many,
                frame,
                fields,
                f"visits_{self.field}",
                value="value" if self.filter_field or self.on_choose else None,
                filter_field=None if self.on_choose else self.filter_field,
                on_choose=self.on_choose,
            )
        ]


@memoize
def rows(
    table: VisitTable,
    now: VisitGroups,
    total: VisitGroups,
    other: VisitGroups,
    before: VisitGroups | None,
) -> pd.DataFrame:
    """The rows with raw counts and rates; visits beyond the server's limit are the last row.

    Rates are fractions, durations seconds. ``few`` marks rows whose rates say little.
    """
    frame = now.frame
    if len(frame) == MOST and not total.frame.empty:
        counts = frame.select_dtypes("number").columns
        rest = total.frame[counts].iloc[0] - frame[counts].sum()
        if rest["visits"] > 0:
            frame = pd.concat([frame, pd.DataFrame([{"name": OTHER, **rest}])], ignore_index=True)
    visits = frame["visits"].astype("float64")
    result = pd.DataFrame(
        {
            "value": frame["name"].where((frame["name"] != "") & (frame["name"] != OTHER), None),
            "label": [
                names.label(table.field, name) if name else table.none for name in frame["name"]
            ],
            "few": ["few visits" if count < FEW else None for count in visits],
            "visits": frame["visits"].astype("int64"),
            "bounce_rate": frame["bounces"] / visits,
            "duration": frame["seconds"] / visits,
            "conversions": frame["conversions"].astype("int64"),
            "rate": frame["conversions"] / visits,
            "revenue": frame["revenue"],
            "each": frame["revenue"] / visits,
            "other": _visits_of(frame["name"], other),
        }
    )
    if before is not None:
        earlier = _visits_of(frame["name"], before)
        result["change"] = frame["visits"] / earlier.where(earlier > 0) - 1
    return result


def _visits_of(values: pd.Series[str], groups: VisitGroups) -> pd.Series[int]:
    """The visits of each value in other groups; 0 where they lack it."""
    visits = groups.frame.set_index("name")["visits"]
    return values.map(visits).fillna(0).astype("int64")
