// Asks before something that cannot be taken back; where `name` is given, it has to be typed.

import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { FormError, TextField, useForm } from "./form.js";

export function Confirm({ title, action, name, onConfirm, onClose, danger = true, children }) {
  const form = useForm({ typed: "" });
  const ready = !name || form.values.typed.trim() === name;
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form
      class="confirm"
      onSubmit=${form.submit(async () => {
        if (!ready) return;
        await onConfirm();
        onClose();
      })}
    >
      <${FormError} form=${form} />
      <div class="confirm-text">${children}</div>
      ${name &&
      html`<${TextField} form=${form} name="typed" label=${t("confirm.typeName", { name })} autocomplete="off" autofocus />`}
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind=${danger ? "danger" : "main"} disabled=${!ready || form.busy}>${action}<//>
      </div>
    </form>
  <//>`;
}

/** Keep which question is asked: `ask(question)` shows it, `question` is what to render. */
export function useQuestion() {
  const [asked, setAsked] = useState(null);
  const close = () => setAsked(null);
  return { ask: setAsked, close, shown: asked && html`<${Confirm} ...${asked} onClose=${close}>${asked.text}<//>` };
}
