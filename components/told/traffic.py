"""Views and visitors over time, where they came from, when they come."""

from __future__ import annotations

from typing import Final

import pandas as pd

from components.charts import lines, maps
from components.fields import Field
from components.view_description import present
from umami.models.traffic import Timeline
from umami.view import View

NO_VIEWS: Final = (
    "No views in this period yet. They appear as soon as Umami's tracker is on the website and "
    "somebody visits it."
)


def over_time(view: View, now: Timeline, before: Timeline | None = None) -> lines.Traffic | None:
    """Both lines, the comparison's below them; ``None`` where nothing happened."""
    if _silent(now):
        return None
    earlier = None if before is None or _silent(before) else before.frame
    compared = view.compared()
    return lines.traffic(
        now.frame,
        view.period.unit,
        earlier,
        present(view),
        view.period.partial(),
        compared.period.partial() if compared else (False, False),
    )


def timeline(view: View, now: Timeline) -> tuple[pd.DataFrame, list[Field]]:
    """A row a bucket."""
    unit = view.period.unit
    return now.frame, [
        Field("time", unit.capitalize(), "time", unit=unit),
        Field("views", "Views"),
        Field("sessions", "Visitors"),
    ]


def undrawn(data: maps.World) -> str | None:
    """Names the countries that the map's geometry cannot draw; ``None`` where there are none."""
    if not data.undrawn:
        return None
    small = ", ".join(f"{one.name} ({one.said})" for one in data.undrawn[:6])
    return f"Too small for the map: {small}"


def _silent(timeline: Timeline) -> bool:
    """Whether nothing happened in all of it."""
    return not (timeline.frame["views"].any() or timeline.frame["sessions"].any())
