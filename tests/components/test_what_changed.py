"""The sentences about changes, and the parts that charts and tables show."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from components import blocks as ui
from components import texts, what_changed
from components.charts.tiles import figure
from components.what_changed import Change
from umami.analysis.changes import FIGURES

COLUMNS = (
    *("visitors", "views", "visits", "bounces", "seconds", "conversions", "revenue", "orders"),
    *("converters", "times", "buyers"),
)


def groups(**values: dict[str, float]) -> pd.DataFrame:
    rows = [
        {"name": name, "country": None, **dict.fromkeys(COLUMNS, 0), **columns}
        for name, columns in values.items()
    ]
    return pd.DataFrame(rows)


def totals(frame: pd.DataFrame) -> dict[str, float]:
    return {column: float(frame[column].sum()) for column in COLUMNS}


def change(name: str, now: pd.DataFrame, before: pd.DataFrame) -> tuple[Change, Any]:
    both = Change(FIGURES[name], totals(now), totals(before), "EUR")
    return both, what_changed.changes.parts(both.figure, now, before, both.now, both.before)


def finding_of(field: str, name: str, now: pd.DataFrame, before: pd.DataFrame) -> ui.Finding:
    both, parts = change(name, now, before)
    return what_changed.explained(both, {field: parts}, 2.0)


def test_a_count_names_the_value_that_explains_it() -> None:
    before = groups(a={"visitors": 900}, b={"visitors": 100})
    now = groups(a={"visitors": 910}, b={"visitors": 400})
    finding = finding_of("referrer", "visitors", now, before)
    assert finding.text == "Visitors rose by 31.0% to 1,310. Referrer b accounts for +300 of +310."
    params = {"figure": "visitors", "by": "referrer", "left": "", "right": ""}
    assert finding.change == ui.OpenPage("compare", params)


def test_pages_that_all_fell_point_to_the_tracking() -> None:
    before = groups(**{f"/{at}": {"visitors": 500} for at in range(6)})
    now = groups(**{f"/{at}": {"visitors": 200} for at in range(6)})
    finding = finding_of("entry", "visitors", now, before)
    assert "fell by 60.0% to 1,200" in finding.text
    assert "tracking may have been interrupted" in finding.text


def test_a_rate_is_split_into_share_and_rate() -> None:
    before = groups(mobile={"visits": 400, "bounces": 240}, desktop={"visits": 600, "bounces": 180})
    now = groups(mobile={"visits": 700, "bounces": 441}, desktop={"visits": 300, "bounces": 90})
    finding = finding_of("device", "bounce_rate", now, before)
    assert finding.text == (
        "Bounce rate rose by 11.1 pts to 53.1%. +4.2 pts because device Mobile has a larger share "
        "of visits, +1.7 pts because visits with device Mobile bounce more often."
    )


def test_an_average_order_is_split_by_orders() -> None:
    before = groups(a={"orders": 80, "revenue": 800}, b={"orders": 20, "revenue": 1000})
    now = groups(a={"orders": 50, "revenue": 500}, b={"orders": 50, "revenue": 3000})
    finding = finding_of("country", "average_order", now, before)
    assert finding.text == (
        "Average order rose by 94.4% to €35.00. +€8.55 because country b has a larger share of "
        "orders, +€3.50 because orders with country b are larger."
    )


def test_bars_add_up_to_the_change() -> None:
    before = groups(
        **{
            f"v{at}": {"visits": 90 + at, "orders": 9 + at, "revenue": 10.01 * at}
            for at in range(20)
        }
    )
    now = groups(
        **{f"v{at}": {"visits": 95 - at, "orders": 40 - at, "revenue": 31.17} for at in range(30)}
    )
    for name in ("visits", "revenue", "revenue_per_visit", "average_order"):
        both, parts = change(name, now, before)
        frame = what_changed.as_shown(both, parts.assign(label=parts["name"]))
        bars = what_changed.steps(both, frame, 5, "Others")
        assert sum(round(100 * part) for _, part, _ in bars) == round(100 * both.size)
        assert bars[-1][0] == "Others"
        # The table has the numbers of the chart, and adds up as well.
        columns = ["mix", "rate"] if both.figure.per else ["change"]
        listed = frame[frame["name"].notna()][columns].head(5).to_numpy().ravel()
        assert [part for _, part, _ in bars[:-1]] == pytest.approx(listed[listed != 0], abs=1e-9)
        assert frame["change"].sum() == pytest.approx(both.shown_size, abs=1e-9)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Besucher: gestiegen um 31,0\xa0% auf 1.310."),
        ("fr", "Visiteurs : hausse de 31,0\xa0%, à 1\u202f310."),
    ],
)
def test_sentences_are_in_the_language_of_the_reader(language: str, text: str) -> None:
    before = groups(a={"visitors": 900}, b={"visitors": 100})
    now = groups(a={"visitors": 910}, b={"visitors": 400})
    both, _parts = change("visitors", now, before)
    with texts.reading(language):
        assert what_changed.sentence(both) == text


def test_a_hostile_name_is_only_text() -> None:
    before = groups(a={"visitors": 900})
    now = groups(a={"visitors": 900}, **{"<script>": {"visitors": 900}})
    finding = finding_of("entry", "visitors", now, before)
    assert "Landing page <script> accounts for" in finding.text
    (text,) = ui.printed([ui.Findings("x", [finding], 300)])
    assert isinstance(text, ui.Text)
    assert text.text == finding.text


def test_a_click_on_a_change_opens_compare_where_the_figure_can_be_explained() -> None:
    tiles = ui.Tiles([figure(name, 2, 1, "") for name in ("Visitors", "Orders", "Bounce rate")])
    names = ("visitors", "orders", "bounce_rate")
    reasons = {"orders": "This website has no revenue."}
    explaining = what_changed.explaining(tiles, names, lambda name: reasons.get(name, ""))
    assert [tile.figure for tile in explaining.tiles] == ["visitors", "", "bounce_rate"]
    assert [tile.unexplained for tile in explaining.tiles] == ["", reasons["orders"], ""]
    assert explaining.on_explain
    params = {"figure": "visitors", "left": "", "right": ""}
    assert explaining.on_explain("visitors") == ui.OpenPage("compare", params)
