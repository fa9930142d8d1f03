export default function (component) {
  const { data } = component
  document.documentElement.lang = data.language
  if (data.cookie) {
    const secure = location.protocol === "https:" ? "; Secure" : ""
    document.cookie =
      `${data.cookie}; Max-Age=31536000; Path=${data.path}; SameSite=Lax${secure}`
  }
}
