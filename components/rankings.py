"""Rankings that pages and reports show: what each counts, and all of its rows with names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from components import words
from components.fields import Field
from umami import names
from umami.endpoints import traffic
from umami.filters import FIELDS
from umami.models.traffic import Measure, Ranking
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
        if any(one.field == "event" for one in view.filters):
            return words.why_empty(view, "")
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
PLACES: Final = (
    Table("country", "Countries", "countries", none="No country of a visitor is known"),
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
