// What the language model made of the recording: shown beside it, and made anew with other options.

import { html, useEffect, useState } from "../html.js";
import { get, post } from "../api.js";
import { errorText, failureText, has, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
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

export function Enrich({ reading, onClose }) {
  const { recording } = reading;
  const [models, setModels] = useState(null);
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

  async function begin(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    const prompts = {};
    for (const task of PROMPTED) if (form.get(task)?.trim()) prompts[task] = form.get(task).trim();
    const wish = { prompts };
    if (form.get("model")) wish.llm_model = form.get("model");
    if (form.get("task_set")) wish.task_set = form.get("task_set");
    try {
      await post(`${recording.address}/enrichments`, wish);
      onClose();
      recording.loadSoon();
    } catch (caught) {
      setError(caught);
    }
  }

  return html`<${Dialog} title=${t("reader.enrichTitle")} onClose=${onClose}>
    <form onSubmit=${begin}>
      ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
      <p class="soft">${t("reader.enrichHint")}</p>
      <${Field} label=${t("reader.model")}>
        ${(tied) => html`<select name="model" ...${tied}>
          <option value="">${t("reader.modelAsLast")}</option>
          ${(models ?? []).map((model) => html`<option key=${model.name} value=${model.name}>${model.title || model.name}</option>`)}
        </select>`}
      <//>
      ${sets.length > 0 &&
      html`<${Field} label=${t("reader.taskSet")}>
        ${(tied) => html`<select name="task_set" ...${tied}>
          <option value="">${t("reader.modelAsLast")}</option>
          ${sets.map((set) => html`<option key=${set.name} value=${set.name}>${set.name} (${set.tasks.map(taskText).join(", ")})</option>`)}
        </select>`}
      <//>`}
      <details>
        <summary>${t("reader.ownPrompts")}</summary>
        ${PROMPTED.map((task) => html`<${Field} key=${task} label=${taskText(task)}>
          ${(tied) => html`<textarea name=${task} rows="2" maxlength="4000" ...${tied}></textarea>`}
        <//>`)}
      </details>
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} kind="main" type="submit">${t("reader.enrichBegin")}<//>
      </div>
    </form>
  <//>`;
}
