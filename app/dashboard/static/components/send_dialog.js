// Send files, or what is at an address: what they are, and what they are sent with.

import { html, useState } from "../html.js";
import { bytes, errorText, t } from "../i18n.js";
import { post } from "../api.js";
import { draft } from "../model/drafts.js";
import { gather } from "../model/recordings.js";
import { chosen, optionsOf, typed } from "../model/send_options.js";
import { send } from "../model/uploads.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";
import { Icon } from "./icon.js";
import { Notice } from "./notice.js";
import { SendOptions } from "./send_options.js";
import { say } from "./toasts.js";

const SHOWN = 6;

export function SendFiles({ files, onDone, onClose }) {
  const [wanted, setWanted] = useState(files);
  function submit(event) {
    event.preventDefault();
    send(wanted, optionsOf(chosen.value), { onDone });
    chosen.value = { ...chosen.value, anew: false };
    onClose();
  }
  const drop = (file) => (wanted.length > 1 ? setWanted(wanted.filter((other) => other !== file)) : onClose());
  return html`<${Dialog} title=${t("send.files", { count: wanted.length })} onClose=${onClose}>
    <form onSubmit=${submit}>
      <ul class="files" tabindex=${wanted.length > SHOWN ? 0 : undefined} aria-label=${t("send.list")}>
        ${wanted.map(
          (file, index) => html`<li key=${`${index} ${file.name}`}>
            <span class="files-name">${file.name}</span> <small>${bytes(file.size)}</small>
            <${Button} kind="quiet" aria-label=${t("send.leaveOut", { name: file.name })} onPress=${() => drop(file)}><${Icon} name="close" /><//>
          </li>`,
        )}
      </ul>
      <${SendOptions} />
      <${Actions} onClose=${onClose} label=${t("send.now")} first />
    </form>
  <//>`;
}

export function SendLink({ onClose }) {
  const kept = draft("link", "");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  async function submit(event) {
    event.preventDefault();
    setError(null);
    setBusy(true);
    try {
      gather([await post("/api/transcriptions", { url: kept.value.trim(), ...typed(optionsOf(chosen.value)) })]);
    } catch (caught) {
      setError(caught);
      setBusy(false);
      return;
    }
    kept.value = "";
    say(t("send.linkSent"), { kind: "good" });
    onClose();
  }
  return html`<${Dialog} title=${t("send.link")} onClose=${onClose}>
    <form onSubmit=${submit}>
      ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
      <${Field} label=${t("send.address")} hint=${t("send.addressHint")}>
        ${(tied) => html`<input name="url" type="url" required autofocus pattern="https?://.+" maxlength="2000" value=${kept.value}
          onInput=${(event) => (kept.value = event.target.value)} ...${tied} />`}
      <//>
      <${SendOptions} />
      <${Actions} onClose=${onClose} label=${t("send.fetch")} busy=${busy} />
    </form>
  <//>`;
}

// `first`: Enter sends at once.
const Actions = ({ onClose, label, busy = false, first = false }) => html`<div class="dialog-actions">
  <${Button} onPress=${onClose}>${t("action.cancel")}<//>
  <${Button} kind="main" type="submit" disabled=${busy} autofocus=${first}>${label}<//>
</div>`;
