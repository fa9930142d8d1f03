// Reads a picture, makes it small, and reports it as a PNG in Base64. The dashboard takes no uploads.
const WIDTH = 480
const HEIGHT = 160
const LONGEST = 160_000 // Characters; messages to the dashboard are limited.

const small = async (file) => {
  const picture = await createImageBitmap(file)
  for (let scale = Math.min(1, WIDTH / picture.width, HEIGHT / picture.height); ; scale /= 1.5) {
    const canvas = document.createElement("canvas")
    canvas.width = Math.max(1, Math.round(picture.width * scale))
    canvas.height = Math.max(1, Math.round(picture.height * scale))
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
    const content = canvas.toDataURL("image/png").split(",")[1]
    if (content.length <= LONGEST) return content
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const input = parentElement.querySelector("input")
  parentElement.querySelector(".label").textContent = data.label
  const remove = parentElement.querySelector("button")
  const preview = parentElement.querySelector("img")
  const problem = parentElement.querySelector(".problem")
  const show = (content) => {
    preview.hidden = remove.hidden = !content
    if (content) preview.src = `data:image/png;base64,${content}`
  }
  remove.textContent = data.remove
  show(data.content)

  input.onchange = async () => {
    problem.textContent = ""
    try {
      const content = await small(input.files[0])
      show(content)
      setTriggerValue("picture", content)
    } catch {
      problem.textContent = data.problem
    }
    input.value = ""
  }
  remove.onclick = () => {
    show("")
    setTriggerValue("picture", "-")
  }
}
