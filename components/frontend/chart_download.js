const STYLE = `
.umami-chart-download { position: absolute; top: 0; right: 0; display: flex; gap: 0.25rem;
  opacity: 0.75; }
*:hover > .umami-chart-download, .umami-chart-download:focus-within { opacity: 1; }
.umami-chart-download button { padding: 0.05rem 0.4rem; border-radius: 6px; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); color: inherit;
  background: var(--umami-page); font-family: inherit; font-size: 0.72rem; line-height: 1.4;
  min-height: 24px; }
:is([data-testid="stElementContainer"], [data-testid="stFullScreenFrame"]):has(.umami-chart-table) {
  height: auto; flex: none; overflow: visible; }
/* A diagram may scroll, and its buttons do not. */
:has(> [class*="st-key-scrolling_"]) { position: relative; }
.umami-chart-table { max-height: 20rem; overflow: auto; margin-top: 0.5rem; font-size: 0.85rem;
  border: 1px solid color-mix(in srgb, currentColor 15%, transparent); border-radius: 8px; }
.umami-chart-table table { width: 100%; border-collapse: collapse; }
.umami-chart-table caption { padding: 0.4rem 0.6rem; text-align: start; }
.umami-chart-table :is(th, td) { padding: 0.25rem 0.6rem; text-align: end; white-space: nowrap;
  border-top: 1px solid color-mix(in srgb, currentColor 10%, transparent); font-weight: 400;
  font-variant-numeric: tabular-nums; }
.umami-chart-table thead th { position: sticky; top: 0; background: var(--umami-page);
  font-weight: 600; }
.umami-chart-table :is(:first-child, .text):is(th, td) { text-align: start; }
`

const page = () => getComputedStyle(document.querySelector("[data-testid='stApp']"))
// What scrolls where a diagram is wider than the page; charts that Plotly draws have none.
const scrolling = (chart) => chart.closest("[class*='st-key-scrolling_']")
const named = (chart) => (chart.getAttribute("aria-label") || "Chart").slice(0, 80)

const save = (url, name) => {
  const link = Object.assign(document.createElement("a"), { rel: "noopener" })
  link.href = url
  link.download = name
  link.click()
}

const drawn = (url, width, height) => new Promise((done, failed) => {
  const picture = new Image()
  picture.onload = () => {
    const canvas = document.createElement("canvas")
    canvas.width = 2 * width
    canvas.height = 2 * height
    const brush = canvas.getContext("2d")
    brush.fillStyle = page().backgroundColor
    brush.fillRect(0, 0, canvas.width, canvas.height)
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height)
    done(canvas.toDataURL("image/png"))
  }
  picture.onerror = failed
  picture.src = url
})

const plotted = async (chart, format) => {
  // A chart is drawn when it comes near the viewport, which may have been just now.
  while (!chart.querySelector(".js-plotly-plot")) await new Promise((done) => setTimeout(done, 100))
  const plot = chart.querySelector(".js-plotly-plot")
  // What lies over the chart: chart_notes.js.
  const marked = plot.umamiMarked?.() ?? { data: plot.data, layout: plot.layout, below: 0 }
  const { width, height } = plot.getBoundingClientRect()
  const layout = { ...marked.layout, paper_bgcolor: page().backgroundColor }
  const { topojsonURL, locale, locales } = plot._context
  return window.Plotly.toImage(
    { data: marked.data, layout, config: { topojsonURL, locale, locales } },
    { format, width: Math.round(width), height: Math.round(height + marked.below), scale: 2 })
}

const copied = (chart, format) => {
  const svg = chart.querySelector("svg").cloneNode(true)
  const { width, height } = chart.getBoundingClientRect()
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg")
  svg.style.background = page().backgroundColor
  const text = new XMLSerializer().serializeToString(svg)
  const url = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text)
  return format === "svg" ? Promise.resolve(url) : drawn(url, width, height)
}

// A number in one of the formats of hover labels: ",", ".1%", ",.2f".
const numbered = (value, format, [point, separator]) => {
  const [, grouped, digits, kind] = /^(,?)(?:\.(\d+))?([f%]?)$/.exec(format) ?? []
  const text = (kind === "%" ? 100 * value : Number(value)).toLocaleString("en-US", {
    useGrouping: Boolean(grouped), minimumFractionDigits: digits ?? 0,
    maximumFractionDigits: digits ?? 20 })
  return text.replace(/[.,]/g, (sign) => (sign === "." ? point : separator))
    + (kind === "%" ? "%" : "")
}

// A moment of a time axis in the format of its hover labels: "%a %-d %b %Y, %H:%M".
const dated = (moment, format, locale) => {
  const at = new Date(`${moment}Z`)
  const part = (options) => at.toLocaleDateString(locale, { timeZone: "UTC", ...options })
  const two = (number) => String(number).padStart(2, "0")
  const parts = {
    a: () => part({ weekday: "short" }), A: () => part({ weekday: "long" }),
    b: () => part({ month: "short" }), B: () => part({ month: "long" }),
    d: () => two(at.getUTCDate()), "-d": () => at.getUTCDate(), m: () => two(at.getUTCMonth() + 1),
    "-m": () => at.getUTCMonth() + 1, Y: () => at.getUTCFullYear(),
    H: () => two(at.getUTCHours()), M: () => two(at.getUTCMinutes()),
    I: () => two(at.getUTCHours() % 12 || 12), p: () => (at.getUTCHours() < 12 ? "AM" : "PM"),
  }
  return format.replace(/%(-?\w)/g, (code, name) => parts[name]?.() ?? code)
}

// The lines of a point's hover label, as text. Plotly's labels contain a few tags and entities.
const hovered = (template, point, separators) => template
  .replace(/<extra>.*<\/extra>/, "")
  .replace(/%\{(\w+)(?:\[(\d+)\])?(?::([^}]*))?\}/g, (_all, name, at, format) => {
    const value = at === undefined ? point[name] : point[name]?.[at]
    return format === undefined ? value ?? "" : numbered(value, format, separators)
  })
  .split("<br>")
  .map((line) => ({
    text: plainly(line),
    bold: plainly(/<b>(.*?)<\/b>/.exec(line)?.[1] ?? ""),
  }))
const plainly = (line) => line.replace(/<[^>]*>/g, "").replace(/\s+/g, " ").trim()
  .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&")

// What a position of an axis is called: a moment, the label of its tick, or itself.
const labelled = (axis, position, locale) => {
  if (axis?.type === "date") return dated(position, axis.hoverformat, locale)
  const at = (axis?.tickvals ?? []).indexOf(position)
  return at < 0 || axis.tickvals.length !== axis.ticktext?.length
    ? String(position) : plainly(axis.ticktext[at].replace(/<br>/g, " "))
}

// The columns and rows of a figure; the first cell of a row is its name.
const tabulated = (plot, texts) => {
  const { data, _fullLayout: layout, _context: { locale } } = plot
  const { separators } = layout
  const traces = data
    .filter((trace) => trace.hovertemplate)
    .sort((one, other) => (one.legendrank ?? 1000) - (other.legendrank ?? 1000))
  const points = (trace) => {
    const many = (trace.locations ?? trace.ids ?? trace.x).length
    return Array.from({ length: many }, (_unused, at) => Object.fromEntries(
      ["x", "y", "text", "customdata"].map((name) => [name, trace[name]?.[at]])))
  }
  const [first] = traces
  if (first?.type === "heatmap") {
    const columns = first.x.map((x) => labelled(null, x, locale))
    const rows = first.z.map((values, row) => [
      labelled(layout.yaxis, first.y[row], locale),
      ...values.map((z, column) => {
        if (z === null) return ""
        const point = { z, customdata: first.customdata[row][column] }
        return hovered(first.hovertemplate, point, separators).find(({ bold }) => bold)?.bold ?? ""
      }),
    ])
    return { columns: [texts.name, ...columns], rows }
  }
  const upright = (trace) => trace.type !== "funnel" && trace.orientation !== "h"
  const along = traces.every(upright) ? "x" : "y"
  const axis = layout[`${along}axis`]
  const columns = new Map()
  const names = new Map()
  for (const trace of traces) {
    const column = traces.length > 1 ? plainly(trace.name) : texts.value
    if (!columns.has(column)) columns.set(column, new Map())
    points(trace).forEach((point, at) => {
      const place = trace.locations || trace.ids ? at : point[along]
      const lines = hovered(trace.hovertemplate, point, separators).map(({ text }) => text)
      const known = lines.length > 1
      if (known || !names.has(place)) {
        names.set(place, known ? lines.shift() : labelled(axis, place, locale))
      }
      if (trace.locations || trace.ids || point[along === "x" ? "y" : "x"] !== null) {
        columns.get(column).set(place, lines.join(" "))
      }
    })
  }
  const places = [...names.keys()]
  if (axis?.type === "date") places.sort()
  return {
    columns: [axis?.type === "date" ? texts.time : texts.name, ...columns.keys()],
    rows: places.map((place) => [
      names.get(place), ...[...columns.values()].map((cells) => cells.get(place) ?? "–")]),
  }
}

// A table of columns and rows.
const laidOut = ({ columns, rows }) => {
  const cell = (kind, text, scope) => {
    const made = document.createElement(kind)
    made.textContent = text
    if (scope) made.scope = scope
    return made
  }
  const line = (cells) => {
    const row = document.createElement("tr")
    row.append(...cells)
    return row
  }
  const table = document.createElement("table")
  table.createTHead().append(line(columns.map((column) => cell("th", column, "col"))))
  table.createTBody().append(...rows.map(([name, ...values]) =>
    line([cell("th", name, "row"), ...values.map((value) => cell("td", value))])))
  return table
}

// Draws the table of a chart in its box, again if the chart has changed.
const fill = (box, chart, texts) => {
  const plot = chart.querySelector(".js-plotly-plot")
  // The server sends that of a diagram, hidden beside it.
  const hidden = scrolling(chart)?.querySelector("table[hidden]")
  // Plotly lays a figure out some time after it has its data.
  const content = hidden
    ? [...hidden.querySelectorAll("th, td")].map((cell) => cell.textContent).join("\n")
    : plot?._fullLayout?.separators && plot.data
  if (!content || box.drawn === content) return
  const table = hidden ? hidden.cloneNode(true) : laidOut(tabulated(plot, texts))
  table.hidden = false
  table.createCaption().textContent = named(chart)
  box.setAttribute("aria-label", named(chart))
  box.replaceChildren(table)
  box.drawn = content
}

// Charts whose table is open, by page and key: a changed figure is another element.
const opened = new Set()

// A button that opens the table of a chart below it.
const tableButton = (chart, place, texts) => {
  const keyed = scrolling(chart) ?? chart.closest("[class*='st-key-']")
  const key = `${location.pathname} ${/st-key-\S+/.exec(keyed?.className)?.[0]}`
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = texts.table
  button.setAttribute("aria-label", texts.shown.replace("{chart}", named(chart)))
  const show = (open) => {
    button.setAttribute("aria-expanded", String(open))
    place.querySelector(":scope > .umami-chart-table")?.remove()
    // A chart fills its place, which is higher with a table.
    const frame = place.querySelector(":scope > [data-testid='stFullScreenFrame']")
    if (frame) frame.style.height = ""
    if (!open) return opened.delete(key)
    if (frame) frame.style.height = `${frame.offsetHeight}px`
    opened.add(key)
    const box = document.createElement("div")
    box.className = "umami-chart-table"
    box.tabIndex = 0
    box.role = "region"
    place.append(box)
    fill(box, chart, texts)
  }
  button.onclick = () => show(!opened.has(key))
  show(opened.has(key))
  return button
}

export default function (component) {
  const { data, setTriggerValue } = component

  if (!document.getElementById("umami-chart-download")) {
    const style = document.createElement("style")
    style.id = "umami-chart-download"
    style.textContent = STYLE
    document.head.append(style)
  }
  const offer = () => {
    document.documentElement.style.setProperty("--umami-page", page().backgroundColor)
    for (const chart of document.querySelectorAll(
      "[data-testid='stPlotlyChart'], [data-testid='stEChartsChart']")) {
      // page.css leaves room for a row of buttons above the chart.
      const place = scrolling(chart)?.parentElement
        ?? chart.closest("[data-testid='stElementContainer']")
      const table = place.querySelector(":scope > .umami-chart-table")
      if (table) fill(table, chart, data.texts)
      const drawn = place.querySelector(":scope > .umami-chart-download")
      // A diagram gets its name some time after it was drawn.
      const words = JSON.stringify([named(chart), data.save, data.texts])
      // Streamlit may have drawn the place anew, without the table.
      const lost = !table && drawn?.querySelector("[aria-expanded='true']")
      if (drawn?.dataset.words === words && drawn.chart === chart && !lost) continue
      drawn?.remove()
      const make = chart.dataset.testid === "stPlotlyChart" ? plotted : copied
      const bar = document.createElement("div")
      bar.className = "umami-chart-download"
      bar.dataset.words = words
      bar.chart = chart
      bar.append(tableButton(chart, place, data.texts))
      for (const format of data.charts ? ["png", "svg"] : []) {
        const control = document.createElement("button")
        control.type = "button"
        control.textContent = format.toUpperCase()
        control.setAttribute("aria-label", data.save
          .replace("{chart}", () => named(chart)).replace("{format}", format.toUpperCase()))
        control.onclick = async () => {
          const name = `${named(chart)}.${format}`
          save(await make(chart, format), name)
          setTriggerValue("taken", name)
        }
        bar.append(control)
      }
      place.append(bar)
    }
  }
  let planned = 0
  const watching = new MutationObserver(() => {
    cancelAnimationFrame(planned)
    planned = requestAnimationFrame(offer)
  })
  watching.observe(document.body,
    { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"] })
  offer()
  return () => {
    watching.disconnect()
    cancelAnimationFrame(planned)
  }
}
