"""The rankings of pages and reports: their fields, shares, rows and columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from components import view_description
from components.loading import Collector, QueryClient
from components.texts import N_, _
from components.view_description import value_name
from umami.api import traffic
from umami.api.conversions import VisitGroups
from umami.api.traffic import Measure, Ranked, Ranking, Stats
from umami.errors import UmamiError
from umami.filters import FIELDS
from umami.memoize import memoize
from umami.view import View

MEASURES: Final[dict[Measure, str]] = {"visitors": N_("Visitors"), "times": N_("Count")}


@dataclass(frozen=True, slots=True)
class Table:
    """One ranking: the field it counts, and the field a click on a row filters by."""

    field: traffic.Metric
    tab: str
    many: str
    """The rows in the plural: ``pages``."""
    by: str | None = None
    fill: str = ""
    """A sentence that explains how to collect such data."""
    none: str = ""
    """The reason why it may be empty, without the period: ``No page has a title``."""

    def why_empty(self, view: View, when: str = N_("in this period")) -> str:
        """The reason why there are no rows; there may be none although there are visits."""
        if not view.keeps_views:
            return view_description.why_empty(view, "")
        reason = _(self.none) or _("No {many}").format(many=_(self.many))
        if view.filters:
            # The filters may be the cause, so how to collect such data is no help.
            return _("{reason} {when} with these filters.").format(reason=reason, when=_(when))
        return f"{reason} {_(when)}. {_(self.fill)}".strip()

    @property
    def filters(self) -> str | None:
        """The field to filter by; ``None`` where servers do not support such a filter."""
        return self.by or (self.field if self.field in FIELDS else None)


PAGES: Final = (
    Table("path", N_("Pages"), N_("pages")),
    Table("entry", N_("Entry"), N_("entry pages"), by="path"),
    Table("exit", N_("Exit"), N_("exit pages"), by="path"),
    Table("title", N_("Titles"), N_("titles"), none=N_("No page with a title was viewed")),
    Table(
        "query",
        N_("URL parameters"),
        N_("URL parameters"),
        none=N_("No address with URL parameters was viewed"),
    ),
)
SOURCES: Final = (
    Table(
        "referrer",
        N_("Referrers"),
        N_("referrers"),
        none=N_("No visitor came from another website"),
    ),
    Table("channel", N_("Channels"), N_("channels"), none=N_("No visit has a known channel")),
)
ENVIRONMENT: Final = (
    Table("device", N_("Devices"), N_("devices"), none=N_("No visitor has a known device")),
    Table("browser", N_("Browsers"), N_("browsers"), none=N_("No visitor has a known browser")),
    Table(
        "os",
        N_("Systems"),
        N_("operating systems"),
        none=N_("No visitor has a known operating system"),
    ),
    Table(
        "screen", N_("Screens"), N_("screen sizes"), none=N_("No visitor has a known screen size")
    ),
    Table("language", N_("Languages"), N_("languages"), none=N_("No visitor has a known language")),
)
COUNTRIES: Final = Table(
    "country", N_("Countries"), N_("countries"), none=N_("No visitor has a known country")
)
PLACES: Final = (
    COUNTRIES,
    Table("region", N_("Regions"), N_("regions"), none=N_("No visitor has a known region")),
    Table("city", N_("Cities"), N_("cities"), none=N_("No visitor has a known city")),
)
_NO_EVENTS: Final = N_("Send one from your pages with `umami.track('name')`.")
EVENTS: Final = (Table("event", N_("Events"), N_("events"), fill=_NO_EVENTS),)


COUNTED_BY_GROUPS: Final = frozenset(
    {"path", "title", "query", "browser", "os", "device", "language", "country", "region", "city"}
)
"""Fields whose groups of visits have the visitors that the ranking counts, so that one query does
for both. By other fields, a group is that of a visit’s first value."""
OPTIONAL: Final = frozenset(
    {"query", "tag", "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"}
)
"""Fields that many views lack; no query returns how many visitors have none."""
NO_DIRECT: Final = N_("Direct visitors have no row: the server does not report them here.")


@dataclass(frozen=True, slots=True)
class Shares:
    """A ranking with its shares, and a row of direct visitors, without a name, where it is
    available."""

    rows: Sequence[Ranked]
    parts: Sequence[float]
    """The share of each row: a fraction of all visitors (``NaN`` where they are unknown), or of all
    that is counted."""
    measure: Measure
    heading: str
    """The heading of the shares: ``% of visitors``."""
    about: str
    """An explanation of the shares and of values without a row."""
    no_direct: bool
    """Whether the row of direct visitors is missing because the server does not return it."""


def ask(
    questions: Collector, table: Table, view: View, ranking: Future[Ranking] | None = None
) -> tuple[Future[Any], ...]:
    """Send the queries of a ranking, unless it is given, and its shares; the futures are arguments
    of ``shares``."""
    ranking = ranking or questions.ask(traffic.metrics(view, table.field))
    if table.field == "event":
        return (ranking,)
    stats = questions.hint(traffic.stats(view), None)
    if table.field != "referrer" or not _tells_direct(questions.client, view):
        return ranking, stats
    return ranking, stats, questions.hint(traffic.metrics(view, "channel"), None)


@memoize
def of_groups(groups: VisitGroups) -> Ranking:
    """The ranking of a field of ``COUNTED_BY_GROUPS`` from its groups of visits."""
    frame = groups.frame[groups.frame["name"] != ""]
    columns = (frame["name"], frame["visitors"], frame["country"])
    rows = [
        Ranked(name, count, None if pd.isna(country) else country)
        for name, count, country in zip(*columns, strict=True)
    ]
    return Ranking(sorted(rows, key=lambda row: -row.count), "visitors")


def _tells_direct(client: QueryClient, view: View) -> bool:
    """Whether the channel ``direct`` contains exactly the visitors without a source.

    With a filter that keeps only parts of visits, other visits also count as direct.
    """
    try:
        return client.definitions.direct and view.keeps_whole_visits
    except UmamiError:
        return False


def shares(
    table: Table, ranking: Ranking, stats: Stats | None = None, channels: Ranking | None = None
) -> Shares:
    """The ranking with its shares; ``channels`` is the channel ranking of the same View."""
    rows = ranking.rows
    if ranking.measure == "visitors":
        heading, total = _("% of visitors"), stats.current.visitors if stats else 0
        about = _(
            "Share of all visitors of the period that match the filters. A visitor "
            "counts in every row that applies, so shares may add up to more than 100 %."
        )
    else:
        # Counts do not overlap: each event of the server counts for one value.
        heading = _("% of events") if table.field == "event" else _("% of all")
        total, about = sum(row.count for row in rows), _("Share of the total of all rows.")
    no_direct = table.field == "referrer" and channels is None
    if table.field == "referrer" and channels is not None:
        direct = [replace(row, name=None) for row in channels.rows if row.name == "direct"]
        rows = sorted([*rows, *direct], key=lambda row: -row.count)
        about += _(" Direct / none: visitors with a visit that has no source at all.")
    elif no_direct:
        about += f" {_(NO_DIRECT)}"
    elif table.field in OPTIONAL:
        name = _(FIELDS[table.field])
        about += _(
            " Visitors without a {name} have no row: the server does not report them."
        ).format(name=name)
    parts = [row.count / total if total else math.nan for row in rows]
    return Shares(rows, parts, ranking.measure, heading, about, no_direct)


def full(table: Table, ranking: Shares) -> pd.DataFrame:
    """Every row with names instead of codes, a column of codes where they differ, and the raw
    ``value``."""
    values = [row.name for row in ranking.rows]
    named = [value_name(table.field, value) for value in values]
    columns: dict[str, Any] = {_(FIELDS.get(table.field, table.tab)): named}
    if any(value and value != name for value, name in zip(values, named, strict=True)):
        columns["Code"] = values
    if table.field in ("region", "city"):
        columns["Country"] = [value_name("country", row.country) for row in ranking.rows]
    columns[_(MEASURES[ranking.measure])] = [row.count for row in ranking.rows]
    columns[ranking.heading] = ranking.parts
    return pd.DataFrame({**columns, "value": pd.Series(values, dtype="object")})
