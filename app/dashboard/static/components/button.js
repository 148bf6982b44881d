// A button. `kind`: main, danger, quiet, or none. While what it began lasts (its handler's promise) it cannot be pressed
// again, and keeps the focus.

import { html, useState } from "../html.js";

export function Button({ kind = "", onPress, type = "button", disabled = false, children, ...rest }) {
  const [busy, setBusy] = useState(false);
  const off = disabled || busy;
  async function press(event) {
    if (off) {
      event.preventDefault();
      return;
    }
    const begun = onPress?.(event);
    if (begun?.then) {
      setBusy(true);
      try {
        await begun;
      } finally {
        setBusy(false);
      }
    }
  }
  return html`<button
    type=${type}
    class=${`button ${kind}`}
    aria-disabled=${off ? "true" : undefined}
    aria-busy=${busy ? "true" : undefined}
    onClick=${press}
    ...${rest}
  >
    ${children}
  </button>`;
}
