// Reports the shortcuts of the page, opens the search and the list of shortcuts, and lets Tab reach
// the inputs of components in dialogs.
const TYPING = "input, textarea, select, [contenteditable='true'], [role='combobox'], iframe"
// In these, arrow keys move the focus or scroll, and letters may choose an entry.
const MOVING = "[role='tablist'], [role='radiogroup'], [role='slider'], [role='listbox'], "
  + "[role='menu'], [role='grid'], canvas, [tabindex='0']:not(a, button)"
// Whatever lies over the page has the keyboard for itself.
const OVER = "[role='dialog'], [data-testid='stPopoverBody'], [role='menu'], [role='listbox'], "
  + ".umami-stretch"

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
const element = (kind, text, parts = []) => {
  const made = document.createElement(kind)
  made.textContent = text
  made.append(...parts)
  return made
}
const keyOf = (event) => {
  const shift = event.shiftKey && /^[a-z]$/i.test(event.key) ? "shift+" : ""
  return shift + event.key.toLowerCase()
}

const STOP = "a[href], button, input, select, textarea, [tabindex]"
const stops = (root) => [...root.querySelectorAll("*")].flatMap((node) => {
  if (node.shadowRoot) return stops(node.shadowRoot)
  const free = node.matches(STOP) && node.tabIndex >= 0 && !node.disabled
  return free && node.checkVisibility({ visibilityProperty: true }) ? [node] : []
})
// Streamlit moves the focus within a dialog, and passes over what is inside of components.
const tabbed = (event) => {
  if (event.key !== "Tab" || event.ctrlKey || event.metaKey || event.altKey) return
  let active = document.activeElement
  const dialog = active?.closest("[role='dialog']")
  if (!dialog) return
  while (active.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
  const all = stops(dialog)
  const at = all.indexOf(active)
  const next = event.shiftKey ? all.at(at < 0 ? -1 : at - 1) : all[(at + 1) % all.length]
  if (!next || [active, next].every((node) => node.getRootNode() === document)) return
  event.preventDefault()
  event.stopImmediatePropagation()
  next.focus()
}

let listed = 0

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const search = parentElement.querySelector(".search")
  const list = parentElement.querySelector(".list")
  const input = search.querySelector("input")
  const targets = search.querySelector("ul")
  let active = 0

  const show = () => {
    const wanted = plain(input.value.trim())
    const rank = (title) => {
      const at = plain(title).indexOf(wanted)
      return at < 0 ? 3 : at === 0 ? 0 : /\W/.test(plain(title)[at - 1]) ? 1 : 2
    }
    const hits = data.targets
      .map(([title, kind], place) => ({ title, kind, place, rank: rank(title) }))
      .filter((hit) => hit.rank < 3)
      .sort((one, other) => one.rank - other.rank || one.place - other.place)
    targets.replaceChildren(...hits.map((hit, at) => {
      const row = element("li", "", [element("span", hit.title), element("span", hit.kind)])
      row.id = `target-${at}`
      row.role = "option"
      row.onclick = () => choose(hit.place)
      row.dataset.place = hit.place
      return row
    }))
    search.querySelector("p").textContent = hits.length ? "" : data.texts.none
    mark(0)
  }
  const mark = (at) => {
    const rows = [...targets.children]
    active = Math.min(Math.max(at, 0), rows.length - 1)
    rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === active)))
    rows[active]?.scrollIntoView({ block: "nearest" })
    input.setAttribute("aria-activedescendant", rows[active]?.id ?? "")
  }
  const choose = (place) => {
    search.close()
    setTriggerValue("chosen", place)
  }

  input.setAttribute("aria-label", data.texts.search)
  input.placeholder = data.texts.search
  search.setAttribute("aria-label", data.texts.search)
  targets.setAttribute("aria-label", data.texts.search)
  input.oninput = show
  input.onkeydown = (event) => {
    const rows = targets.children
    const to = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key]
    if (to !== undefined) mark((to + rows.length) % rows.length)
    else if (event.key === "Enter" && rows[active]) choose(Number(rows[active].dataset.place))
    else return
    event.preventDefault()
  }

  list.querySelector("h2").textContent = data.texts.list
  const close = list.querySelector("button")
  close.textContent = data.texts.close
  close.onclick = () => list.close()
  list.querySelector("dl").replaceChildren(...data.shortcuts.map(([keys, title]) =>
    element("div", "", [element("dt", "", [element("kbd", keys)]), element("dd", title)])))

  for (const dialog of [search, list]) {
    // Streamlit listens on the document, where it cannot see into this component.
    dialog.onkeydown = (event) => event.stopPropagation()
    dialog.onclick = (event) => { if (event.target === dialog) dialog.close() }
  }
  if (search.open) show()

  const open = {
    "/": () => {
      input.value = ""
      search.showModal()
      show()
    },
    "?": () => list.showModal(),
  }
  if (data.listed > listed) open["?"]()
  listed = data.listed

  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return
    const key = keyOf(event)
    if (!(key in open) && !data.keys.includes(key)) return
    const within = (selector) => event.composedPath().some((node) => node.matches?.(selector))
    if (search.open || list.open || document.querySelector(OVER) || within(TYPING)) return
    if (key.startsWith("arrow") && within(MOVING)) return
    event.preventDefault()
    // Some of these keys are shortcuts of Streamlit.
    event.stopImmediatePropagation()
    if (key in open) open[key]()
    else setTriggerValue("pressed", key)
  }
  const listeners = [pressed, tabbed]
  for (const each of listeners) window.addEventListener("keydown", each, { capture: true })
  return () => {
    for (const each of listeners) window.removeEventListener("keydown", each, { capture: true })
  }
}
