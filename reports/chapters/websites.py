"""All websites, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd

from components import formats, view_description
from components.fields import Field
from reports.asking import Asking
from reports.document import Block, Sentence, Table
from umami.endpoints import traffic
from umami.models.traffic import Stats
from umami.models.websites import Website

MOST: Final = 100
"""Websites that a report has, two questions each at most."""
_FIELDS: Final = [
    Field("name", "Website", "text", note="domain"),
    Field("visitors", "Visitors", bar=True),
    Field("visits", "Visits"),
    Field("views", "Views"),
    Field("before", "Visitors before"),
    Field("change", "Change", "change"),
]


def ask(page: Asking) -> None:
    """The totals of each website, whatever the filters."""
    sites = page.sites[:MOST]
    views = [replace(page.view.unfiltered(), website=site.id) for site in sites]
    now: list[Future[Any]] = [page.hint(traffic.stats(one), None) for one in views]
    apart = [one.compared() for one in views if one.comparison != "umami"]
    earlier: list[Future[Any]] = [page.hint(traffic.stats(one), None) for one in apart if one]
    page.section(
        "Websites",
        partial(_table, sites, len(page.sites)),
        *now,
        *earlier,
        about=view_description.described(page.view),
    )


def _table(sites: Sequence[Website], many: int, *answers: Stats | None) -> list[Block]:
    now, apart = answers[: len(sites)], answers[len(sites) :]
    rows = []
    for at, (site, stats) in enumerate(zip(sites, now, strict=True)):
        current = stats.current if stats else None
        other = apart[at] if apart else None
        before = other.current if other else stats.previous if stats else None
        visitors = current.visitors if current else None
        earlier = before.visitors if before else None
        rows.append(
            {
                "name": site.name,
                "domain": site.domain or "",
                "visitors": visitors,
                "visits": current.visits if current else None,
                "views": current.views if current else None,
                "before": earlier,
                "change": formats.change(visitors, earlier),
            }
        )
    frame = pd.DataFrame(rows).sort_values(
        ["visitors", "name"], ascending=[False, True], ignore_index=True
    )
    blocks: list[Block] = [Table("websites", frame, _FIELDS, MOST)]
    if many > len(sites):
        blocks.append(Sentence(f"The first {len(sites)} of {formats.whole(many)} by name."))
    return blocks
