// Two people corrected the same segment: both texts, and which one is to stay.

import { html } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";

export function Conflict({ segmentKey, draft, reading }) {
  return html`<div class="conflict" role="alert">
    <p class="conflict-title">${t("reader.conflict")}</p>
    <div class="conflict-texts">
      <div>
        <p class="label">${t("reader.conflict.mine")}</p>
        <p lang=${reading.language.value}>${draft.text}</p>
        <${Button} kind="main" onPress=${() => reading.drafts.settle(segmentKey, true)}>${t("reader.conflict.keepMine")}<//>
      </div>
      <div>
        <p class="label">${t("reader.conflict.theirs")}</p>
        <p lang=${reading.language.value}>${draft.current?.text ?? t("reader.conflict.moved")}</p>
        <${Button} onPress=${() => reading.drafts.settle(segmentKey, false)}>${t("reader.conflict.keepTheirs")}<//>
      </div>
    </div>
  </div>`;
}
