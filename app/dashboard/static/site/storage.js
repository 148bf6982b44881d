// What room there is for recordings and models.

import { html } from "../html.js";
import { bytes, t } from "../i18n.js";
import { Meter } from "../components/meter.js";
import { Notice } from "../components/notice.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";

const AGAIN_MS = 30_000;

export function Storage() {
  const storage = useResource("/api/admin/storage", { everyMs: AGAIN_MS });
  return html`<${Panel} title=${t("site.part.storage")} hint=${t("storage.hint")}>
    <${Loaded} of=${storage}>
      ${({ uploads, models }) => html`
        ${uploads.free_bytes <= uploads.reserve_bytes && html`<${Notice} kind="bad">${t("storage.full")}<//>`}
        <div class="volumes">
          <${Volume} title=${t("storage.uploads")} of=${uploads} reserve=${uploads.reserve_bytes} />
          <${Volume} title=${t("storage.models")} of=${models} />
        </div>
      `}
    <//>
  <//>`;
}

const Volume = ({ title, of, reserve }) => html`<section class="card">
  <h3>${title}</h3>
  <${Meter} label=${t("storage.used")} value=${of.used_bytes} limit=${of.used_bytes + of.free_bytes} text=${t("quota.of", { used: bytes(of.used_bytes), limit: bytes(of.total_bytes) })} />
  <dl class="facts">
    <dt>${t("storage.free")}</dt><dd>${bytes(of.free_bytes)}</dd>
    ${reserve !== undefined && html`<dt>${t("storage.reserve")}</dt><dd>${bytes(reserve)}</dd><dt>${t("storage.room")}</dt><dd>${bytes(Math.max(0, of.free_bytes - reserve))}</dd>`}
  </dl>
</section>`;
