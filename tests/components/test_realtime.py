"""The blocks of the Realtime page."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd

from components.areas.realtime import Seen, layout
from components.blocks import Block, Table, Text, Tiles, sections
from umami.api.realtime import Happening, Realtime
from umami.errors import ServerFault, UmamiError
from umami.period import Period
from umami.view import View

VIEW = View("site", Period.of_days(date(2026, 8, 1), date(2026, 8, 31), "UTC"))
AT = datetime(2026, 8, 1, 12, 0, 5, tzinfo=UTC)
LOG = (Happening("event", "s", AT, "buy", "/cart", None, "chrome", None, "laptop", "DE"),)
MINUTES = pd.DataFrame({"time": [pd.Timestamp(AT)], "views": [3], "visitors": [2]})
NOW = Realtime(AT, 3, 2, 1, {"DE": 2}, {"/cart": 3}, {"shop.example": 5, "t.co": 1}, MINUTES, LOG)
SEEN = Seen("site", AT, NOW, None, LOG)


def blocks(
    seen: Seen = SEEN, problem: UmamiError | None = None, *, paused: bool = False
) -> list[Block]:
    items = list(layout(VIEW, "www.shop.example", seen, problem, paused=paused))
    return [block for section in sections(items, "page") for block in section.make()]


def frames(drawn: list[Block]) -> dict[str, pd.DataFrame]:
    return {block.title: block.frame for block in drawn if isinstance(block, Table)}


def test_own_domain_is_not_a_referrer() -> None:
    assert frames(blocks())["referrers"]["name"].tolist() == ["t.co"]


def test_log_and_rankings_show_the_answer() -> None:
    drawn = frames(blocks())
    assert drawn["activity"][["what", "more", "at"]].to_numpy().tolist() == [
        ["buy", "event on /cart", "12:00:05"]
    ]
    assert drawn["pages"]["count"].tolist() == [3]
    assert drawn["countries"]["label"].tolist() == ["Germany"]


def test_tiles_without_an_answer_are_unknown() -> None:
    tiles, status = blocks(Seen("site", AT))
    assert isinstance(status, Text)
    assert isinstance(tiles, Tiles)
    assert {tile.number for tile in tiles.tiles} == {None}


def test_problem_is_shown_with_the_age_of_the_figures() -> None:
    status = blocks(problem=ServerFault("The server failed."))[1]
    assert isinstance(status, Text)
    assert status.icon == "cloud_off"
    assert status.text.startswith("The server failed.")
    assert "12:00:05" in status.text


def test_paused_page_says_so() -> None:
    status = blocks(paused=True)[1]
    assert isinstance(status, Text)
    assert "Paused" in status.text
