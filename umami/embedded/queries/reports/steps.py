"""A step that a visitor takes: a page opened or a custom event, with wildcards where they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Step:
    """``value`` is a path or the name of an event."""

    kind: Literal["path", "event"]
    value: str

    @property
    def column(self) -> str:
        """The SQL of what the value is compared with."""
        return "e.url_path" if self.kind == "path" else "e.event_name"

    @property
    def exactly(self) -> tuple[str, str]:
        """Condition and value of an exact match."""
        return f"{self.column} = ?", self.value

    @property
    def matching(self) -> tuple[str, str]:
        """Condition and value of a match in which ``*`` at either end stands for anything.

        Case counts, and Umami leaves ``%``, ``_`` and ``\\`` alive beside a ``*``.
        """
        if not (self.value.startswith("*") or self.value.endswith("*")):
            return self.exactly
        start = "%" if self.value.startswith("*") else ""
        end = "%" if self.value.endswith("*") else ""
        middle = self.value.removeprefix("*").removesuffix("*")
        if not end and (len(middle) - len(middle.rstrip("\\"))) % 2:
            # A backslash that nothing follows is one.
            middle += "\\"
        return rf"{self.column} LIKE ? ESCAPE '\'", f"{start}{middle}{end}"
