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
`tests/pages/test_asked.py` holds this table against what the pages really ask over a real server.

A page asks all of *asks* at once, and what stands under *once chosen* when the viewer has chosen a
tab, a session, a campaign, a conversion …; endpoints are explained in [api.md](api.md). The bar
above every page asks for `websites`, for `daterange` where the period is all time, and for `values`
and `segments` where its filter popover is opened. A viewer sees the pages that
[their roles](access.md) name, and may ask nothing that those do not ask.

The last two columns say which of a page's endpoints servers of a generation do not offer, which are
made good, and which tell something else than the newest; how is told in
[compatibility.md](compatibility.md). What is not offered is said quietly in its place.

| page | shows | asks | once chosen | on 2.x | on 3.x |
| --- | --- | --- | --- | --- | --- |
"""


def pages() -> str:
    """The page of the pages, in Markdown."""
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
