"""Blocks about tags: spellings, links within the website, and mails without tags."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import numpy as np
import pandas as pd
import pytest

from access.notes import Note
from access.rules import Rule
from components import blocks as ui
from components import tag_hygiene
from tests.support.generated_traffic import site
from tests.support.hostile import NAMES
from umami.analysis.untagged_mails import mail_days, untagged_days
from umami.api.conversions import InternalTags
from umami.api.reports import Utm
from umami.api.traffic import Ranked, Ranking, Timeline
from umami.period import Period
from umami.view import View

SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
VIEW = View(SHOP, Period.of_days(date(2026, 10, 1), date(2026, 11, 29), "UTC"))
MAIL = pd.Timestamp(2026, 11, 18)


def ranking(**counts: int) -> Ranking:
    return Ranking([Ranked(name, count) for name, count in counts.items()], "visitors")


EMPTY = ranking()


def findings(blocks: list[ui.Block]) -> list[ui.Finding]:
    return [each for block in blocks if isinstance(block, ui.Findings) for each in block.findings]


def said(blocks: list[ui.Block]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, ui.Text))


def spelled(
    *answers: Ranking | Utm | None, rules: tuple[Rule, ...] = (), changes: bool = True
) -> list[ui.Block]:
    return tag_hygiene.spelling_blocks(VIEW, rules, rules, changes, *answers)


def test_each_spelling_has_its_visitors_and_the_repair() -> None:
    medium = ranking(email=1200, **{"E-Mail": 80, "e_mail": 3})
    blocks = spelled(EMPTY, medium, EMPTY, EMPTY, EMPTY, None)
    (finding,) = findings(blocks)
    assert finding.text == (
        "Medium: “email” (1,200 visitors), “E-Mail” (80), “e_mail” (3). Use “email” in your links."
    )
    assert isinstance(finding.change, ui.AddRule)
    assert finding.change.rule.spec == {
        "field": "utmMedium",
        "name": "email",
        "values": ["email", "E-Mail", "e_mail"],
    }
    (table,) = (block for block in blocks if isinstance(block, ui.Table))
    assert table.frame["count"].sum() == 1283
    assert (table.shown, table.printed) == (0, 0)


def test_views_stand_in_for_visitors_and_what_is_unknown_is_named() -> None:
    tags = pd.DataFrame(
        {"parameter": ["source"] * 2, "value": ["Google", "google"], "views": [3, 9]}
    )
    blocks = spelled(None, None, None, None, None, Utm(tags))
    (finding,) = findings(blocks)
    assert finding.text.startswith("Source: “google” (9 views), “Google” (3).")
    assert "did not tell" not in said(blocks)
    unknown = spelled(EMPTY, EMPTY, EMPTY, None, EMPTY, None)
    assert "the server did not tell: Ad content." in said(unknown)
    assert "No tag occurs in several spellings." in said(unknown)


def test_names_that_no_filter_takes_have_no_button() -> None:
    long = "newsletter " * 50
    (finding,) = findings(
        spelled(ranking(**{long: 9, long.upper(): 1}), EMPTY, EMPTY, EMPTY, EMPTY, None)
    )
    assert finding.change is None
    assert len(finding.text) < 400


def test_of_many_spellings_the_most_frequent_are_shown_as_one() -> None:
    cases = product(*((letter, letter.upper()) for letter in "tiktok"))
    counts = {"".join(each): 100 - at for at, each in enumerate(cases)}
    answers = (ranking(**counts), EMPTY, EMPTY, EMPTY, EMPTY, None)
    (finding,) = findings(spelled(*answers))
    limit = " Only the 50 most frequent can be shown in one row."
    assert finding.text.endswith(limit)
    assert isinstance(finding.change, ui.AddRule)
    assert finding.change.rule.spec["values"] == [*counts][:50]
    (finding, _undo) = findings(spelled(*answers, rules=(finding.change.rule,)))
    assert finding.change is None
    assert finding.text.endswith(limit)


def test_hostile_names_stay_text() -> None:
    counts = dict.fromkeys(NAMES, 10) | {name.upper(): 1 for name in NAMES}
    blocks = spelled(ranking(**counts), EMPTY, EMPTY, EMPTY, EMPTY, None)
    listed = findings(blocks)
    assert len(listed) >= 10
    assert not any("`" in finding.text for finding in listed)
    rule = Rule(SHOP, "merge", "x", {"field": "utmTerm", "name": NAMES[0], "values": [*NAMES[:4]]})
    ruled = findings(spelled(EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, None, rules=(rule,)))
    assert not any("`" in finding.text for finding in ruled)


def test_rare_links_are_left_out() -> None:
    frame = pd.DataFrame(
        {
            "source": ["/", "/a"],
            "name": ["/sale", "/b"],
            "visits": [9, 2],
            "visitors": [8, 2],
            "views": [9, 2],
        }
    )
    text, table = tag_hygiene.link_blocks(InternalTags(frame))
    assert isinstance(text, ui.Text)
    assert isinstance(table, ui.Table)
    assert table.frame["name"].tolist() == ["/sale"]
    assert "Remove the utm_ parameters" in text.text
    (none,) = tag_hygiene.link_blocks(InternalTags(frame[1:]))
    assert isinstance(none, ui.Text)


def days(direct: pd.Series, sourced: pd.Series, mails: pd.Series) -> tuple[Timeline, ...]:
    return tuple(
        Timeline(pd.DataFrame({"time": count.index, "views": 1, "sessions": count.to_numpy()}))
        for count in (direct + sourced, sourced, mails)
    )


def history(seed: int, more: int) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Visitors without a source, with one, and by mails, which bring ``more`` of the first."""
    traffic = site(seed, 180)
    direct, sourced = traffic.visits(0.5), traffic.visits(0.5)
    mails = pd.Series(0.0, index=direct.index)
    mails[MAIL] = 60.0
    direct[MAIL] += more
    return direct, sourced, mails


def on_a_mail(direct: pd.Series, more: float) -> int:
    return round(more * float(direct.median()))


@pytest.mark.parametrize("seed", range(4))
def test_only_a_clear_excess_on_a_day_of_a_mail_is_reported(seed: int) -> None:
    plain = history(seed, 0)
    more = on_a_mail(plain[0], 3)
    clear = history(seed, more)
    (finding,) = findings(tag_hygiene.mail_blocks(VIEW, frozenset(), *days(*clear)))
    assert "Wed 18 Nov 2026, a day of a mail: " in finding.text
    assert finding.text.endswith("Tag the links of the mail.")
    assert isinstance(finding.change, View)
    assert finding.change.period.days == (MAIL.date(), MAIL.date())
    assert not findings(tag_hygiene.mail_blocks(VIEW, frozenset(), *days(*plain)))
    # The same excess on a day without a mail is no finding.
    quiet = (clear[0], clear[1], clear[2] * 0)
    blocks = tag_hygiene.mail_blocks(VIEW, frozenset(), *days(*quiet))
    assert "No day of this period looks like a day on which a mail was sent." in said(blocks)
    noted = tag_hygiene.mail_blocks(VIEW, frozenset({MAIL.date()}), *days(*quiet))
    assert len(findings(noted)) == 1


def test_too_little_data_and_missing_answers_are_said() -> None:
    every, sourced, mails = days(*(series[-20:] for series in history(1, 0)))
    short = tag_hygiene.mail_blocks(VIEW, frozenset(), every, sourced, mails)
    assert "Too little data" in said(short)
    missing = tag_hygiene.mail_blocks(VIEW, frozenset(), every, None, mails)
    assert "did not tell" in said(missing)


def test_first_day_of_a_mail_counts() -> None:
    index = pd.date_range("2026-09-01", periods=60)
    mails = pd.Series(2.0, index=index)
    mails.iloc[20:23] = [90, 40, 20]
    mails.iloc[40] = 9
    mails.iloc[0] = 500
    assert mail_days(mails) == (date(2026, 9, 21),)
    assert untagged_days(mails, [date(2026, 9, 21)]) is None
    assert mail_days(pd.Series(np.zeros(0), index=index[:0])) == ()


@pytest.mark.parametrize(
    ("text", "is_mail"),
    [
        ("Autumn newsletter sent", True),
        ("E-Mail to all customers", True),
        ("Mailing 12", True),
        ("Blackmail in the press", False),
        ("Relaunch", False),
    ],
)
def test_notes_about_mails(text: str, is_mail: bool) -> None:
    note = Note(SHOP, text, date(2026, 10, 5), date(2026, 10, 9))
    outside = Note(SHOP, text, date(2026, 9, 30), date(2026, 10, 9))
    at = datetime(2026, 10, 5, 23, 30, tzinfo=UTC)
    hour = Note(SHOP, text, at.date(), at.date(), at)
    berlin = Period.of_days(date(2026, 10, 1), date(2026, 10, 31), "Europe/Berlin")
    expected = {date(2026, 10, 5), date(2026, 10, 6)} if is_mail else set()
    assert tag_hygiene.note_days([note, outside, hour], berlin) == expected
