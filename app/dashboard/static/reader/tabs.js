// Tabs, by the pattern of the WAI-ARIA guide: arrows go from one to the next.

import { html, useRef } from "../html.js";

export function Tabs({ id, label, tabs, chosen, onChoose }) {
  const list = useRef(null);
  function press(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = tabs.findIndex(([name]) => name === chosen);
    const [next] = tabs[(index + step + tabs.length) % tabs.length];
    onChoose(next);
    queueMicrotask(() => list.current?.querySelector(`#${id}-tab-${next}`)?.focus());
  }
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${press}>
    ${tabs.map(
      ([name, text]) => html`<button
        key=${name}
        role="tab"
        id=${`${id}-tab-${name}`}
        aria-selected=${name === chosen ? "true" : "false"}
        aria-controls=${name === chosen ? `${id}-${name}` : undefined}
        tabindex=${name === chosen ? 0 : -1}
        onClick=${() => onChoose(name)}
      >
        ${text}
      </button>`,
    )}
  </div>`;
}
