const channel = new BroadcastChannel("umami-dashboard")

export default function (component) {
  const { data, setTriggerValue } = component
  const secure = location.protocol === "https:" ? "; Secure" : ""
  const write = (value, seconds) => {
    document.cookie =
      `${data.name}=${value}; Max-Age=${seconds}; Path=${data.path}; SameSite=Strict${secure}`
  }
  const read = () => document.cookie.split("; ")
    .find((cookie) => cookie.startsWith(data.name + "="))?.slice(data.name.length + 1)
  const key = data.name + " " + data.changes

  channel.onmessage = (message) => {
    if (message.data === "out" && data.inside) setTriggerValue("ended", Date.now())
    if (message.data === "in" && !data.inside) location.reload()
  }
  // Apply each change once, however often the page is redrawn.
  if (data.changes && window.umamiCookieChanges !== key) {
    window.umamiCookieChanges = key
    const tell = () => channel.postMessage(data.inside ? "in" : "out")
    if (data.ticket) {
      fetch(data.at, { method: "POST", headers: { "x-ticket": data.ticket } }).then(tell)
    } else {
      write(data.value, data.value ? data.seconds : 0)
      tell()
    }
  }
  // Some hosts do not forward cookies to the app; then send the cookie explicitly, once.
  if (!data.inside && !data.changes && !data.seen && !window.umamiBrought && read()) {
    window.umamiBrought = true
    setTriggerValue("brought", read())
  }
}
