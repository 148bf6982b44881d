// What the recording is called, and its labels.

import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { LabelDialog } from "../components/label_dialog.js";

const LONGEST = 255;

export function Rename({ reading, onClose }) {
  const [name, setName] = useState(reading.recording.info.peek().name);
  const save = async (event) => {
    event.preventDefault();
    if (name.trim() && (await reading.describe({ name: name.trim() }))) onClose();
  };
  return html`<${Dialog} title=${t("reader.rename")} onClose=${onClose}>
    <form onSubmit=${save}>
      <${Field} label=${t("reader.recordingName")}>
        ${(tied) => html`<input name="name" value=${name} required maxlength=${LONGEST} autofocus onInput=${(event) => setName(event.target.value)} ...${tied} />`}
      <//>
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} kind="main" type="submit">${t("action.save")}<//>
      </div>
    </form>
  <//>`;
}

export function Labels({ reading, onClose }) {
  const save = async (labelsOf) => (await reading.describe({ labelsOf })) && onClose();
  return html`<${LabelDialog} items=${[reading.recording.info.value]} onClose=${onClose} onLabel=${save} />`;
}
