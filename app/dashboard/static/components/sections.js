// A page of several parts: the way between them beside it, or above it where there is little room.

import { html, useEffect } from "../html.js";
import { t } from "../i18n.js";

/** `parts`: {name, label, href, count}. */
export function Sections({ title, label, parts, current, above, children }) {
  useTitle([parts.find(({ name }) => name === current)?.label, title].filter(Boolean).join(" · "));
  return html`<div class="page">
    <header class="page-head"><h1>${title}</h1>${above}</header>
    <nav class="page-parts" aria-label=${label}>
      ${parts.map(
        ({ name, label: text, href, count }) =>
          html`<a href=${href} key=${name} aria-current=${name === current ? "page" : undefined}>
            ${text}${count ? html` <span class="count">${count}</span>` : null}
          </a>`,
      )}
    </nav>
    <div class="page-part">${children}</div>
  </div>`;
}

/** A part of a part. `actions` stand beside its heading. */
export const Panel = ({ title, hint, actions, children }) =>
  html`<section class="panel">
    <header class="panel-head">
      <div><h2>${title}</h2>${hint && html`<p class="hint">${hint}</p>`}</div>
      ${actions && html`<div class="panel-actions">${actions}</div>`}
    </header>
    ${children}
  </section>`;

export function useTitle(text) {
  useEffect(() => {
    document.title = text ? `${text} · Vocalyx` : "Vocalyx";
  }, [text]);
}

export const Back = ({ href, children }) => html`<p class="back"><a href=${href}>← ${children ?? t("action.back")}</a></p>`;
