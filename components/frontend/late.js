// In place of a large library of Streamlit: it loads once the figures above the chart are painted.
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))
const waits = () => {
  // The place of an answer, a figure, or of the chart itself: whatever comes first on the page.
  const first = document.querySelector(
    ":is([data-testid=stSkeletonElement], [data-testid=stMetricValue], [data-testid=stSkeleton])")
  return first?.dataset.testid === "stSkeletonElement"
}

for (let left = 100; left && waits(); left--) await pause(100)
await new Promise((done) => {
  if (window.requestIdleCallback) requestIdleCallback(done, { timeout: 1000 })
  else setTimeout(done, 100)
})
const library = await import("./$name?$query")
$exports
