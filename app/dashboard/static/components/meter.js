// How much of something is used. Without a limit there is no bar. `steady`: to be full is no cause for concern.

import { html } from "../html.js";

const NEARLY_FULL = 0.85;

export function Meter({ label, value, limit, text, quiet = false, steady = false }) {
  const share = limit ? Math.min(1, value / limit) : null;
  const kind = share === null || steady ? "" : share >= 1 ? "bad" : share >= NEARLY_FULL ? "warn" : "";
  return html`<div class=${`meter ${quiet ? "quiet" : ""}`}>
    <div class="meter-text"><span>${label}</span><span>${text}</span></div>
    ${share !== null &&
    html`<div
      class=${`meter-bar ${kind}`}
      role="meter"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(share * 100)}
      aria-valuetext=${text}
    >
      <span style=${{ width: `${share * 100}%` }}></span>
    </div>`}
  </div>`;
}
