"""Saved reports as links to the pages that show them, with the parameters of these pages. Umami's
interface saves reports, too, in several formats; an unknown one raises ``InvalidView``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from umami.analysis import steps
from umami.analysis.steps import Target
from umami.api.reports import Report
from umami.conversion import FunnelStep, read, spell
from umami.errors import InvalidView
from umami.period import MILLISECOND, iso_time
from umami.texts import N_, Message
from umami.view import View

Parameters = dict[str, str | list[str]]
_TARGET: Final = re.compile(r"Target: (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Opening:
    """The page that shows a report, and the URL parameters of that page."""

    page: str
    parameters: Parameters


def opening(report: Report) -> Opening:
    """The page and parameters that show a report; raises ``InvalidView`` where no page does."""
    if report.type not in PAGES:
        raise InvalidView(
            Message("No page shows reports of the kind “{type}”.", type=report.type[:40])
        )
    page, read_parameters = PAGES[report.type]
    try:
        return Opening(page, read_parameters(report))
    except (LookupError, TypeError, AttributeError, ValueError):
        raise InvalidView(N_("This report was saved in a way that cannot be read.")) from None


def dates(report: Report) -> tuple[datetime, datetime] | None:
    """The dates that a report was saved with (UTC), or ``None``."""
    inner = report.parameters.get("dateRange")
    saved = inner if isinstance(inner, dict) else report.parameters
    try:
        start, end = (
            datetime.fromisoformat(str(saved[name])).astimezone(UTC)
            for name in ("startDate", "endDate")
        )
    except (LookupError, ValueError, OverflowError):
        return None
    return (start, end) if end - start > MILLISECOND else None


def parameters(view: View, **settings: Any) -> dict[str, Any]:
    """The parameters of a saved report: settings of the analysis, and the dates of the View."""
    return {
        "startDate": iso_time(view.period.start),
        "endDate": iso_time(view.period.end),
        **{name: value for name, value in settings.items() if value is not None},
    }


def funnel(view: View, chain: Sequence[FunnelStep], window: int) -> dict[str, Any]:
    saved = [{"type": step.kind, "value": step.value} for step in chain]
    return parameters(view, steps=saved, window=window)


def goal(view: View, target: Target) -> dict[str, Any]:
    """The parameters of a saved goal; newer servers drop the target, so see ``described``."""
    step = target.step
    return parameters(view, type=step.kind, value=step.value, target=target.times or None)


def described(target: Target) -> str:
    """The description of a saved goal, from which its target is parsed again."""
    return f"Target: {target.times}" if target.times else ""


def _step(saved: Mapping[str, Any]) -> FunnelStep:
    return read(f"{saved['type']}.{saved['value']}")


def _funnel(report: Report) -> Parameters:
    chain = [_step(step) for step in report.parameters["steps"]]
    window = report.parameters.get("window")
    opened: Parameters = {"step": steps.spell_steps(chain)}
    return {**opened, "window": str(int(window))} if window else opened


def _goals(report: Report) -> Parameters:
    goals = report.parameters.get("goals") or [report.parameters]
    match = _TARGET.search(report.description)
    described = int(match[1]) if match else 0
    targets = [Target(_step(goal), int(goal.get("target") or described)) for goal in goals]
    return {"goal": [steps.spell_target(target) for target in targets]}


def _journey(report: Report) -> Parameters:
    named = {"steps": "steps", "startStep": "start", "endStep": "end"}
    return {
        ours: str(report.parameters[theirs])
        for theirs, ours in named.items()
        if report.parameters.get(theirs)
    }


def _attribution(report: Report) -> Parameters:
    saved = report.parameters
    step = read(f"{saved['type']}.{saved['step']}")
    currency = str(saved.get("currency") or "")
    return {"conversion": spell(step), "conversion_currency": currency}


PAGES: Final[dict[str, tuple[str, Callable[[Report], Parameters]]]] = {
    "funnel": ("funnel", _funnel),
    "goal": ("goals", _goals),
    "journey": ("journey", _journey),
    "attribution": ("attribution", _attribution),
    "retention": ("retention", lambda _report: {}),
    "utm": ("utm", lambda _report: {}),
    "revenue": (
        "revenue",
        lambda report: {"revenue_currency": str(report.parameters.get("currency") or "")},
    ),
    "breakdown": (
        "breakdown",
        lambda report: {"field": [str(field) for field in report.parameters["fields"]]},
    ),
}
"""By kind of report: the page that shows it, and how to make the page's parameters."""
