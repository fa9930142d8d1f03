"""The cookie that keeps a browser signed in, and the word from tab to tab that it is out.

A Streamlit component of version 2. It stands on every page and shows nothing. Where the dashboard
is run by ``asgi.py`` it fetches the cookie with a ticket, so that no script can read it; a plain
``streamlit run app.py`` cannot set such a cookie, and a script does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

_JS: Final = """
const channel = new BroadcastChannel("umami-dashboard")

export default function (component) {
  const { data, setTriggerValue } = component
  const secure = location.protocol === "https:" ? "; Secure" : ""
  const write = (value, seconds) => {
    document.cookie =
      `${data.name}=${value}; Max-Age=${seconds}; Path=${data.path}; SameSite=Strict${secure}`
  }
  const read = () => document.cookie.split("; ")
    .find((one) => one.startsWith(data.name + "="))?.slice(data.name.length + 1)
  const key = data.name + " " + data.told

  channel.onmessage = (message) => {
    if (message.data === "out" && data.inside) setTriggerValue("ended", Date.now())
    if (message.data === "in" && !data.inside) location.reload()
  }
  // Each word is said once, however often the page is drawn anew.
  if (data.told && window.umamiTold !== key) {
    window.umamiTold = key
    const tell = () => channel.postMessage(data.inside ? "in" : "out")
    if (data.ticket) {
      fetch(data.at, { method: "POST", headers: { "x-ticket": data.ticket } }).then(tell)
    } else {
      write(data.value, data.value ? data.seconds : 0)
      tell()
    }
  }
  // Some hosts do not pass cookies on to the app; then it is brought by hand, once.
  if (!data.inside && !data.told && !data.seen && !window.umamiBrought && read()) {
    window.umamiBrought = true
    setTriggerValue("brought", read())
  }
}
"""

_COMPONENT = st.components.v2.component("session_cookie", js=_JS)
KEY: Final = "session_cookie"


def session_cookie(
    name: str,
    *,
    inside: bool,
    seen: bool,
    told: int = 0,
    value: str = "",
    ticket: str = "",
    seconds: int = 0,
    at: str = "",
    path: str = "/",
    on_brought: Callable[[str], None] | None = None,
    on_ended: Callable[[], None] = lambda: None,
) -> None:
    """Keep the browser's cookie as it should be.

    ``told`` counts what this tab was told, each of which is done once: to keep ``value`` for so
    many ``seconds``, or to forget it where that is empty; or to have either done by the address
    ``at``, for a ``ticket``. The cookie is for addresses under ``path``. ``inside`` says whether
    somebody is signed in, ``seen`` whether the browser's cookie came here by itself; a cookie that
    did not is given to ``on_brought``. ``on_ended`` is called when another tab was signed out.
    """

    def brought() -> None:
        found: Any = st.session_state[KEY].brought
        if on_brought and isinstance(found, str):
            on_brought(found)

    _COMPONENT(
        key=KEY,
        data={
            "name": name,
            "inside": inside,
            "seen": seen,
            "told": told,
            "value": value,
            "ticket": ticket,
            "seconds": seconds,
            "at": at,
            "path": path,
        },
        height=0,
        on_brought_change=brought,
        on_ended_change=on_ended,
    )
