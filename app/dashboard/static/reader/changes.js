// How the text of one segment came to be so.

import { html, useEffect, useState } from "../html.js";
import { get } from "../api.js";
import { clock, dateTime, errorText, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Notice } from "../components/notice.js";

export function Changes({ segmentKey, reading, onClose }) {
  const segment = reading.segmentOf(segmentKey);
  const [versions, setVersions] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    get(`${reading.recording.address}/segments/${segment.position}/history`).then((answer) => setVersions(answer.items), setError);
  }, []);
  return html`<${Dialog} title=${t("reader.historyAt", { time: clock(segment.start) })} onClose=${onClose}>
    ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
    <ol class="changes">
      ${(versions ?? []).map((version, index) => html`<li key=${index}>
        <p class="soft">${t(`reader.change.${version.kind}`)} · ${version.by ?? ""} · ${dateTime(version.at)}</p>
        <p lang=${reading.language.value}>${version.after}</p>
      </li>`)}
      <li><p class="soft">${t("reader.machineText")}</p><p lang=${reading.language.value}>${segment.machine_text}</p></li>
    </ol>
    <div class="dialog-actions"><${Button} kind="main" onPress=${onClose}>${t("action.close")}<//></div>
  <//>`;
}
