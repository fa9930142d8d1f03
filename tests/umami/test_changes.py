"""Explanations of changes: parts add up exactly, and rates are split into mix and rate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umami.analysis import changes
from umami.analysis.changes import FIGURES

COLUMNS = tuple(
    dict.fromkeys(
        column
        for figure in FIGURES.values()
        for column in (figure.amount, figure.per)
        if column is not None
    )
)


def groups(**values: dict[str, float]) -> pd.DataFrame:
    """Groups by value, with 0 in the columns that are not given."""
    rows = [
        {"name": name, "country": None, **dict.fromkeys(COLUMNS, 0), **columns}
        for name, columns in values.items()
    ]
    return pd.DataFrame(rows, columns=["name", "country", *COLUMNS])


def totals(frame: pd.DataFrame) -> dict[str, float]:
    return {column: frame[column].sum() for column in COLUMNS if column in frame}


@st.composite
def random_groups(draw: st.DrawFn) -> pd.DataFrame:
    """Groups with rare, empty and missing values, up to a thousand."""
    many = draw(st.sampled_from([0, 1, 2, 7, 40, 1000]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = random.choice(1500, size=many, replace=False)
    visits = random.poisson(random.choice([0, 1, 30, 4000]), size=many)
    counts = {column: random.binomial(visits, 0.3) for column in COLUMNS}
    return pd.DataFrame(
        {
            **counts,
            "name": ["" if name == 0 else f"value {name}" for name in names],
            "country": random.choice(np.array([None, "DE", "FR"], dtype=object), size=many),
            "visitors": visits,
            "views": visits * 3,
            "visits": visits,
            "bounces": random.binomial(visits, 0.4),
            "seconds": visits * 61,
            "conversions": random.binomial(visits, 0.1),
            "revenue": np.round(visits * random.uniform(0, 99, size=many), 2),
        }
    )


@given(random_groups(), random_groups(), st.integers(0, 500), st.sampled_from(sorted(FIGURES)))
def test_parts_add_up_to_the_change(now, before, cut_off, name):
    """Also where the server cut the list, so that the totals are larger than its rows."""
    figure = FIGURES[name]
    sums = totals(now), {column: total + cut_off for column, total in totals(before).items()}
    values = [changes.value(figure, each) for each in sums]
    parts = changes.parts(figure, now, before, *sums)
    if None in values:
        assert parts is None
        return
    change = values[0] - values[1]
    if figure.per is None and figure.name != "revenue":
        assert parts["change"].sum() == change
    assert math.fsum(parts["change"]) == pytest.approx(change, rel=1e-9, abs=1e-6)
    if figure.per:
        split = [*parts["mix"], *parts["rate"]]
        assert math.fsum(split) == pytest.approx(change, rel=1e-9, abs=1e-6)
    shown = changes.rounded(parts["change"], 1)
    assert round(sum(shown), 1) == pytest.approx(round(change, 1), abs=0.1001)
    assert sum(round(10 * part) for part in shown) == round(10 * parts["change"].sum())


def test_amounts_that_add_up_leave_no_rest():
    now = groups(**{value: {"visits": 1, "revenue": 0.1} for value in "abc"})
    before = groups(a={"visits": 1, "revenue": 0.7})
    whole = {**totals(now), "revenue": 0.3}
    assert whole["revenue"] != now["revenue"].sum()
    for rest in (0, 50.01):
        sums = [{**each, "revenue": each["revenue"] + rest} for each in (whole, totals(before))]
        parts = changes.parts(FIGURES["revenue"], now, before, *sums)
        assert parts["name"].notna().all()
    parts = changes.parts(FIGURES["revenue_per_visit"], now, before, whole, totals(before))
    assert parts["name"].notna().all()


def test_simpsons_paradox():
    """The treatments of kidney stones (Charig et al. 1986): each kind of stone is treated better,
    yet the whole fares worse, since the hard cases are more frequent."""
    before = groups(
        small={"visits": 270, "conversions": 234}, large={"visits": 80, "conversions": 55}
    )
    now = groups(small={"visits": 87, "conversions": 81}, large={"visits": 263, "conversions": 192})
    figure = FIGURES["conversion_rate"]
    parts = changes.parts(figure, now, before, totals(now), totals(before))
    assert changes.value(figure, totals(before)) == pytest.approx(289 / 350)
    assert changes.value(figure, totals(now)) == pytest.approx(273 / 350)
    rate_of = parts.set_index("name")["rate"]
    assert rate_of["small"] == pytest.approx((87 + 270) / 700 * (81 / 87 - 234 / 270))
    assert rate_of["large"] == pytest.approx((263 + 80) / 700 * (192 / 263 - 55 / 80))
    assert parts["rate"].sum() > 0 > parts["mix"].sum()
    assert parts["rate"].sum() + parts["mix"].sum() == pytest.approx((273 - 289) / 350)


def test_an_average_value_explains_nothing_by_becoming_more_frequent():
    before = groups(
        a={"visits": 100, "bounces": 40},
        b={"visits": 100, "bounces": 20},
        c={"visits": 100, "bounces": 60},
    )
    now = groups(
        a={"visits": 400, "bounces": 160},
        b={"visits": 100, "bounces": 20},
        c={"visits": 100, "bounces": 60},
    )
    parts = changes.parts(FIGURES["bounce_rate"], now, before, totals(now), totals(before))
    assert parts.set_index("name")["mix"]["a"] == pytest.approx(0)


def test_a_value_that_changed_like_all_others_is_no_cause():
    before = groups(a={"visitors": 9000}, b={"visitors": 1000})
    now = groups(a={"visitors": 13500}, b={"visitors": 1500})
    figure = FIGURES["visitors"]
    parts = changes.parts(figure, now, before, totals(now), totals(before))
    assert changes.main_cause(figure, {"channel": parts}, totals(now), totals(before), 1.0) is None
    now = groups(a={"visitors": 9000}, b={"visitors": 6000})
    parts = changes.parts(figure, now, before, totals(now), totals(before))
    cause = changes.main_cause(figure, {"channel": parts}, totals(now), totals(before), 1.0)
    assert (cause.name, cause.change) == ("b", 5000)


def test_usual_variation_follows_the_noise_of_the_site():
    figure = FIGURES["visitors"]
    random = np.random.default_rng(4)
    days = random.poisson(500, size=90)
    spread = changes.dispersion(days)
    assert spread == pytest.approx(1.0, abs=0.9)
    assert not changes.is_beyond_usual(figure, {"visitors": 3560}, {"visitors": 3500}, spread)
    assert changes.is_beyond_usual(figure, {"visitors": 4200}, {"visitors": 3500}, spread)
    assert not changes.is_beyond_usual(figure, {"visitors": 4200}, {"visitors": 3500}, 25.0)
    loud = changes.dispersion(days + random.choice([-1, 1], size=90) * 100)
    assert loud > 10
    spiked = days.copy()
    spiked[40:44] = 5000
    assert changes.dispersion(spiked) < 3


def test_a_quiet_site_has_few_sentences():
    """Two weeks of the same traffic rarely differ beyond the usual variation."""
    random = np.random.default_rng(12)
    beyond = 0
    for _ in range(300):
        weeks = [
            {
                "visitors": int(visits),
                "visits": int(visits),
                "bounces": int(random.binomial(visits, 0.45)),
            }
            for visits in random.poisson(3000, size=2)
        ]
        beyond += any(
            changes.is_beyond_usual(FIGURES[name], *weeks, 1.0)
            for name in ("visits", "bounce_rate")
        )
    assert beyond <= 12


@pytest.mark.parametrize(("fell", "alike"), [(0.5, True), (0.1, False)])
def test_all_pages_down_at_once(fell, alike):
    before = groups(**{f"/{at}": {"visitors": 1000 - 50 * at} for at in range(9)})
    now = before.assign(visitors=(before["visitors"] * (1 - fell)).astype(int))
    parts = changes.parts(FIGURES["visitors"], now, before, totals(now), totals(before))
    assert changes.are_alike(parts) is alike
