// Moves the focus into an input of what has just opened, as a form's first input has it.
const FRAMES = 60 // Pictures in which it may appear, and take the focus itself.
const opened = new Set()

export default function (component) {
  const { data } = component
  if (opened.has(data.opened)) return
  opened.add(data.opened)
  const focus = (left) => {
    const input = document.querySelector(data.input)
    const now = document.activeElement
    const free = !now || now === document.body || now.contains(input) || !now.closest("[role='dialog']")
    if (input && free) input.focus({ preventScroll: true })
    // Once it has the focus, the viewer moves it.
    if (left && now !== input) requestAnimationFrame(() => focus(left - 1))
  }
  focus(FRAMES)
}
