"""Checks names and phrases against the list of CONTRIBUTING ("Style"); part of ``make lint``.

``python -m tests.wording`` fails on identifiers that do not say what they hold, and on phrases of a
private vocabulary.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HERE: Final = Path(__file__).relative_to(ROOT)
IDENTIFIERS: Final = frozenset({"one", "found", "asked", "given", "own", "kept", "told"})
PHRASES: Final = re.compile(
    r"is no Umami\b|\bNothing is gone\b|who looks is\b|out of the way, then told|has the floor"
    r"|\btakes the floor|\bnobody in particular\b|of one's own\b",
    re.IGNORECASE,
)


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that bind a name of the list, with that name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                pass
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                pass
            case _:
                continue
        if name in IDENTIFIERS:
            yield node.lineno, name


def main() -> int:
    """Print every violation; the exit status says whether there is any."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True)
    paths = [Path(line) for line in listed.stdout.decode().splitlines()]
    faults = []
    for path in paths:
        if path.suffix not in (".py", ".md") or not (ROOT / path).is_file() or path == HERE:
            continue
        names = identifiers(ROOT / path) if path.suffix == ".py" else []
        faults += [f"{path}:{line}: the name “{name}” says nothing" for line, name in names]
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
            if phrase := PHRASES.search(line):
                faults.append(f"{path}:{number}: “{phrase[0]}” is private vocabulary")
    print("\n".join(faults) or "Wording: no violations.")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
