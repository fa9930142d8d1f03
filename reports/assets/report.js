// Draws the charts of a report: light or dark like the screen, always light on paper.
(() => {
  "use strict"
  const PAPER = 676 // pixels between the margins, narrow enough for A4 and Letter
  const CONFIG = {
    displayModeBar: false,
    scrollZoom: false,
    doubleClick: false,
    responsive: true,
    typesetMath: false, // a dollar sign in a name does not begin a formula
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)")
  const paper = window.matchMedia("print")
  const places = [...document.querySelectorAll(".chart > div")]
  let figures = {}

  const unpack = async (id) => {
    const packed = atob(document.getElementById(id).textContent.trim())
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0))
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
    return new Response(plain).text()
  }

  const draw = (place, at, printed) => {
    const figure = figures[dark.matches && !printed ? "dark" : "light"][at]
    const size = { autosize: !printed, width: printed ? PAPER : undefined }
    const layout = { ...figure.layout, ...size }
    // newPlot, since an updated chart takes a while to resize, and printing does not wait.
    return window.Plotly.newPlot(place, figure.data, layout, { ...CONFIG, ...figures.config })
  }
  let drawn // for paper or not, in dark or not
  const drawAll = (printed) => {
    const state = `${printed} ${dark.matches}`
    if (drawn === state) return Promise.resolve()
    drawn = state
    return Promise.all(places.map((place, at) => draw(place, at, printed)))
  }

  const begin = async () => {
    if (!places.length) return 0
    const library = document.createElement("script")
    library.textContent = await unpack("library")
    const world = document.getElementById("world")
    if (world) {
      window.PlotlyGeoAssets = { topojson: { world_110m: JSON.parse(await unpack("world")) } }
    }
    document.head.append(library)
    figures = JSON.parse(await unpack("figures"))
    await drawAll(paper.matches)
    dark.addEventListener("change", () => drawAll(paper.matches))
    window.addEventListener("beforeprint", () => drawAll(true))
    window.addEventListener("afterprint", () => drawAll(false))
    return places.length
  }

  // Where the charts are on the page, for pictures of them.
  const areas = () =>
    places.map((place) => {
      const { x, y, width, height } = place.parentElement.getBoundingClientRect()
      return { x: x + window.scrollX, y: y + window.scrollY, width, height, scale: 1 }
    })

  window.report = { drawn: begin(), print: () => drawAll(true).then(() => places.length), areas }
  window.report.drawn.catch(() => document.documentElement.classList.add("undrawn"))
})()
