"""A table of records whose rows may be chosen, in place on the page.

A Streamlit component of version 2: drawn into the page itself (no frame), coloured by Streamlit's
own theme variables, so it follows light and dark by itself. New data replaces rows where they
stand: nothing flickers, what was scrolled to stays in sight. All text is set as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import streamlit as st

from components import authorized
from components.fields import Tone

_HTML: Final = """
<div class="scroll"><table><thead><tr></tr></thead><tbody></tbody></table></div>
"""

_CSS: Final = """
:host { display: block; }
* { box-sizing: border-box; }
.scroll { overflow: auto; max-height: var(--tall, none); border-radius: 6px; }
table {
  width: 100%;
  border-collapse: collapse;
  color: var(--st-text-color);
  font-family: var(--st-font);
  font-size: 0.92rem;
  line-height: 1.3;
}
th {
  position: sticky;
  top: 0;
  z-index: 1;
  padding: 0.25rem 0.6rem 0.4rem;
  font-size: 0.8rem;
  font-weight: 400;
  text-align: left;
  white-space: nowrap;
  background: var(--st-background-color);
  color: color-mix(in srgb, var(--st-text-color) 72%, transparent);
  border-bottom: 1px solid var(--st-border-color);
}
td {
  position: relative;
  height: 2.2rem;
  padding: 0.3rem 0.6rem;
  border-bottom: 1px solid color-mix(in srgb, var(--st-border-color) 55%, transparent);
}
th.help { cursor: help; text-decoration: underline dotted; text-underline-offset: 3px; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.first { max-width: 0; width: 100%; }
td:not(.first):not(.number) { max-width: 15rem; }
.text, .note { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.note { font-size: 0.8rem; color: color-mix(in srgb, var(--st-text-color) 68%, transparent); }
.bar {
  position: absolute;
  inset: 2px auto 2px 0;
  width: var(--bar);
  background: color-mix(in srgb, var(--st-primary-color) 16%, transparent);
  border-radius: 5px;
  pointer-events: none;
}
td > * { position: relative; }
td > .bar { position: absolute; }
.good { color: var(--st-green-text-color); }
.bad { color: var(--st-red-text-color); }
.muted { color: color-mix(in srgb, var(--st-text-color) 62%, transparent); }
button {
  all: unset;
  box-sizing: border-box;
  display: block;
  width: 100%;
  cursor: pointer;
}
tr.open:hover td { background: color-mix(in srgb, var(--st-primary-color) 7%, transparent); }
tr.open { cursor: pointer; }
tr.active td { font-weight: 600; }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px;
  border-radius: 4px; }
@media (max-width: 640px) {
  .wide { display: none; }
  th, td { padding-left: 0.35rem; padding-right: 0.35rem; }
}
"""

_JS: Final = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const table = parentElement.querySelector("table")
  const head = parentElement.querySelector("thead tr")
  const body = parentElement.querySelector("tbody")
  table.setAttribute("aria-label", data.label)
  parentElement.querySelector(".scroll").style.setProperty(
    "--tall", data.height ? data.height + "px" : "none")

  const root = parentElement.getRootNode()
  const focused = root.activeElement && root.activeElement.dataset
    ? root.activeElement.dataset.value : undefined

  const look = (cell, column, at) => {
    if (at === 0) cell.classList.add("first")
    if (column.number) cell.classList.add("number")
    if (column.wide) cell.classList.add("wide")
  }
  const said = (kind, text) => {
    const span = document.createElement("span")
    span.className = kind
    span.textContent = text
    return span
  }

  head.replaceChildren(...data.columns.map((column, at) => {
    const cell = document.createElement("th")
    cell.scope = "col"
    cell.textContent = column.label
    if (column.help) {
      cell.title = column.help
      cell.classList.add("help")
    }
    look(cell, column, at)
    return cell
  }))

  body.replaceChildren(...data.records.map((record) => {
    const line = document.createElement("tr")
    const open = record.value !== null && data.chooses
    line.classList.toggle("open", open)
    line.classList.toggle("active", record.active)
    if (open) line.onclick = () => setTriggerValue("chosen", record.value)
    line.append(...record.cells.map((given, at) => {
      const cell = document.createElement("td")
      look(cell, data.columns[at], at)
      if (given.tone) cell.classList.add(given.tone)
      cell.title = given.text
      if (given.bar !== null) {
        const bar = document.createElement("span")
        bar.className = "bar"
        bar.style.setProperty("--bar", given.bar + "%")
        cell.append(bar)
      }
      let holder = cell
      if (open && at === 0) {
        holder = document.createElement("button")
        holder.type = "button"
        holder.dataset.value = record.value
        holder.setAttribute("aria-pressed", String(record.active))
        cell.append(holder)
      }
      holder.append(said("text", given.text))
      if (given.note) holder.append(said("note", given.note))
      return cell
    }))
    return line
  }))

  if (focused !== undefined) {
    const again = [...body.querySelectorAll("button")].find((one) => one.dataset.value === focused)
    if (again) again.focus({ preventScroll: true })
  }
}
"""

_COMPONENT = st.components.v2.component("record_table", html=_HTML, css=_CSS, js=_JS)


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
    records: Sequence[Row],
    *,
    label: str,
    key: str,
    on_choose: Callable[[str], None] | None = None,
    height: int | None = None,
) -> None:
    """Draw records under their columns; a click calls ``on_choose(value)``.

    ``label`` names the table to those who do not see it; ``height`` (pixels) is where it begins
    to scroll.
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
            "records": [asdict(record) for record in records],
            "chooses": on_choose is not None,
            "height": height,
        },
        on_chosen_change=authorized.callback(chosen),
    )
