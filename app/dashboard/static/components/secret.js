// A secret that is shown this once: to be copied now.

import { html, useId, useRef, useState } from "../html.js";
import { copy } from "../clipboard.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Notice } from "./notice.js";

export function Secret({ label, value }) {
  const id = useId();
  const field = useRef(null);
  const [copied, setCopied] = useState(false);
  async function press() {
    setCopied(await copy(value));
    field.current.select();
  }
  return html`<div class="secret">
    <label for=${id}>${label}</label>
    <div class="secret-line">
      <input id=${id} ref=${field} readonly value=${value} spellcheck=${false} onFocus=${(event) => event.target.select()} />
      <${Button} kind="main" onPress=${press}>${t(copied ? "action.copied" : "action.copy")}<//>
    </div>
    <span class="visually-hidden" role="status">${copied ? t("action.copied") : ""}</span>
  </div>`;
}

// Escape alone does not close it: what is in it cannot be had again.
export const SecretDialog = ({ title, label, value, hint, onClose }) =>
  html`<${Dialog} title=${title} onClose=${() => {}}>
    <${Notice} kind="warn">${hint ?? t("secret.once")}<//>
    <${Secret} label=${label} value=${value} />
    <div class="dialog-actions"><${Button} onPress=${onClose}>${t("secret.done")}<//></div>
  <//>`;
