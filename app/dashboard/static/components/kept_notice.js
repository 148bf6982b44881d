// What the microphone recorded and was not sent yet: the page was closed meanwhile, or the sending put off.

import { html } from "../html.js";
import { clock, dateTime, t } from "../i18n.js";
import { uploads } from "../model/uploads.js";
import { Button } from "./button.js";
import { Notice } from "./notice.js";

export function KeptRecordings({ recordings, hidden, onSend, onDiscard }) {
  const sending = new Set(uploads.value.map((upload) => upload.file.lastModified));
  const shown = recordings.filter(({ began }) => !sending.has(began));
  if (hidden || !shown.length) return null;
  return html`<${Notice} kind="warn">
    ${shown.map((recording) => {
      const at = dateTime(new Date(recording.began).toISOString());
      return html`<div class="kept" key=${recording.id}>
        <span>${t("record.kept", { at, time: clock(recording.seconds) })}</span>
        <${Button} onPress=${() => onSend(recording)}>${t("record.send")}<//>
        <${Button} kind="quiet" onPress=${() => onDiscard(recording)}>${t("record.discard")}<//>
      </div>`;
    })}
  <//>`;
}
