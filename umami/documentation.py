"""``make docs``: writes ``docs/api.md`` from the endpoints' declarations."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Final

import umami.endpoints
from umami.question import REGISTRY, Access, Endpoint
from umami.v2 import FILTERED, MOVED

TARGET: Final = Path(__file__).parent.parent / "docs" / "api.md"

_HEAD: Final = """\
# The endpoints

Written by `make docs` from the declarations in `umami/endpoints/`; do not edit. Calling one of
these makes a question, which a client answers ([how](library.md)). Routes follow `/api`. *Fresh*
says how long an answer is shown before it is asked again; *2.x filters* whether servers of the
second generation apply a View's filters to it. All errors are those of `umami/errors.py`.
"""


def document() -> str:
    """The whole page, in Markdown."""
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
    old = MOVED.get(one.name)
    if old:
        route += f"<br>2.x: `{old}`"
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


if __name__ == "__main__":
    TARGET.write_text(document())
