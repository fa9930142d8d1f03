// Scrolls the page to its top when something else is opened in place of what was shown.
let shown = ""

export default function (component) {
  const { opened } = component.data
  if (opened && opened !== shown) {
    document.querySelector("[data-testid='stMain']").scrollTo(0, 0)
  }
  shown = opened
}
