// In place of a large library of Streamlit: it loads once the figures above the chart are painted.
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))
const PLACES = [
  // Of an answer, and of a section whose answers are there and whose contents are to come.
  "[data-testid=stSkeletonElement]", "[class*=st-key-section_]:empty",
  // A figure, and an element whose script loads.
  "[data-testid=stMetricValue]", "[data-testid=stSkeleton]",
]
const READY = "[data-testid=stMetricValue], [class*=st-key-chart_] [data-testid=stSkeleton]"
const waits = () => {
  const first = document.querySelector(":is(" + PLACES + ")")
  return first && !first.matches(READY)
}

for (let left = 200; left && waits(); left--) await pause(100)
await new Promise((done) => {
  if (window.requestIdleCallback) requestIdleCallback(done, { timeout: 1000 })
  else setTimeout(done, 100)
})
const library = await import("./$name?$query")
$exports
