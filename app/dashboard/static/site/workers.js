// The workers, as they say of themselves, every few seconds.

import { html } from "../html.js";
import { bytes, clock, has, number, t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Meter } from "../components/meter.js";
import { Moment } from "../components/moment.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { queueName } from "./queues.js";

const AGAIN_MS = 5000;
const KINDS = { idle: "good", busy: "busy", stale: "bad" };
const PERCENT = 100;

export function Workers() {
  const workers = useResource("/api/admin/workers", { everyMs: AGAIN_MS });
  return html`<${Panel} title=${t("site.part.workers")} hint=${t("workers.hint")}>
    <${Loaded} of=${workers}>
      ${({ items }) =>
        items.length === 0
          ? html`<p class="empty">${t("workers.none")}</p>`
          : html`<ul class="cards grid">${items.map((worker) => html`<${Worker} key=${worker.name} worker=${worker} />`)}</ul>`}
    <//>
  <//>`;
}

const Worker = ({ worker }) => html`<li class="card" aria-label=${worker.name}>
  <div class="card-head"><h3 class="address">${worker.name}</h3><${Badge} kind=${KINDS[worker.state]}>${t(`worker.${worker.state}`)}<//></div>
  <p class="hint">${[queueName(worker.queue), worker.host, worker.version].filter(Boolean).join(" · ")}</p>
  ${worker.state === "stale" && worker.silent_seconds > 0 && html`<p class="fault">${t("workers.silent", { time: clock(worker.silent_seconds) })}</p>`}
  <${Meter} quiet steady label=${t("workers.cpu")} value=${worker.cpu_percent ?? 0} limit=${worker.cpu_percent === null ? null : (worker.threads ?? 1) * PERCENT} text=${cpu(worker)} />
  <${Meter} quiet label=${t("workers.memory")} value=${worker.memory_bytes ?? 0} limit=${worker.memory_limit_bytes} text=${memory(worker)} />
  ${worker.state !== "stale" && html`<${Job} job=${worker.job} />`}
  <details>
    <summary>${t("workers.more")}</summary>
    <dl class="facts">
      <dt>${t("workers.models")}</dt><dd>${worker.models.length ? worker.models.map((model) => html`<code key=${model}>${model}</code> `) : t("workers.noModels")}</dd>
      <dt>${t("workers.jobs")}</dt><dd>${t("workers.doneFailed", { done: worker.done, failed: worker.failed })}</dd>
      ${worker.recorded_seconds > 0 && html`<dt>${t("workers.written")}</dt><dd>${clock(worker.recorded_seconds)}</dd>`}
      <dt>${t("workers.worked")}</dt><dd>${clock(worker.working_seconds)}</dd>
      <dt>${t("workers.started")}</dt><dd><${Moment} at=${worker.started_at} /></dd>
      <dt>${t("workers.process")}</dt><dd>${worker.pid ?? "–"}</dd>
    </dl>
  </details>
</li>`;

const cpu = ({ cpu_percent: percent, threads }) =>
  percent === null ? "–" : t("workers.cpuOf", { percent: number(percent / PERCENT, { style: "percent" }), threads: threads ?? "–" });
const memory = ({ memory_bytes: used, memory_limit_bytes: limit }) =>
  used === null ? "–" : limit === null ? bytes(used) : t("quota.of", { used: bytes(used), limit: bytes(limit) });

function Job({ job }) {
  if (!job) return html`<p class="job hint">${t("workers.noJob")}</p>`;
  const kind = has(`job.${job.kind}`) ? t(`job.${job.kind}`) : job.kind;
  return html`<div class="job">
    <a href=${`/recordings/${job.transcription_id}`}>${kind}${job.position > 0 ? ` ${number(job.position + 1)}` : ""}</a>
    <${Meter} quiet steady label=${t("workers.progress")} value=${job.percent} limit=${PERCENT} text=${number(job.percent / PERCENT, { style: "percent" })} />
    <p class="hint">${t("workers.since")} <${Moment} at=${job.started_at} />${job.attempt > 1 ? ` · ${t("workers.attempt", { number: job.attempt })}` : ""}</p>
  </div>`;
}
