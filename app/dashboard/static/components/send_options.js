// The fields of what recordings are sent with.

import { html, useEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { languages } from "../model/languages.js";
import { sendable } from "../model/projects_of_mine.js";
import { chosen, installedModels, projectOf } from "../model/send_options.js";
import { Field } from "./field.js";

const MOST_SPEAKERS = 32;
const TASKS = ["transcribe", "translate"];
const PRIORITIES = ["high", "normal", "low"];

const set = (changes) => (chosen.value = { ...chosen.value, ...changes });

export function SendOptions() {
  const [models, setModels] = useState({ whisper: [], llm: [] });
  const fields = chosen.value;
  useEffect(() => {
    // Without the list the site's own models are taken: nothing is lost.
    installedModels().then(setModels, () => {});
  }, []);
  const site = (kind) => models[kind].find((model) => model.is_default)?.title;
  const named = (kind) => [
    ["", site(kind) ? t("send.siteDefault", { name: site(kind) }) : t("send.default")],
    ...models[kind].filter((model) => !model.is_default).map((model) => [model.name, model.title]),
  ];
  return html`<div class="options">
    <${Select} name="project" value=${projectOf(fields)} options=${sendable.value.map((project) => [project.id, project.name])} />
    <${Select} name="language" value=${fields.language} options=${[["", t("send.detect")], ...languages()]} />
    <${Speakers} fields=${fields} />
    <${Check} name="enrichment" value=${fields.enrichment} />
    <details class="options-more">
      <summary>${t("send.more")}</summary>
      <div class="options">
        <${Select} name="model" value=${fields.model} options=${named("whisper")} />
        ${fields.enrichment && html`<${Select} name="llm_model" value=${fields.llm_model} options=${named("llm")} />`}
        <${Select} name="priority" value=${fields.priority} options=${PRIORITIES.map((name) => [name, t(`send.priority.${name}`)])} />
        <${Select} name="task" value=${fields.task} options=${TASKS.map((name) => [name, t(`send.task.${name}`)])} />
        <div class="options-wide">
          <${Field} label=${t("send.hotwords")} hint=${t("send.hotwordsHint")}>
            ${(tied) => html`<textarea name="hotwords" rows="2" maxlength="1000" value=${fields.hotwords}
              onInput=${(event) => set({ hotwords: event.target.value })} ...${tied}></textarea>`}
          <//>
        </div>
        <${Check} name="anew" value=${fields.anew} />
      </div>
    </details>
  </div>`;
}

function Speakers({ fields }) {
  const how = fields.diarization ? fields.speakers : "none";
  const choose = (value) => set(value === "none" ? { diarization: false } : { diarization: true, speakers: value });
  return html`<div class="options-speakers">
    <${Select} name="speakers" value=${how} onChoose=${choose}
      options=${["auto", "exactly", "between", "none"].map((name) => [name, t(`send.speakers.${name}`)])} />
    ${how === "exactly" && html`<${Count} name="count" value=${fields.count} />`}
    ${how === "between" && html`<${Count} name="least" value=${fields.least} /><${Count} name="most" value=${fields.most} />`}
  </div>`;
}

const Select = ({ name, value, options, onChoose = (chosenValue) => set({ [name]: chosenValue }) }) =>
  html`<${Field} label=${t(`send.${name}`)}>
    ${(tied) => html`<select name=${name} value=${value} onChange=${(event) => onChoose(event.target.value)} ...${tied}>
      ${options.map(([key, text]) => html`<option value=${key} selected=${key === value} key=${key}>${text}</option>`)}
    </select>`}
  <//>`;

const Count = ({ name, value }) =>
  html`<${Field} label=${t(`send.${name}`)}>
    ${(tied) => html`<input name=${name} type="number" min="1" max=${MOST_SPEAKERS} required value=${value}
      onInput=${(event) => set({ [name]: event.target.value })} ...${tied} />`}
  <//>`;

const Check = ({ name, value }) =>
  html`<label class="check">
    <input type="checkbox" name=${name} checked=${value} onChange=${(event) => set({ [name]: event.target.checked })} />
    <span>${t(`send.${name}`)}<small>${t(`send.${name}Hint`)}</small></span>
  </label>`;
