"""Alerts: what they watch for, and when a history of a figure would have set them off."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["above", "below", "changed", "unusual", "no_data", "new_value", "behind_pace"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Span = Literal["hour", "day", "week"]
"""What is compared with the limit: a complete hour, a complete local day, or the last seven."""
Figure = Literal["visitors", "visits", "views", "bounce_rate", "conversions", "revenue"]
FIGURES: Final[tuple[Figure, ...]] = get_args(Figure)
NewField = Literal["referrer", "path", "country", "utmCampaign"]
NEW_FIELDS: Final[tuple[NewField, ...]] = get_args(NewField)


class Condition(BaseModel):
    """What an alert watches for.

    - ``above``, ``below``: ``figure`` in a ``span`` is beyond ``limit``.
    - ``changed``: it differs by more than ``limit`` (a fraction) from the same ``span`` a week
      earlier; ``direction`` says which way.
    - ``unusual``: it is outside of what is usual for that weekday (and hour); see
      ``umami.analysis.expected``.
    - ``no_data``: no view arrived for ``hours`` hours in which some are expected.
    - ``new_value``: a value of ``field`` has at least ``limit`` visitors on a day and had none in
      the 28 days before.
    - ``behind_pace``: ``figure`` will not reach ``limit`` by the end of the month (``pace``).

    Rates are fractions, money is in the currency of the View.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    figure: Figure = "visitors"
    span: Span = "day"
    limit: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)] = 0.0
    direction: Literal["up", "down", "either"] = "either"
    hours: Annotated[int, Field(ge=1, le=72)] = 3
    field: NewField = "referrer"
