// Makes one entry in the browser's history of each step of the viewer. Streamlit pushes one for
// every parameter of the URL that changes, and Back would stop between them.
if (!window.umamiHistory) {
  window.umamiHistory = true
  let pushed = null // The path that was pushed since the viewer did something.
  for (const kind of ["pointerdown", "click", "keydown", "popstate"]) {
    window.addEventListener(kind, () => { pushed = null }, { capture: true })
  }
  const push = history.pushState
  history.pushState = (state, title, url) => {
    const path = new URL(url ?? location.href, location.href).pathname
    if (path === pushed) return history.replaceState(state, title, url)
    pushed = path
    push.call(history, state, title, url)
  }
}

export default function () {}
