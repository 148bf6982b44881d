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
  // With what was chosen when it was opened: that may leave the list meanwhile.
  const [dialog, setDialog] = useState(null);
  const mine = items.filter((item) => mayChange(item.project_id));
  const active = mine.filter((item) => isActive(item.state));
  const failed = mine.filter(canRetry);
  const open = (name) => setDialog({ name, of: mine });
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
    await each(dialog.of, "deleted", async ({ id }) => {
      await remove(`/api/transcriptions/${id}`);
      forget([id]);
    });
    close();
    onDone();
  }
  async function label(labelsOf) {
    await each(dialog.of, "labelled", (item) => describe(item, labelsOf));
    close();
    onDone();
  }

  return html`${items.length > 0 && html`<div class="bulk" role="toolbar" aria-label=${t("home.bulk")}>
    <span role="status" class="bulk-count">${t("home.chosen", { count: items.length })}</span>
    <${Button} kind="quiet" disabled=${!mine.length} onPress=${() => open("label")}><${Icon} name="label" /><span class="bulk-text">${t("home.label")}</span><//>
    <${Button} kind="quiet" disabled=${!active.length} onPress=${cancel}><${Icon} name="stop" /><span class="bulk-text">${t("home.stop")}</span><//>
    <${Button} kind="quiet" disabled=${!failed.length} onPress=${retry}><${Icon} name="retry" /><span class="bulk-text">${t("action.retry")}</span><//>
    <${Button} kind="quiet" disabled=${!mine.length} onPress=${() => open("delete")}><${Icon} name="bin" /><span class="bulk-text">${t("action.delete")}</span><//>
    <button class="button quiet bulk-end" onClick=${onDone}><${Icon} name="close" /><span class="bulk-text">${t("home.chooseNone")}</span></button>
    </div>`}
    ${dialog?.name === "label" && html`<${LabelDialog} items=${dialog.of} onClose=${close} onLabel=${label} />`}
    ${dialog?.name === "delete" &&
    html`<${Dialog} title=${t("home.deleteTitle", { count: dialog.of.length })} onClose=${close}>
      <p>${t("home.deleteText")}</p>
      <ul class="names">${dialog.of.slice(0, 5).map((item) => html`<li key=${item.id}>${item.name}</li>`)}
        ${dialog.of.length > 5 && html`<li>${t("home.andMore", { count: dialog.of.length - 5 })}</li>`}</ul>
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
