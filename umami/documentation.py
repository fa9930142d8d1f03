"""``make docs``: writes ``docs/api.md`` and ``docs/compatibility.md`` from the declarations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import umami.endpoints
from umami.compatibility import DIFFERENCES, MADE_GOOD, Difference, Repair
from umami.connection import dialect
from umami.generations import Generation
from umami.models.reports import FunnelStep
from umami.period import Period
from umami.question import REGISTRY, Access, Endpoint, Question, Request
from umami.v2 import FILTERED
from umami.view import View

DOCS: Final = Path(__file__).parent.parent / "docs"

_HEAD: Final = """\
# The endpoints

Written by `make docs` from the declarations in `umami/endpoints/`; do not edit. Calling one of
these makes a question, which a client answers ([how](library.md)). Routes follow `/api`. *Fresh*
says how long an answer is shown before it is asked again; *2.x filters* whether servers of the
second generation apply a View's filters to it. All errors are those of `umami/errors.py`.
"""


def api() -> str:
    """The page of the endpoints, in Markdown."""
    parts = [_HEAD]
    for group in umami.endpoints.__all__:
        members = [one for one in REGISTRY.values() if one.group == group]
        parts.append(f"## {group}\n")
        parts.append("| call | route | answer | fresh | since | 2.x filters |")
        parts.append("| --- | --- | --- | --- | --- | --- |")
        parts += [_row(one) for one in members]
        parts.append("")
        for one in members:
            parts.append(f"**`{one.name}`**: {' '.join(one.documentation.split())}\n")
    return "\n".join(parts)


def _row(one: Endpoint) -> str:
    route = f"`{one.method} {one.route}`"
    fresh = "writes" if one.access is Access.WRITES else one.freshness.value
    filters = "" if "view" not in one.signature.parameters else _yes(one.name in FILTERED)
    if not one.filtered:
        filters = "" if "view" not in one.signature.parameters else "none apply"
    return f"| `{one.name}{_parameters(one)}` | {route} | {_answer(one)} | {fresh} | {one.since} | {filters} |"  # noqa: E501


def _yes(whether: bool) -> str:
    return "applied" if whether else "not applied"


def _parameters(one: Endpoint) -> str:
    names = [
        f"{name}?" if parameter.default is not inspect.Parameter.empty else name
        for name, parameter in one.signature.parameters.items()
    ]
    return f"({', '.join(names)})"


def _answer(one: Endpoint) -> str:
    found = re.fullmatch(r"Asked\[(.*)\]", str(one.signature.return_annotation))
    answer = found.group(1) if found else ""
    return f"`{answer}`" if answer != "None" else "nothing"


_COMPATIBILITY: Final = """\
# What is the same on every Umami

Written by `make docs` from the dialects (`umami/v2.py`, `umami/v3.py`) and the list of differences
(`umami/compatibility.py`); do not edit. `tests/contract/test_generation_blindness.py` holds that
what is not listed here is equal, field by field, on four recorded servers (2.18.1, 2.20.2, 3.0.3,
3.1.0) and on both faces of the embedded one.

A generation is found by asking the server ([how](library.md)); it is a stretch of versions that
speak alike: **2.18** and what came before, **2.20** (2.19 and 2.20), **3.0**, **3.1** (3.1 and
3.2), **3.3** and what comes after. Umami Cloud is asked as 3.1 or, where that no longer answers, as
3.3.

## How each endpoint is asked

*as it is*: in the words of its declaration. *in its words*: one request that is spelled, or an
answer that is read, in the generation's own way. *of N*: made of N answers or more. *no*: refused
with a sentence, before anything is sent. A View without filters is meant.
"""


def compatibility() -> str:
    """The page of the generations, in Markdown."""
    parts = [_COMPATIBILITY, f"| endpoint | {' | '.join(map(str, Generation))} |"]
    parts.append("| --- |" + " --- |" * len(Generation))
    for one in REGISTRY.values():
        question = example(one)
        told = " | ".join(_asked(question, generation) for generation in Generation)
        parts.append(f"| `{one.name}` | {told} |")
    parts.append("\n## What is made good\n")
    parts += [_difference(one.endpoints, one.generations, one.reason) for one in MADE_GOOD]
    parts.append("\n## What stays different\n")
    parts += [_difference(one.endpoints, one.generations, one.reason) for one in DIFFERENCES]
    return "\n".join([*parts, ""])


def _difference(endpoints: frozenset[str], generations: frozenset[Generation], reason: str) -> str:
    among = [f"`{name}`" for name in REGISTRY if name in endpoints]
    named = ", ".join(among) if len(among) <= 6 else f"{len(among)} endpoints"
    return f"- **{', '.join(map(str, sorted(generations)))}** · {named}: {reason}"


def _asked(question: Question[Any], generation: Generation) -> str:
    speaks = dialect(generation)
    if speaks.refusal(question):
        return "no"
    plan = speaks.plan(question)
    if isinstance(plan, Request):
        return "as it is" if plan == question.request else "in its words"
    requests = next(plan)
    return "in its words" if len(requests) == 1 else f"of {len(requests)}"


def told(names: Sequence[str], major: int) -> str:
    """What of these endpoints servers of 2.x or 3.x lack, have made good, or tell otherwise."""
    among = {one for one in Generation if one.major == major}
    lists = {
        "not offered": [
            name
            for name in names
            if any(dialect(one).refusal(example(REGISTRY[name])) for one in among)
        ],
        "made good": _listed(names, among, MADE_GOOD),
        "differs": _listed(names, among, DIFFERENCES),
    }
    said = [
        f"{what}: {', '.join(f'`{name}`' for name in found)}"
        for what, found in lists.items()
        if found
    ]
    return "; ".join(said) or "the same"


def _listed(
    names: Sequence[str], among: set[Generation], known: Sequence[Repair | Difference]
) -> list[str]:
    return [
        name
        for name in names
        if any(name in one.endpoints and one.generations & among for one in known)
    ]


_WEBSITE: Final = "00000000-0000-0000-0000-000000000000"
_ARGUMENTS: Final[dict[str, Any]] = {
    "website": _WEBSITE,
    "session": _WEBSITE,
    "report": _WEBSITE,
    "view": View(_WEBSITE, Period.of_days(date(2026, 1, 1), date(2026, 1, 31), "UTC")),
    "field": "path",
    "event": "signup",
    "name": "plan",
    "domain": "shop.example",
    "username": "ada",
    "password": "-",
    "type": "goal",
    "parameters": {"type": "path", "value": "/"},
    "steps": (FunnelStep("path", "/"), FunnelStep("event", "signup")),
    "kind": "path",
    "value": "/",
    "step": "/",
    "model": "first-click",
    "fields": ("path",),
    "currency": "EUR",
    "url": "/",
    "hostname": "shop.example",
}


def example(one: Endpoint, **instead: Any) -> Question[Any]:
    """A question of this endpoint, with what has to be said; ``instead`` of the usual arguments."""
    needed = [
        name
        for name, parameter in one.signature.parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]
    module = import_module(f"umami.endpoints.{one.group}")
    declared = getattr(module, one.name)
    arguments = {**_ARGUMENTS, **instead}
    question: Question[Any] = declared(**{name: arguments[name] for name in needed})
    return question


DOCUMENTS: Final[dict[Path, Callable[[], str]]] = {
    DOCS / "api.md": api,
    DOCS / "compatibility.md": compatibility,
}
"""What is written, and by what."""

if __name__ == "__main__":
    for _target, _written in DOCUMENTS.items():
        _target.write_text(_written())
