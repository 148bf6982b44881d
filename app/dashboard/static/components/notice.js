// A message that stays where it is. `kind`: good, warn, bad, or none. What is bad is read out at once.

import { html } from "../html.js";

export const Notice = ({ kind = "", children }) =>
  html`<div class=${`notice ${kind}`} role=${kind === "bad" ? "alert" : "status"}>${children}</div>`;
