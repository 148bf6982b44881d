// What is being sent, on the pages that are not the home: one line at the lower edge, and the whole tray when asked for.

import { html, useState } from "../html.js";
import { number, t } from "../i18n.js";
import { dismissAll, underWay, uploads } from "../model/uploads.js";
import { Button } from "./button.js";
import { Progress } from "./progress.js";
import { UploadTray } from "./upload_tray.js";

export function SendingDock() {
  const [open, setOpen] = useState(false);
  const shown = uploads.value;
  if (!shown.length) return null;
  const refused = shown.filter(({ state }) => state === "refused").length;
  const size = shown.reduce((sum, upload) => sum + upload.size, 0);
  const part = size ? shown.reduce((sum, upload) => sum + upload.sent, 0) / size : 1;
  const going = underWay.value.length;
  const said = going
    ? t("upload.dock.sending", { count: going, percent: number(part, { style: "percent" }) })
    : refused
      ? t("upload.dock.refused", { count: refused })
      : t("upload.allSent");
  return html`<section class="dock" aria-label=${t("upload.tray")}>
    <div class="dock-head">
      <p role=${going ? undefined : "status"}>${said}</p>
      ${going > 0 && html`<${Progress} percent=${100 * part} label=${t("upload.dock.progress")} />`}
      <${Button} kind="quiet" aria-expanded=${open ? "true" : "false"} onPress=${() => setOpen(!open)}>
        ${t(open ? "upload.dock.hide" : "upload.dock.show")}
      <//>
      ${!going && html`<${Button} kind="quiet" onPress=${dismissAll}>${t("action.close")}<//>`}
    </div>
    ${open && html`<${UploadTray} />`}
  </section>`;
}
