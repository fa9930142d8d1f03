"""Filters: conditions on rows, their form in requests, and which of them a server supports."""

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from umami.errors import InvalidView
from umami.normal_forms import normalized
from umami.texts import N_, Message

Operator = Literal["eq", "neq", "c", "dnc", "re", "nre", "lacks"]
OPERATORS: dict[Operator, str] = {
    "eq": N_("is"),
    "neq": N_("is not"),
    "c": N_("contains"),
    "dnc": N_("does not contain"),
    "re": N_("matches"),
    "nre": N_("does not match"),
    "lacks": N_("never matches"),
}
"""Operators with their words; the last three take regular expressions."""
PATTERNS: frozenset[Operator] = frozenset({"re", "nre", "lacks"})
"""The operators that take a regular expression."""
EXTENSIONS: frozenset[Operator] = frozenset({"lacks"})
"""The operators that no Umami has."""

FIELDS: dict[str, str] = tomllib.loads(Path(__file__).with_name("names.toml").read_text("utf-8"))[
    "fields"
]
"""Fields to filter by, by the newest generation's names, with their words."""
VISIT_FIELDS = frozenset(
    {"browser", "os", "device", "language", "country", "region", "city", "distinctId"}
)
"""Fields with the same value in all rows of a visit. Servers apply filters to rows, so a filter on
one of these keeps or drops whole visits; any other keeps single rows of a visit."""
NEWER_FIELDS = frozenset(
    {"utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm", "distinctId"}
)
"""Fields that 3.1 introduced."""
Match = Literal["all", "any"]
LONGEST_VALUE = 500
LONGEST_EXPRESSION = 1_900
"""Longest regular expression: those of content groups have many alternatives."""
MOST_VALUES = 50


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """A condition on rows, in text form ``path.eq./pricing``. ``eq`` keeps rows that equal any of
    several ``values``, ``neq`` those that equal none; the other operators take one value. ``c``,
    ``dnc``, ``re`` and ``nre`` ignore case. A row without the field does not match ``neq``, ``dnc``
    or ``nre``. ``lacks`` keeps visits without a row that matches ``re``, and where filters keep
    rows, the other rows."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    def __init__(self, field: str, operator: Operator, *values: str) -> None:
        """Raises ``InvalidView``."""
        if field not in FIELDS:
            raise InvalidView(Message("“{field}” is not a field to filter by.", field=field[:40]))
        if operator not in OPERATORS:
            raise InvalidView(
                Message("“{operator}” is not an operator of filters.", operator=operator[:40])
            )
        if not 1 <= len(values) <= (MOST_VALUES if operator in ("eq", "neq") else 1):
            raise InvalidView(
                Message(
                    "A filter has 1 to {most} values, with “contains” just one.",
                    most=MOST_VALUES,
                )
            )
        longest = LONGEST_EXPRESSION if operator in PATTERNS else LONGEST_VALUE
        if any(not value or len(value) > longest or "\0" in value for value in values):
            raise InvalidView(
                Message(
                    "A filter’s value has 1 to {longest} characters.",
                    longest=longest,
                )
            )
        if operator in PATTERNS:
            try:
                re.compile(values[0])
            except (re.error, OverflowError, RecursionError):
                text = values[0][:40]
                raise InvalidView(
                    Message("“{text}” is not a regular expression.", text=text)
                ) from None
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "values", tuple(dict.fromkeys(values)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The filter of a text. Raises ``InvalidView``."""
        field, _, rest = text.partition(".")
        operator, dot, value = rest.partition(".")
        if not dot:
            raise InvalidView(
                Message("“{text}” is not a filter (field.operator.value).", text=text[:80])
            )
        return cls(field, operator, value)  # type: ignore[arg-type]

    def texts(self) -> list[str]:
        """One text for each value, which ``parse`` accepts."""
        return [f"{self.field}.{self.operator}.{value}" for value in self.values]

    def param(self, *, patterns: bool = True) -> str:
        """The text of this filter in a request of the newest generation. A server splits values at
        commas, so values that contain one become a regular expression. ``(?c)`` makes a pattern of
        PostgreSQL case-sensitive, as equality is. ``patterns`` says whether the server takes the
        value of “contains” as a pattern."""
        if self.operator in ("eq", "neq") and any("," in value for value in self.values):
            pattern = "|".join(map(regex_escaped, self.values))
            return f"{'re' if self.operator == 'eq' else 'nre'}.(?c)^({pattern})$"
        return f"{self.operator}.{','.join(self.literal_values if patterns else self.values)}"

    @property
    def literal_values(self) -> tuple[str, ...]:
        """The values for a self-hosted Umami, which takes those of “contains” as patterns."""
        contains = self.operator in ("c", "dnc")
        return tuple(map(like_escaped, self.values)) if contains else self.values


def params_of(filters: Sequence[Filter], *, patterns: bool = True) -> dict[str, str]:
    """The parameters and texts of filters in a request of the newest generation; further filters of
    a field are numbered (``path``, ``path1``). ``patterns`` is that of ``Filter.param``."""
    fields = [filter_.field for filter_ in filters]
    return {
        f"{each.field}{fields[:place].count(each.field) or ''}": each.param(patterns=patterns)
        for place, each in enumerate(filters)
    }


def as_json(parts: Iterable[Sequence[Filter]]) -> str:
    """Lists of filters as a parameter of a request: JSON in which letters of all scripts are as
    they are, which is shorter in a URL."""
    return json.dumps([params_of(filters) for filters in parts], ensure_ascii=False)


def like_escaped(text: str) -> str:
    """A ``LIKE`` pattern that matches only this text. A self-hosted Umami puts texts into such
    patterns unchanged. In PostgreSQL, MySQL and ClickHouse a backslash makes ``%`` and ``_``
    literal."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def step_escaped(value: str) -> str:
    """The value of a step or goal as servers take it. A ``*`` at either end is a wildcard: every
    version then makes a ``LIKE`` pattern of the value. Others are compared as they are."""
    return like_escaped(value) if value.startswith("*") or value.endswith("*") else value


def regex_escaped(text: str) -> str:
    """A regular expression that matches only this text."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", text)


def in_form_of(value: str, known: Iterable[str]) -> str:
    """A value in the Unicode normal form, composed or not, in which known values contain it.
    Servers compare bytes, and a typed value may look the same and consist of other bytes."""
    forms = (value, normalized("NFC", value), normalized("NFD", value))
    known = list(known)
    whole = (form for form in forms if form in known)
    within = (form for form in forms if any(form in value for value in known))
    return next(whole, None) or next(within, value)


def parse_filters(texts: Iterable[str]) -> tuple[tuple[Filter, ...], list[str]]:
    """The filters of texts, and a sentence for each text that was dropped. Texts with the same
    field and operator make one filter, with several values where the operator takes several."""
    filters: dict[tuple[str, str], Filter] = {}
    dropped: list[str] = []
    for text in texts:
        try:
            filter_ = Filter.parse(text)
            key = filter_.field, filter_.operator
            same = filters.get(key)
            if same is not None and filter_.operator in ("eq", "neq"):
                filter_ = Filter(*key, *same.values, *filter_.values)
            elif same not in (None, filter_):
                dropped.append(
                    Message(
                        "There can be one filter that {field} {operator} something; "
                        "the last one is used.",
                        field=Message(FIELDS[filter_.field]),
                        operator=Message(OPERATORS[filter_.operator]),
                    )
                )
            filters[key] = filter_
        except InvalidView as problem:
            dropped.append(problem.message)
    return tuple(filters.values()), dropped


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The parts of a View that a server supports, by default all; it ignores other filters."""

    fields: frozenset[str] = frozenset(FIELDS)
    operators: frozenset[str] = frozenset(OPERATORS) - EXTENSIONS
    several: bool = True
    """Several values in one filter, several filters of one field, filters joined by “any”."""
    commas: bool = True
    """Values that contain a comma."""
    segments: bool = True
    """Saved segments and cohorts."""
    expands_segments: bool = False
    """Whether the server only stores segments, and the client applies their filters."""
    group_steps: bool = False
    """Content groups and own channels as steps of funnels, goals and conversions."""
    whole_visits: bool = False
    """Filters that keep the visits with a matching row; Umami's filters keep the rows."""

    @property
    def saved_kinds(self) -> tuple[Literal["segment", "cohort"], ...]:
        """What a View can be filtered by of what is saved in Umami. No client can apply a cohort
        itself."""
        if not self.segments:
            return ()
        return ("segment",) if self.expands_segments else ("segment", "cohort")

    def refused(self, filter_: Filter) -> str | None:
        """Why the server does not support a filter, in a sentence; ``None`` where it does."""
        if filter_.field not in self.fields:
            return Message(
                "This server cannot filter by {field}.", field=Message(FIELDS[filter_.field])
            )
        if filter_.operator not in self.operators:
            return Message(
                "This server has no filter that “{operator}”.",
                operator=Message(OPERATORS[filter_.operator]),
            )
        if len(filter_.values) > 1 and not self.several:
            return Message(
                "This server takes one value in a filter of {field}.",
                field=Message(FIELDS[filter_.field]),
            )
        if not self.commas and any("," in value for value in filter_.values):
            return N_("This server cannot filter by a value that contains a comma.")
        return None

    def joined(self, filters: Sequence[Filter], match: Match) -> str | None:
        """Why the server cannot join these filters, in a sentence; ``None`` where it can."""
        if self.several:
            return None
        fields = [filter_.field for filter_ in filters]
        twice = next((field for field in fields if fields.count(field) > 1), None)
        if twice:
            return Message("This server takes one filter of {field}.", field=Message(FIELDS[twice]))
        if match == "any" and len(fields) > 1:
            return N_("This server joins filters by “all”, never by “any”.")
        return None


EVERYTHING = Capabilities()
NO_COHORTS = N_(
    "This server cannot filter by a cohort: it has no filter for what visitors did in another "
    "period."
)
