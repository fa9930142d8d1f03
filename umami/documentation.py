"""``make docs``: writes ``docs/api.md`` and ``docs/compatibility.md`` from the declarations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import umami.endpoints
from umami.compat.dialect import Dialect
from umami.compat.differences import DIFFERENCES, MADE_GOOD, Difference, Repair
from umami.compat.generations import Generation
from umami.compat.v2 import FILTERED
from umami.connection import dialect
from umami.endpoint import REGISTRY, Access, EndpointInfo, Freshness, Query, Request
from umami.models.reports import FunnelStep
from umami.period import Period
from umami.view import View

DOCS: Final = Path(__file__).parent.parent / "docs"

_HEAD: Final = f"""\
# The endpoints

Written by `make docs` from the declarations in `umami/endpoints/` and the dialects
(`umami/compat/v2.py`, `umami/compat/v3.py`); do not edit.
Calling one of these makes a query, which a client answers ([how](library.md)).

- *requests*: what a question without filters sends first, by version of Umami. **2.18** stands for
  2.18 and older ones, **2.20** for 2.19 and 2.20; newer ones than {max(Generation)} and Umami Cloud
  are asked as {max(Generation)}, unless *Cloud* is named. Where no version is named, all are asked
  alike; a version that is left out is not asked: the client raises `NotOffered` with a sentence.
  Whatever the request, the answer is the same but for [what remains different](compatibility.md).
- *fresh*: how long an answer is shown before it is asked for again. *live* is
  {Freshness.LIVE.value}; *listing* is {Freshness.LISTING.value}; *period* is
  {Freshness.PERIOD.value}; *never* is {Freshness.NEVER.value}.
- *filters on 2.x*: whether servers of the second generation apply a View's filters.

All errors are those of `umami/errors.py`.
"""


def api() -> str:
    """The page of the endpoints, in Markdown."""
    parts = [_HEAD]
    for group in umami.endpoints.__all__:
        members = [one for one in REGISTRY.values() if one.group == group]
        parts.append(f"## {group}\n")
        parts.append("| call | requests | answer | fresh | filters on 2.x |")
        parts.append("| --- | --- | --- | --- | --- |")
        parts += [_row(one) for one in members]
        parts.append("")
        for one in members:
            parts.append(f"**`{one.name}`**: {' '.join(one.documentation.split())}\n")
    return "\n".join(parts)


def _row(one: EndpointInfo) -> str:
    fresh = "writes" if one.access is Access.WRITES else one.freshness.name.lower()
    return f"| `{one.name}{_parameters(one)}` | {_requests(one)} | {_answer(one)} | {fresh} | {_old_filters(one)} |"  # noqa: E501


def _requests(endpoint: EndpointInfo) -> str:
    """What each version is asked: neighbours that are asked alike share an entry."""
    question = example(endpoint, field="browser")
    newest = max(Generation)
    by_version = {version: _first_requests(question, dialect(version)) for version in Generation}
    cloud = _first_requests(question, dialect(newest, cloud=True))
    same_in_cloud = cloud == by_version[newest]
    entries = []
    for requests, versions in groupby(sorted(Generation), lambda version: by_version[version]):
        stretch = _stretch(list(versions), open_end=same_in_cloud)
        if requests:
            entries.append(f"{stretch} {requests}".strip())
    if cloud and not same_in_cloud:
        entries.append(f"Cloud {cloud}")
    return " · ".join(entries)


def _stretch(versions: Sequence[Generation], *, open_end: bool) -> str:
    """``2.18–3.3``, ``from 3.4``, or nothing where these are all."""
    first, last = versions[0], versions[-1]
    if open_end and last is max(Generation):
        return "" if first is min(Generation) else f"from {first}"
    return str(first) if first is last else f"{first}–{last}"


def _first_requests(question: Query[Any], server: Dialect) -> str:
    """Methods and routes in Markdown; nothing where the question is refused."""
    if server.refusal(question):
        return ""
    plan = server.plan(question)
    requests = (plan,) if isinstance(plan, Request) else next(plan)
    routes = [f"`{request.method} /api{_named(request.path)}`" for request in requests]
    return " + ".join(dict.fromkeys(routes))


def _named(path: str) -> str:
    """A path with names in the place of the example's ids, as Umami's documentation has them."""
    for name, identifier in _IDS.items():
        path = path.replace(identifier, f":{name}Id")
    return path


def _old_filters(one: EndpointInfo) -> str:
    """What 2.x does with the filters of a View."""
    old = [dialect(version) for version in Generation if version.major == 2]
    offered = any(speaks.refusal(example(one)) is None for speaks in old)
    if "view" not in one.signature.parameters or not offered:
        return ""
    if not one.filtered:
        return "none apply"
    return "applied" if one.name in FILTERED else "not applied"


def _parameters(one: EndpointInfo) -> str:
    names = [
        f"{name}?" if parameter.default is not inspect.Parameter.empty else name
        for name, parameter in one.signature.parameters.items()
    ]
    return f"({', '.join(names)})"


def _answer(one: EndpointInfo) -> str:
    found = re.fullmatch(r"Asked\[(.*)\]", str(one.signature.return_annotation))
    answer = found.group(1) if found else ""
    return f"`{answer}`" if answer != "None" else "nothing"


_COMPATIBILITY: Final = """\
# What is the same on every Umami

Written by `make docs` from the dialects (`umami/compat/v2.py`, `umami/compat/v3.py`) and
the list of differences (`umami/compat/differences.py`); do not edit.
`tests/contract/test_generation_blindness.py` compares what is not listed here,
field by field, on four recorded servers (2.18.1, 2.20.2, 3.0.3, 3.1.0) and on
test doubles of 2.18 and 3.1 to 3.5.

The client detects the generation of a server ([how](library.md)). A generation is named after its
first or best known version: **2.18** (and older), **2.20** (2.19 and 2.20), **3.0** to **3.5** (and
newer). Umami Cloud is asked as 3.5, or as 3.4 while it has no browser errors.

What figures mean on which version, such as bounces and channels, is in
[the metrics](metrics.md#definitions-by-version).

## How each endpoint is asked

*as it is*: the request as declared. *in its words*: one request or answer in the generation's own
form. *of N*: made of N answers or more. *no*: refused with a sentence, and nothing is sent. A View
without filters is meant.
"""


def compatibility() -> str:
    """The page of the generations, in Markdown."""
    parts = [_COMPATIBILITY, f"| endpoint | {' | '.join(map(str, Generation))} |"]
    parts.append("| --- |" + " --- |" * len(Generation))
    for one in REGISTRY.values():
        question = example(one)
        told = " | ".join(_asked(question, generation) for generation in Generation)
        parts.append(f"| `{one.name}` | {told} |")
    parts.append("\n## What the client makes up for\n")
    parts += [_difference(one.endpoints, one.generations, one.reason) for one in MADE_GOOD]
    parts.append("\n## What stays different\n")
    parts += [_difference(one.endpoints, one.generations, one.reason) for one in DIFFERENCES]
    return "\n".join([*parts, ""])


def _difference(endpoints: frozenset[str], generations: frozenset[Generation], reason: str) -> str:
    among = [f"`{name}`" for name in REGISTRY if name in endpoints]
    named = ", ".join(among) if len(among) <= 6 else f"{len(among)} endpoints"
    return f"- **{', '.join(map(str, sorted(generations)))}** · {named}: {reason}"


def _asked(question: Query[Any], generation: Generation) -> str:
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


_IDS: Final = {
    name: f"00000000-0000-0000-0000-{number:012}"
    for number, name in enumerate(
        ("website", "session", "report", "segment", "annotation", "team", "board")
    )
}
_PERIOD: Final = Period.of_days(date(2026, 1, 1), date(2026, 1, 31), "UTC")
_ARGUMENTS: Final[dict[str, Any]] = {
    **_IDS,
    "view": View(_IDS["website"], _PERIOD),
    "websites": (_IDS["website"],),
    "period": _PERIOD,
    "at": _PERIOD.start,
    "note": "A new campaign",
    "by": "country",
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


def example(one: EndpointInfo, **instead: Any) -> Query[Any]:
    """A question of this endpoint, with what has to be said; ``instead`` of the usual arguments."""
    needed = [
        name
        for name, parameter in one.signature.parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]
    module = import_module(f"umami.endpoints.{one.group}")
    declared = getattr(module, one.name)
    arguments = {**_ARGUMENTS, **instead}
    question: Query[Any] = declared(**{name: arguments[name] for name in needed})
    return question


DOCUMENTS: Final[dict[Path, Callable[[], str]]] = {
    DOCS / "api.md": api,
    DOCS / "compatibility.md": compatibility,
}
"""What is written, and by what."""

if __name__ == "__main__":
    for _target, _written in DOCUMENTS.items():
        _target.write_text(_written())
