// The site, for its administrators: how it stands and went, who may do what, what was done.

import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../model/session.js";
import { Notice } from "../components/notice.js";
import { AuditLog } from "../components/audit_log.js";
import { Loaded, useResource } from "../components/resource.js";
import { Sections } from "../components/sections.js";
import { Overview } from "../site/overview.js";
import { Users } from "../site/users.js";
import { Workers } from "../site/workers.js";
import { Failures } from "../site/failures.js";
import { Models } from "../site/models.js";
import { Storage } from "../site/storage.js";
import { namesOf } from "../site/names.js";

const PARTS = { overview: Overview, workers: Workers, failures: Failures, users: Users, models: Models, storage: Storage, audit: Audit };

export function Page({ section = "overview", query }) {
  if (!me.value.administrator) return html`<h1>${t("app.site")}</h1><${Notice} kind="bad">${t("site.notYours")}<//>`;
  const current = section in PARTS ? section : "overview";
  const parts = Object.keys(PARTS).map((name) => ({
    name,
    label: t(`site.part.${name}`),
    href: name === "overview" ? "/site" : `/site/${name}`,
  }));
  return html`<${Sections} title=${t("app.site")} label=${t("site.parts")} parts=${parts} current=${current}>
    <${PARTS[current]} query=${query} />
  <//>`;
}

function Audit() {
  const projects = useResource("/api/projects");
  return html`<${Loaded} of=${projects}>
    ${(found) => html`<${AuditLog} path="/api/audit" name=${t("audit.file")} projects=${namesOf(found)} />`}
  <//>`;
}
