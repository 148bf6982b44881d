// What the language model is asked of a recording: sets of tasks, those of every project and the project's own.

import { html, useState } from "../html.js";
import { put, remove } from "../api.js";
import { has, t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Dialog } from "../components/dialog.js";
import { AreaField, Checks, FormError, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Loaded } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { say } from "../components/toasts.js";

const TASKS = [
  "title", "summary", "points", "detailed_summary", "chapters", "actions", "decisions", "questions", "topics", "entities",
  "satisfaction", "corrected", "translation", "personal_data",
];
const NEW = { name: "", built_in: false, tasks: ["title", "summary"], prompts: {}, custom: {} };
const EXAMPLE = { type: "object", properties: { answer: { type: "string", maxLength: 400 } }, required: ["answer"] };

const taskName = (task) => (has(`task.${task}`) ? t(`task.${task}`) : task);

/** Those of every project have a name in each language; what programs call them, `name` says. */
const setName = ({ name, built_in: builtIn }) => (builtIn && has(`set.${name}`) ? t(`set.${name}`) : name);

export function TaskSets({ project, owns, taskSets }) {
  const path = `/api/projects/${project.id}/task-sets`;
  const question = useQuestion();
  const [open, setOpen] = useState(null);
  const save = async ({ name, tasks, prompts, custom }) => {
    await put(`${path}/${encodeURIComponent(name)}`, { tasks, prompts, custom });
    say(t("say.saved"));
    taskSets.reload();
    setOpen(null);
  };
  const askRemove = ({ name }) =>
    question.ask({
      title: t("sets.askRemove", { name }), text: t("sets.removeText"), action: t("action.delete"),
      onConfirm: async () => {
        await remove(`${path}/${encodeURIComponent(name)}`);
        taskSets.reload();
      },
    });
  const actions = owns && html`<${Button} kind="main" onPress=${() => setOpen(NEW)}>${t("sets.new")}<//>`;
  return html`<${Panel} title=${t("project.part.task-sets")} hint=${t("sets.hint")} actions=${actions}>
    <${Loaded} of=${taskSets}>
      ${({ items }) => html`<ul class="cards">
        ${items.map(
          (set) => html`<li class="card" key=${set.name}>
            <div class="card-head">
              <h3>${setName(set)}</h3>
              ${set.built_in ? html`<${Badge}>${t("sets.everybody")}<//>` : html`<${Badge} kind="good">${t("sets.own")}<//>`}
            </div>
            <p class="events">${[...set.tasks.map(taskName), ...Object.keys(set.custom)].map((name) => html`<${Badge} key=${name}>${name}<//> `)}</p>
            ${set.changed_at && html`<p class="hint">${t("sets.changed", { by: set.by ?? "–" })} <${Moment} at=${set.changed_at} /></p>`}
            ${owns &&
            html`<div class="card-actions">
              <${Button} aria-label=${t(set.built_in ? "sets.adaptName" : "sets.changeName", { name: setName(set) })} onPress=${() => setOpen(set)}>${t(set.built_in ? "sets.adapt" : "action.change")}<//>
              ${!set.built_in && html`<${Button} kind="danger" aria-label=${t("sets.removeName", { name: set.name })} onPress=${() => askRemove(set)}>${t("action.delete")}<//>`}
            </div>`}
          </li>`,
        )}
      </ul>`}
    <//>
    ${question.shown}
    ${open && html`<${Order} set=${open} save=${save} onClose=${() => setOpen(null)} />`}
  <//>`;
}

function Order({ set, save, onClose }) {
  const custom = Object.entries(set.custom).map(([name, { prompt, schema }]) => ({ name, prompt, schema: JSON.stringify(schema, null, 2) }));
  const form = useForm({ name: set.name, tasks: set.tasks, prompts: set.prompts, custom });
  const { tasks, prompts } = form.values;
  const send = form.submit(async (values) => {
    const own = Object.fromEntries(values.custom.map(({ name, prompt, schema }) => [name, { prompt, schema: read(schema) }]));
    const told = Object.entries(values.prompts).filter(([task, text]) => text.trim() && values.tasks.includes(task));
    await save({ name: values.name.trim(), tasks: values.tasks, prompts: Object.fromEntries(told), custom: own });
  });
  const setCustom = (index, changes) =>
    form.set({ custom: form.values.custom.map((each, at) => (at === index ? { ...each, ...changes } : each)) });
  // Sets keep the order in which they were made; what is added comes last.
  const choose = (next) => form.set({ tasks: [...tasks.filter((task) => next.includes(task)), ...next.filter((task) => !tasks.includes(task))] });
  return html`<${Dialog} wide title=${set.name ? t(set.built_in ? "sets.adaptName" : "sets.changeName", { name: setName(set) }) : t("sets.new")} onClose=${onClose}>
    <form onSubmit=${send}>
      <${FormError} form=${form} />
      <${TextField} form=${{ ...form, faults: { name: form.faults.task_set } }} name="name" label=${t("projects.name")} hint=${t("sets.nameHint")} required maxlength="40" readonly=${set.name !== ""} autocapitalize="none" />
      <${Checks} legend=${t("sets.tasks")} options=${TASKS.map((task) => [task, taskName(task)])} chosen=${tasks} onChange=${choose} fault=${form.faults.tasks} />
      <details open=${Object.keys(prompts).length > 0}>
        <summary>${t("sets.prompts")}</summary>
        ${tasks.map(
          (task) => html`<${AreaField} key=${task} rows="3" maxlength="4000" label=${t("sets.promptOf", { task: taskName(task) })} name=${task}
            form=${{ values: { [task]: prompts[task] ?? "" }, faults: {}, set: (changes) => form.set({ prompts: { ...prompts, ...changes } }) }} />`,
        )}
      </details>
      <h3>${t("sets.custom")}</h3>
      <p class="hint">${t("sets.customHint")}</p>
      ${form.faults.custom && html`<p class="fault">${form.faults.custom}</p>`}
      ${form.values.custom.map(
        (each, index) => html`<fieldset class="custom-task" key=${index}>
          <legend>${each.name || t("sets.customNew")}</legend>
          <${TextField} label=${t("sets.customName")} name="name" required maxlength="40" form=${{ values: each, faults: {}, set: (changes) => setCustom(index, changes) }} />
          <${AreaField} label=${t("sets.customPrompt")} name="prompt" required maxlength="4000" rows="3" form=${{ values: each, faults: {}, set: (changes) => setCustom(index, changes) }} />
          <${AreaField} label=${t("sets.customSchema")} name="schema" rows="6" spellcheck=${false} class="code" form=${{ values: each, faults: { schema: parses(each.schema) ? undefined : t("sets.noJson") }, set: (changes) => setCustom(index, changes) }} />
          <${Button} kind="quiet" onPress=${() => form.set({ custom: form.values.custom.filter((_, at) => at !== index) })}>${t("action.remove")}<//>
        </fieldset>`,
      )}
      <${Button} onPress=${() => form.set({ custom: [...form.values.custom, { name: "", prompt: "", schema: JSON.stringify(EXAMPLE, null, 2) }] })}>${t("sets.customAdd")}<//>
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} type="submit" kind="main" disabled=${form.busy || !form.values.custom.every(({ schema }) => parses(schema))}>${t("action.save")}<//>
      </div>
    </form>
  <//>`;
}

const read = (text) => JSON.parse(text);
function parses(text) {
  try {
    const value = read(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
