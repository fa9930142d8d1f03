"""Files that are replaced as a whole, so that nobody ever reads half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def replaced(
    path: Path, text: str, *, mode: int = 0o600, check: Callable[[Path], None] | None = None
) -> None:
    """Give a file another content, with this mode.

    ``check`` is called with a file that holds the new content already; what it raises leaves the
    old one as it was. Raises ``OSError`` where the place cannot be written.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(path.suffix, f".{path.stem}-", path.parent)
    try:
        with open(handle, "w", encoding="utf-8") as beside:
            beside.write(text)
        os.chmod(name, mode)
        if check is not None:
            check(Path(name))
        os.replace(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def writable(path: Path) -> bool:
    """Whether a file can be replaced, or made, as far as its permissions tell."""
    path = path.resolve()
    if path.exists() and not os.access(path, os.W_OK):
        return False
    place = next(one for one in path.parents if one.exists())
    return place.is_dir() and os.access(place, os.W_OK)
