// The project itself: its name, what it may use and uses, all of it to take away, its end.

import { html, useState } from "../html.js";
import { patch, put, remove } from "../api.js";
import { bytes, locale, number, t } from "../i18n.js";
import { go } from "../router.js";
import { me, restoreSession } from "../model/session.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Check, FormError, TextField, useForm } from "../components/form.js";
import { Meter } from "../components/meter.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { say, sayError } from "../components/toasts.js";

const GIGABYTE = 1e9;

export function General({ project, owns, reload }) {
  return html`
    ${owns && html`<${Name} project=${project} reload=${reload} />`}
    <${Quota} project=${project} />
    ${owns && html`<${Export} project=${project} /><${End} project=${project} />`}
  `;
}

function Name({ project, reload }) {
  const form = useForm({ name: project.name });
  const rename = async ({ name }) => {
    await patch(`/api/projects/${project.id}`, { name });
    say(t("say.saved"));
    reload();
  };
  return html`<${Panel} title=${t("general.name")}>
    <form class="line-form" onSubmit=${form.submit(rename)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="name" label=${t("projects.name")} required maxlength="200" />
      <${Button} type="submit" kind="main" disabled=${form.busy}>${t("general.rename")}<//>
    </form>
  <//>`;
}

function Quota({ project }) {
  const quota = useResource(`/api/projects/${project.id}/quota`);
  return html`<${Panel} title=${t("quota.title")} hint=${t("quota.hint")}>
    <${Loaded} of=${quota}>
      ${({ bytes: stored, hours }) => html`
        <div class="meters">
          <${Meter} label=${t("quota.stored")} value=${stored.used} limit=${stored.limit} text=${ofLimit(stored, bytes)} />
          <${Meter}
            label=${t("quota.hours", { month: month(hours.month) })}
            value=${hours.used}
            limit=${hours.limit}
            text=${ofLimit(hours, inHours)}
          />
        </div>
        ${me.value.administrator && html`<${Limits} key=${`${stored.limit}-${hours.limit}`} project=${project} stored=${stored} hours=${hours} reload=${quota.reload} />`}
      `}
    <//>
  <//>`;
}

const inHours = (value) => t("unit.hours", { count: value, text: number(value, { maximumFractionDigits: 1 }) });
const ofLimit = ({ used, limit }, show) =>
  limit === null ? t("quota.unlimited", { used: show(used) }) : t("quota.of", { used: show(used), limit: show(limit) });
const month = (text) =>
  new Intl.DateTimeFormat(locale.value, { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${text}-01T00:00:00Z`));

function Limits({ project, stored, hours, reload }) {
  const form = useForm({
    bytes: stored.limit === null ? "" : String(stored.limit / GIGABYTE),
    hours: hours.limit === null ? "" : String(hours.limit),
  });
  const save = async (values) => {
    const limits = {
      bytes: values.bytes === "" ? null : Math.round(Number(values.bytes) * GIGABYTE),
      hours: values.hours === "" ? null : Number(values.hours),
    };
    await put(`/api/projects/${project.id}/quota`, limits);
    say(t("say.saved"));
    reload();
  };
  return html`<form class="line-form" onSubmit=${form.submit(save)}>
    <${FormError} form=${form} />
    <${TextField} form=${form} name="bytes" label=${t("quota.bytesLimit")} hint=${t("quota.none")} type="number" min="0" step="any" inputmode="decimal" />
    <${TextField} form=${form} name="hours" label=${t("quota.hoursLimit")} hint=${t("quota.none")} type="number" min="0" step="any" inputmode="decimal" />
    <${Button} type="submit" kind="main" disabled=${form.busy}>${t("quota.set")}<//>
  </form>`;
}

function Export({ project }) {
  const [recordings, setRecordings] = useState(true);
  return html`<${Panel} title=${t("export.title")} hint=${t("export.hint")}>
    <${Check} label=${t("export.recordings")} checked=${recordings} onChange=${setRecordings} />
    <p><a class="button" download href=${`/api/projects/${project.id}/export.zip?recordings=${recordings}`}>${t("export.get")}</a></p>
  <//>`;
}

function End({ project }) {
  const question = useQuestion();
  const end = async () => {
    await remove(`/api/projects/${project.id}`);
    restoreSession().catch(sayError);
    say(t("end.done", { name: project.name }));
    go("/projects");
  };
  const ask = () =>
    question.ask({ title: t("end.ask"), text: t("end.text"), action: t("end.do"), name: project.name, onConfirm: end });
  return html`<${Panel} title=${t("end.title")} hint=${t("end.hint")}>
    <${Button} kind="danger" onPress=${ask}>${t("end.do")}<//>
    ${question.shown}
  <//>`;
}
