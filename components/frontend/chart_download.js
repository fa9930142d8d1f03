const STYLE = `
.umami-chart-download { position: absolute; top: 0; right: 0; display: flex; gap: 0.25rem;
  opacity: 0.75; }
*:hover > .umami-chart-download, .umami-chart-download:focus-within { opacity: 1; }
.umami-chart-download button { padding: 0.05rem 0.4rem; border-radius: 6px; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); color: inherit;
  background: var(--umami-page); font-family: inherit; font-size: 0.72rem; line-height: 1.4; }
`

const page = () => getComputedStyle(document.querySelector("[data-testid='stApp']"))
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
  const { width, height } = plot.getBoundingClientRect()
  const layout = { ...plot.layout, paper_bgcolor: page().backgroundColor }
  const { topojsonURL, locale, locales } = plot._context
  return window.Plotly.toImage(
    { data: plot.data, layout, config: { topojsonURL, locale, locales } },
    { format, width: Math.round(width), height: Math.round(height), scale: 2 })
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

export default function (component) {
  const { data, setTriggerValue } = component
  if (!data.charts) return

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
      const place = chart.closest("[data-testid='stElementContainer']")
      if (place.querySelector(":scope > .umami-chart-download")) continue
      const make = chart.dataset.testid === "stPlotlyChart" ? plotted : copied
      const bar = document.createElement("div")
      bar.className = "umami-chart-download"
      for (const format of ["png", "svg"]) {
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
  watching.observe(document.body, { childList: true, subtree: true })
  offer()
  return () => {
    watching.disconnect()
    cancelAnimationFrame(planned)
  }
}
