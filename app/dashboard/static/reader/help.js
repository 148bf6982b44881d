// Every key, in a dialog; where keys get in somebody's way, they are switched off here.

import { html, signal } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { EDITOR_KEYS, HELD_KEYS, KEYS, keyText } from "./keys.js";

const KEPT = "vocalyx.keys";

/** Whether single keys do anything (WCAG 2.2, 2.1.4: they can be switched off). */
export const keysOn = signal(localStorage.getItem(KEPT) !== "false");

const rows = (keys) => keys.map(({ keys: pressed, name }) => html`<tr key=${name}>
  <td>${pressed.map((key, index) => html`${index > 0 && " "}<kbd>${keyText(key)}</kbd>`)}</td>
  <td>${t(`reader.does.${name}`)}</td>
</tr>`);

const Table = ({ title, keys }) => html`<table class="keys">
  <caption>${title}</caption>
  <thead class="visually-hidden"><tr><th scope="col">${t("reader.keyColumn")}</th><th scope="col">${t("reader.doesColumn")}</th></tr></thead>
  <tbody>${rows(keys)}</tbody>
</table>`;

export function Keys({ reading, onClose }) {
  const change = (event) => {
    keysOn.value = event.target.checked;
    localStorage.setItem(KEPT, String(event.target.checked));
  };
  const shown = KEYS.filter(({ needs }) => !needs || reading.can[needs]);
  return html`<${Dialog} title=${t("reader.keys")} onClose=${onClose} wide>
    <label class="choice"><input type="checkbox" checked=${keysOn.value} onChange=${change} />${t("reader.keysOn")}</label>
    <div class="key-tables">
      <${Table} title=${t("reader.keys.page")} keys=${shown} />
      <div>
        <${Table} title=${t("reader.keys.held")} keys=${HELD_KEYS} />
        ${reading.can.edit && html`<${Table} title=${t("reader.keys.editor")} keys=${EDITOR_KEYS} />`}
      </div>
    </div>
    <div class="dialog-actions"><${Button} kind="main" onPress=${onClose}>${t("action.close")}<//></div>
  <//>`;
}
