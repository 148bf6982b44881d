// A button that is on or off.

import { html } from "../html.js";

export const Toggle = ({ on, label, onChange }) =>
  html`<button class="toggle" aria-pressed=${on ? "true" : "false"} onClick=${() => onChange(!on)}>${label}</button>`;
