// Reads a text file, compresses it, and reports it in pieces in Base64: messages to the dashboard are
// limited, and it takes no uploads. The next piece follows once the last one has arrived.
const PIECE = 120_000 // Characters.

const packed = async (file) => {
  const stream = file.stream().pipeThrough(new CompressionStream("gzip"))
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
  let text = ""
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const input = parentElement.querySelector("input")
  const name = parentElement.querySelector(".name")
  const problem = parentElement.querySelector(".problem")
  parentElement.querySelector(".label").textContent = data.label

  const send = () => {
    const { id, name, content, at } = parentElement.sending
    const count = Math.max(1, Math.ceil(content.length / PIECE))
    if (at >= count) {
      parentElement.sending = null
      return
    }
    const piece = content.slice(at * PIECE, (at + 1) * PIECE)
    setTriggerValue("piece", { id, name, at, count, content: piece })
  }

  const sending = parentElement.sending
  if (sending && data.id === sending.id && data.received > sending.at) {
    sending.at = data.received
    send()
  }
  if (!sending) name.textContent = data.name

  input.onchange = async () => {
    const file = input.files[0]
    if (!file) return
    problem.textContent = ""
    try {
      if (file.size > data.most) throw new Error("too large")
      name.textContent = file.name
      const content = await packed(file)
      parentElement.sending = { id: crypto.randomUUID?.() ?? String(Date.now()), name: file.name, content, at: 0 }
      send()
    } catch {
      name.textContent = ""
      problem.textContent = data.problem
    }
    input.value = ""
  }
}
