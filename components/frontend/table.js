export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const table = parentElement.querySelector("table")
  const head = parentElement.querySelector("thead tr")
  const body = parentElement.querySelector("tbody")
  table.setAttribute("aria-label", data.label)
  const scroll = parentElement.querySelector(".scroll")
  scroll.style.setProperty("--tall", data.height ? data.height + "px" : "none")
  // A list that scrolls by itself can be reached and scrolled by keyboard.
  if (data.height) {
    scroll.tabIndex = 0
    scroll.setAttribute("role", "region")
    scroll.setAttribute("aria-label", data.label)
  }

  const root = parentElement.getRootNode()
  const focused = root.activeElement && root.activeElement.dataset
    ? root.activeElement.dataset.value : undefined

  const look = (cell, column, at) => {
    if (at === 0) cell.classList.add("first")
    if (column.number) cell.classList.add("number")
    if (column.wide) cell.classList.add("wide")
  }
  const said = (kind, text) => {
    const span = document.createElement("span")
    span.className = kind
    span.textContent = text
    return span
  }

  head.replaceChildren(...data.columns.map((column, at) => {
    const cell = document.createElement("th")
    cell.scope = "col"
    let label = cell
    if (data.sorts && at > 0) {
      label = document.createElement("button")
      label.type = "button"
      label.onclick = () => setTriggerValue("sorted", at)
      cell.append(label)
    }
    label.textContent = column.label
    if (data.sorted && data.sorted.at === at) {
      cell.setAttribute("aria-sort", data.sorted.descending ? "descending" : "ascending")
      label.append(data.sorted.descending ? " ↓" : " ↑")
    }
    if (column.help) {
      cell.title = column.help
      cell.classList.add("help")
    }
    look(cell, column, at)
    return cell
  }))

  body.replaceChildren(...data.records.map((record) => {
    const line = document.createElement("tr")
    const open = record.value !== null && data.chooses
    line.classList.toggle("open", open)
    line.classList.toggle("active", record.active)
    if (open) line.onclick = () => setTriggerValue("chosen", record.value)
    line.append(...record.cells.map((given, at) => {
      const cell = document.createElement("td")
      look(cell, data.columns[at], at)
      if (given.tone) cell.classList.add(given.tone)
      cell.title = given.text
      if (given.bar !== null) {
        const bar = document.createElement("span")
        bar.className = "bar"
        bar.style.setProperty("--bar", given.bar + "%")
        cell.append(bar)
      }
      if (given.curve) {
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
        svg.setAttribute("class", "curve")
        svg.setAttribute("viewBox", "0 0 100 30")
        svg.setAttribute("preserveAspectRatio", "none")
        svg.setAttribute("aria-hidden", "true")
        const line = document.createElementNS(svg.namespaceURI, "polyline")
        line.setAttribute("points", given.curve)
        svg.append(line)
        cell.append(svg)
        cell.classList.add("curved")
      }
      let holder = cell
      if (open && at === 0) {
        holder = document.createElement("button")
        holder.type = "button"
        holder.dataset.value = record.value
        holder.setAttribute("aria-pressed", String(record.active))
        cell.append(holder)
      }
      holder.append(said("text", given.text))
      if (given.note) holder.append(said("note", given.note))
      return cell
    }))
    return line
  }))

  if (focused !== undefined) {
    const again = [...body.querySelectorAll("button")].find((button) => button.dataset.value === focused)
    if (again) again.focus({ preventScroll: true })
  }
}
