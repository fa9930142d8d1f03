"""Saved reports as links: the page that shows one, and that page's own parameters.

Umami's own interface saves them too, in ways that changed over the years; what cannot be
understood raises ``InvalidView`` with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from umami.analysis import steps
from umami.analysis.steps import Target
from umami.errors import InvalidView
from umami.models.reports import FunnelStep, Report
from umami.period import MILLISECOND
from umami.view import View

PAGES: Final[dict[str, str]] = {
    "funnel": "funnel",
    "retention": "retention",
    "journey": "journey",
    "goal": "goals",
    "utm": "utm",
    "revenue": "revenue",
    "attribution": "attribution",
    "breakdown": "breakdown",
}
"""The page that shows a kind of report."""
_TARGET: Final = re.compile(r"Target: (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a report opens: the page's name, and its own URL parameters."""

    page: str
    parameters: dict[str, str | list[str]]


def opening(report: Report) -> Opening:
    """How to open a report. Raises ``InvalidView`` where no page shows it."""
    page = PAGES.get(report.type)
    if page is None:
        raise InvalidView(f"No page shows reports of the kind “{report.type[:40]}”.")
    try:
        return Opening(page, _READ[report.type](report))
    except (LookupError, TypeError, AttributeError, ValueError):
        raise InvalidView("This report was saved in a way that cannot be read.") from None


def dates(report: Report) -> tuple[datetime, datetime] | None:
    """The dates that a report was saved with (UTC), where it tells any."""
    given = report.parameters
    inner = given.get("dateRange")
    given = inner if isinstance(inner, dict) else given
    try:
        start, end = (
            datetime.fromisoformat(str(given[name])).astimezone(UTC)
            for name in ("startDate", "endDate")
        )
    except (LookupError, ValueError, OverflowError):
        return None
    return (start, end) if end - start > MILLISECOND else None


def parameters(view: View, **own: Any) -> dict[str, Any]:
    """What to save: the analysis' own parameters, with the dates that newer servers ask for."""
    return {
        "startDate": view.period.start.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "endDate": view.period.end.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **{name: value for name, value in own.items() if value is not None},
    }


def funnel(view: View, chain: Sequence[FunnelStep], window: int) -> dict[str, Any]:
    """A funnel to be saved."""
    listed = [{"type": step.kind, "value": step.value} for step in chain]
    return parameters(view, steps=listed, window=window)


def goal(view: View, target: Target) -> dict[str, Any]:
    """A goal to be saved; older servers keep the target, newer ones its description only."""
    step = target.step
    return parameters(view, type=step.kind, value=step.value, target=target.times or None)


def described(target: Target) -> str:
    """A goal's description, from which its target is read back."""
    return f"Target: {target.times}" if target.times else ""


def _step(given: Mapping[str, Any]) -> FunnelStep:
    return steps.read(f"{given['type']}.{given['value']}")


def _funnel(report: Report) -> dict[str, str | list[str]]:
    chain = [_step(one) for one in report.parameters["steps"]]
    window = report.parameters.get("window")
    spelled: dict[str, str | list[str]] = {"step": steps.spell_steps(chain)}
    return {**spelled, "window": str(int(window))} if window else spelled


def _goals(report: Report) -> dict[str, str | list[str]]:
    given = report.parameters
    listed = given.get("goals") or [given]
    written = _TARGET.search(report.description)
    described = int(written[1]) if written else 0
    found = [Target(_step(one), int(one.get("target") or described)) for one in listed]
    return {"goal": [steps.spell_target(one) for one in found]}


def _journey(report: Report) -> dict[str, str | list[str]]:
    named = {"steps": "steps", "startStep": "start", "endStep": "end"}
    return {
        ours: str(report.parameters[theirs])
        for theirs, ours in named.items()
        if report.parameters.get(theirs)
    }


def _attribution(report: Report) -> dict[str, str | list[str]]:
    given = report.parameters
    step = steps.read(f"{given['type']}.{given['step']}")
    return {
        "conversion": steps.spell(step),
        "conversion_currency": str(given.get("currency") or ""),
    }


_READ: Final[dict[str, Callable[[Report], dict[str, str | list[str]]]]] = {
    "funnel": _funnel,
    "goal": _goals,
    "journey": _journey,
    "attribution": _attribution,
    "retention": lambda _report: {},
    "utm": lambda _report: {},
    "revenue": lambda report: {"revenue_currency": str(report.parameters.get("currency") or "")},
    "breakdown": lambda report: {"field": [str(one) for one in report.parameters["fields"]]},
}
