// What the language model made of the recording: shown beside it, and made anew with other options.

import { html, useEffect, useState } from "../html.js";
import { get, post } from "../api.js";
import { errorText, failureText, has, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { AreaField, FormError, SelectField, useForm } from "../components/form.js";
import { Notice } from "../components/notice.js";
import { Answers } from "./answers.js";

export function Enrichment({ reading }) {
  const { recording, can, view } = reading;
  const { enrichment, state } = recording.info.value;
  const running = enrichment && ["pending", "processing"].includes(enrichment.state);
  const written = ["transcribed", "done"].includes(state);
  return html`<div>
    ${!enrichment && html`<p class="soft">${t("reader.notEnriched")}</p>`}
    ${running && ["pending", "queued", "processing"].includes(state) && html`<p class="soft">${t("reader.enrichedLater")}</p>`}
    ${running && written &&
    html`<div class="notice" role="status">
      ${t("reader.enriching")}
      <progress max="100" value=${enrichment.percent} aria-label=${t("reader.enriching")}></progress>
    </div>`}
    ${enrichment?.state === "error" && html`<${Notice} kind="warn">${enrichment.error ? failureText(enrichment.error) : t("reader.enrichmentFailed")}<//>`}
    ${enrichment?.outdated && html`<${Notice} kind="warn">${t("reader.outdated")}<//>`}
    ${enrichment && html`<${Answers} version=${enrichment} reading=${reading} />`}
    ${enrichment && Object.entries(enrichment.failures ?? {}).map(([task, why]) => html`<details key=${task} class="soft">
      <summary>${t("reader.taskFailed", { task: taskText(task) })}</summary>
      <p lang="en">${why}</p>
    </details>`)}
    <div class="panel-tools">
      ${can.edit && !running && html`<${Button} onPress=${() => (view.dialog.value = { name: "enrich" })}>${t(enrichment ? "reader.enrichAgain" : "reader.enrich")}<//>`}
      ${enrichment && html`<${Button} kind="quiet" onPress=${() => (view.dialog.value = { name: "versions" })}>${t("reader.versions")}<//>`}
    </div>
    ${enrichment?.model && html`<p class="soft">${t("reader.madeBy", { model: enrichment.model })}</p>`}
  </div>`;
}

const taskText = (task) => (has(`reader.task.${task}`) ? t(`reader.task.${task}`) : task);

const PROMPTED = ["title", "summary", "points"];

/** By task, the instructions that it was made by the last time; where it never was, those that the recording was sent with. */
function lastPrompts({ enrichment, options }) {
  return (enrichment ? enrichment.options : options)?.prompts ?? {};
}

/**
 * The instructions as they are to be: undefined where they are those of the last time. An emptied field is the site's own
 * instruction, and tasks that have no field keep theirs.
 */
function wantedPrompts(last, fields) {
  const changed = PROMPTED.filter((task) => fields[task] !== (last[task] ?? ""));
  if (!changed.length) return undefined;
  const wanted = { ...last };
  for (const task of changed) {
    delete wanted[task];
    if (fields[task].trim()) wanted[task] = fields[task].trim();
  }
  return wanted;
}

export function Enrich({ reading, onClose }) {
  const { recording } = reading;
  const [last] = useState(() => lastPrompts(recording.info.peek()));
  const form = useForm({ model: "", task_set: "", ...Object.fromEntries(PROMPTED.map((task) => [task, last[task] ?? ""])) });
  const [models, setModels] = useState([]);
  const [sets, setSets] = useState([]);
  const [error, setError] = useState(null);
  useEffect(() => {
    get("/api/models").then(
      (answer) => setModels((answer.items ?? answer.models ?? []).filter((model) => model.kind === "llm")),
      setError,
    );
    // A site of an older release has no sets of tasks.
    get(`/api/projects/${recording.info.peek().project_id}/task-sets`).then((answer) => setSets(answer.items), () => undefined);
  }, []);

  // What is left out is as it was the last time.
  const begin = form.submit(async ({ model, task_set: taskSet, ...fields }) => {
    await post(`${recording.address}/enrichments`, {
      llm_model: model || undefined, task_set: taskSet || undefined, prompts: wantedPrompts(last, fields),
    });
    onClose();
    recording.loadSoon();
  });

  const asLast = ["", t("reader.modelAsLast")];
  return html`<${Dialog} title=${t("reader.enrichTitle")} onClose=${onClose}>
    <form onSubmit=${begin}>
      ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
      <${FormError} form=${form} />
      <p class="soft">${t("reader.enrichHint")}</p>
      <${SelectField} form=${form} name="model" label=${t("reader.model")}
        options=${[asLast, ...models.map(({ name, title }) => [name, title || name])]} />
      ${sets.length > 0 &&
      html`<${SelectField} form=${form} name="task_set" label=${t("reader.taskSet")}
        options=${[asLast, ...sets.map(({ name, tasks }) => [name, `${name} (${tasks.map(taskText).join(", ")})`])]} />`}
      <details open=${PROMPTED.some((task) => last[task])}>
        <summary>${t("reader.ownPrompts")}</summary>
        ${PROMPTED.map((task) => html`<${AreaField} key=${task} form=${form} name=${task} label=${taskText(task)} rows="2" maxlength="4000" />`)}
      </details>
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} kind="main" type="submit" disabled=${form.busy}>${t("reader.enrichBegin")}<//>
      </div>
    </form>
  <//>`;
}
