// How long things are kept, what that would remove, and what must be kept whatever is asked.

import { html, useState } from "../html.js";
import { get, put, remove } from "../api.js";
import { bytes, t } from "../i18n.js";
import { me } from "../model/session.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { FormError, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Notice } from "../components/notice.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";
import { say } from "../components/toasts.js";

const days = (count) => (count === null ? t("keeping.forEver") : t("keeping.days", { count }));
const typed = (count) => (count === null ? "" : String(count));
const numbers = (times) => new URLSearchParams(Object.entries(times).filter(([, count]) => count !== null));
const NOTHING_GOES = { audio: { count: 0, bytes: 0 }, transcriptions: { count: 0, bytes: 0 }, held: 0, items: [] };
const meant = (text) => (text === "" ? null : Number(text));

export function Keeping({ project, owns }) {
  const retention = useResource(`/api/projects/${project.id}/retention`);
  return html`
    <${Panel} title=${t("keeping.title")} hint=${t("keeping.hint")}>
      <${Loaded} of=${retention}>
        ${(found) => html`
          <dl class="facts">
            <dt>${t("keeping.audio")}</dt><dd>${found.effective.audio_days === null ? days(found.effective.text_days) : days(found.effective.audio_days)}</dd>
            <dt>${t("keeping.text")}</dt><dd>${days(found.effective.text_days)}</dd>
          </dl>
          ${(found.site.audio_days !== null || found.site.text_days !== null) &&
          html`<p class="hint">${t("keeping.site", { audio: days(found.site.audio_days), text: days(found.site.text_days) })}</p>`}
          ${owns && html`<${Change} key=${`${found.audio_days}-${found.text_days}`} project=${project} found=${found} reload=${retention.reload} />`}
        `}
      <//>
    <//>
    ${owns && html`<${Hold} project=${project} />`}
  `;
}

function Change({ project, found, reload }) {
  const path = `/api/projects/${project.id}/retention`;
  const form = useForm({ audio_days: typed(found.audio_days), text_days: typed(found.text_days) });
  const question = useQuestion();
  const [preview, setPreview] = useState(null);
  const wanted = ({ audio_days: audio, text_days: text }) => ({ audio_days: meant(audio), text_days: meant(text) });
  const look = async (values) => {
    // Without a number the API would speak of the times that are set now; where none is meant, those of the site count.
    const asked = numbers(wanted(values));
    const query = asked.size ? asked : numbers(found.site);
    setPreview(query.size ? await get(`${path}/preview?${query}`) : NOTHING_GOES);
  };
  const save = async (values) => {
    await put(path, wanted(values));
    say(t("say.saved"));
    reload();
  };
  const ask = form.submit(async (values) => {
    await look(values);
    question.ask({
      title: t("keeping.ask"), text: t("keeping.askText", { audio: days(meant(values.audio_days)), text: days(meant(values.text_days)) }),
      action: t("action.save"), onConfirm: () => save(values),
    });
  });
  const change = (changes) => (setPreview(null), form.set(changes));
  return html`<form onSubmit=${ask}>
      <${FormError} form=${form} />
      <div class="line-form">
      <${TextField} form=${{ ...form, set: change }} name="audio_days" type="number" min="0" max="36500" step="1" label=${t("keeping.audioDays")} hint=${t("keeping.audioHint")} />
      <${TextField} form=${{ ...form, set: change }} name="text_days" type="number" min="1" max="36500" step="1" label=${t("keeping.textDays")} hint=${t("keeping.textHint")} />
    </div>
    <div class="row-actions">
      <${Button} onPress=${() => form.submit(look)()}>${t("keeping.preview")}<//>
      <${Button} type="submit" kind="main" disabled=${form.busy}>${t("action.save")}<//>
    </div>
    <div role="status">${preview && html`<${Preview} of=${preview} />`}</div>
  </form>
  ${question.shown}`;
}

const Preview = ({ of }) => html`<div class="preview">
  <h3>${t("keeping.previewTitle")}</h3>
  ${of.audio.count + of.transcriptions.count === 0
    ? html`<p>${t("keeping.nothing")}</p>`
    : html`<ul>
        ${of.audio.count > 0 && html`<li>${t("keeping.audioGoes", { count: of.audio.count, size: bytes(of.audio.bytes) })}</li>`}
        ${of.transcriptions.count > 0 && html`<li>${t("keeping.allGoes", { count: of.transcriptions.count, size: bytes(of.transcriptions.bytes) })}</li>`}
      </ul>`}
  ${of.held > 0 && html`<${Notice}>${t("keeping.held", { count: of.held })}<//>`}
  ${of.items.length > 0 &&
  html`<${Table}
    caption=${t("keeping.next")}
    quietCaption=${false}
    rows=${of.items}
    columns=${[
      { key: "name", label: t("keeping.recording"), head: true, of: ({ id, name }) => html`<a href=${`/recordings/${id}`}>${name}</a>` },
      { key: "goes", label: t("keeping.goes"), of: ({ goes }) => t(`keeping.goes.${goes}`) },
      { key: "ended", label: t("keeping.ended"), of: ({ ended_at: at }) => html`<${Moment} at=${at} />` },
    ]}
  />`}
</div>`;

function Hold({ project }) {
  const path = `/api/projects/${project.id}/legal-hold`;
  const holds = useResource(path);
  const question = useQuestion();
  const form = useForm({ reason: "" });
  const place = async ({ reason }) => {
    await put(path, { reason });
    say(t("hold.placed"));
    form.reset();
    holds.reload();
  };
  const askLift = () =>
    question.ask({
      title: t("hold.ask"), text: t("hold.askText"), action: t("hold.lift"), name: project.name,
      onConfirm: async () => {
        await remove(path);
        say(t("hold.lifted"));
        holds.reload();
      },
    });
  return html`<${Panel} title=${t("hold.title")} hint=${t("hold.hint")}>
    <${Loaded} of=${holds}>
      ${({ held, holds: all }) => html`
        ${held && html`<${Notice} kind="warn">${t("hold.on")} <strong>${all[0].reason}</strong><//>`}
        <form class="line-form" onSubmit=${form.submit(place)}>
          <${FormError} form=${form} />
          <${TextField} form=${form} name="reason" label=${t(held ? "hold.newReason" : "hold.reason")} hint=${t("hold.reasonHint")} required maxlength="1000" />
          <${Button} type="submit" kind=${held ? "" : "main"} disabled=${form.busy}>${t(held ? "hold.change" : "hold.place")}<//>
          ${held &&
          (!all[0].by_administrator || me.value.administrator) &&
          html`<${Button} kind="danger" onPress=${askLift}>${t("hold.lift")}<//>`}
        </form>
        ${held && all[0].by_administrator && !me.value.administrator && html`<p class="hint">${t("hold.byAdministrator")}</p>`}
        ${all.length > 0 &&
        html`<${Table}
          caption=${t("hold.history")}
          rows=${all}
          keyOf=${({ placed_at: at }) => at}
          columns=${[
            { key: "reason", label: t("hold.why"), head: true, of: ({ reason }) => reason },
            { key: "placed", label: t("hold.since"), of: ({ placed_by: by, placed_at: at }) => html`<${Moment} at=${at} /> · ${by}` },
            { key: "lifted", label: t("hold.until"), of: ({ lifted_by: by, lifted_at: at }) => (at ? html`<${Moment} at=${at} /> · ${by}` : html`<${Badge} kind="warn">${t("hold.inForce")}<//>`) },
          ]}
        />`}
      `}
    <//>
    ${question.shown}
  <//>`;
}
