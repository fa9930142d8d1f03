"""Segments and cohorts in Umami's form, as filters, dates and an action, and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, get_args

from dateutil.relativedelta import relativedelta

from umami.api.segments import Kind, Segment
from umami.errors import InvalidView
from umami.filters import Capabilities, Filter, Match, regex_escaped
from umami.period import Period, zone
from umami.texts import N_, Message
from umami.view import View

ActionKind = Literal["path", "event"]
LONGEST_NAME: Final = 200
RANGES: Final[Mapping[str, str]] = {
    "7day": N_("Last 7 days"),
    "30day": N_("Last 30 days"),
    "90day": N_("Last 90 days"),
    "6month": N_("Last 6 months"),
    "12month": N_("Last 12 months"),
}
"""The dates of cohorts that move with time, in Umami's words. The server's zone decides where days
begin."""
_RELATIVE: Final = re.compile(r"(\d{1,3})(day|month)")
_BETWEEN: Final = re.compile(r"range:(\d{1,13}):(\d{1,13})")
_ONE_OF: Final = re.compile(r"\(\?c\)\^\((.*)\)\$", re.DOTALL)
_NUMBERED: Final = re.compile(r"([A-Za-z]+?)\d*")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a segment or cohort selects: visitors with rows that pass ``filters``. Those of a cohort
    viewed a page or triggered an event (``action``) within ``dates`` (Umami's text).

    ``others`` are parts that this dashboard cannot show or change, in the server's form.
    """

    kind: Kind
    name: str = ""
    filters: tuple[Filter, ...] = ()
    match: Match = "all"
    dates: str = ""
    action: tuple[ActionKind, str] | None = None
    others: tuple[tuple[str, Any], ...] = ()

    @property
    def is_opaque(self) -> bool:
        """Whether its filters are unknown here, so that only its name can be changed."""
        return any(name == "filters" for name, _ in self.others)

    def checked(self) -> "Definition":
        """The definition with a tidy name. Raises ``InvalidView`` for one that servers refuse."""
        shown = (sign if sign.isprintable() else " " for sign in self.name)
        name = " ".join("".join(shown).split())
        if not name:
            raise InvalidView(N_("It has no name."), remedy=N_("Type a name."))
        if len(name) > LONGEST_NAME:
            raise InvalidView(
                Message("A name has at most {longest} characters.", longest=LONGEST_NAME),
                remedy=N_("Shorten it."),
            )
        if self.is_opaque:
            return replace(self, name=name)
        if self.kind == "segment" and not self.filters and not self.others:
            raise InvalidView(N_("A segment has at least one filter."), remedy=N_("Add a filter."))
        if self.kind == "cohort":
            if not self.action or not self.action[1]:
                raise InvalidView(
                    N_("A cohort needs an action: a page or an event."),
                    remedy=N_("Choose what its visitors did."),
                )
            if not _RELATIVE.fullmatch(self.dates) and not _BETWEEN.fullmatch(self.dates):
                raise InvalidView(
                    N_("A cohort needs dates."), remedy=N_("Choose when they did it.")
                )
        return replace(self, name=name)

    def parameters(self, capabilities: Capabilities, *, patterns: bool = True) -> dict[str, Any]:
        """The parameters in Umami's form. ``patterns`` is that of ``Filter.param``."""
        if self.is_opaque:
            return dict(self.others)
        conditions = []
        fields = [filter_.field for filter_ in self.filters]
        for place, filter_ in enumerate(self.filters):
            operator, value = filter_.operator, filter_.literal_values[0]
            # What the client applies itself is saved for the newest generation.
            if capabilities.several or capabilities.expands_segments:
                operator, _, value = filter_.param(patterns=patterns).partition(".")  # type: ignore[assignment]
            # Umami keeps the last of several conditions with one name.
            number = fields[:place].count(filter_.field) or ""
            name = f"{filter_.field}{number}"
            conditions.append({"name": name, "operator": operator, "value": value})
        of_cohort: dict[str, Any] = {}
        if self.kind == "cohort" and self.action:
            kind, value = self.action
            of_cohort = {"dateRange": self.dates, "action": {"type": kind, "value": value}}
        match = {"match": "any"} if self.match == "any" and len(self.filters) > 1 else {}
        return {**dict(self.others), "filters": conditions, **match, **of_cohort}

    def period(self, timezone: str, today: date) -> Period | None:
        """The days of a cohort in a zone; ``None`` where they are unknown."""
        if between := _BETWEEN.fullmatch(self.dates):
            first, last = sorted(
                datetime.fromtimestamp(min(int(time), 4_102_444_799_999) / 1000, UTC)
                for time in between.groups()
            )
            local = zone(timezone)
            return _days(first.astimezone(local).date(), last.astimezone(local).date(), timezone)
        if relative := _RELATIVE.fullmatch(self.dates):
            number = int(relative[1])
            if relative[2] == "day":
                return _days(today - relativedelta(days=number), today, timezone)
            return _days(today.replace(day=1) - relativedelta(months=number), today, timezone)
        return None

    def narrowed(self, view: View) -> View | None:
        """The View of the visitors of a cohort, in the cohort's period, or of a segment.

        ``None`` where no filters can express it: the action belongs to each of several filters that
        are joined by “any”, or parts of it are unknown.
        """
        filters, match = self.filters, self.match if len(self.filters) > 1 else "all"
        if self.others:
            return None
        if self.action:
            field, value = self.action
            if match == "any" or any(filter_.field == field for filter_ in filters):
                return None
            filters = (*filters, Filter(field, "eq", *value.split(",")))
        return replace(view, filters=filters, match=match, segment=None, cohort=None)


def _days(first: date, last: date, timezone: str) -> Period | None:
    try:
        return Period.of_days(first, last, timezone)
    except InvalidView:
        return None


def definition(segment: Segment) -> Definition:
    """The definition of a saved segment or cohort. Conditions that are unknown here are among the
    ``others``, so that a change does not lose them."""
    parameters = segment.parameters
    others = {
        name: value
        for name, value in parameters.items()
        if name not in ("filters", "match", "dateRange", "action") and value not in (None, [], {})
    }
    filters: list[Filter] = []
    rows, joined = parameters.get("filters") or [], parameters.get("match") or "all"
    match = next((match for match in get_args(Match) if match == joined), None)
    # All of them, as some alone would be another segment.
    opaque = Definition(segment.kind, segment.name, others=tuple(parameters.items()))
    if not isinstance(rows, list) or match is None:
        return opaque
    for row in rows:
        filter_ = _filter(row)
        if filter_ is None:
            return opaque
        filters.append(filter_)
    return Definition(
        segment.kind,
        segment.name,
        tuple(filters),
        match,
        str(parameters.get("dateRange") or ""),
        _action(parameters.get("action")),
        tuple(others.items()),
    )


def _action(row: Any) -> tuple[ActionKind, str] | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("value"), str):
        return None
    kind = next((kind for kind in get_args(ActionKind) if kind == row.get("type")), None)
    return (kind, row["value"]) if kind and row["value"] else None


def _filter(row: Any) -> Filter | None:
    """The filter of a condition; ``None`` if there is no such filter here."""
    if not isinstance(row, Mapping):
        return None
    name = _NUMBERED.fullmatch(str(row.get("name")))
    operator, value = str(row.get("operator") or "eq"), row.get("value")
    values = value if isinstance(value, list) else [value]
    texts = [text for text in values if isinstance(text, str)]
    if name is None or not texts or len(texts) < len(values):
        return None
    try:
        if operator in ("re", "nre") and (values := _values(texts[0])):
            return Filter(name[1], "eq" if operator == "re" else "neq", *values)
        if operator in ("c", "dnc"):
            return Filter(name[1], operator, re.sub(r"\\([\\%_])", r"\1", texts[0]))  # type: ignore[arg-type]
        if operator in ("eq", "neq"):
            texts = [part for text in texts for part in text.split(",")]
        return Filter(name[1], operator, *texts)  # type: ignore[arg-type]
    except InvalidView:
        return None


def _values(pattern: str) -> list[str]:
    """The values of a pattern that ``Filter.param`` makes of values with commas."""
    inside = _ONE_OF.fullmatch(pattern)
    if inside is None:
        return []
    parts = re.findall(r"(?:[^\\|]|\\.)+", inside[1], re.DOTALL)
    values = [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in parts]
    same = "|".join(map(regex_escaped, values)) == inside[1]
    return values if same and any("," in value for value in values) else []
