// A project, in parts: which ones somebody sees, their role says.

import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../model/session.js";
import { Loaded, useResource } from "../components/resource.js";
import { Back, Sections } from "../components/sections.js";
import { Badge } from "../components/badge.js";
import { AuditLog } from "../components/audit_log.js";
import { General } from "../project/general.js";
import { Members } from "../project/members.js";
import { Keys } from "../project/keys.js";
import { Webhooks } from "../project/webhooks.js";
import { TaskSets } from "../project/task_sets.js";
import { Vocabulary } from "../project/vocabulary.js";
import { Voices } from "../project/voices.js";
import { Keeping } from "../project/keeping.js";

const OWNERS_PARTS = new Set(["keys", "webhooks", "audit"]);

const PARTS = {
  general: General,
  members: Members,
  keys: Keys,
  webhooks: Webhooks,
  "task-sets": TaskSets,
  vocabulary: Vocabulary,
  voices: Voices,
  keeping: Keeping,
  audit: ({ project }) => html`<${AuditLog} path=${`/api/projects/${project.id}/audit`} name=${project.name} />`,
};

export function Page({ id, query }) {
  const project = useResource(`/api/projects/${encodeURIComponent(id)}`);
  // Task sets came later than projects: where the API does not have them, the part is left out.
  const taskSets = useResource(`/api/projects/${encodeURIComponent(id)}/task-sets`);
  return html`<${Back} href="/projects">${t("app.projects")}<//>
    <${Loaded} of=${project}>
      ${(found) => html`<${Shown} project=${found} taskSets=${taskSets} reload=${project.reload} query=${query} />`}
    <//>`;
}

function Shown({ project, taskSets, reload, query }) {
  const owns = me.value.administrator || project.role === "owner";
  const edits = owns || project.role === "editor";
  const there = Object.keys(PARTS).filter(
    (name) => (owns || !OWNERS_PARTS.has(name)) && (name !== "task-sets" || taskSets.error?.status !== 404),
  );
  const wanted = query.get("part");
  const current = there.includes(wanted) ? wanted : "general";
  const parts = there.map((name) => ({
    name,
    label: t(`project.part.${name}`),
    href: name === "general" ? `/projects/${project.id}` : `/projects/${project.id}?part=${name}`,
  }));
  const above = project.role && html`<${Badge}>${t(`role.${project.role}`)}<//>`;
  return html`<${Sections} title=${project.name} label=${t("project.parts")} parts=${parts} current=${current} above=${above}>
    <${PARTS[current]} key=${current} project=${project} owns=${owns} edits=${edits} reload=${reload} taskSets=${taskSets} />
  <//>`;
}
