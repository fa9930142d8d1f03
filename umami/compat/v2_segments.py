"""Segments of Umami 2.19 and 2.20, which store any JSON as the parameters of a segment. The client
saves them in the newest generation's form, and applies them itself: what these servers make of a
segment's name is not certain, so the segment's filters become filters of the query."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from umami.analysis.segments import definition
from umami.api.segments import MISSING, Segment
from umami.compat.v2_requests import SIGNS, new_name
from umami.endpoint import JSON, Query
from umami.errors import InvalidView, NotFound, NotOffered
from umami.filters import Capabilities, Filter
from umami.texts import N_, Message

PREFIXES: Final = re.compile(r"(eq|neq|dnc)\.(.+)", re.DOTALL)
"""Operators of 3.x before a value."""
AMBIGUOUS: Final = re.compile(r"n?re\.|c\.")
"""Such an operator, or the beginning of a hostname of 2.x."""
REMEDY: Final = N_("Change the segment, or remove it from the filters.")


def restore_segment(row: JSON) -> JSON:
    """A saved segment in the newest generation's form. Parameters that are parameters of a request
    (``{"url": "/x"}``) become filters; the model tells other unknown ones from filters."""
    if row is None:
        return None
    parameters = row["parameters"]
    if not isinstance(parameters, dict | None):
        return {**row, "parameters": {"filters": parameters}}
    if not parameters or "filters" in parameters:
        return row
    filters = [_condition(new_name(name), value) for name, value in parameters.items()]
    return row if None in filters else {**row, "parameters": {"filters": filters}}


def _condition(field: str, value: Any) -> JSON:
    """The condition of a parameter of a request; ``None`` where its meaning is not certain."""
    if not isinstance(value, str) or AMBIGUOUS.match(value):
        return None
    operator, text = "eq", value
    if prefixed := PREFIXES.fullmatch(value):
        operator, text = prefixed.groups()
    else:
        for name, sign in sorted(SIGNS.items(), key=lambda item: -len(item[1])):
            if value.startswith(sign):
                operator, text = name, value.removeprefix(sign)
                break
    try:
        operator, _, text = Filter(field, operator, text).param().partition(".")  # type: ignore[arg-type]
    except InvalidView:
        return None
    return {"name": field, "operator": operator, "value": text}


def expand(
    query: Query[Any],
    saved: Iterable[Segment],
    capabilities: Capabilities,
    refusal: Callable[[Query[Any]], NotOffered | None],
) -> Query[Any]:
    """The query with the filters of its segment, as 3.x joins them: together with those of the
    View, by the segment's ``match``. Where 3.x replaces a filter of the View by one of the same
    field, this raises ``NotOffered``, so that a locked filter always holds. So does what
    ``refusal`` refuses; a segment that is not among the saved ones raises ``NotFound``."""
    view = query.view
    assert view
    row = next((row for row in saved if row.id == view.segment), None)
    if row is None:
        raise NotFound(MISSING, endpoint=query.name)
    shown = definition(row)
    if shown.others or shown.action:
        sentence = N_("This segment has conditions that this server cannot apply.")
        raise NotOffered(sentence, endpoint=query.name, remedy=REMEDY)
    filters = tuple(dict.fromkeys((*view.filters, *shown.filters)))
    reason = capabilities.joined(filters, shown.match)
    if reason is None:
        plain = replace(view, filters=filters, match=shown.match, segment=None)
        expanded = query.endpoint(**{**query.arguments, "view": plain})
        problem = refusal(expanded)
        if problem is None:
            return expanded
        reason = problem.message
    sentence = Message("This segment cannot be applied. {reason}", reason=Message(reason))
    raise NotOffered(sentence, endpoint=query.name, remedy=REMEDY)
