// How far something is, 0 to 100; without `percent`, that it goes on.

import { html } from "../html.js";

export const Progress = ({ percent, label, kind = "" }) => html`<div
  class=${`progress ${kind}`}
  role="progressbar"
  aria-label=${label}
  aria-valuemin="0"
  aria-valuemax="100"
  aria-valuenow=${percent === undefined ? undefined : Math.round(percent)}
>
  <div class="progress-bar" style=${{ inlineSize: `${percent ?? 100}%` }}></div>
</div>`;
