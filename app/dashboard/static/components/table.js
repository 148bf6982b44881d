// A table; where it is narrow each row becomes a card, which says its columns' names itself. The roles are written down
// because a browser forgets them of a table that is laid out as something else.

import { html } from "../html.js";

/** `columns`: {key, label, of(row), kind: "number" | "actions", head: the one that names the row}. */
export function Table({ caption, columns, rows, keyOf = (row) => row.id, empty, quietCaption = true }) {
  if (rows.length === 0 && empty) return html`<p class="empty">${empty}</p>`;
  return html`<table class="table" role="table">
    <caption class=${quietCaption ? "visually-hidden" : ""}>${caption}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map(
          ({ key, label, kind = "" }) => html`<th role="columnheader" scope="col" class=${kind} key=${key}>
            <span class=${kind === "actions" ? "visually-hidden" : ""}>${label}</span>
          </th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) => html`<tr role="row" key=${keyOf(row)}>
          ${columns.map(({ key, label, of, kind = "", head }) =>
            head
              ? html`<th role="rowheader" scope="row" class=${`head ${kind}`} key=${key}>${of(row)}</th>`
              : html`<td role="cell" class=${kind} key=${key} data-label=${label}><div>${of(row)}</div></td>`,
          )}
        </tr>`,
      )}
    </tbody>
  </table>`;
}
