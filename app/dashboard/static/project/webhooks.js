// Webhooks: which addresses are told what, and what came of it.

import { html, useState } from "../html.js";
import { patch, post, remove } from "../api.js";
import { t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Dialog } from "../components/dialog.js";
import { Check, Checks, FormError, SelectField, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Notice } from "../components/notice.js";
import { Loaded, useResource } from "../components/resource.js";
import { SecretDialog } from "../components/secret.js";
import { Panel } from "../components/sections.js";
import { say, sayError } from "../components/toasts.js";
import { Deliveries } from "./deliveries.js";

export const EVENTS = [
  "transcription.created", "transcription.transcribed", "transcription.done", "transcription.failed",
  "transcription.cancelled", "transcription.deleted", "webhook.switched_off",
];
const NEW = { url: "", description: "", active: true, events: ["transcription.done", "transcription.failed"] };

export function Webhooks({ project }) {
  const path = `/api/projects/${project.id}/webhooks`;
  const webhooks = useResource(path);
  const [open, setOpen] = useState(null);
  const close = () => setOpen(null);
  const made = (webhook) => {
    setOpen({ secret: webhook });
    webhooks.reload();
  };
  const actions = html`<${Button} kind="main" onPress=${() => setOpen({ making: true })}>${t("webhooks.new")}<//>`;
  return html`<${Panel} title=${t("project.part.webhooks")} hint=${t("webhooks.hint")} actions=${actions}>
    <${Loaded} of=${webhooks}>
      ${({ items }) =>
        items.length === 0
          ? html`<p class="empty">${t("webhooks.none")}</p>`
          : html`<ul class="cards">
              ${items.map(
                (webhook) => html`<${Webhook} key=${webhook.id} path=${`${path}/${webhook.id}`} webhook=${webhook} reload=${webhooks.reload} open=${setOpen} />`,
              )}
            </ul>`}
    <//>
    ${open?.making && html`<${Order} title=${t("webhooks.new")} initial=${NEW} action=${t("webhooks.make")} save=${async (order) => made(await post(path, order))} onClose=${close} />`}
    ${open?.changing &&
    html`<${Order} title=${t("webhooks.change")} initial=${open.changing} action=${t("action.save")} onClose=${close}
      save=${async (order) => {
        await patch(`${path}/${open.changing.id}`, order);
        webhooks.reload();
        close();
      }} />`}
    ${open?.rotating && html`<${Rotation} path=${`${path}/${open.rotating.id}`} onMade=${made} onClose=${close} />`}
    ${open?.secret && html`<${SecretDialog} title=${t("webhooks.secretOf")} label=${t("webhooks.secret")} hint=${t("webhooks.secretHint")} value=${open.secret.secret} onClose=${close} />`}
  <//>`;
}

function Webhook({ path, webhook, reload, open }) {
  const question = useQuestion();
  const [log, setLog] = useState(false);
  const [pinged, setPinged] = useState(0);
  const ping = async () => {
    try {
      await post(`${path}/ping`);
      setLog(true);
      setPinged((before) => before + 1);
    } catch (error) {
      sayError(error);
    }
  };
  const askRemove = () =>
    question.ask({
      title: t("webhooks.askRemove"), text: t("webhooks.removeText", { url: webhook.url }), action: t("action.delete"),
      onConfirm: async () => {
        await remove(path);
        say(t("webhooks.removed"));
        reload();
      },
    });
  return html`<li class="card" aria-label=${webhook.url}>
    <div class="card-head">
      <h3 class="address">${webhook.url}</h3>
      ${webhook.active
        ? html`<${Badge} kind=${webhook.failing_since ? "warn" : "good"}>${t(webhook.failing_since ? "webhooks.failing" : "state.on")}<//>`
        : html`<${Badge} kind="bad">${t("state.off")}<//>`}
    </div>
    ${webhook.description && html`<p>${webhook.description}</p>`}
    ${webhook.switched_off && html`<${Notice} kind="bad">${t(`webhooks.switchedOff.${webhook.switched_off}`)}<//>`}
    ${webhook.failing_since && html`<p class="hint">${t("webhooks.failingSince")} <${Moment} at=${webhook.failing_since} /></p>`}
    <p class="events">${webhook.events.map((event) => html`<${Badge} key=${event}>${t(`event.${event}`)}<//> `)}</p>
    <div class="card-actions">
      <${Button} aria-expanded=${log ? "true" : "false"} onPress=${() => setLog(!log)}>${t("deliveries.title")}<//>
      <${Button} onPress=${ping} disabled=${!webhook.active}>${t("webhooks.ping")}<//>
      <${Button} onPress=${() => open({ changing: webhook })}>${t("action.change")}<//>
      <${Button} onPress=${() => open({ rotating: webhook })}>${t("webhooks.rotate")}<//>
      <${Button} kind="danger" onPress=${askRemove}>${t("action.delete")}<//>
    </div>
    ${log && html`<${Deliveries} path=${`${path}/deliveries`} active=${webhook.active} news=${pinged} />`}
    ${question.shown}
  </li>`;
}

function Order({ title, initial, action, save, onClose }) {
  const { url, description, active, events } = initial;
  const form = useForm({ url, description, active, events });
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${form.submit(save)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="url" type="url" label=${t("webhooks.url")} hint=${t("webhooks.urlHint")} required maxlength="4000" autofocus />
      <${TextField} form=${form} name="description" label=${t("webhooks.description")} maxlength="200" />
      <${Checks} legend=${t("webhooks.events")} options=${EVENTS.map((event) => [event, t(`event.${event}`)])} chosen=${form.values.events}
        onChange=${(next) => form.set({ events: next })} fault=${form.faults.events} />
      <${Check} label=${t("webhooks.active")} checked=${form.values.active} onChange=${(on) => form.set({ active: on })} />
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy}>${action}<//>
      </div>
    </form>
  <//>`;
}

function Rotation({ path, onMade, onClose }) {
  const form = useForm({ overlap: "24" });
  const rotate = async ({ overlap }) => onMade(await post(`${path}/secret`, { overlap_hours: Number(overlap) }));
  return html`<${Dialog} title=${t("webhooks.askRotate")} onClose=${onClose}>
    <form onSubmit=${form.submit(rotate)}>
      <${FormError} form=${form} />
      <p>${t("webhooks.rotateText")}</p>
      <${SelectField} form=${form} name="overlap" label=${t("webhooks.overlap")} options=${["0", "1", "24", "168"].map((hours) => [hours, t(`overlap.${hours}`)])} />
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy}>${t("webhooks.rotate")}<//>
      </div>
    </form>
  <//>`;
}
