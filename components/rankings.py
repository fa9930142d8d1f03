"""Rankings that pages and reports show: what each counts, and all of its rows with names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from components.fields import Field
from umami import names
from umami.endpoints import traffic
from umami.filters import FIELDS
from umami.models.traffic import Measure, Ranking

MEASURES: Final[dict[Measure, str]] = {"visitors": "Visitors", "times": "Times"}


@dataclass(frozen=True, slots=True)
class Table:
    """One ranking: the field it counts, and the field a click on a row filters by."""

    field: traffic.Metric
    tab: str
    many: str
    """What its rows are, in the plural: ``pages``."""
    by: str | None = None
    fill: str = "They appear here with the first visits."
    """What would fill it."""

    @property
    def filters(self) -> str | None:
        """The field to filter by, ``None`` where servers know no such filter."""
        return self.by or (self.field if self.field in FIELDS else None)


PAGES: Final = (
    Table("path", "Pages", "pages"),
    Table("entry", "Entry", "entry pages", by="path"),
    Table("exit", "Exit", "exit pages", by="path"),
    Table("title", "Titles", "titles"),
    Table(
        "query",
        "Queries",
        "queries",
        fill="They appear with the first visit to an address that has one.",
    ),
)
SOURCES: Final = (
    Table("referrer", "Referrers", "referrers"),
    Table("channel", "Channels", "channels"),
)
ENVIRONMENT: Final = (
    Table("browser", "Browsers", "browsers"),
    Table("os", "Systems", "operating systems"),
    Table("device", "Devices", "kinds of device"),
    Table("screen", "Screens", "screen sizes"),
    Table("language", "Languages", "languages"),
)
PLACES: Final = (
    Table("country", "Countries", "countries"),
    Table("region", "Regions", "regions"),
    Table("city", "Cities", "cities"),
)
EVENTS: Final = (
    Table(
        "event",
        "Events",
        "events",
        fill="Send one from your pages with `umami.track('name')`.",
    ),
)


def full(table: Table, ranking: Ranking) -> pd.DataFrame:
    """Every row with names for codes, the code kept beside where they differ."""
    given = ranking.frame
    values = list(given["name"])
    heading = FIELDS.get(table.field, table.tab)
    frame = pd.DataFrame({heading: [names.label(table.field, value) for value in values]})
    if any(value != name for value, name in zip(values, frame[heading], strict=True)):
        frame["Code"] = values
    if table.field in ("region", "city"):
        frame["Country"] = [
            names.label("country", code if isinstance(code, str) else None)
            for code in given["country"]
        ]
    frame[MEASURES[ranking.measure]] = given["count"].astype(int).to_numpy()
    frame["Share"] = given["share"].astype(float).round(4).to_numpy()
    return frame


def fields(table: Table, ranking: Ranking) -> list[Field]:
    """The columns of what ``full`` gives, codes left out."""
    heading = FIELDS.get(table.field, table.tab)
    country = "Country" if table.field in ("region", "city") else None
    return [
        Field(heading, heading, "text", note=country),
        Field(MEASURES[ranking.measure], MEASURES[ranking.measure], bar=True),
        Field("Share", "Share", "percent"),
    ]
