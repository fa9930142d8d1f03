// Makes one entry in the browser's history of each step of the viewer. Streamlit pushes one for
// every parameter of the URL that changes and one for the page, and Back would stop between them.
if (!window.umamiHistory) {
  window.umamiHistory = true
  let pushed = false // Whether an entry was pushed since the viewer did something.
  for (const kind of ["pointerdown", "click", "keydown", "popstate"]) {
    window.addEventListener(kind, () => { pushed = false }, { capture: true })
  }
  const push = history.pushState
  history.pushState = (state, title, url) => {
    if (pushed) return history.replaceState(state, title, url)
    pushed = true
    push.call(history, state, title, url)
  }
}

export default function () {}
