"""A ranking as rows with share bars, each row a button.

A Streamlit component of version 2: drawn into the page itself (no frame), coloured by
Streamlit's own theme variables, so it follows light and dark by itself. All text is set as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import streamlit as st

from components import authorized

_HTML: Final = """
<div class="head" aria-hidden="true">
  <span class="what"></span>
  <span class="measure"></span>
  <span class="part"></span>
</div>
<ul class="rows"></ul>
"""

_CSS: Final = """
:host { display: block; }
* { box-sizing: border-box; }
.head {
  display: grid;
  grid-template-columns: minmax(0, 1fr) auto 5.4rem;
  gap: 0.75rem;
  padding: 0 0.6rem 0.35rem;
  font-family: var(--st-font);
  font-size: 0.8rem;
  color: color-mix(in srgb, var(--st-text-color) 72%, transparent);
}
.part { text-align: right; white-space: nowrap; cursor: help;
  text-decoration: underline dotted; text-underline-offset: 3px; }
.rows { list-style: none; margin: 0; padding: 0; display: grid; gap: 3px; }
.row {
  position: relative;
  display: grid;
  grid-template-columns: minmax(0, 1fr) auto 5.4rem;
  align-items: center;
  gap: 0.75rem;
  width: 100%;
  min-height: 2.1rem;
  padding: 0 0.6rem;
  border: 1px solid transparent;
  border-radius: 6px;
  background: transparent;
  color: var(--st-text-color);
  font-family: var(--st-font);
  font-size: 0.92rem;
  line-height: 1.2;
  text-align: left;
  overflow: hidden;
}
.row::before {
  content: "";
  position: absolute;
  inset: 0 auto 0 0;
  width: var(--bar);
  background: color-mix(in srgb, var(--st-primary-color) 17%, transparent);
  border-radius: 5px;
}
.row > * { position: relative; }
button.row { cursor: pointer; }
button.row:hover { border-color: color-mix(in srgb, var(--st-primary-color) 55%, transparent); }
button.row:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
button.row[aria-pressed="true"] { border-color: var(--st-primary-color); font-weight: 600; }
.name { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.count { font-variant-numeric: tabular-nums; font-weight: 600; }
.share {
  font-variant-numeric: tabular-nums;
  text-align: right;
  color: color-mix(in srgb, var(--st-text-color) 72%, transparent);
}
"""

_JS: Final = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".rows")
  parentElement.querySelector(".what").textContent = data.what
  parentElement.querySelector(".measure").textContent = data.measure
  const part = parentElement.querySelector(".part")
  part.textContent = data.part
  part.title = data.about
  list.setAttribute("aria-label", `${data.what}. ${data.about}`)

  const root = parentElement.getRootNode()
  const focused = root.activeElement && root.activeElement.dataset
    ? root.activeElement.dataset.at : undefined

  const cell = (kind, text) => {
    const span = document.createElement("span")
    span.className = kind
    span.textContent = text
    return span
  }

  list.replaceChildren(...data.rows.map((row, at) => {
    const line = document.createElement(row.value === null ? "div" : "button")
    line.className = "row"
    line.dataset.at = String(at)
    line.style.setProperty("--bar", row.bar + "%")
    line.title = row.name
    if (row.value !== null) {
      line.type = "button"
      line.setAttribute("aria-pressed", String(row.active))
      line.setAttribute(
        "aria-label",
        `${row.name}: ${row.count} ${data.measure}, ${row.share} ${data.part.slice(2)}. ` +
          (row.active ? "Remove this filter" : "Filter by this")
      )
      line.onclick = () => setTriggerValue("chosen", row.value)
    }
    line.append(cell("name", row.name), cell("count", row.count), cell("share", row.share))
    const item = document.createElement("li")
    item.append(line)
    return item
  }))

  if (focused !== undefined) {
    const again = list.querySelector(`[data-at="${focused}"]`)
    if (again) again.focus()
  }
}
"""

_COMPONENT = st.components.v2.component("share_table", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``bar`` is its length in per cent, ``value`` what a click on it gives."""

    name: str
    count: str
    share: str
    bar: float
    value: str | None
    """``None``: the line cannot be clicked."""
    active: bool = False


def share_table(
    rows: Sequence[Row],
    *,
    what: str,
    measure: str,
    part: str,
    about: str,
    key: str,
    on_choose: Callable[[str], None],
) -> None:
    """Draw rows under the headings ``what``, ``measure`` and ``part`` (``% of visitors``), which
    ``about`` explains; a click calls ``on_choose(value)``."""

    def chosen() -> None:
        value: Any = st.session_state[key].chosen
        if isinstance(value, str):
            on_choose(value)

    _COMPONENT(
        key=key,
        data={
            "what": what,
            "measure": measure,
            "part": part,
            "about": about,
            "rows": [asdict(row) for row in rows],
        },
        on_chosen_change=authorized.callback(chosen),
    )
