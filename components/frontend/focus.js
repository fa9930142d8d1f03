// Moves the focus into an input of a dialog that has just opened, as a form's first input has it.
const FRAMES = 60 // Pictures in which the dialog may appear, and take the focus itself.
let opened = 0

export default function (component) {
  const { data } = component
  if (data.opened === opened) return
  opened = data.opened
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
