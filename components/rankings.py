"""Rankings that pages and reports show: what each counts, and all of its rows with names."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from components import view_description
from components.formats import Field
from components.loading import Collector, QueryClient
from umami import names
from umami.endpoints import traffic
from umami.errors import UmamiError
from umami.filters import FIELDS
from umami.models.traffic import Measure, Ranking, Stats
from umami.view import View

MEASURES: Final[dict[Measure, str]] = {"visitors": "Visitors", "times": "Times"}


@dataclass(frozen=True, slots=True)
class Table:
    """One ranking: the field it counts, and the field a click on a row filters by."""

    field: traffic.Metric
    tab: str
    many: str
    """What its rows are, in the plural: ``pages``."""
    by: str | None = None
    fill: str = ""
    """How to fill it, in a sentence."""
    none: str = ""
    """Why it may be empty, without the period: ``No page has a title``."""

    def why_empty(self, view: View, when: str = "in this period") -> str:
        """Why there are no rows, which there may not be although there are visits."""
        if not view.keeps_views:
            return view_description.why_empty(view, "")
        reason = self.none or f"No {self.many}"
        if view.filters:
            # What would fill it is no help: the filters may be what keeps it empty.
            return f"{reason} {when} with these filters."
        return f"{reason} {when}. {self.fill}".strip()

    @property
    def filters(self) -> str | None:
        """The field to filter by, ``None`` where servers know no such filter."""
        return self.by or (self.field if self.field in FIELDS else None)


PAGES: Final = (
    Table("path", "Pages", "pages"),
    Table("entry", "Entry", "entry pages", by="path"),
    Table("exit", "Exit", "exit pages", by="path"),
    Table("title", "Titles", "titles", none="No page with a title was viewed"),
    Table(
        "query",
        "Queries",
        "queries",
        none="No address with a query was viewed",
    ),
)
SOURCES: Final = (
    Table("referrer", "Referrers", "referrers", none="No visitor came from another website"),
    Table("channel", "Channels", "channels", none="No channel of a visit is known"),
)
ENVIRONMENT: Final = (
    Table("browser", "Browsers", "browsers", none="No browser of a visitor is known"),
    Table("os", "Systems", "operating systems", none="No operating system of a visitor is known"),
    Table("device", "Devices", "kinds of device", none="No device of a visitor is known"),
    Table("screen", "Screens", "screen sizes", none="No screen size of a visitor is known"),
    Table("language", "Languages", "languages", none="No language of a visitor is known"),
)
COUNTRIES: Final = Table(
    "country", "Countries", "countries", none="No country of a visitor is known"
)
PLACES: Final = (
    COUNTRIES,
    Table("region", "Regions", "regions", none="No region of a visitor is known"),
    Table("city", "Cities", "cities", none="No city of a visitor is known"),
)
EVENTS: Final = (
    Table(
        "event",
        "Events",
        "events",
        fill="Send one from your pages with `umami.track('name')`.",
    ),
)


OPTIONAL: Final = frozenset(
    {"query", "tag", "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"}
)
"""Fields that many views lack, without a question that tells how many visitors those are."""
NO_DIRECT: Final = "Direct visitors have no row: the server does not tell them here."


@dataclass(frozen=True, slots=True)
class Shares:
    """A ranking with the share of each row, and the row of direct visitors where it is told.

    ``frame`` has ``name`` (``None`` for direct visitors), ``count``, ``country`` and ``share``, a
    fraction of all visitors (``NaN`` where they are unknown) or of all that is counted.
    """

    frame: pd.DataFrame
    measure: Measure
    heading: str
    """What ``share`` is a share of: ``% of visitors``."""
    about: str
    """What to know about the shares and about what has no row."""
    no_direct: bool
    """Whether direct visitors belong into the table, and the server does not tell them."""


def ask(questions: Collector, table: Table, view: View) -> tuple[Future[Any], ...]:
    """Ask for a ranking and for what its shares need: the arguments of ``shares``."""
    ranking = questions.ask(traffic.metrics(view, table.field))
    if table.field == "event":
        return (ranking,)
    stats = questions.hint(traffic.stats(view), None)
    if table.field != "referrer" or not _tells_direct(questions.client, view):
        return ranking, stats
    return ranking, stats, questions.hint(traffic.metrics(view, "channel"), None)


def _tells_direct(client: QueryClient, view: View) -> bool:
    """Whether the channel ``direct`` holds the visitors without any source.

    A filter that keeps parts of visits makes visits look direct that began at a source.
    """
    try:
        return client.definitions.direct and view.keeps_whole_visits
    except UmamiError:
        return False


def shares(
    table: Table, ranking: Ranking, stats: Stats | None = None, channels: Ranking | None = None
) -> Shares:
    """The ranking with its shares; ``channels`` are those of the same View, one for each visit."""
    frame = ranking.frame[["name", "count", "country"]]
    notes: list[str] = []
    total: float
    if ranking.measure == "visitors":
        heading, total = "% of visitors", stats.current.visitors if stats else 0
        notes.append(
            "Share of all visitors of the period, with filters of those who pass them. A visitor "
            "counts in every row that applies, so shares may add up to more than 100 %."
        )
    else:
        # Times do not overlap: each row of the server counts in one of the values.
        heading = "% of events" if table.field == "event" else "% of times"
        total = float(frame["count"].sum())
        notes.append(f"Share of all {heading.removeprefix('% of ')} listed.")
    if table.field == "referrer" and channels is not None:
        direct = channels.frame.loc[channels.frame["name"] == "direct", "count"]
        rows = pd.DataFrame(
            {
                "name": pd.Series([None] * len(direct), dtype="object"),
                "count": direct.to_numpy(dtype="int64"),
                "country": pd.Series([None] * len(direct), dtype="object"),
            }
        )
        frame = pd.concat([frame, rows]).sort_values(
            "count", ascending=False, kind="stable", ignore_index=True
        )
        notes.append("Direct / none: visitors with a visit that has no source at all.")
    elif table.field == "referrer":
        notes.append(NO_DIRECT)
    elif table.field in OPTIONAL:
        name = FIELDS[table.field]
        notes.append(f"Visitors without a {name} have no row: the server does not tell them.")
    part = frame["count"].astype("float64") / (total or float("nan"))
    return Shares(
        frame.assign(share=part),
        ranking.measure,
        heading,
        " ".join(notes),
        no_direct=table.field == "referrer" and channels is None,
    )


def full(table: Table, ranking: Shares) -> pd.DataFrame:
    """Every row with names for codes, the code kept beside where they differ."""
    given = ranking.frame
    values = list(given["name"])
    heading = FIELDS.get(table.field, table.tab)
    frame = pd.DataFrame({heading: [names.label(table.field, value) for value in values]})
    if any(value and value != name for value, name in zip(values, frame[heading], strict=True)):
        frame["Code"] = values
    if table.field in ("region", "city"):
        frame["Country"] = [
            names.label("country", code if isinstance(code, str) else None)
            for code in given["country"]
        ]
    frame[MEASURES[ranking.measure]] = given["count"].astype(int).to_numpy()
    frame[ranking.heading] = given["share"].to_numpy()
    return frame


def fields(table: Table, ranking: Shares) -> list[Field]:
    """The columns of what ``full`` gives, codes left out."""
    heading = FIELDS.get(table.field, table.tab)
    country = "Country" if table.field in ("region", "city") else None
    return [
        Field(heading, heading, "text", note=country),
        Field(MEASURES[ranking.measure], MEASURES[ranking.measure], bar=True),
        Field(ranking.heading, ranking.heading, "percent", help=ranking.about),
    ]
