"""What a viewer takes along: the link to what they look at, and each chart as a picture.

A Streamlit component of version 2 (see ``record_table``). Pictures are made by the browser, of the
chart as it stands, on the page's own background; nothing is asked of the server.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from components import authorized, export_permissions, url_state, viewer

_HTML: Final = """
<button type="button" class="link">
  <svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true"><path fill="currentColor"
    d="M3.9 12a3.1 3.1 0 0 1 3.1-3.1h4V7H7a5 5 0 0 0 0 10h4v-1.9H7A3.1 3.1 0 0 1 3.9 12zM8
    13h8v-2H8v2zm9-6h-4v1.9h4a3.1 3.1 0 0 1 0 6.2h-4V17h4a5 5 0 0 0 0-10z"/></svg>
  <span aria-live="polite">Copy link</span>
</button>
"""

_CSS: Final = """
.link {
  display: inline-flex; align-items: center; gap: 0.4rem;
  padding: 0.25rem 0; border: 0; background: none; cursor: pointer; white-space: nowrap;
  color: var(--st-text-color); font: inherit; font-size: 0.875rem; font-family: var(--st-font);
}
.link:hover { color: var(--st-primary-color); }
.link:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px;
  border-radius: 4px; }
"""

_JS: Final = """
const STYLE = `
.umami-takeaway { position: absolute; top: 0; right: 0; z-index: 2; display: flex;
  gap: 0.25rem; opacity: 0; transition: opacity 0.15s; }
*:hover > .umami-takeaway, .umami-takeaway:focus-within { opacity: 1; }
@media (hover: none) { .umami-takeaway { opacity: 0.75; } }
.umami-takeaway button { padding: 0.05rem 0.4rem; border-radius: 6px; cursor: pointer;
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

const plotted = (chart, format) => {
  const plot = chart.querySelector(".js-plotly-plot")
  const { width, height } = plot.getBoundingClientRect()
  const layout = { ...plot.layout, paper_bgcolor: page().backgroundColor }
  return window.Plotly.toImage(
    { data: plot.data, layout, config: { topojsonURL: plot._context.topojsonURL } },
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
  const { data, parentElement, setTriggerValue } = component
  const button = parentElement.querySelector(".link")
  const word = button.querySelector("span")

  button.onclick = async () => {
    // Some hosts show the app in a frame, whose address is the page's with a part more.
    const address = location.href.replace("/~/+/", "/")
    try {
      await navigator.clipboard.writeText(address)
      word.textContent = "Link copied"
    } catch {
      window.prompt("Copy this link", address)
    }
    setTimeout(() => { word.textContent = "Copy link" }, 2500)
  }

  if (!data.charts) return

  if (!document.getElementById("umami-takeaway")) {
    const style = document.createElement("style")
    style.id = "umami-takeaway"
    style.textContent = STYLE
    document.head.append(style)
  }
  const offer = () => {
    document.documentElement.style.setProperty("--umami-page", page().backgroundColor)
    for (const chart of document.querySelectorAll(
      "[data-testid='stPlotlyChart'], [data-testid='stEChartsChart']")) {
      const place = chart.parentElement
      if (place.querySelector(":scope > .umami-takeaway")) continue
      const make = chart.dataset.testid === "stPlotlyChart" ? plotted : copied
      const bar = document.createElement("div")
      bar.className = "umami-takeaway"
      for (const format of ["png", "svg"]) {
        const one = document.createElement("button")
        one.type = "button"
        one.textContent = format.toUpperCase()
        one.setAttribute("aria-label", `${named(chart)} as ${format.toUpperCase()}`)
        one.onclick = async () => {
          const name = `${named(chart)}.${format}`
          save(await make(chart, format), name)
          setTriggerValue("taken", name)
        }
        bar.append(one)
      }
      place.style.position = "relative"
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
"""

_COMPONENT = st.components.v2.component("takeaway", html=_HTML, css=_CSS, js=_JS)
_KEY: Final = "takeaway"


def takeaway() -> None:
    """A button that copies the link; and on every chart, for those who may export, two that save
    it as PNG and as SVG."""
    website = url_state.view().website

    def taken() -> None:
        name: Any = st.session_state[_KEY].taken
        if isinstance(name, str):
            viewer.record(viewer.current(), "export", f"{name[:100]} of {website}")

    _COMPONENT(
        key=_KEY,
        data={"charts": export_permissions.allowed()},
        width="content",
        on_taken_change=authorized.callback(taken),
    )
