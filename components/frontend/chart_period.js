// Reports the stretch of a time chart that is clicked or dragged over, as milliseconds of its axis.
const CLICK = 5 // Pixels that the pointer of a click may move.

export default function (component) {
  const { setTriggerValue } = component
  const stop = new AbortController()
  const on = (kind, act) =>
    document.addEventListener(kind, act, { signal: stop.signal, passive: true })
  let drag = null

  const chartAt = (event) => {
    const chart = event.target.matches?.(".nsewdrag") && event.target.closest(".js-plotly-plot")
    return chart && chart.layout?.meta?.selects === "period" ? chart : null
  }
  const end = () => {
    drag?.mark.remove()
    document.body.style.userSelect = ""
    drag = null
  }
  const span = (event) => {
    const inside = Math.min(Math.max(event.clientX, drag.area.left), drag.area.right)
    return [Math.min(drag.x, inside), Math.max(drag.x, inside)]
  }

  on("pointerdown", (event) => {
    end()
    const chart = event.isPrimary && event.button === 0 && chartAt(event)
    if (!chart) return
    const area = event.target.getBoundingClientRect()
    const mark = document.createElement("div")
    mark.className = "umami-stretch"
    Object.assign(mark.style, {
      position: "fixed", pointerEvents: "none", zIndex: 3, opacity: 0.2, background: "currentColor",
      top: `${area.top}px`, height: `${area.height}px` })
    // The chart may be drawn again before the pointer is up: the axis stays that of the beginning.
    drag = { axis: chart._fullLayout?.xaxis, area, mark, x: event.clientX, y: event.clientY }
    document.body.style.userSelect = "none"
    document.body.append(mark)
  })
  on("pointermove", (event) => {
    if (!drag || !event.isPrimary) return
    const [left, right] = span(event)
    drag.mark.style.left = `${left}px`
    drag.mark.style.width = `${right - left > CLICK ? right - left : 0}px`
  })
  on("pointerup", (event) => {
    if (!drag || !event.isPrimary) return
    const [left, right] = span(event)
    const dragged = right - left > CLICK
    if (dragged || Math.abs(event.clientY - drag.y) <= CLICK) {
      const { area, axis } = drag
      const ends = dragged ? [left, right] : [drag.x, drag.x]
      if (axis) setTriggerValue("selected", ends.map((x) => axis.p2c(x - area.left)))
    }
    end()
  })
  on("pointercancel", end)
  on("keydown", (event) => { if (event.key === "Escape") end() })
  return () => {
    stop.abort()
    end()
  }
}
