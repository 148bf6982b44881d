// A secret that is shown this once: to be copied now.

import { html, useId, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Notice } from "./notice.js";

export function Secret({ label, value }) {
  const id = useId();
  const field = useRef(null);
  const [copied, setCopied] = useState(false);
  async function copy() {
    field.current.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(value);
    // A site without TLS has no clipboard for scripts: the old command is what is left.
    else document.execCommand("copy");
    setCopied(true);
  }
  return html`<div class="secret">
    <label for=${id}>${label}</label>
    <div class="secret-line">
      <input id=${id} ref=${field} readonly value=${value} spellcheck=${false} onFocus=${(event) => event.target.select()} />
      <${Button} kind="main" onPress=${copy}>${t(copied ? "action.copied" : "action.copy")}<//>
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
