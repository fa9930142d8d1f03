"""Tables of visits with their bounces, conversions and revenue by one field.

Only servers that keep whole visits answer their queries (``Capabilities.whole_visits``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import pandas as pd

from components import blocks as ui
from components import conversions, formats, merged_tags, texts
from components.charts.tiles import Tile, figure
from components.formats import Field
from components.loading import Collector
from components.merged_tags import Merge
from components.texts import N_, _, memoize
from components.view_description import value_name, why_empty
from umami.api.conversions import CreditedField, VisitField, VisitGroups, visit_groups
from umami.conversion import Conversion
from umami.endpoint import Query
from umami.view import View

ENDPOINTS: Final = ("visit_groups", *conversions.ENDPOINTS)
"""What a page with such tables queries, besides the endpoints for servers of Umami."""
MOST: Final = 500
FEW: Final = 30
"""With fewer visits, rates say little; their rows are marked."""
OTHER: Final = N_("(other)")
Unit = Literal["visits", "visitors"]
SOURCES: Final[dict[CreditedField, tuple[str, str, str]]] = {
    "channel": (N_("Channels"), N_("channels"), N_("Channel")),
    "referrer": (N_("Referrers"), N_("referrers"), N_("Referrer")),
    "utmCampaign": (N_("Campaigns"), N_("campaigns"), N_("Campaign")),
    "utmSource": (N_("Sources"), N_("sources"), N_("Source")),
    "utmMedium": (N_("Mediums"), N_("mediums"), N_("Medium")),
    "utmContent": (N_("Ad content"), N_("ad content"), N_("Ad content")),
    "utmTerm": (N_("Keywords"), N_("keywords"), N_("Keyword")),
}
"""Where visits come from: the title of a table by each field, its rows in the plural, and the
heading of their column."""


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
    visits: str = N_("Visits")
    filter_field: str | None = None
    other: tuple[VisitField, str] | None = None
    """Another field whose visits of the same name are shown, and its heading."""
    on_choose: Callable[[str], ui.Change] | None = None

    def section(self, query: Collector, view: View, conversion: Conversion) -> ui.Section:
        """Send the queries of the table, and those of the comparison."""
        groups = query.compared(view, groups_query(conversion, self.field))
        total = query.ask(groups_query(conversion, None)(view))
        other_field = self.other[0] if self.other else self.field
        other = query.ask(groups_query(conversion, other_field)(view))
        merges = merged_tags.of(query, view.website, self.field)
        draw = partial(self._draw, view, conversion, merges)
        return ui.Section(
            _(self.title), draw, [groups.now, total, other, *groups.earlier], height=ui.TABLE
        )

    def _draw(
        self,
        view: View,
        conversion: Conversion,
        merges: tuple[Merge, ...],
        now: VisitGroups,
        total: VisitGroups,
        other: VisitGroups,
        before: VisitGroups | None = None,
    ) -> list[ui.Block]:
        """One row a value: its visits, what became of them, and the change of their number."""
        frame = rows(self, now, total, other, before, merges)
        if frame.empty:
            return [ui.Text(why_empty(view, _("No visits in this period.")), "empty")]
        fields = [
            Field("label", _(self.name), "text", note="note"),
            Field("visits", _(self.visits), bar=True),
            *([Field("change", _("Change"), "change", wide=True)] if "change" in frame else []),
            Field("bounce_rate", _("Bounce rate"), "percent", wide=True),
            *([Field("other", _(self.other[1]), wide=True)] if self.other else []),
        ]
        duration = Field("duration", _("Visit duration"), "seconds", wide=True)
        shown, more = (
            [field for field in fields if field.column in frame]
            for fields in conversion_fields(conversion, _("visit"))
        )
        more += [Field("visitors", _("Visitors")), Field("views", _("Views"))]
        if not self.other and (currency := conversion.currency):
            about = _("Revenue of each purchase.")
            order = Field("order", _("Average order"), "money", currency=currency, help=about)
            shown = [*shown[:-1], replace(order, wide=True), *shown[-1:]]
            more.append(duration)
        else:
            fields.append(duration)
        return [
            ui.Table(
                _(self.many),
                frame,
                [*fields, *shown],
                f"visits_{self.field}",
                more_fields=more,
                value="value" if self.filter_field or self.on_choose else None,
                filter_field=None if self.on_choose else self.filter_field,
                on_choose=self.on_choose,
                merged=merged_tags.filters(merges),
            )
        ]


def groups_query(
    conversion: Conversion, field: VisitField | None
) -> Callable[[View], Query[VisitGroups]]:
    """The query for the visits of a View by a field, with their conversions."""
    return partial(
        visit_groups,
        field=field,
        step=conversion.step,
        currency=conversion.currency or None,
        limit=MOST,
    )


def conversion_tiles(
    conversion: Conversion, now: VisitGroups, before: VisitGroups | None = None
) -> dict[str, Tile]:
    """Tiles of the conversions and the revenue of all groups, by measure; each visit must be in one
    of the groups."""
    of = conversions.described(conversion)
    totals = now.frame.sum(numeric_only=True)
    earlier = None if before is None else before.frame.sum(numeric_only=True)
    rate = formats.percent(totals["conversions"] / totals["visits"] if totals["visits"] else None)
    counted = _("Visits with the conversion “{of}”: {rate} of all visits.").format(of=of, rate=rate)

    def figure_of(name: str) -> tuple[float, float | None]:
        return float(totals[name]), None if earlier is None else float(earlier[name])

    drawn = {"conversions": figure(_("Conversions"), *figure_of("conversions"), counted)}
    if currency := conversion.currency:
        about = _(
            "All revenue in {currency}, whatever counts as a conversion. Purchases in other "
            "currencies are left out."
        ).format(currency=currency)
        money = figure(_("Revenue"), *figure_of("revenue"), about, "money", currency=currency)
        drawn["revenue"] = money
    return drawn


@memoize
def rows(
    table: VisitTable,
    now: VisitGroups,
    total: VisitGroups,
    other: VisitGroups,
    before: VisitGroups | None,
    merges: tuple[Merge, ...] = (),
) -> pd.DataFrame:
    """The rows with raw counts and rates; visits beyond the server's limit are the last row.

    Rates are fractions, durations seconds. ``note`` marks rows whose rates say little, and those
    that are merged; the visitors of the latter are missing.
    """
    frame = merged_tags.groups(now, merges).frame
    other = merged_tags.groups(other, merges)
    before = before and merged_tags.groups(before, merges)
    if len(now.frame) == MOST and not total.frame.empty:
        counts = frame.select_dtypes("number").columns
        rest = total.frame[counts].iloc[0] - now.frame[counts].sum()
        if rest["visits"] > 0:
            frame = pd.concat([frame, pd.DataFrame([{"name": OTHER, **rest}])], ignore_index=True)
    keys = pd.Series(list(zip(frame["name"], frame["country"].fillna(""), strict=True)))
    visits = frame["visits"].astype("float64")
    earlier = None if before is None else rows_of(keys, before)
    merged = merged_tags.notes(merges, now.frame["name"])
    visitors = frame["visitors"]
    result = pd.DataFrame(
        {
            "value": frame["name"].where((frame["name"] != "") & (frame["name"] != OTHER), None),
            "label": [_label(table, name) for name in frame["name"]],
            "note": merged_tags.joined(frame["name"], merged, few(visits)),
            "visits": frame["visits"].astype("int64"),
            "visitors": visitors.astype("Int64" if visitors.isna().any() else "int64"),
            "views": frame["views"].astype("int64"),
            "order": frame["revenue"] / frame["orders"].where(frame["orders"] > 0),
            "bounce_rate": frame["bounces"] / visits,
            "duration": frame["seconds"] / visits,
            "other": rows_of(keys, other)["visits"].astype("int64"),
            **conversion_columns(frame, "visits", earlier),
        }
    )
    if earlier is not None:
        result["change"] = frame["visits"] / earlier["visits"].where(earlier["visits"] > 0) - 1
    return result


def _label(table: VisitTable, name: str) -> str:
    if not name:
        return _(table.none)
    return _(OTHER) if name == OTHER else value_name(table.field, name)


def rows_of(keys: pd.Series[Any], groups: VisitGroups) -> pd.DataFrame:
    """The counts of these values, as pairs of name and country (``""`` for none); 0 for values that
    the groups lack."""
    frame = groups.frame
    pairs = pd.MultiIndex.from_arrays([frame["name"], frame["country"].fillna("")])
    counts = frame.select_dtypes("number").set_index(pairs)
    index = pd.MultiIndex.from_tuples(keys) if len(keys) else pairs[:0]
    return counts.reindex(index, fill_value=0).reset_index(drop=True)


def few(visits: pd.Series[Any]) -> list[str | None]:
    """A note for each number of visits that says little."""
    return [_("few visits") if count < FEW else None for count in visits]


def conversion_columns(
    groups: pd.DataFrame, unit: Unit, before: pd.DataFrame | None = None
) -> dict[str, pd.Series[Any]]:
    """The conversions of groups of visits, and their changes from the same groups ``before``:
    columns for ``conversion_fields``. ``each`` is the revenue of a ``unit``."""
    columns = {
        "conversions": groups["conversions"].astype("int64"),
        "rate": groups["conversions"] / groups["visits"].where(groups["visits"] > 0),
        "revenue": groups["revenue"].astype("float64"),
        "each": groups["revenue"] / groups[unit].where(groups[unit] > 0),
    }
    if before is None:
        return columns
    earlier = before.where(before > 0)
    return columns | {
        "conversions_change": columns["conversions"] / earlier["conversions"] - 1,
        "rate_change": columns["rate"] - before["conversions"] / earlier["visits"],
        "revenue_change": columns["revenue"] / earlier["revenue"] - 1,
    }


def conversion_fields(
    conversion: Conversion, each: str, counted: str = ""
) -> tuple[list[Field], list[Field]]:
    """The fields of conversions that tables show, and those that only full lists show.

    ``counted`` is what converts, by default visits; revenue is also shown per ``each``.
    """
    if not conversion:
        return [], []
    of, counted = conversions.described(conversion), counted or _("Visits")
    shown = [
        Field(
            "conversions",
            _("Conversions"),
            help=_("{counted} with the conversion “{of}”.").format(counted=counted, of=of),
        ),
        Field(
            "rate",
            _("Rate"),
            "percent",
            wide=True,
            help=_("Conversions of all {counted}.").format(counted=texts.inside(counted)),
        ),
    ]
    more = [
        Field("conversions_change", _("Conversions change"), "change"),
        Field("rate_change", _("Rate change"), "points"),
    ]
    if currency := conversion.currency:
        shown += [
            Field("revenue", _("Revenue"), "money", currency=currency),
            Field("revenue_change", _("Change"), "change", wide=True),
            Field("each", _("Per {each}").format(each=each), "money", currency=currency, wide=True),
        ]
    return shown, more
