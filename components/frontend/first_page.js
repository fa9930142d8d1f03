{
  // The skeleton stays until the page has a control, a heading or a message.
  const shown = "#root :is([data-testid=stHeading], [data-testid=stAlert], [role=dialog], form, .st-key-bar)"
  const skeleton = document.getElementById("skeleton")
  const watching = new MutationObserver(() => document.querySelector(shown) && end())
  const end = () => {
    watching.disconnect()
    skeleton.remove()
  }
  watching.observe(document.getElementById("root"), { childList: true, subtree: true })
  setTimeout(end, 30000)
}
{
  // Plotly draws a chart when it comes near the viewport, is printed or searched.
  const NEAR = "300px"
  const waiting = new Map()
  const draw = (place) => {
    const begin = waiting.get(place)
    waiting.delete(place)
    near.unobserve(place)
    place.style.minHeight = ""
    if (begin && place.isConnected) begin()
  }
  const near = new IntersectionObserver(
    (seen) => seen.forEach((entry) => entry.isIntersecting && draw(entry.target)),
    { rootMargin: NEAR })
  const all = () => [...waiting.keys()].forEach(draw)
  window.addEventListener("beforeprint", all)
  window.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") all()
  })
  let plotly
  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => plotly,
    set: (loaded) => {
      plotly = loaded
      const react = loaded.react
      loaded.react = (place, figure, ...rest) => {
        // A chart that is drawn already changes at once.
        if (!place.closest?.("[data-testid=stPlotlyChart]") || place.data) return react(place, figure, ...rest)
        // Streamlit may have removed others meanwhile.
        for (const other of waiting.keys()) if (!other.isConnected) waiting.delete(other)
        place.style.minHeight = `${figure.layout?.height ?? 0}px`
        return new Promise((done, failed) => {
          waiting.set(place, () => react(place, figure, ...rest).then(done, failed))
          near.observe(place)
        })
      }
    },
  })
}
