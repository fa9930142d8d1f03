"""The recorded tables with spellings of tags and with tagged links within the website."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

SPELLINGS: Final = ("newsletter", "Newsletter", "=news_letter", "newslettter", "news letter")
"""Spellings of the source ``newsletter``; the third one is another name, since it has a ``=``."""
LINK: Final = ("/", "/sale")
"""The page with a tagged link, and the page that it leads to."""
Row = dict[str, Any]


def build(tables: Path, folder: Path, site: str) -> Path:
    """Write the tables to a folder: of the visits of the newsletter every second one with another
    spelling, and of all visits every 40th with a tagged link as its second view."""
    shutil.copytree(tables, folder, dirs_exist_ok=True)
    rows = read(tables)
    visits: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["website_id"] == site:
            visits[row["visit_id"]].append(row)
    for number, (_visit, steps) in enumerate(sorted(visits.items())):
        steps.sort(key=lambda row: (row["created_at"], row["event_id"]))
        for row in steps:
            if row["utm_source"] == "newsletter" and number % 2:
                row["utm_source"] = SPELLINGS[number // 2 % len(SPELLINGS)]
        views = [row for row in steps if row["event_type"] == "1"]
        if number % 40 == 0 and len(views) > 1:
            views[0]["url_path"], views[1]["url_path"] = LINK
            views[1] |= {"utm_source": "home", "utm_medium": "banner", "referrer_domain": ""}
    with gzip.open(folder / "website_event.csv.gz", "wt", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def read(tables: Path) -> list[Row]:
    """The rows of the table of events."""
    with gzip.open(tables / "website_event.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))
