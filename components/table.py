"""The one table: the first rows on the page, all of them in a dialog, every one as CSV.

A Streamlit component of version 2 draws the rows into the page itself (no frame). It is coloured by
Streamlit's theme variables, so it follows light and dark. New data replaces rows where they stand,
so that nothing flickers and the scroll position stays. All text is set as text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from csv import QUOTE_NONNUMERIC
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import authorized, export_permissions, freshness
from components.escaping import harmless
from components.formats import Field, Tone, labelled, longest
from umami.memoize import memoize

SHOWN: Final = 10
"""Rows that a page shows."""
_FRONTEND: Final = Path(__file__).parent / "frontend"
_COMPONENT = st.components.v2.component(
    "table",
    html='<div class="scroll"><table><thead><tr></tr></thead><tbody></tbody></table></div>',
    css=(_FRONTEND / "table.css").read_text("utf-8"),
    js=(_FRONTEND / "table.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``wide`` ones are left out on narrow screens."""

    label: str
    number: bool = False
    wide: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, with a smaller line below it and a bar (0 to 100) behind it."""

    text: str
    note: str = ""
    bar: float | None = None
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``value`` is what a click on it gives, ``None`` where it cannot be clicked."""

    cells: tuple[Cell, ...]
    value: str | None = None
    active: bool = False


def draw_rows(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    label: str,
    key: str,
    on_choose: Callable[[str], None] | None = None,
    height: int | None = None,
) -> None:
    """Draw rows under their columns; a click calls ``on_choose(value)``.

    ``label`` names the table for screen readers; a table higher than ``height`` pixels scrolls.
    """

    def chosen() -> None:
        value: Any = st.session_state[key].chosen
        if on_choose and isinstance(value, str):
            on_choose(value)

    _COMPONENT(
        key=key,
        data={
            "label": label,
            "columns": [asdict(column) for column in columns],
            "records": [asdict(row) for row in rows],
            "chooses": on_choose is not None,
            "height": height,
        },
        on_chosen_change=authorized.callback(chosen),
    )


def rows_of(
    frame: pd.DataFrame,
    fields: Sequence[Field],
    *,
    value: str | None = None,
    active: Collection[str] = (),
    shown: int | None = None,
) -> list[Row]:
    """The first ``shown`` rows of a frame (all by default) as they are drawn.

    ``value`` is the column whose text a click gives; rows whose value is ``active`` are marked.
    """
    return _rows_of(frame, tuple(fields), value, tuple(active), shown)


@memoize
def _rows_of(
    frame: pd.DataFrame,
    fields: tuple[Field, ...],
    value: str | None,
    active: tuple[str, ...],
    shown: int | None,
) -> list[Row]:
    top = frame if shown is None else frame.head(shown)
    bars = longest(top, fields)
    rows = []
    for at, record in enumerate(top.to_dict("records")):
        cells = []
        for field in fields:
            content = record[field.column]
            note = record[field.note] if field.note else None
            said = "" if note is None or pd.isna(note) else str(note)
            cells.append(Cell(field.shown(content), said, tone=field.tone(content)))
        if bars and not pd.isna(bars[0].iloc[at]):
            share = float(bars[0].iloc[at]) / bars[1]
            cells[0] = replace(cells[0], bar=round(100 * share, 1))
        clicked = record[value] if value else None
        text = clicked if isinstance(clicked, str) else None
        rows.append(Row(tuple(cells), text, clicked in active))
    return rows


def columns_of(fields: Sequence[Field]) -> list[Column]:
    """The headings of a table."""
    return [Column(field.label, field.number, field.wide, field.help) for field in fields]


def draw_table(
    frame: pd.DataFrame,
    fields: Sequence[Field],
    *,
    what: str,
    key: str,
    value: str | None = None,
    active: Collection[str] = (),
    on_choose: Callable[[str], None] | None = None,
    shown: int = SHOWN,
    more_fields: Sequence[Field] = (),
    with_csv: bool = True,
    height: int | None = None,
) -> None:
    """The first rows of a frame, a way to all of them, and all of them as CSV.

    ``what`` names the rows in the plural (``campaigns``), the file too; a click on a row calls
    ``on_choose`` with what its column ``value`` holds; beyond ``height`` (pixels) it scrolls.
    """
    draw_rows(
        columns_of(fields),
        rows_of(frame, fields, value=value, active=active, shown=shown),
        label=what[:1].upper() + what[1:],
        key=key,
        on_choose=on_choose,
        height=height,
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if len(frame) > shown and st.button(
            f"All {len(frame):,} {what}",
            key=f"{key}_all",
            type="tertiary",
            icon=":material/open_in_full:",
        ):
            full_list(frame, [*fields, *more_fields], what=what, key=key)
        if with_csv:
            csv_button(frame, [*fields, *more_fields], what=what, key=key)


def full_list(frame: pd.DataFrame, fields: Sequence[Field], *, what: str, key: str) -> None:
    """All rows in a dialog, searched and sorted by the viewer."""

    def draw() -> None:
        freshness.hold()
        needle = st.text_input(
            "Search",
            type="search",
            placeholder=f"Search {len(frame):,} {what}",
            label_visibility="collapsed",
            live=True,
            key=f"{key}_search",
        )
        named = labelled(frame, fields)
        found = search(named, needle or "")
        grid(found, fields, height=430)
        _csv_button(lambda: found, what=what, key=f"{key}_found")

    authorized.dialog(what.capitalize(), draw)


def csv_button(frame: pd.DataFrame, fields: Sequence[Field], *, what: str, key: str) -> None:
    """All rows as CSV: numbers as they are, fractions as fractions."""
    _csv_button(lambda: labelled(frame, fields), what=what, key=key)


def _csv_button(make: Callable[[], pd.DataFrame], *, what: str, key: str) -> None:
    name = f"{what.replace(' ', '-')}.csv"
    export_permissions.export_button(lambda: to_csv(make()), file_name=name, key=f"{key}_csv")


def grid(
    named: pd.DataFrame, fields: Sequence[Field], *, height: int, key: str | None = None
) -> None:
    """A frame that ``labelled`` made, to sort and search in the browser."""
    hundredfold = [
        field.heading for field in fields if field.kind in ("percent", "change", "points")
    ]
    st.dataframe(
        named.assign(**{label: 100 * named[label] for label in hundredfold}),
        hide_index=True,
        height=height,
        key=key,
        lazy=False,
        column_config={field.heading: _config(field, at == 0) for at, field in enumerate(fields)},
    )


def _config(field: Field, first: bool) -> Any:
    decimals = 2 if field.decimals is None else field.decimals
    formatted = {
        "count": "localized",
        "number": "localized",
        "percent": "%.1f%%",
        "seconds": "%.0f s",
        "money": f"%.{decimals}f",
        "change": "%+.1f%%",
        "points": "%+.1f pts",
        "delta": f"%+.{decimals}f" if field.currency else "%+d",
    }
    if field.kind == "text":
        return st.column_config.TextColumn(width="large" if first else None)
    if field.kind == "time":
        return st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")
    return st.column_config.NumberColumn(format=formatted[field.kind])


def search(frame: pd.DataFrame, needle: str) -> pd.DataFrame:
    """The rows that contain this text anywhere, whatever its case."""
    hits = pd.DataFrame(
        {
            name: frame[name].astype("str").str.contains(needle, case=False, regex=False)
            for name in frame.select_dtypes(exclude="number")
        }
    )
    return frame[hits.any(axis=1)]


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV that spreadsheets open as text and numbers, never as formulas.

    All text stands in quotes: a spreadsheet that parts cells elsewhere cuts none in two.
    """
    safe = frame.map(harmless).rename(columns=harmless)
    text: str = safe.to_csv(index=False, quoting=QUOTE_NONNUMERIC)
    return text.encode("utf-8-sig")
