// A state in a word, with a colour that says the same. `kind`: good, warn, bad, busy, or none.

import { html } from "../html.js";

export const Badge = ({ kind = "", children }) => html`<span class=${`badge ${kind}`}>${children}</span>`;
