"""Atomic replacement of files: no reader ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_file(
    path: Path,
    content: str | bytes,
    *,
    mode: int = 0o600,
    check: Callable[[Path], None] = lambda file: None,
) -> None:
    """Replace the content of a file, text in UTF-8, and set its mode.

    ``check`` is called with a temporary file that has the new content; if it raises, the old
    content stays. Raises ``OSError`` if the folder cannot be written.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(path.suffix, f".{path.stem}-", path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(name, mode)
        check(Path(name))
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def writable(path: Path) -> bool:
    """Return whether a file can be replaced or created, as far as permissions show."""
    path = path.resolve()
    if path.exists() and not os.access(path, os.W_OK):
        return False
    folder = next(parent for parent in path.parents if parent.exists())
    return folder.is_dir() and os.access(folder, os.W_OK)
