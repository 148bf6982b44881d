// What came to nothing, why, and another try of one or of all.

import { html, useState } from "../html.js";
import { post } from "../api.js";
import { errorText, failureText, has, t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Moment } from "../components/moment.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { say, sayError } from "../components/toasts.js";
import { namesOf } from "./names.js";

const AGAIN_MS = 15_000;
const MOST = 200;
const PATH = `/api/admin/failures?limit=${MOST}`;

const tryAgain = (transcription) => post(`/api/transcriptions/${transcription}/retry`);

export function Failures() {
  const failures = useResource(PATH, { everyMs: AGAIN_MS });
  const projects = useResource("/api/projects");
  const question = useQuestion();
  const [progress, setProgress] = useState("");
  const retryOne = async (id) => {
    try {
      await tryAgain(id);
      say(t("failures.retried", { count: 1 }));
    } catch (error) {
      sayError(error);
    }
    failures.reload();
  };
  // One after the other: a hundred at once would hold up whoever else asks the API.
  const retryAll = async (ids) => {
    const refused = [];
    for (const [index, id] of ids.entries()) {
      setProgress(t("failures.progress", { number: index + 1, count: ids.length }));
      await tryAgain(id).catch((error) => refused.push(error));
    }
    setProgress("");
    failures.reload();
    say(t("failures.retried", { count: ids.length - refused.length }));
    if (refused.length) say(t("failures.refused", { count: refused.length, why: errorText(refused[0]) }), { kind: "bad" });
  };
  const askAll = (ids) =>
    question.ask({ title: t("failures.askAll"), text: t("failures.askAllText", { count: ids.length }), action: t("failures.retryAll"), danger: false, onConfirm: () => retryAll(ids) });
  const byRecording = grouped(failures.data?.items ?? []);
  const actions = byRecording.size > 0 && html`<${Button} kind="main" onPress=${() => askAll([...byRecording.keys()])}>${t("failures.retryAll")}<//>`;
  return html`<${Panel} title=${t("site.part.failures")} hint=${t("failures.hint")} actions=${actions}>
    <p role="status" class=${progress ? "hint" : "visually-hidden"}>${progress}</p>
    <${Loaded} of=${failures}>
      ${() =>
        byRecording.size === 0
          ? html`<p class="empty">${t("failures.none")}</p>`
          : html`<ul class="log">
              ${[...byRecording].map(
                ([id, jobs]) => html`<${Failure} key=${id} id=${id} jobs=${jobs} project=${projects.data && namesOf(projects.data).get(jobs[0].project_id)} retry=${() => retryOne(id)} />`,
              )}
            </ul>`}
    <//>
    ${question.shown}
  <//>`;
}

/** The failed jobs by their recordings, in the order in which they come. */
function grouped(jobs) {
  const found = new Map();
  for (const job of jobs) found.set(job.transcription_id, [...(found.get(job.transcription_id) ?? []), job]);
  return found;
}

const kindName = (kind) => (has(`job.${kind}`) ? t(`job.${kind}`) : kind);

/** What happened in the page's words, and in the worker's own, which alone name what it met. */
function Failure({ id, jobs, project, retry }) {
  const [first] = jobs;
  return html`<li class="log-entry">
    <div class="log-line">
      <span class="hint when"><${Moment} at=${first.finished_at} /></span>
      <a href=${`/recordings/${id}`}>${first.transcription_name}</a>
      ${project && html`<span class="hint">${project}</span>`}
      ${jobs.map(({ id: job, kind }) => html`<${Badge} kind="bad" key=${job}>${kindName(kind)}<//> `)}
      <${Button} onPress=${retry}>${t("action.retry")}<span class="visually-hidden"> ${first.transcription_name}</span><//>
    </div>
    ${first.error && html`<p><strong>${failureText(first.error)}</strong> <span class="hint" lang="en">${first.error.detail} ${first.error.remedy}</span></p>`}
    <p class="hint">${[first.error && html`<code>${first.error.code}</code>`, first.worker, t("workers.attempt", { number: first.attempt })].filter(Boolean).map((part, index) => html`${index > 0 ? " · " : ""}${part}`)}</p>
  </li>`;
}
