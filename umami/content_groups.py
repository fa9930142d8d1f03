"""Content groups and own channels: pages and sources of visits under names that a website chooses.

Of the groups of a website the first that matches a view has it. A group is a few filters of a View,
so every page can be filtered by it, and the figures of N groups take at most N + 1 queries.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, Literal, get_args
from urllib.parse import urlencode

from umami.endpoint import LONGEST_PARAMS
from umami.errors import InvalidView
from umami.filters import (
    FIELDS,
    LONGEST_EXPRESSION,
    PATTERNS,
    Filter,
    as_json,
    regex_escaped,
)
from umami.memoize import memoize
from umami.texts import N_, Message
from umami.view import View

GroupKind = Literal["group", "channel"]
"""Groups of pages, or channels: groups of sources."""
GroupField = Literal["path", "referrer", "utmSource", "utmMedium", "utmCampaign"]
FIELDS_OF: Final[dict[GroupKind, tuple[GroupField, ...]]] = {
    "group": ("path",),
    "channel": ("referrer", "utmSource", "utmMedium", "utmCampaign"),
}
"""The fields that groups of a kind may have patterns of."""
MOST_GROUPS: Final = 30
MOST_PATTERNS: Final = 20
MOST_WILDCARDS: Final = 5
LONGEST_PATTERN: Final = 200
LONGEST_NAME: Final = 100
OTHER_PARAMS: Final = 16_384
"""The characters of a request that the patterns of all groups leave to its other parameters."""
SHORTER: Final = N_("Use shorter patterns, or a * in place of several patterns.")
_DOMAINS: Final[dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("sources.toml").read_text("utf-8")
)["domains"]


@dataclass(frozen=True, slots=True)
class ContentGroup:
    """Views whose ``field`` matches one of the ``patterns``.

    In a pattern ``*`` stands for any text, also an empty one; upper and lower case do not matter. A
    pattern of referrers includes the subdomains. Raises ``InvalidView`` for patterns that are not
    accepted: empty ones, long ones, and those with control characters or many wildcards.
    """

    name: str
    field: GroupField
    patterns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not _is_plain(self.name):
            raise InvalidView(
                Message("A group has a name of up to {most} characters.", most=LONGEST_NAME),
                remedy=N_("Type a name for each group."),
            )
        if self.field not in get_args(GroupField):
            raise InvalidView(Message("“{field}” has no groups.", field=str(self.field)[:40]))
        patterns = tuple(dict.fromkeys(re.sub(r"\*+", "*", each) for each in self.patterns))
        if not 1 <= len(patterns) <= MOST_PATTERNS:
            raise InvalidView(
                Message(
                    "The group “{name}” needs 1 to {most} patterns.",
                    name=self.name,
                    most=MOST_PATTERNS,
                ),
                remedy=N_("Type a pattern in each line, such as /blog/*."),
            )
        for pattern in patterns:
            _check(pattern, self.field)
        object.__setattr__(self, "patterns", patterns)

    @property
    def globs(self) -> tuple[str, ...]:
        """The patterns, with those of subdomains."""
        if self.field != "referrer":
            return self.patterns
        below = (f"*.{pattern}" for pattern in self.patterns if not pattern.startswith("*"))
        return (*self.patterns, *below)


def check(groups: Sequence[ContentGroup], kind: GroupKind) -> None:
    """Check the groups of a website. Raises ``InvalidView`` if there are too many of them, if two
    have the same name, or if a server could not take their patterns in one query."""
    if len(groups) > MOST_GROUPS:
        raise InvalidView(
            Message("A website has at most {most} groups.", most=MOST_GROUPS),
            remedy=N_("Remove some groups."),
        )
    names = [group.name.casefold() for group in groups]
    twice = next((group.name for group in groups if names.count(group.name.casefold()) > 1), None)
    if twice is not None:
        raise InvalidView(
            Message("Two groups have the name “{name}”.", name=twice),
            remedy=N_("Give each group its own name."),
        )
    if any(group.field not in FIELDS_OF[kind] for group in groups):
        raise InvalidView(N_("A group has a field that groups of this kind do not have."))
    for field in FIELDS_OF[kind]:
        globs = [*chain.from_iterable(group.globs for group in groups if group.field == field)]
        if len(_expression(globs)) > LONGEST_EXPRESSION:
            raise InvalidView(
                Message(
                    "The patterns of {field} are longer than {most} characters together.",
                    field=Message(FIELDS[field]),
                    most=LONGEST_EXPRESSION,
                ),
                remedy=SHORTER,
            )
    sent = urlencode({"parts": as_json((matching(group),) for group in groups)})
    if len(sent) > LONGEST_PARAMS - OTHER_PARAMS:
        raise InvalidView(
            N_(
                "The patterns of all groups are longer than a request may be. Emoji and letters "
                "other than a to z take the room of several letters."
            ),
            remedy=SHORTER,
        )


def matching(group: ContentGroup) -> Filter:
    """The filter that keeps what matches a group, whatever groups are before it."""
    return Filter(group.field, "re", _expression(group.globs))


@memoize
def filters_of(groups: tuple[ContentGroup, ...], place: int) -> tuple[Filter, ...]:
    """The filters that keep the views of a group: those that match it, and no earlier group.

    Earlier groups with another field are not left out: filters of Umami cannot express that.
    """
    group = groups[place]
    earlier = [
        glob
        for other in groups[:place]
        if other.field == group.field
        for glob in other.globs
        if any(overlap(glob, mine) for mine in group.globs)
    ]
    filters = [matching(group)]
    if earlier:
        filters.append(Filter(group.field, "nre", _expression(earlier)))
    return tuple(filters)


@memoize
def visits_of(groups: tuple[ContentGroup, ...], place: int) -> tuple[Filter, ...]:
    """The filters that keep the visits of a group, where filters keep whole visits: those with a
    view that matches it, and none that matches an earlier group. As the rows of a step, they keep
    the views that match it, and no earlier group, whatever the fields."""
    return (matching(groups[place]), *lacking(groups[:place]))


def lacking(groups: Sequence[ContentGroup]) -> tuple[Filter, ...]:
    """The filters that keep the visits without a view that matches any of the groups."""
    globs: dict[str, list[str]] = {}
    for group in groups:
        globs.setdefault(group.field, []).extend(group.globs)
    return tuple(Filter(field, "lacks", _expression(each)) for field, each in globs.items())


def filters_of_rest(groups: Sequence[ContentGroup]) -> tuple[Filter, ...]:
    """The filters that keep the views of no group, whose field is the same and never missing."""
    globs = chain.from_iterable(group.globs for group in groups)
    return (Filter(groups[0].field, "nre", _expression(globs)),)


def step_of(groups: tuple[ContentGroup, ...], place: int) -> str | None:
    """The path of a step that a group of pages is, with ``*`` at its ends; ``None`` if a step
    cannot express the group: it has several patterns, a ``*`` within, or overlaps an earlier one.
    """
    group = groups[place]
    pattern = group.patterns[0]
    inner = pattern.removeprefix("*").removesuffix("*")
    fits = group.field == "path" and len(group.patterns) == 1 and "*" not in inner
    return pattern if fits and inner and len(filters_of(groups, place)) == 1 else None


def within(view: View, filters: Iterable[Filter]) -> View:
    """A View with the filters of a group beside its own. Raises ``InvalidView`` where they cannot
    be joined."""
    if view.match == "any" and len(view.filters) > 1:
        raise InvalidView(
            N_("Groups can be counted only where all filters apply."),
            remedy=N_("Join the filters by “all”, or remove them."),
        )
    joined = {(filter_.field, filter_.operator): filter_ for filter_ in view.filters}
    for filter_ in filters:
        key = filter_.field, filter_.operator
        same = joined.get(key)
        if same not in (None, filter_):
            if filter_.operator == "re" or same.values[0].startswith("(?"):
                raise InvalidView(
                    Message(
                        "Groups cannot be counted beside a filter by a pattern of {field}.",
                        field=Message(FIELDS[filter_.field]),
                    ),
                    remedy=N_("Remove that filter first."),
                )
            filter_ = Filter(*key, f"{same.values[0]}|{filter_.values[0]}")
        joined[key] = filter_
    return replace(view, filters=tuple(joined.values()), match="all")


def patterns_in(view: View, fields: Collection[str]) -> frozenset[Filter]:
    """The filters of a View by which it may be filtered by a group of these fields."""
    return frozenset(
        filter_
        for filter_ in view.filters
        if filter_.field in fields and filter_.operator in PATTERNS
    )


def without_patterns(view: View, fields: Collection[str]) -> View:
    """A View without the filters by which it may be filtered by a group of these fields."""
    mine = patterns_in(view, fields)
    return replace(view, filters=tuple(f for f in view.filters if f not in mine))


def overlap(first: str, second: str) -> bool:
    """Whether a text may match both patterns. May be true for patterns that no text matches both,
    if they have letters other than ASCII, whose upper and lower case servers disagree on."""
    first, second = first.lower(), second.lower()
    stars = sum(1 << at for at, sign in enumerate(second) if sign == "*")
    literals = (1 << len(second)) - 1 & ~stars
    foreign = sum(1 << at for at, sign in enumerate(second) if not sign.isascii())

    def closed(places: int) -> int:
        return places | (places & stars) << 1

    # The bits are the places in the second pattern that a text may have come to.
    places = closed(1)
    for sign in first:
        if sign == "*":
            places = (2 << len(second)) - (places & -places)
            continue
        same = sum(1 << at for at, other in enumerate(second) if other == sign)
        fits = (same | foreign) & literals if sign.isascii() else literals
        places = closed((places & fits) << 1 | places & stars)
        if not places:
            return False
    return bool(places >> len(second) & 1)


def _expression(globs: Iterable[str]) -> str:
    """A regular expression that matches what any of the patterns matches."""
    texts = (".*".join(map(regex_escaped, glob.split("*"))) for glob in globs)
    return f"^({'|'.join(texts)})$"


def patterns_of(filter_: Filter) -> tuple[str, ...] | None:
    """The patterns that a filter was made of; ``None`` for a regular expression that somebody
    wrote."""
    expression = filter_.values[0]
    inner = expression.removeprefix("^(").removesuffix(")$")
    globs = tuple(re.sub(r"\\(.)|\.(\*)", r"\1\2", each) for each in re.split(r"(?<!\\)\|", inner))
    if _expression(globs) != expression:
        return None
    below = {f"*.{glob}" for glob in globs} if filter_.field == "referrer" else set()
    return tuple(glob for glob in globs if glob not in below)


def _is_plain(text: str) -> bool:
    """Whether a text has no control characters, and none that turn the direction of a text."""
    # A zero-width joiner joins the parts of an emoji.
    return not any(unicodedata.category(sign)[0] == "C" and sign != "\u200d" for sign in text)


def _check(pattern: str, field: GroupField) -> None:
    shown = pattern[:40]
    if not pattern or len(pattern) > LONGEST_PATTERN:
        raise InvalidView(
            Message("A pattern has 1 to {most} characters.", most=LONGEST_PATTERN),
            remedy=N_("Use a * in place of the rest of a long address."),
        )
    if not _is_plain(pattern) or pattern != pattern.strip():
        raise InvalidView(
            N_("A pattern has control characters, or spaces at its ends."),
            remedy=N_("Type the pattern instead of pasting it."),
        )
    if pattern.count("*") > MOST_WILDCARDS:
        raise InvalidView(
            Message(
                "The pattern “{pattern}” has more than {most} wildcards.",
                pattern=shown,
                most=MOST_WILDCARDS,
            ),
            remedy=N_("Split it into several patterns."),
        )
    if field == "path" and pattern[0] not in "/*":
        raise InvalidView(
            Message("The pattern “{pattern}” is not the path of pages.", pattern=shown),
            remedy=N_("Begin it with / or with *, such as /blog/*. Leave out the domain."),
        )
    if field == "referrer" and "/" in pattern:
        raise InvalidView(
            Message("The pattern “{pattern}” is not a domain.", pattern=shown),
            remedy=N_("Leave out https:// and the path, such as example.com."),
        )


ASSISTANTS: Final = ContentGroup(
    N_("AI assistants"),
    "referrer",
    tuple(
        sorted(
            {
                *_DOMAINS["assistants"],
                *("chat.openai.com", "chat.deepseek.com", "chat.mistral.ai", "grok.com", "poe.com"),
                *("phind.com", "you.com"),
            }
        )
    ),
)
"""The channel that websites without channels of their own have."""
