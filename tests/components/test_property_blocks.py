"""Properties and their values as blocks."""

from __future__ import annotations

from datetime import date

from components.blocks import Chart, SetParams, Table, Text, Tiles
from components.property_blocks import property_blocks, value_blocks
from umami.api.events import DataType, Property, PropertyValue
from umami.period import Period
from umami.view import View

VIEW = View("site", Period.of_days(date(2026, 8, 1), date(2026, 8, 31), "UTC"))
PROPERTIES = (
    Property("plan", 4, "signup", DataType.STRING),
    Property("plan", 2, "upgrade", DataType.STRING),
)


def test_property_is_chosen_with_its_event() -> None:
    (table,) = property_blocks(
        VIEW,
        "Count",
        "None.",
        ("upgrade", "plan"),
        lambda row: SetParams({"event": row.event or "", "event_property": row.name}),
        PROPERTIES,
    )
    assert isinstance(table, Table)
    assert table.active == ["1"]
    assert table.on_choose is not None
    assert table.on_choose("0") == SetParams({"event": "signup", "event_property": "plan"})


def test_missing_properties_are_explained() -> None:
    assert property_blocks(VIEW, "Count", "None.", ("", ""), lambda _: SetParams({}), ()) == [
        Text("None.", "empty")
    ]


def test_numeric_values_have_tiles_and_a_distribution() -> None:
    values = (PropertyValue("1", 2), PropertyValue("5", 1))
    blocks = value_blocks(VIEW, "price", values)
    (tiles,) = (block for block in blocks if isinstance(block, Tiles))
    assert {tile.label: tile.number for tile in tiles.tiles} == {
        "Minimum": 1,
        "Median": 1,
        "Mean": 7 / 3,
        "Maximum": 5,
    }
    assert any(isinstance(block, Chart) for block in blocks)


def test_mixed_values_have_no_tiles_or_distribution() -> None:
    blocks = value_blocks(VIEW, "plan", (PropertyValue("1", 2), PropertyValue("pro", 1)))
    assert not any(isinstance(block, (Tiles, Chart)) for block in blocks)
    page, report = (block for block in blocks if isinstance(block, Table))
    assert (page.title, page.medium) == ("values", "page")
    assert (report.title, report.medium) == ("values of plan", "report")
    assert list(report.frame["total"]) == [2, 1]
