// What can be done with all recordings that are chosen.

import { html, useState } from "../html.js";
import { errorText, t } from "../i18n.js";
import { ask, post, remove } from "../api.js";
import { isActive } from "../model/filters.js";
import { mayChange } from "../model/projects_of_mine.js";
import { forget, gather } from "../model/recordings.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { LabelDialog } from "./label_dialog.js";
import { failedParts } from "./recording_state.js";
import { say } from "./toasts.js";

const AT_ONCE = 4;

const canRetry = (item) => ["error", "cancelled"].includes(item.state) || failedParts(item).length > 0;

export function BulkBar({ items, onDone }) {
  const [dialog, setDialog] = useState(null);
  const mine = items.filter((item) => mayChange(item.project_id));
  const active = mine.filter((item) => isActive(item.state));
  const failed = mine.filter(canRetry);
  const close = () => setDialog(null);

  async function cancel() {
    await each(active, "cancelled", async ({ id }) => gather([await post(`/api/transcriptions/${id}/cancel`)]));
    onDone();
  }
  async function retry() {
    await each(failed, "retried", async ({ id }) => gather([await post(`/api/transcriptions/${id}/retry`)]));
    onDone();
  }
  async function destroy() {
    await each(mine, "deleted", async ({ id }) => {
      await remove(`/api/transcriptions/${id}`);
      forget([id]);
    });
    close();
    onDone();
  }
  async function label(labelsOf) {
    await each(mine, "labelled", (item) => describe(item, labelsOf));
    close();
    onDone();
  }

  return html`<div class="bulk" role="toolbar" aria-label=${t("home.bulk")}>
    <span role="status" class="bulk-count">${t("home.chosen", { count: items.length })}</span>
    <${Button} kind="quiet" disabled=${!mine.length} onPress=${() => setDialog("label")}><${Icon} name="label" /><span class="bulk-text">${t("home.label")}</span><//>
    <${Button} kind="quiet" disabled=${!active.length} onPress=${cancel}><${Icon} name="stop" /><span class="bulk-text">${t("home.stop")}</span><//>
    <${Button} kind="quiet" disabled=${!failed.length} onPress=${retry}><${Icon} name="retry" /><span class="bulk-text">${t("action.retry")}</span><//>
    <${Button} kind="quiet" disabled=${!mine.length} onPress=${() => setDialog("delete")}><${Icon} name="bin" /><span class="bulk-text">${t("action.delete")}</span><//>
    <button class="button quiet bulk-end" onClick=${onDone}><${Icon} name="close" /><span class="bulk-text">${t("home.chooseNone")}</span></button>
    </div>
    ${dialog === "label" && html`<${LabelDialog} items=${mine} onClose=${close} onLabel=${label} />`}
    ${dialog === "delete" &&
    html`<${Dialog} title=${t("home.deleteTitle", { count: mine.length })} onClose=${close}>
      <p>${t("home.deleteText")}</p>
      <ul class="names">${mine.slice(0, 5).map((item) => html`<li key=${item.id}>${item.name}</li>`)}
        ${mine.length > 5 && html`<li>${t("home.andMore", { count: mine.length - 5 })}</li>`}</ul>
      <div class="dialog-actions">
        <${Button} onPress=${close}>${t("action.cancel")}<//>
        <${Button} kind="danger" onPress=${destroy}>${t("home.deleteNow")}<//>
      </div>
    <//>`}`;
}

/** Do it for each, a few at once, and say in one message how it went. */
async function each(items, verb, work) {
  const waiting = [...items];
  const errors = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let item = waiting.shift(); item; item = waiting.shift()) await work(item).catch((error) => errors.push(error));
    }),
  );
  const done = items.length - errors.length;
  if (done) say(t(`home.done.${verb}`, { count: done }), { kind: "good" });
  if (errors.length) say(`${t("home.notDone", { count: errors.length })} ${errorText(errors[0])}`, { kind: "bad" });
}

/** Set labels; where somebody described it meanwhile, on top of what they said. */
async function describe(item, labelsOf, tries = 3) {
  try {
    gather([await ask("PATCH", `/api/transcriptions/${item.id}`, { body: { labels: labelsOf(item.labels) }, headers: { "If-Match": item.etag } })]);
  } catch (error) {
    if (error.status !== 412 || tries === 0) throw error;
    await describe({ ...item, ...error.problem.current }, labelsOf, tries - 1);
  }
}
