"""The sentences about the measured effects of notes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from components import note_effects, texts
from components.blocks import Text
from umami.api.events import EventSeries
from umami.api.traffic import Timeline
from umami.conversion import Conversion, FunnelStep
from umami.period import Period

FIRST = date(2026, 9, 1)
DAYS = pd.date_range("2026-03-01", "2026-09-28", name="time")
PURCHASE = Conversion(FunnelStep("event", "purchase"))


def visitors(factor: float, seed: int = 7) -> pd.Series:
    """Daily visitors with weekends, multiplied from ``FIRST`` on."""
    random = np.random.default_rng(seed)
    usual = 400 - 120 * (DAYS.day_of_week >= 5)
    return pd.Series(
        random.poisson(usual * np.where(pd.Timestamp(FIRST) <= DAYS, factor, 1.0)), index=DAYS
    )


def said(days: dict[str, pd.Series]) -> list[str]:
    blocks = note_effects.effect_blocks(days, PURCHASE, FIRST, None)
    return [block.text for block in blocks if isinstance(block, Text) and block.text]


def test_an_effect_is_told_with_its_interval() -> None:
    first, about = said({"visitors": visitors(1.3)})
    assert first.startswith("Daily visitors: ")
    assert " more than expected (+" in first
    assert " instead of " in first
    assert "90%" in about


def test_what_other_websites_had_too_is_no_effect() -> None:
    days = {"visitors": visitors(1.0), "control 0": visitors(1.0, seed=8)}
    first, about = said(days)
    assert "no clear effect" in first
    assert "1 other website serves as control." in about


def test_few_days_and_few_counts_tell_nothing() -> None:
    early = visitors(1.3)[: pd.Timestamp("2026-09-03")]
    assert said({"visitors": early})[0].startswith("Daily visitors: too early to tell.")
    rare = pd.Series(0, index=DAYS)
    rare.iloc[::20] = 1
    few = said({"visitors": visitors(1.0), "conversions": rare})
    assert few[1] == "Conversions: too few to tell."
    noisy = pd.Series(np.random.default_rng(5).poisson(0.4, len(DAYS)) * 10, index=DAYS)
    assert said({"visitors": visitors(1.0), "conversions": noisy})[1] == few[1]
    assert said({}) == ["The server does not report the days that this measurement needs."]


def test_days_of_a_rare_event_are_zero_where_it_did_not_happen() -> None:
    frame = pd.DataFrame({"time": DAYS, "views": 9, "sessions": 9})
    bought = pd.DataFrame({"time": DAYS[3:5], "event": "purchase", "count": [2, 1]})
    other = bought.assign(event="play")
    answers = {
        "visitors": [Timeline(frame)],
        "conversions": [EventSeries(pd.concat([bought, other]))],
        "control 0": [None],
    }
    period = Period.of_days(DAYS[0].date(), DAYS[-1].date(), "UTC")
    days = note_effects.daily(answers, PURCHASE, [period])
    assert set(days) == {"visitors", "conversions"}
    assert days["conversions"].sum() == 3
    assert len(days["conversions"]) == len(DAYS)


def test_effects_are_told_in_german() -> None:
    with texts.reading("de"):
        assert said({"visitors": visitors(1.3)})[0].startswith("Tägliche Besucher: ")
