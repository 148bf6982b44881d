// Short messages at the page's edge. They are read out, and go by themselves; what went wrong stays until it is closed.

import { signal } from "@preact/signals";
import { html } from "../html.js";
import { errorText, t } from "../i18n.js";

const SHOWN_MS = 6000;
const toasts = signal([]);
let next = 0;

export function say(text, { kind = "", action } = {}) {
  const id = (next += 1);
  toasts.value = [...toasts.value, { id, text, kind, action }];
  if (kind !== "bad") setTimeout(() => close(id), SHOWN_MS);
}

/** Tell of an error of the API. */
export const sayError = (error) => say(errorText(error), { kind: "bad" });

function close(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export const Toasts = () => html`<div class="toasts" role="log" aria-live="polite" aria-relevant="additions">
  ${toasts.value.map(
    ({ id, text, kind, action }) => html`<div class=${`toast ${kind}`} key=${id}>
      <span>${text}</span>
      ${action && html`<button class="button quiet" onClick=${() => (action.run(), close(id))}>${action.label}</button>`}
      <button class="button quiet" aria-label=${t("action.close")} onClick=${() => close(id)}>×</button>
    </div>`,
  )}
</div>`;
