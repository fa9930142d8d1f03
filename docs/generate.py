"""``make docs``: writes ``api.md``, ``compatibility.md`` and ``pages.md`` from the declarations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from components.page_registry import ALL_PAGES
from components.shortcuts import SHORTCUTS, Needs, Shortcut
from docs.differences import DIFFERENCES, WORKAROUNDS, Statement
from umami.compat.generations import Generation
from umami.compat.v2 import FILTERED
from umami.connection import dialect
from umami.conversion import FunnelStep
from umami.endpoint import REGISTRY, Access, Endpoint, Freshness, Query, Request
from umami.filters import Filter
from umami.period import Period
from umami.view import View

DOCS: Final = Path(__file__).parent
NEWEST: Final = max(Generation)
_API: Final = f"""\
# The endpoints

Written by `make docs` from the declarations in `umami/api/` and the dialects
(`umami/compat/v2.py`, `umami/compat/v3.py`); do not edit.
Calling one of these makes a query, which a client answers ([how](library.md)).

- *requests*: what a query without filters sends first, by version of Umami. **2.18** stands for
  2.18 and older, **2.20** for 2.19 and 2.20; versions newer than {NEWEST} and Umami Cloud get the
  requests of {NEWEST}, unless *Cloud* is named. Without a version, the request is the same for all;
  for a version that is left out, the client raises `NotOffered` with a sentence and sends nothing.
  The answer is the same for all requests but for [what remains different](compatibility.md).
- *fresh*: how long an answer is shown before it is requested again. *live* is
  {Freshness.LIVE.value}; *listing* is {Freshness.LISTING.value}; *period* is
  {Freshness.PERIOD.value}; *never* is {Freshness.NEVER.value}.
- *filters on 2.x*: whether servers of the second generation apply a View's filters.

All errors are those of `umami/errors.py`.
"""


def api() -> str:
    """The page of the endpoints, in Markdown."""
    parts = [_API]
    for group in sorted({endpoint.group for endpoint in REGISTRY.values()}):
        members = [endpoint for endpoint in REGISTRY.values() if endpoint.group == group]
        parts.append(f"## {group}\n")
        parts.append("| call | requests | answer | fresh | filters on 2.x |")
        parts.append("| --- | --- | --- | --- | --- |")
        parts += map(_row, members)
        parts.append("")
        parts += [f"**`{m.name}`**: {' '.join((m.body.__doc__ or '').split())}\n" for m in members]
    return "\n".join(parts)


def _row(endpoint: Endpoint[..., Any]) -> str:
    writes = endpoint.access is Access.WRITES
    names = [
        name if parameter.default is inspect.Parameter.empty else f"{name}?"
        for name, parameter in endpoint.signature.parameters.items()
    ]
    annotation = inspect.formatannotation(endpoint.signature.return_annotation)
    # A model without the modules that its name and those of its parts begin with.
    answer = re.fullmatch(r"RawQuery\[(.*)\]", re.sub(r"\w+\.(?=\w)", "", annotation))
    model = answer[1] if answer else ""
    cells = (
        f"`{endpoint.name}({', '.join(names)})`",
        _requests(endpoint),
        "nothing" if model == "NoneType" else f"`{model}`",
        "writes" if writes else endpoint.freshness.name.lower(),
        _filters_on_2(endpoint),
    )
    return f"| {' | '.join(cells)} |"


def _requests(endpoint: Endpoint[..., Any]) -> str:
    """The requests by version; neighbouring versions with the same requests share an entry."""
    query = example(endpoint, field="browser")
    by_version = {version: _first_requests(query, version) for version in Generation}
    cloud = _first_requests(query, NEWEST, cloud=True)
    same_in_cloud = cloud == by_version[NEWEST]
    entries = []
    for requests, versions in groupby(sorted(Generation), lambda version: by_version[version]):
        version_range = _version_range(list(versions), open_end=same_in_cloud)
        if requests:
            entries.append(f"{version_range} {requests}".strip())
    if cloud and not same_in_cloud:
        entries.append(f"Cloud {cloud}")
    return " · ".join(entries)


def _version_range(versions: Sequence[Generation], *, open_end: bool) -> str:
    """``2.18–3.3``, ``from 3.4``, or nothing for all versions."""
    first, last = versions[0], versions[-1]
    if open_end and last is NEWEST:
        return "" if first is min(Generation) else f"from {first}"
    return str(first) if first is last else f"{first}–{last}"


def _first_requests(query: Query[Any], version: Generation, *, cloud: bool = False) -> str:
    """Methods and routes in Markdown, with names instead of the example's ids; nothing where the
    query is refused."""
    server = dialect(version, cloud=cloud)
    if server.refusal(query):
        return ""
    plan = server.plan(query)
    routes = []
    for request in (plan,) if isinstance(plan, Request) else next(plan):
        path = request.path
        for name, id_ in _IDS.items():
            path = path.replace(id_, f":{name}Id")
        routes.append(f"`{request.method} /api{path}`")
    return " + ".join(dict.fromkeys(routes))


def _filters_on_2(endpoint: Endpoint[..., Any]) -> str:
    if "view" not in endpoint.signature.parameters or all(
        _refused(endpoint.name, version) for version in Generation if version.major == 2
    ):
        return ""
    if not endpoint.filtered:
        return "none apply"
    return "applied" if endpoint.name in FILTERED else "not applied"


_COMPATIBILITY: Final = """\
# What is the same on every Umami

Written by `make docs` from the dialects (`umami/compat/v2.py`, `umami/compat/v3.py`) and from the
workarounds and differences in `docs.differences.csv`; do not edit.
`tests/contract/test_generation_blindness.py` compares what is not listed here, field by field,
on four recorded servers (2.18.1, 2.20.2, 3.0.3, 3.1.0) and on test doubles of 2.18, 2.20 and 3.1
to 3.5.

The client detects the generation of a server ([how](library.md)). A generation is named after its
first or best known version: **2.18** (and older), **2.20** (2.19 and 2.20), **3.0** to **3.5** (and
newer). Umami Cloud gets the requests of 3.5, or of 3.4 while it has no browser errors.

What figures mean on which version, such as bounces and channels, is in
[the metrics](metrics.md#definitions-by-version).

## How each endpoint is requested

*as it is*: the request as declared. *in its words*: one request or answer in the generation's own
form. *of N*: made of N answers or more. *no*: refused with a sentence, and nothing is sent. A View
without filters is meant.
"""


def compatibility() -> str:
    """The page of the generations, in Markdown."""
    parts = [_COMPATIBILITY, f"| endpoint | {' | '.join(map(str, Generation))} |"]
    parts.append("| --- |" + " --- |" * len(Generation))
    for endpoint in REGISTRY.values():
        query = example(endpoint)
        cells = " | ".join(_way(query, generation) for generation in Generation)
        parts.append(f"| `{endpoint.name}` | {cells} |")
    parts.append("\n## What the client works around\n")
    parts += map(_item, WORKAROUNDS)
    parts.append("\n## What stays different\n")
    parts += map(_item, DIFFERENCES)
    return "\n".join([*parts, ""])


def _item(statement: Statement) -> str:
    names = [f"`{name}`" for name in REGISTRY if name in statement.endpoints]
    named = ", ".join(names) if len(names) <= 6 else f"{len(names)} endpoints"
    versions = ", ".join(map(str, sorted(statement.generations)))
    return f"- **{versions}** · {named}: {statement.reason}"


def _way(query: Query[Any], generation: Generation) -> str:
    server = dialect(generation)
    if server.refusal(query):
        return "no"
    plan = server.plan(query)
    if isinstance(plan, Request):
        return "as it is" if plan == query.request else "in its words"
    requests = next(plan)
    return "in its words" if len(requests) == 1 else f"of {len(requests)}"


def version_notes(names: Sequence[str], major: int) -> str:
    """Which of these endpoints are missing, worked around or different on servers of 2.x or 3.x."""
    versions = {version for version in Generation if version.major == major}

    def affected(statements: Iterable[Statement]) -> list[str]:
        concerned = [s.endpoints for s in statements if versions & s.generations]
        return [name for name in names if any(name in endpoints for endpoints in concerned)]

    notes = {
        "not offered": [name for name in names if any(_refused(name, v) for v in versions)],
        "worked around": affected(WORKAROUNDS),
        "differs": affected(DIFFERENCES),
    }
    sentences = [
        f"{note}: {', '.join(f'`{name}`' for name in noted)}"
        for note, noted in notes.items()
        if noted
    ]
    return "; ".join(sentences) or "the same"


def _refused(name: str, version: Generation) -> bool:
    return dialect(version).refusal(example(REGISTRY[name])) is not None


_PAGES: Final = """\
# The pages

Written by `make docs` from `components/page_registry.py` and `shortcuts.py`; do not edit.
`tests/pages/test_asked.py` compares this table with the queries of the pages to a real server.

A page sends all queries of *asks* together, and those of *once chosen* when the viewer has selected
a tab, a session, a campaign or a conversion; [api.md](api.md) describes the endpoints. The control
bar queries `websites`, `daterange` for the period "all time", and `values` and `segments` when its
filter popover is open. A viewer sees the pages of [their roles](access.md), and may query only the
endpoints of these pages.

The last two columns list the endpoints that servers of a generation do not support, emulate, or
answer differently from the newest generation; see [compatibility.md](compatibility.md). The page
shows a short note in place of what is not supported.

| page | shows | asks | once chosen | on 2.x | on 3.x |
| --- | --- | --- | --- | --- | --- |
"""


def pages() -> str:
    """The page of the dashboard's pages, in Markdown."""
    rows = []
    for area in ALL_PAGES:
        every = (*area.endpoints, *area.optional_endpoints)
        cells = (
            f"**{area.title}**",
            area.about,
            _named(area.endpoints),
            _named(area.optional_endpoints),
            version_notes(every, 2),
            version_notes(every, 3),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return _PAGES + "\n".join([*rows, "", _SHORTCUTS, *map(_shortcut, SHORTCUTS), ""])


_SHORTCUTS: Final = """\
## Keyboard and mouse

A drag over a chart of the period's days, hours, months or years opens that stretch as the period,
and a click opens one of them; Back returns. “Table” above a chart shows its figures as a table.

Shortcuts are those of Plausible where it has them. They do nothing while an input, a menu or a
dialog has the focus, nor with Ctrl, Alt or ⌘. `?` opens this list.

| key | does | on |
| --- | --- | --- |"""
_OFFERED: Final[dict[Needs, str]] = {
    "nothing": "every page",
    "realtime": "every page, for viewers of Realtime",
    "bar": "pages with a control bar",
    "period": "pages with a period",
    "filters": "pages with a period, unless the filters are locked",
    "notes": "pages with a period, for viewers who may write notes",
}


def _shortcut(shortcut: Shortcut) -> str:
    return f"| `{shortcut.shown}` | {shortcut.title} | {_OFFERED[shortcut.needs]} |"


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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
    "parts": ((Filter("path", "eq", "/"),),),
    "currency": "EUR",
    "path": "/",
    "source": "channel",
    "url": "/",
    "hostname": "shop.example",
}


def example(endpoint: Endpoint[..., Any], **overrides: Any) -> Query[Any]:
    """A query of this endpoint with example values for its required arguments."""
    arguments = {**_ARGUMENTS, **overrides}
    required = {
        name: arguments[name]
        for name, parameter in endpoint.signature.parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    return endpoint(**required)


DOCUMENTS: Final[dict[Path, Callable[[], str]]] = {
    DOCS / "api.md": api,
    DOCS / "compatibility.md": compatibility,
    DOCS / "pages.md": pages,
}

if __name__ == "__main__":
    for _path, _write in DOCUMENTS.items():
        _path.write_text(_write())
