// A moment, by the reader's locale and time zone.

import { html } from "../html.js";
import { dateTime } from "../i18n.js";

export const Moment = ({ at, none = "–" }) => (at ? html`<time datetime=${at}>${dateTime(at)}</time>` : none);
