// Counts page views and events; attributes and functions are those of Umami's tracker.
(() => {
  const script = document.currentScript;
  if (!script) return;

  const { hostname, origin } = location;
  const { websiteId: website, hostUrl, tag, domains, beforeSend, ...option } = script.dataset;
  const host = hostUrl || script.src.slice(0, script.src.lastIndexOf("/"));
  const endpoint = host.replace(/\/+$/, "") + "/api/send";
  let identity;
  let visit; // What the server tells visits apart by.

  const address = (text) => {
    const url = new URL(text, location.href);
    if (option.excludeSearch === "true") url.search = "";
    if (option.excludeHash === "true") url.hash = "";
    return url.href;
  };
  let page = address(location.href);
  let referrer = document.referrer.startsWith(origin + "/") ? "" : document.referrer;

  const excluded = () => {
    const refuses = [navigator.doNotTrack, window.doNotTrack].some((one) => /^(1|yes)$/.test(one));
    if (!website || (option.doNotTrack === "true" && refuses)) return true;
    if (domains && !domains.split(",").some((one) => one.trim() === hostname)) return true;
    try {
      return localStorage.getItem("umami.disabled");
    } catch {
      return false;
    }
  };

  const payload = () => ({
    website,
    hostname,
    url: page,
    referrer,
    title: document.title,
    language: navigator.language,
    screen: `${screen.width}x${screen.height}`,
    tag,
    id: identity,
  });

  const send = async (type, message) => {
    if (excluded()) return;
    try {
      const change = window[beforeSend];
      if (typeof change === "function") message = await change(type, message);
      if (!message) return;
      const headers = { "Content-Type": "application/json" };
      if (visit) headers["x-umami-cache"] = visit;
      const answer = await fetch(endpoint, {
        method: "POST",
        body: JSON.stringify({ type, payload: message }),
        headers,
        credentials: "omit",
        keepalive: true, // The page may be left.
      });
      if (answer.ok) visit = (await answer.json()).cache || visit;
    } catch {
      // Counting never disturbs the page.
    }
  };

  const track = (what, data) => {
    if (typeof what === "string") return send("event", { ...payload(), name: what, data });
    if (typeof what === "function") return send("event", what(payload()));
    if (what && typeof what === "object") return send("event", { website, ...what });
    return send("event", payload());
  };

  const identify = (who, data) => {
    if (typeof who === "string") identity = who;
    else data = who;
    visit = undefined;
    return send("identify", { ...payload(), data });
  };

  window.umami = window.umami || { track, identify };
  if (option.autoTrack === "false") return;

  const moved = () => {
    const next = address(location.href);
    if (next === page) return;
    referrer = page.slice(origin.length);
    page = next;
    const view = payload();
    // The title changes a moment after the address.
    setTimeout(() => send("event", { ...view, title: document.title }), 300);
  };

  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function (...given) {
      const result = original.apply(this, given);
      moved();
      return result;
    };
  }
  addEventListener("popstate", () => {
    // A link within the page is no page view.
    if (address(location.href).split("#")[0] !== page.split("#")[0]) moved();
  });

  const clicked = ({ target }) => {
    const element = target.closest && target.closest("[data-umami-event]");
    if (!element) return;
    const data = {};
    for (const { name, value } of element.attributes) {
      if (name.startsWith("data-umami-event-")) data[name.slice(17)] = value;
    }
    track(element.dataset.umamiEvent, data);
  };
  addEventListener("click", clicked, true);

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => track());
  else track();
})();
