// The users of the site: found, made, let in and kept out.

import { html, useEffect, useState } from "../html.js";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { me } from "../model/session.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Check, FormError, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Loaded, More, usePages } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";
import { say } from "../components/toasts.js";
import { MustChange, NewPassword } from "./new_password.js";
import { Manage } from "./manage.js";

const TYPED_MS = 250;

export function Users() {
  const [filter, setFilter] = useState({ search: "", active: "", administrator: "" });
  const [used, setUsed] = useState("");
  const [open, setOpen] = useState(null);
  const users = usePages("/api/users", used);
  useEffect(() => {
    const asked = new URLSearchParams(Object.entries(filter).filter(([, value]) => value.trim() !== "")).toString();
    const timer = setTimeout(() => setUsed(asked), TYPED_MS);
    return () => clearTimeout(timer);
  }, [filter]);
  const change = (changes) => setFilter((before) => ({ ...before, ...changes }));
  const close = () => setOpen(null);
  const choice = (name, label, yes, no) => html`<label>${label} <select value=${filter[name]} onChange=${(event) => change({ [name]: event.target.value })}>
    <option value="">${t("filter.all")}</option><option value="true">${yes}</option><option value="false">${no}</option>
  </select></label>`;
  const actions = html`<${Button} kind="main" onPress=${() => setOpen({ making: true })}>${t("users.new")}<//>`;
  return html`<${Panel} title=${t("site.part.users")} hint=${t("users.hint")} actions=${actions}>
    <div class="filters" role="search">
      <label>${t("users.find")} <input type="search" value=${filter.search} autocapitalize="none" onInput=${(event) => change({ search: event.target.value })} /></label>
      ${choice("active", t("users.state"), t("users.active"), t("users.inactive"))}
      ${choice("administrator", t("users.kind"), t("users.administrators"), t("users.others"))}
    </div>
    <${Loaded} of=${users}>
      ${(items) => html`<${Table}
        caption=${t("site.part.users")}
        rows=${items}
        empty=${t("users.none")}
        columns=${[
          { key: "name", label: t("login.username"), head: true, of: ({ username }) => html`${username}${username === me.value.name && html` <${Badge}>${t("members.you")}<//>`}` },
          { key: "kind", label: t("users.kind"), of: ({ administrator }) => (administrator ? html`<${Badge} kind="good">${t("users.administrator")}<//>` : t("users.user")) },
          { key: "state", label: t("users.state"), of: ({ active, must_change_password: due }) => (active ? t(due ? "users.passwordDue" : "users.active") : html`<${Badge} kind="bad">${t("users.inactive")}<//>`) },
          { key: "since", label: t("projects.since"), of: ({ created_at: at }) => html`<${Moment} at=${at} />` },
          { key: "actions", label: t("table.actions"), kind: "actions", of: (user) => html`<${Button} aria-label=${t("users.manageName", { name: user.username })} onPress=${() => setOpen({ user })}>${t("users.manage")}<//>` },
        ]}
      />`}
    <//>
    <${More} of=${users} />
    ${open?.making && html`<${NewUser} onMade=${users.reload} onClose=${close} />`}
    ${open?.user && html`<${Manage} user=${open.user} onChanged=${users.reload} onClose=${close} />`}
  <//>`;
}

function NewUser({ onMade, onClose }) {
  const form = useForm({ username: "", password: "", administrator: false, must_change_password: true });
  const make = async ({ username, ...rest }) => {
    const made = await post("/api/users", { username: username.trim(), ...rest });
    say(t("users.made", { name: made.username }));
    onMade();
    onClose();
  };
  return html`<${Dialog} title=${t("users.new")} onClose=${onClose}>
    <form onSubmit=${form.submit(make)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="username" label=${t("login.username")} hint=${t("users.nameHint")} required maxlength="200" autocomplete="off" autocapitalize="none" spellcheck=${false} autofocus />
      <${NewPassword} form=${form} />
      <${MustChange} form=${form} />
      <${Check} label=${t("users.isAdministrator")} hint=${t("users.administratorHint")} checked=${form.values.administrator} onChange=${(on) => form.set({ administrator: on })} />
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy}>${t("users.make")}<//>
      </div>
    </form>
  <//>`;
}
