// The projects of whoever looks, and a new one.

import { html, useState } from "../html.js";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { restoreSession } from "../model/session.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { FormError, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Loaded, useResource } from "../components/resource.js";
import { useTitle } from "../components/sections.js";
import { Table } from "../components/table.js";

const FEW = 8;

export function Page() {
  const projects = useResource("/api/projects");
  const [making, setMaking] = useState(false);
  const [wanted, setWanted] = useState("");
  useTitle(t("app.projects"));
  return html`<div class="page-wide">
    <header class="page-head">
      <h1>${t("app.projects")}</h1>
      <${Button} kind="main" onPress=${() => setMaking(true)}>${t("projects.new")}<//>
    </header>
    <${Loaded} of=${projects}>
      ${({ items }) => html`
        ${items.length > FEW &&
        html`<input
          class="search"
          type="search"
          aria-label=${t("projects.find")}
          placeholder=${t("projects.find")}
          value=${wanted}
          onInput=${(event) => setWanted(event.target.value)}
        />`}
        <${List} projects=${items.filter(({ name }) => plain(name).includes(plain(wanted)))} />
      `}
    <//>
    ${making && html`<${NewProject} onClose=${() => setMaking(false)} />`}
  </div>`;
}

/** As it is looked for: case and accents do not count. */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const List = ({ projects }) => html`<div class="panel"><${Table}
  caption=${t("app.projects")}
  rows=${projects}
  empty=${t("projects.none")}
  columns=${[
    { key: "name", label: t("projects.name"), head: true, of: ({ id, name }) => html`<a href=${`/projects/${id}`}>${name}</a>` },
    { key: "role", label: t("projects.role"), of: ({ role }) => (role ? html`<${Badge}>${t(`role.${role}`)}<//>` : t("role.none")) },
    { key: "voices", label: t("projects.recognition"), of: ({ recognise_speakers: on }) => t(on ? "state.on" : "state.off") },
    { key: "since", label: t("projects.since"), of: ({ created_at: at }) => html`<${Moment} at=${at} />` },
  ]}
/></div>`;

function NewProject({ onClose }) {
  const form = useForm({ name: "" });
  const make = async ({ name }) => {
    const made = await post("/api/projects", { name });
    // Whose roles these are has changed: other parts of the page ask by them.
    await restoreSession();
    go(`/projects/${made.id}`);
  };
  return html`<${Dialog} title=${t("projects.new")} onClose=${onClose}>
    <form onSubmit=${form.submit(make)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="name" label=${t("projects.name")} hint=${t("projects.nameHint")} required maxlength="200" autofocus />
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy}>${t("projects.make")}<//>
      </div>
    </form>
  <//>`;
}
