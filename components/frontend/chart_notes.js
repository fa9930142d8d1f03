// Draws the flags of notes over the time charts of a page, and offers to add one; over charts of
// visitors, views, visits or conversions, the usual range and the unusual days. The charts are not drawn again for
// them: they lie over a chart, at the places of its axes.
const STYLE = `
.umami-notes { position: absolute; inset: 0; pointer-events: none; z-index: 2; }
.umami-notes > div { position: absolute; }
.umami-notes > .band { background: color-mix(in srgb, currentColor 8%, transparent); }
.umami-notes > .line { width: 0; border-left: 1px dashed color-mix(in srgb, currentColor 45%, transparent); }
.umami-notes > svg { position: absolute; overflow: hidden; }
.umami-notes > svg path { fill: color-mix(in srgb, currentColor 12%, transparent); }
.umami-notes > .unusual { width: 10px; height: 10px; margin: -5px 0 0 -5px; box-sizing: border-box;
  border: 1.5px solid currentColor; border-radius: 50%; background: var(--umami-page);
  pointer-events: auto; }
.umami-notes > .legend { left: 0; max-width: calc(100% - 15rem); overflow: hidden; white-space: nowrap;
  text-overflow: ellipsis; font: 12px/20px var(--umami-font, sans-serif); opacity: 0.8; }
.umami-notes.hovered > .line { visibility: hidden; } /* It would lie over the hover label. */
.umami-notes > button { position: absolute; box-sizing: border-box; width: 24px; height: 24px;
  margin: 0 0 0 -12px; padding: 3px; border: 0; background: none; color: inherit; cursor: pointer;
  pointer-events: auto; font: 600 11px/18px var(--umami-font, sans-serif); }
.umami-notes > button > span { display: block; min-width: 18px; height: 18px; border-radius: 9px;
  background: var(--umami-text); color: var(--umami-page); text-align: center; }
.umami-notes > .plus > span { background: var(--umami-page); color: inherit; line-height: 16px;
  box-sizing: border-box; border: 1px solid color-mix(in srgb, currentColor 55%, transparent); }
.umami-notes > button:focus-visible > span { outline: 2px solid currentColor; outline-offset: 2px; }
@media (pointer: coarse) {
  .umami-notes > button { width: 32px; height: 32px; margin-left: -16px; padding: 7px; }
}
.umami-note-list { pointer-events: auto; position: fixed; inset: auto; margin: 0; box-sizing: border-box;
  width: max-content; max-width: min(22rem, calc(100vw - 16px)); max-height: 50vh; overflow: auto;
  padding: 0.5rem 0.75rem; border-radius: 8px; font-size: 0.9rem; color: var(--umami-text);
  background: var(--umami-page); box-shadow: 0 4px 16px rgb(0 0 0 / 20%);
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.umami-note-list section { padding-bottom: 0.5rem; margin-bottom: 0.5rem;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.umami-note-list section:last-child { padding: 0; margin: 0; border: 0; }
.umami-note-list p { margin: 0.15rem 0 0.35rem; line-height: 1.35; overflow-wrap: anywhere; }
.umami-note-list small { opacity: 0.8; }
.umami-note-list button { min-height: 24px; padding: 0 0.4rem; border-radius: 6px; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); background: none;
  color: inherit; font: inherit; font-size: 0.8rem; }
`
const LINE = 18 // Pixels of a note below a picture.
const MOST_LISTED = 8 // Notes below a picture.
const TARGET = 24 // Pixels between two flags; those that are nearer become one.
const LEAVES = 250 // Milliseconds in which the pointer may go from a flag to its notes.

const element = (kind, name, text) => {
  const made = document.createElement(kind)
  if (name) made.className = name
  if (text !== undefined) made.textContent = text
  if (kind === "button") made.type = "button"
  return made
}
const placeOf = (plot) => plot.closest("[data-testid='stElementContainer']")
const layerOf = (plot) => placeOf(plot)?.querySelector(":scope > .umami-notes")

// Ends what the last run of the page has drawn. Streamlit does not always do so before the next one.
let end = () => {}

export default function (component) {
  const { data, setTriggerValue } = component
  end()
  if (!document.getElementById("umami-notes")) {
    const style = element("style", "", STYLE)
    style.id = "umami-notes"
    document.head.append(style)
  }
  const stop = new AbortController()
  const version = JSON.stringify(data)
  let list = null // The open list of notes, and the flag that it belongs to.
  let closing = 0

  const close = () => {
    clearTimeout(closing)
    list?.remove()
    list = null
  }
  const closeSoon = () => {
    clearTimeout(closing)
    closing = setTimeout(close, LEAVES)
  }
  const act = (name, value) => {
    close()
    setTriggerValue(name, value)
  }

  const open = (button, flag) => {
    if (list?.flag === flag) return clearTimeout(closing)
    close()
    const made = element("div", "umami-note-list")
    list = made
    list.flag = flag
    list.popover = "auto"
    list.setAttribute("role", "dialog")
    list.setAttribute("aria-label", data.texts.notes)
    for (const note of flag.notes) {
      const entry = element("section")
      const text = element("p", "", note.text)
      text.dir = "auto"
      entry.append(element("small", "", note.when), text)
      if (note.changes) {
        const change = element("button", "", data.texts.change)
        change.onclick = () => act("edit", note.key)
        entry.append(change)
      }
      list.append(entry)
    }
    if (data.writes) {
      const more = element("button", "", data.texts.more)
      more.onclick = () => act("add", flag.x)
      list.append(more)
    }
    list.onpointerenter = () => clearTimeout(closing)
    list.onpointerleave = (event) => { if (event.pointerType === "mouse") closeSoon() }
    list.ontoggle = (event) => { if (event.newState === "closed" && list === made) close() }
    button.after(list)
    list.showPopover()
    const at = button.getBoundingClientRect()
    const { width, height } = list.getBoundingClientRect()
    const left = Math.min(Math.max(at.left + at.width / 2 - width / 2, 8), innerWidth - width - 8)
    const below = at.bottom + height + 8 < innerHeight
    list.style.left = `${left}px`
    list.style.top = `${below ? at.bottom : Math.max(at.top - height, 8)}px`
  }

  // The usual range as an area, and a ring around each unusual day, which tells its figures.
  const usual = (plot, of, xOf, left, top) => {
    const { yaxis, _size: size } = plot._fullLayout
    const yOf = (value) => Math.min(Math.max(yaxis.c2p(value), 0), size.h)
    const rings = of.days.map(({ x, y, text }) => {
      const ring = element("div", "unusual")
      ring.style.left = `${xOf(x)}px`
      ring.style.top = `${top + yOf(y)}px`
      ring.title = text
      ring.setAttribute("role", "img")
      ring.setAttribute("aria-label", text)
      return ring
    })
    if (of.range.length < 2) return rings
    const legend = element("div", "legend", `▒ ${data.texts.usual}${rings.length ? ` · ○ ${data.texts.unusual}` : ""}`)
    legend.title = legend.textContent
    legend.style.top = "3px"
    const point = ([x, y]) => `${xOf(x) - left},${yOf(y)}`
    const high = of.range.map(([x, , high]) => point([x, high]))
    const low = of.range.map(([x, low]) => point([x, low])).reverse()
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    const area = document.createElementNS("http://www.w3.org/2000/svg", "path")
    area.setAttribute("d", `M${[...high, ...low].join("L")}Z`)
    svg.setAttribute("role", "img")
    svg.setAttribute("aria-label", data.texts.usual)
    svg.append(area)
    Object.assign(svg.style, {
      left: `${left}px`, top: `${top}px`, width: `${size.w}px`, height: `${size.h}px` })
    return [legend, svg, ...rings]
  }

  // The flags with their places, of which those that are too near are one.
  const grouped = (xOf) => {
    const groups = []
    for (const flag of data.flags) {
      const [last, x] = [groups.at(-1), xOf(flag.x)]
      if (last && x - last.place < TARGET) last.notes.push(...flag.notes)
      else groups.push({ ...flag, place: x, notes: [...flag.notes] })
    }
    return groups
  }

  // The chart as a picture shows it, whose notes are numbers with their texts below, `below` pixels
  // high: the range, the rings and the notes as parts of the figure.
  const marked = (plot) => {
    const { color, backgroundColor } = getComputedStyle(document.querySelector("[data-testid='stApp']"))
    const faded = (part) => color.replace(/^rgb\((.*)\)$/, `rgba($1, ${part})`)
    const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    // Plotly takes numbers for times of the browser's zone.
    const moment = (x) => new Date(x).toISOString().slice(0, 19)
    const { layout, _fullLayout: { xaxis, yaxis, _size: size } } = plot
    const [before, after] = [[], []]
    const of = plot.data.map((trace) => data.usual[trace.meta]).find(Boolean)
    if (of?.range.length > 1) {
      const there = of.range.map(([x, , high]) => [x, high])
      const back = of.range.map(([x, low]) => [x, low]).reverse()
      before.push({ type: "scatter", mode: "lines", line: { width: 0 }, fill: "toself",
        fillcolor: faded(0.12), name: data.texts.usual, hoverinfo: "skip", legendrank: 2000,
        x: [...there, ...back].map(([x]) => moment(x)), y: [...there, ...back].map(([, y]) => y) })
    }
    if (of?.days.length) {
      after.push({ type: "scatter", mode: "markers", name: data.texts.unusual, hoverinfo: "skip",
        legendrank: 2001, cliponaxis: false, x: of.days.map(({ x }) => moment(x)),
        y: of.days.map(({ y }) => y),
        marker: { size: 9, color: backgroundColor, line: { width: 1.5, color } } })
    }
    const [shapes, annotations] = [[], []]
    for (const { x, until } of data.flags) {
      const place = { xref: "x", yref: "y domain", x0: moment(x), y0: 0, y1: 1 }
      if (until > x) {
        shapes.push({ ...place, type: "rect", x1: moment(until), layer: "below", line: { width: 0 },
          fillcolor: faded(0.08) })
      }
      shapes.push({ ...place, type: "line", x1: moment(x),
        line: { width: 1, dash: "dash", color: faded(0.45) } })
    }
    const groups = grouped((x) => xaxis.c2p(x))
    for (const [at, { x }] of groups.entries()) {
      annotations.push({ x: moment(x), xref: "x", y: 1, yref: "y domain", yanchor: "top",
        showarrow: false, borderpad: 2, text: `<b>${at + 1}</b>`, bgcolor: color,
        font: { color: backgroundColor, size: 11 } })
    }
    const texts = groups.flatMap(({ notes }, at) =>
      notes.map(({ when, text }) => `${at + 1}   ${when}: ${text}`))
    if (texts.length > MOST_LISTED) texts.splice(MOST_LISTED - 1, Infinity, "…")
    const room = Math.floor((size.w + size.r) / 6.5)
    for (const [at, text] of texts.entries()) {
      const short = text.length > room ? `${text.slice(0, room - 1)}…` : text
      annotations.push({ xref: "paper", yref: "paper", x: 0, y: 0, xanchor: "left", yanchor: "top",
        yshift: -size.b - LINE * at, showarrow: false, align: "left", text: escaped(short),
        font: { color, size: 12 } })
    }
    const below = texts.length ? LINE * texts.length + 8 : 0
    return {
      data: [...before, ...plot.data, ...after],
      layout: {
        ...layout,
        // What is added has the same axes.
        xaxis: { ...layout.xaxis, range: xaxis.range, autorange: false },
        yaxis: { ...layout.yaxis, range: yaxis.range, autorange: false },
        margin: { ...layout.margin, b: size.b + below },
        shapes: [...(layout.shapes ?? []), ...shapes],
        annotations: [...(layout.annotations ?? []), ...annotations],
      },
      below,
    }
  }

  const drawn = (plot) => {
    const place = placeOf(plot)
    const axis = plot._fullLayout?.xaxis
    const size = plot._fullLayout?._size
    if (!place || !axis || !size) return
    const inside = place.getBoundingClientRect()
    const outer = plot.getBoundingClientRect()
    const left = outer.left - inside.left + size.l
    const top = outer.top - inside.top + size.t
    const state = [version, left, top, size.w, size.h, axis.range, plot._fullLayout.yaxis?.range].join(" ")
    let layer = layerOf(plot)
    if (layer?.state === state) return
    layer?.remove()
    layer = element("div", "umami-notes")
    layer.state = state
    const xOf = (moment) => left + Math.min(Math.max(axis.c2p(moment), 0), size.w)
    const at = (node, x, width) => Object.assign(node.style, {
      left: `${x}px`, top: `${top}px`, height: `${size.h}px`, width: width && `${width}px` })
    for (const flag of data.flags) {
      const x = xOf(flag.x)
      if (flag.until > flag.x) {
        const band = element("div", "band")
        at(band, x, xOf(flag.until) - x)
        layer.append(band)
      }
      const line = element("div", "line")
      at(line, x)
      layer.append(line)
    }
    const of = plot.data?.map((trace) => data.usual[trace.meta]).find(Boolean)
    if (of) layer.append(...usual(plot, of, xOf, left, top))
    for (const flag of grouped(xOf)) {
      const button = element("button", "flag")
      const many = flag.notes.length
      button.append(element("span", "", many > 1 ? String(many) : "⚑"))
      button.setAttribute("aria-label", flag.notes.map((note) => `${note.when}: ${note.text}`).join("\n"))
      button.onclick = () => {
        // The press has closed a list that was open.
        close()
        open(button, flag)
      }
      button.onpointerenter = (event) => { if (event.pointerType === "mouse") open(button, flag) }
      button.onpointerleave = (event) => { if (event.pointerType === "mouse") closeSoon() }
      put(button, flag.place)
      layer.append(button)
    }
    function put(button, x) {
      button.style.left = `${x}px`
      button.style.top = `${Math.max(top - 16, outer.top - inside.top)}px`
    }
    if (data.writes) {
      // Over the point that the pointer is at. The button of the chart does the same by keyboard.
      const plus = element("button", "plus")
      plus.append(element("span", "", "+"))
      plus.title = data.texts.add
      plus.tabIndex = -1
      plus.setAttribute("aria-hidden", "true")
      plus.hidden = true
      layer.follow = (hovered) => {
        const moment = axis.d2c(hovered)
        plus.hidden = !Number.isFinite(moment) || data.flags.some((flag) => flag.x === moment)
        plus.onclick = () => act("add", moment)
        put(plus, xOf(moment))
      }
      layer.leave = () => { plus.hidden = true }
      layer.append(plus)
    }
    place.append(layer)
  }

  const offer = () => {
    const app = getComputedStyle(document.querySelector("[data-testid='stApp']"))
    for (const [name, value] of [["page", app.backgroundColor], ["text", app.color],
      ["font", app.fontFamily]]) {
      document.documentElement.style.setProperty(`--umami-${name}`, value)
    }
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      if (plot.layout?.meta?.selects !== "period") continue
      if (!plot.umamiNotes && plot.on) {
        const hovered = ({ points }) => {
          layerOf(plot)?.classList.add("hovered")
          layerOf(plot)?.follow?.(points[0].x)
        }
        const left = () => layerOf(plot)?.classList.remove("hovered")
        plot.umamiNotes =
          { plotly_afterplot: plan, plotly_hover: hovered, plotly_unhover: left }
        for (const [name, handle] of Object.entries(plot.umamiNotes)) plot.on(name, handle)
      }
      plot.umamiMarked = () => marked(plot)
      drawn(plot)
      const bar = placeOf(plot)?.querySelector(":scope > .umami-chart-download")
      if (!data.writes || !bar || bar.querySelector(".umami-note-add")) continue
      const button = element("button", "umami-note-add", data.texts.note)
      button.setAttribute("aria-label", data.texts.add)
      button.onclick = () => act("add", null)
      bar.prepend(button)
    }
  }
  let planned = 0
  function plan() {
    if (stop.signal.aborted) return
    cancelAnimationFrame(planned)
    planned = requestAnimationFrame(offer)
  }

  document.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return
    const over = event.target.closest?.(".js-plotly-plot")
    for (const layer of document.querySelectorAll(".umami-notes")) {
      if (layer.contains(event.target)) continue
      if (!over || placeOf(over) !== layer.parentElement) layer.leave?.()
    }
  }, { signal: stop.signal, passive: true })
  document.addEventListener("scroll", (event) => {
    if (list && !list.contains(event.target)) close()
  }, { signal: stop.signal, capture: true, passive: true })
  const watching = new MutationObserver(plan)
  watching.observe(document.body, { childList: true, subtree: true })
  offer()
  const clean = () => {
    if (stop.signal.aborted) return
    stop.abort()
    watching.disconnect()
    cancelAnimationFrame(planned)
    close()
    for (const made of document.querySelectorAll(".umami-notes, .umami-note-add")) made.remove()
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      for (const [name, handle] of Object.entries(plot.umamiNotes ?? {})) {
        plot.removeListener?.(name, handle)
      }
      plot.umamiNotes = plot.umamiMarked = null
    }
  }
  end = clean
  return clean
}
