"""Compare: what grew, fell, appeared and vanished between two periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from components import formats, rankings
from components.fields import Field
from umami import names
from umami.analysis.movers import Move, Movers, movers
from umami.endpoint import Query
from umami.endpoints import traffic
from umami.endpoints.traffic import Metric
from umami.memoize import memoize
from umami.models.traffic import Ranking
from umami.view import View

LIMIT: Final = 500
TABLES: Final = {
    one.field: one
    for one in (
        *rankings.PAGES,
        *rankings.SOURCES,
        *rankings.PLACES,
        *rankings.ENVIRONMENT,
        *rankings.EVENTS,
        rankings.Table("hostname", "Hostnames", "hostnames"),
        rankings.Table("tag", "Tags", "tags"),
    )
}
MOVE_NAMES: Final[dict[Move, tuple[str, str]]] = {
    "grew": ("Grew", "Nothing grew."),
    "fell": ("Fell", "Nothing fell."),
    "appeared": ("Appeared", "Nothing is new."),
    "vanished": ("Vanished", "Nothing is gone."),
}
NOTHING: Final = (
    "Choose a comparison in the bar above: a period before, a year before, other dates."
)


def read(given: Mapping[str, Sequence[str]]) -> Metric:
    """What a page's parameters say is compared."""
    asked = list(given.get("by", ()))
    return next((one for one in TABLES if [one] == asked), "path")


def title(by: Metric) -> str:
    """What is compared, in the plural."""
    many = TABLES[by].many
    return many[0].upper() + many[1:]


def ranking(by: Metric) -> Callable[[View], Query[Ranking]]:
    """What to ask about a View."""
    return lambda view: traffic.metrics(view, by, limit=LIMIT)


@memoize
def moved(by: Metric, now: Ranking, before: Ranking) -> Movers:
    """What moved, with names (``label``)."""
    found = movers(now, before, LIMIT)
    labels = [
        names.label(by, name, of=country if isinstance(country, str) else None)
        for name, country in zip(found.frame["name"], found.frame["country"], strict=True)
    ]
    return replace(found, frame=found.frame.assign(label=labels))


@memoize
def counts(by: Metric, now: Ranking, found: Movers) -> str:
    """How many made each kind of move."""
    measure = rankings.MEASURES[now.measure].lower()
    moves = ", ".join(f"{formats.whole(len(found.of(move)))} {move}" for move in MOVE_NAMES)
    return f"{title(by)} by {measure}: {moves}."


def left_out(by: Metric, found: Movers) -> str | None:
    """What is left out because one of the periods does not tell it; ``None`` where nothing is."""
    if not found.uncertain:
        return None
    return (
        f"{formats.whole(found.uncertain)} {TABLES[by].many} are among the first {LIMIT} of one "
        "period only; what they were in the other is not told, so they are left out."
    )


def none_of(by: Metric, view: View) -> str:
    """Why there is nothing to compare."""
    return TABLES[by].why_empty(view, "in either period")


def fields(by: Metric, move: Move) -> list[Field]:
    """The columns of one kind of move."""
    return [
        Field("label", TABLES[by].tab, "text"),
        Field("now", "Now", bar=move in ("grew", "appeared")),
        Field("before", "Before", bar=move in ("fell", "vanished")),
        Field("delta", "Moved", "delta"),
        Field("change", "Change", "change", wide=True),
        Field("part", "Of all moves", "percent", wide=True),
    ]
