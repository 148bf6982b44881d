// API keys: made, given a new secret, revoked.

import { html, useState } from "../html.js";
import { post, remove } from "../api.js";
import { t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Dialog } from "../components/dialog.js";
import { Checks, FormError, SelectField, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Loaded, useResource } from "../components/resource.js";
import { SecretDialog } from "../components/secret.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";
import { roleOptions, ROLES } from "./members.js";

const SCOPES = { "transcriptions:read": "viewer", "transcriptions:write": "editor", "projects:read": "viewer", "projects:manage": "owner" };
const HOUR_SECONDS = 3600;
const OVERLAPS_HOURS = [0, 1, 24, 168];
const NEW = { name: "", role: "editor", scopes: [], expires: "" };

export function Keys({ project }) {
  const path = `/api/projects/${project.id}/keys`;
  const keys = useResource(path);
  const question = useQuestion();
  const [open, setOpen] = useState(null);
  const made = (key) => {
    setOpen({ key });
    keys.reload();
  };
  const askRevoke = ({ id, name }) =>
    question.ask({
      title: t("keys.askRevoke", { name }),
      text: t("keys.revokeText"),
      action: t("keys.revoke"),
      onConfirm: async () => {
        await remove(`${path}/${id}`);
        keys.reload();
      },
    });
  const actions = html`<${Button} kind="main" onPress=${() => setOpen({ making: true })}>${t("keys.new")}<//>`;
  return html`<${Panel} title=${t("project.part.keys")} hint=${t("keys.hint")} actions=${actions}>
    <${Loaded} of=${keys}>
      ${({ items }) => html`<${Table}
        caption=${t("project.part.keys")}
        empty=${t("keys.none")}
        rows=${inUseFirst(items)}
        columns=${[
          { key: "name", label: t("keys.name"), head: true, of: ({ name, prefix }) => html`${name}<br /><code>${prefix}…</code>` },
          { key: "role", label: t("keys.may"), of: ({ role, scopes }) => html`${t(`role.${role}`)}${scopes && html`<br /><span class="hint">${scopes.map((scope) => t(`scope.${scope}`)).join(", ")}</span>`}` },
          { key: "used", label: t("keys.used"), of: ({ last_used_at: at }) => html`<${Moment} at=${at} none=${t("keys.never")} />` },
          { key: "state", label: t("keys.state"), of: (key) => html`<${Standing} of=${key} />` },
          {
            key: "actions", label: t("table.actions"), kind: "actions",
            of: (key) => works(key) && html`
              <${Button} kind="quiet" aria-label=${t("keys.rotateName", { name: key.name })} onPress=${() => setOpen({ rotating: key })}>${t("keys.rotate")}<//>
              <${Button} kind="quiet" aria-label=${t("keys.revokeName", { name: key.name })} onPress=${() => askRevoke(key)}>${t("keys.revoke")}<//>`,
          },
        ]}
      />`}
    <//>
    ${question.shown}
    ${open?.making && html`<${NewKey} path=${path} onMade=${made} onClose=${() => setOpen(null)} />`}
    ${open?.rotating && html`<${Rotation} path=${path} of=${open.rotating} onMade=${made} onClose=${() => setOpen(null)} />`}
    ${open?.key && html`<${SecretDialog} title=${t("keys.made", { name: open.key.name })} label=${t("keys.key")} value=${open.key.key} onClose=${() => setOpen(null)} />`}
  <//>`;
}

const works = ({ revoked_at: revoked, expires_at: expires }) => !revoked && !(expires && new Date(expires) <= new Date());
const inUseFirst = (keys) => [...keys.filter(works), ...keys.filter((key) => !works(key))];

function Standing({ of }) {
  if (of.revoked_at) return html`<${Badge} kind="bad">${t("keys.revoked")}<//> <${Moment} at=${of.revoked_at} />`;
  if (!works(of)) return html`<${Badge} kind="bad">${t("keys.expired")}<//> <${Moment} at=${of.expires_at} />`;
  if (of.expires_at) return html`<${Badge} kind="warn">${t("keys.until")}<//> <${Moment} at=${of.expires_at} />`;
  return html`<${Badge} kind="good">${t("keys.works")}<//>`;
}

function NewKey({ path, onMade, onClose }) {
  const form = useForm(NEW);
  const { role, scopes } = form.values;
  const possible = Object.keys(SCOPES).filter((scope) => ROLES.indexOf(role) >= ROLES.indexOf(SCOPES[scope]));
  const chosen = scopes.filter((scope) => possible.includes(scope));
  const make = async ({ name, expires }) => {
    const order = { name, role, scopes: chosen.length ? chosen : null };
    if (expires) order.expires_at = new Date(expires).toISOString();
    onMade(await post(path, order));
  };
  return html`<${Dialog} title=${t("keys.new")} onClose=${onClose}>
    <form onSubmit=${form.submit(make)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="name" label=${t("keys.name")} hint=${t("keys.nameHint")} required maxlength="200" autocomplete="off" autofocus />
      <${SelectField} form=${form} name="role" label=${t("projects.role")} options=${roleOptions()} />
      <${Checks} legend=${t("keys.scopes")} options=${possible.map((scope) => [scope, t(`scope.${scope}`)])} chosen=${chosen}
        onChange=${(next) => form.set({ scopes: next })} fault=${form.faults.scopes} />
      <${TextField} form=${{ ...form, faults: { expires: form.faults.expires_at } }} name="expires" label=${t("keys.expires")} hint=${t("keys.expiresHint")} type="datetime-local" />
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy}>${t("keys.make")}<//>
      </div>
    </form>
  <//>`;
}

function Rotation({ path, of, onMade, onClose }) {
  const form = useForm({ overlap: "24" });
  const rotate = async ({ overlap }) =>
    onMade(await post(`${path}/${of.id}/rotate`, { overlap_seconds: Number(overlap) * HOUR_SECONDS }));
  return html`<${Dialog} title=${t("keys.askRotate", { name: of.name })} onClose=${onClose}>
    <form onSubmit=${form.submit(rotate)}>
      <${FormError} form=${form} />
      <p>${t("keys.rotateText")}</p>
      <${SelectField} form=${form} name="overlap" label=${t("keys.overlap")} options=${OVERLAPS_HOURS.map((hours) => [String(hours), t(`overlap.${hours}`)])} />
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy}>${t("keys.rotate")}<//>
      </div>
    </form>
  <//>`;
}
