"""``make docs``: writes ``docs/pages.md`` from the declarations of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from components.page_registry import ADMIN_PAGES, PAGES
from umami.documentation import DOCS, version_notes

TARGET: Final = DOCS / "pages.md"
_HEAD: Final = """\
# The pages

Written by `make docs` from the declarations in `components/page_registry.py`; do not edit.
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
    """The Markdown text of ``docs/pages.md``."""
    rows = []
    for area in (*PAGES, *ADMIN_PAGES):
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
    return _HEAD + "\n".join([*rows, ""])


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    TARGET.write_text(pages())
