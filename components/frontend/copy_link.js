export default function (component) {
  const { data, parentElement } = component
  const button = parentElement.querySelector(".link")
  const word = button.querySelector("span")
  word.textContent = data.label

  button.onclick = async () => {
    // Some hosts embed the app in a frame whose URL has an additional path segment.
    const address = location.href.replace("/~/+/", "/")
    try {
      await navigator.clipboard.writeText(address)
      word.textContent = data.done
    } catch {
      window.prompt(data.label, address)
    }
    setTimeout(() => { word.textContent = data.label }, 2500)
  }
}
