// Addresses: `route.value` is the path now shown; links to pages of ours are followed without loading anew.

import { computed, signal } from "@preact/signals";

const location_ = signal(read());

export const path = computed(() => location_.value.path);
export const query = computed(() => new URLSearchParams(location_.value.search));

function read() {
  return { path: window.location.pathname, search: window.location.search };
}

/** Show another address. `replace` takes the place of this one in the browser's history. */
export function go(address, { replace = false } = {}) {
  window.history[replace ? "replaceState" : "pushState"](null, "", address);
  location_.value = read();
  if (!replace) window.scrollTo(0, 0);
}

/** Change parts of the query and stay where one is; `null` takes a part away. */
export function setQuery(changes) {
  const next = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  go(window.location.pathname + (text ? `?${text}` : ""), { replace: true });
}

/** The values of a pattern such as `/recordings/:id`, or null where the path is another one. */
export function match(pattern, at) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => (names.push(name), "([^/]+)"));
  const found = new RegExp(`^${source}/?$`).exec(at);
  return found && Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1])]));
}

export function startRouter() {
  window.addEventListener("popstate", () => (location_.value = read()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== window.location.origin || link.dataset.external !== undefined) return;
    if (link.hash && link.pathname === window.location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}
