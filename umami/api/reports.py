"""Analyses, and reports that were saved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, get_args

import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from umami.api.params import analysis, analysis_body, paging
from umami.conversion import FunnelStep, StepKind
from umami.endpoint import Effort, RawQuery, endpoint, get, listing, write
from umami.errors import InvalidView
from umami.filters import Filter, as_json
from umami.normal_forms import uuid_of
from umami.parsing import (
    Count,
    Created,
    Item,
    Page,
    Ratio,
    Record,
    Text,
    Time,
    bucket,
    frame_of,
    parse,
)
from umami.period import Period, with_unit
from umami.texts import N_
from umami.view import View


class _Cell(Record):
    date: str
    day: Count
    size: Annotated[Count, Field(alias="visitors")]
    returned: Annotated[Count, Field(alias="returnVisitors")]


class _Tagged(Record):
    utm: str
    views: Count


class _Journey(Record):
    items: list[str | None]
    count: Count


class _Measures(Record):
    views: Count
    visitors: Count
    visits: Count
    bounces: Count
    seconds: Annotated[Count, Field(alias="totaltime")]


class Report(Item):
    """A saved report; ``parameters`` are in the server's format."""

    id: str
    website: Annotated[str, Field(alias="websiteId")]
    type: str
    name: str
    parameters: Annotated[
        dict[str, Any],
        BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value),
    ]
    description: Text = ""
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None


class FunnelResult(Record):
    """How many visitors reached a step.

    ``dropped`` of ``previous`` did not; ``drop_off`` and ``remaining`` are fractions, of the step
    before and of the first step; ``None`` where there is nothing to divide by.
    """

    step: FunnelStep
    visitors: Count
    previous: Count
    dropped: Count
    drop_off: Annotated[Ratio, Field(alias="dropoff")]
    remaining: Ratio

    @model_validator(mode="before")
    @classmethod
    def _nest_step(cls, answer: Any) -> Any:
        """From ``{type, value, visitors, previous, dropped, dropoff, remaining}``."""
        return {**answer, "step": {"kind": answer["type"], "value": answer["value"]}}


class Retention(Record):
    """Cohorts of visitors and how many of them returned.

    ``frame`` has ``cohort`` (local day of the first visit), ``day`` (0 to 31 after it), ``size``
    (visitors of the cohort), ``returned`` and ``share`` (fraction); days on which nobody returned
    are left out.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Retention:
        """From ``[{date, day, visitors, returnVisitors, percentage}]``.

        Where filters choose the cohorts, 3.x counts what its visitors did before as well, on
        negative days; these rows are left out.
        """
        rows = [row for row in parse(list[_Cell], answer) if row.day >= 0]
        frame = frame_of(rows, day="int64", size="int64", returned="int64")
        by_day = with_unit(period.start, period.end, period.timezone, "day")
        frame.insert(0, "cohort", pd.DatetimeIndex([bucket(row.date, by_day) for row in rows]))
        frame["share"] = (frame["returned"] / frame["size"].where(frame["size"] > 0)).fillna(0.0)
        return cls(frame.sort_values(["cohort", "day"], ignore_index=True))

    @property
    def triangle(self) -> pd.DataFrame:
        """Shares by cohort (rows) and day (columns); 0 where nobody returned."""
        table = self.frame.pivot_table(
            index="cohort", columns="day", values="share", fill_value=0.0
        )
        return table.reindex(columns=range(32), fill_value=0.0) if len(table) else table


class Utm(Record):
    """Pageviews by UTM parameter: ``frame`` has ``parameter``, ``value`` and ``views``."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Utm:
        """From ``{utm_source: [{utm, views}], …}``."""
        rows = [
            (name, row.utm, row.views)
            for name in ("source", "medium", "campaign", "content", "term")
            for row in sorted(
                parse(list[_Tagged], answer[f"utm_{name}"]), key=lambda row: (-row.views, row.utm)
            )
        ]
        return cls(pd.DataFrame(rows, columns=["parameter", "value", "views"]))


class Goal(Record):
    """How often a goal was reached, and by how many visitors.

    ``times`` counts rows: views of the path and custom events on it, or events of the name.
    ``visitors`` are those who opened the path or did the event, of ``of_visitors`` in all.
    ``None`` is a figure that the server does not return.
    """

    times: Count | None = None
    visitors: Annotated[Count | None, Field(alias="num")] = None
    of_visitors: Annotated[Count | None, Field(alias="total")] = None

    @property
    def conversion(self) -> float | None:
        """The fraction of visitors who reached it; ``None`` without visitors."""
        if self.visitors is None or not self.of_visitors:
            return None
        return self.visitors / self.of_visitors

    @classmethod
    def read(cls, answer: Any) -> Goal:
        """From ``{num, total}``, with ``times`` as dialects add it."""
        goal = parse(cls, answer)
        if goal.visitors is None and goal.times is None:
            raise ValueError("no result")
        return goal


class Path(Record):
    """Steps (paths and event names) that ``visits`` visits began with, in their order."""

    steps: tuple[str, ...]
    visits: int


def _paths(answer: Any) -> tuple[Path, ...]:
    """From ``[{items, count}]``, without the padding: different paths, largest first."""
    visits: Counter[tuple[str, ...]] = Counter()
    for row in parse(list[_Journey], answer):
        visits[tuple(item for item in row.items if item is not None)] += row.count
    return tuple(Path(steps, count) for steps, count in visits.most_common())


class Breakdown(Record):
    """Totals for each combination of the fields.

    ``frame`` has a column for each field, and ``views``, ``visitors``, ``visits``, ``bounces`` and
    ``seconds``; bounces and seconds are within the group.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, fields: Sequence[str]) -> Breakdown:
        """From ``[{views, visitors, visits, bounces, totaltime, <field>: value}]``."""
        rows = parse(list[_Measures], answer)
        columns = {
            field: pd.Series([_text(row[field]) for row in answer], dtype="object")
            for field in fields
        }
        figures = frame_of(rows, **dict.fromkeys(_Measures.__annotations__, "int64"))
        return cls(pd.DataFrame(columns).join(figures, how="right"))


class Parts(Record):
    """Totals of ordered parts.

    ``frame`` has the columns of a ``Breakdown``, and ``part``, the position of a part; parts
    without views are left out. Bounces and seconds are those of the whole visits that have a view
    in the part.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, fields: Sequence[str]) -> Parts:
        """From ``[{part, views, visitors, visits, bounces, totaltime, <field>: value}]``."""
        parts = pd.Series(parse(list[Count], [row["part"] for row in answer]), dtype="int64")
        return cls(Breakdown.read(answer, fields).frame.assign(part=parts))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("not a text")
    return value


BreakdownField = Literal[
    "path", "referrer", "title", "query", "os", "browser", "device", "country", "region", "city",
    "language", "tag", "hostname", "event", "utmSource", "utmMedium", "utmCampaign", "utmContent",
    "utmTerm", "distinctId",
]  # fmt: skip


@listing("/reports")
def reports(website: str, page: int = 1, page_size: int = 100) -> RawQuery[Page[Report]]:
    """The reports saved for a website, a page at a time."""
    return RawQuery({"websiteId": uuid_of(website), **paging(page, page_size)})


@listing("/reports/{report}")
def report(report: str) -> RawQuery[Report]:
    """One saved report; raises ``NotFound`` where there is none."""
    return RawQuery()


@write("POST", "/reports")
def create_report(
    website: str, type: str, name: str, parameters: Mapping[str, Any], description: str = ""
) -> RawQuery[Report]:
    """Save a report."""
    return RawQuery(
        body={
            "websiteId": uuid_of(website),
            "type": type,
            "name": name,
            "description": description,
            "parameters": dict(parameters),
        }
    )


@write("POST", "/reports/{report}")
def update_report(
    report: str,
    website: str,
    type: str,
    name: str,
    parameters: Mapping[str, Any],
    description: str = "",
) -> RawQuery[Report]:
    """Change the name, parameters or description of a saved report."""
    body = create_report(website, type, name, parameters, description).body
    return RawQuery(body=json.loads(body or ""))


@write("DELETE", "/reports/{report}")
def delete_report(report: str) -> RawQuery[None]:
    """Delete a saved report."""
    return RawQuery()


_analysis = partial(endpoint, "POST", effort=Effort.HEAVY)


@_analysis("/reports/funnel")
def funnel(
    view: View, steps: Sequence[FunnelStep], window: int = 60
) -> RawQuery[tuple[FunnelResult, ...]]:
    """How many visitors went from step to step, each within ``window`` minutes of the last."""
    if not 2 <= len(steps) <= 8:
        raise InvalidView(N_("A funnel has 2 to 8 steps."))
    if window < 1:
        raise InvalidView(N_("A funnel’s window is at least one minute."))
    chain = [step.body for step in steps]
    return analysis(view, "funnel", steps=chain, window=window)


@_analysis("/reports/retention")
def retention(view: View) -> RawQuery[Retention]:
    """Cohorts by day of the View's zone, and how many of their visitors returned on which day."""
    return analysis(view, "retention")


@endpoint("POST", "/reports/utm")
def utm(view: View) -> RawQuery[Utm]:
    """Pageviews by source, medium, campaign, content and term."""
    return analysis(view, "utm")


@_analysis("/reports/goal")
def goal(
    view: View, kind: StepKind, value: str, rows: tuple[tuple[str, str], ...] = ()
) -> RawQuery[Goal]:
    """How often a path was opened or an event happened, and by how many visitors.

    ``*`` at either end of the value is a wildcard, from 3.1 on. ``rows`` are those of a content
    group or own channel (``FunnelStep``).
    """
    if not value:
        raise InvalidView(N_("A goal needs a page or an event."))
    return analysis(view, "goal", **FunnelStep(kind, value, rows).body)


@_analysis("/reports/journey")
def journey(
    view: View, steps: int = 5, start: str | None = None, end: str | None = None
) -> RawQuery[tuple[Path, ...]]:
    """The paths that most visits began with, of 3 to 7 ``steps``, 100 paths at most."""
    if not 3 <= steps <= 7:
        raise InvalidView(N_("A journey has 3 to 7 steps."))
    body = analysis_body(view, "journey", steps=steps, startStep=start, endStep=end)
    return RawQuery(body=body, read=_paths)


@_analysis("/reports/breakdown")
def breakdown(view: View, fields: Sequence[BreakdownField]) -> RawQuery[Breakdown]:
    """Totals of pageviews for each combination of the fields, 500 combinations at most."""
    if not fields or not set(fields) <= set(get_args(BreakdownField)):
        raise InvalidView(N_("A breakdown needs one or more of the known fields."))
    return analysis(view, "breakdown", fields=list(fields))


@get("/x/websites/{website}/parts", effort=Effort.HEAVY)
def parts_of_visits(
    view: View,
    parts: tuple[tuple[Filter, ...], ...],
    fields: tuple[BreakdownField, ...] = (),
    of: Literal["rows", "visits"] = "rows",
) -> RawQuery[Parts]:
    """Totals of the parts of the visits that pass the filters of the View, for each combination of
    the fields, 500 at most in a part, or without fields in one row.

    A row is in the first part whose filters it passes. With ``of="visits"``, a whole visit is in
    the first part that one of its rows is in. The last part is what no filters keep.
    """
    if not parts or not all(parts):
        raise InvalidView(N_("Choose the rows that count."))
    return RawQuery({"parts": as_json(parts), "of": of, "fields": json.dumps(fields)})
