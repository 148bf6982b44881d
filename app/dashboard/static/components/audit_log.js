// Who did what: looked through, narrowed, taken away as a table.

import { html, useState } from "../html.js";
import { get } from "../api.js";
import { has, t } from "../i18n.js";
import { Badge } from "./badge.js";
import { Button } from "./button.js";
import { Moment } from "./moment.js";
import { Loaded, More, usePages } from "./resource.js";
import { Panel } from "./sections.js";
import { say, sayError } from "./toasts.js";

const PAGE = 200;
const MOST = 20_000;
const GROUPS = {
  login: ["succeeded", "failed", "ended"],
  access: ["denied"],
  user: ["created", "changed", "deleted", "password_changed", "linked", "unlinked"],
  project: ["created", "changed", "exported", "deleted"],
  member: ["added", "changed", "removed"],
  key: ["created", "rotated", "revoked"],
  quota: ["changed"],
  vocabulary: ["changed"],
  task_set: ["changed", "deleted"],
  retention: ["changed"],
  hold: ["placed", "lifted"],
  webhook: ["created", "changed", "deleted", "secret_rotated", "pinged", "replayed"],
  upload: ["begun", "ended"],
  transcription: ["created", "described", "enriched", "cancelled", "retried", "deleted", "exported", "recording_removed"],
  text: ["corrected", "reverted", "split", "merged"],
  speaker: ["renamed", "merged", "unmerged", "split", "assigned", "restored"],
  note: ["written", "changed", "deleted"],
  question: ["asked", "deleted"],
  share: ["made", "revoked", "opened"],
  voiceprint: ["enrolled", "deleted"],
  audit: ["purged"],
};
const OF_THE_SITE = new Set(["login", "user", "audit"]);

const actionName = (action) => (has(`audit.${action}`) ? t(`audit.${action}`) : action);
const actorName = ({ kind, name }) => (kind === "user" ? name : [t(`audit.actor.${kind}`), name?.replace(/^key:/, "")].filter(Boolean).join(" "));
const moment = (local) => local && new Date(local).toISOString();

/** `projects`: names by id, where the log is of more than one. `name`: of the file that is taken away. */
export function AuditLog({ path, name, projects }) {
  const [filter, setFilter] = useState({ group: "", actor: "", after: "", before: "", project: "" });
  const [used, setUsed] = useState("");
  const log = usePages(path, used);
  const change = (changes) => setFilter((before) => ({ ...before, ...changes }));
  const narrow = (event) => {
    event.preventDefault();
    setUsed(queryOf(filter));
  };
  const groups = Object.keys(GROUPS).filter((group) => projects || !OF_THE_SITE.has(group));
  return html`<${Panel} title=${t("audit.title")} hint=${t("audit.hint")} actions=${html`<${Export} path=${path} query=${used} name=${name} projects=${projects} />`}>
    <form class="filters" onSubmit=${narrow}>
      <label>${t("audit.what")} <select value=${filter.group} onChange=${(event) => change({ group: event.target.value })}>
        <option value="">${t("filter.all")}</option>
        ${groups.map((group) => html`<option value=${group} key=${group}>${t(`audit.group.${group}`)}</option>`)}
      </select></label>
      <label>${t("audit.who")} <input value=${filter.actor} autocomplete="off" autocapitalize="none" onInput=${(event) => change({ actor: event.target.value })} /></label>
      ${projects &&
      html`<label>${t("audit.project")} <select value=${filter.project} onChange=${(event) => change({ project: event.target.value })}>
        <option value="">${t("filter.all")}</option>
        ${[...projects].map(([id, text]) => html`<option value=${id} key=${id}>${text}</option>`)}
      </select></label>`}
      <label>${t("audit.after")} <input type="datetime-local" value=${filter.after} onInput=${(event) => change({ after: event.target.value })} /></label>
      <label>${t("audit.before")} <input type="datetime-local" value=${filter.before} onInput=${(event) => change({ before: event.target.value })} /></label>
      <${Button} type="submit">${t("filter.apply")}<//>
    </form>
    <${Loaded} of=${log}>
      ${(items) =>
        items.length === 0
          ? html`<p class="empty">${t("audit.nothing")}</p>`
          : html`<ol class="log">${items.map((entry) => html`<${Entry} key=${entry.id} entry=${entry} projects=${projects} />`)}</ol>`}
    <//>
    <${More} of=${log} />
  <//>`;
}

function queryOf({ group, actor, after, before, project }) {
  const asked = new URLSearchParams();
  for (const action of GROUPS[group] ?? []) asked.append("action", `${group}.${action}`);
  const rest = { actor: actor.trim(), after: moment(after), before: moment(before), project };
  for (const [name, value] of Object.entries(rest)) if (value) asked.set(name, value);
  return asked.toString();
}

const Entry = ({ entry, projects }) => html`<li class="log-entry">
  <details>
    <summary>
      <span class="log-line">
        <span class="hint when"><${Moment} at=${entry.at} /></span>
        <strong>${actionName(entry.action)}</strong>
        ${entry.outcome === "refused" && html`<${Badge} kind="bad">${t("audit.refused")}<//>`}
        <span>${actorName(entry.actor)}</span>
        ${entry.details.name && html`<span class="hint">${String(entry.details.name)}</span>`}
      </span>
    </summary>
    <dl class="facts">
      <dt>${t("audit.action")}</dt><dd><code>${entry.action}</code></dd>
      ${entry.thing?.id && html`<dt>${t("audit.thing")}</dt><dd><${Thing} of=${entry.thing} /></dd>`}
      ${entry.project_id && projects && html`<dt>${t("audit.project")}</dt><dd>${projects.get(entry.project_id) ?? html`<code>${entry.project_id}</code>`}</dd>`}
      ${entry.address && html`<dt>${t("audit.address")}</dt><dd><code>${entry.address}</code></dd>`}
      ${entry.request_id && html`<dt>${t("audit.request")}</dt><dd><code>${entry.request_id}</code></dd>`}
      ${Object.keys(entry.details).length > 0 && html`<dt>${t("audit.details")}</dt><dd><code>${JSON.stringify(entry.details)}</code></dd>`}
    </dl>
  </details>
</li>`;

const Thing = ({ of }) => (of.kind === "transcription" ? html`<a href=${`/recordings/${of.id}`}><code>${of.id}</code></a>` : html`<code>${of.kind} ${of.id}</code>`);

function Export({ path, query, name, projects }) {
  const take = async () => {
    try {
      const entries = await all(path, query);
      save(table(entries, projects), `${name} ${new Date().toISOString().slice(0, 10)}.csv`);
      say(t(entries.length >= MOST ? "audit.exportedPart" : "audit.exported", { count: entries.length }));
    } catch (error) {
      sayError(error);
    }
  };
  return html`<${Button} onPress=${take}>${t("audit.export")}<//>`;
}

async function all(path, query) {
  const asked = new URLSearchParams(query);
  asked.set("limit", PAGE);
  const found = [];
  do {
    const page = await get(`${path}?${asked}`);
    found.push(...page.items);
    asked.set("cursor", page.next_cursor ?? "");
  } while (asked.get("cursor") && found.length < MOST);
  return found;
}

function table(entries, projects) {
  const head = ["id", "at", "action", "outcome", "actor_kind", "actor", "thing_kind", "thing_id", "project_id", "project", "address", "request_id", "details"];
  const rows = entries.map(({ id, at, action, outcome, actor, thing, project_id: project, address, request_id: request, details }) => [
    id, at, action, outcome, actor.kind, actor.name, thing?.kind, thing?.id, project, projects?.get(project), address, request, JSON.stringify(details),
  ]);
  // With the mark by which spreadsheets know UTF-8.
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Spreadsheets run what begins like a formula; names are typed by others. */
const cell = (value) => `"${String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;

function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
