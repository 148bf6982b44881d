// What the project's recordings are expected to speak of.

import { html } from "../html.js";
import { put } from "../api.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { AreaField, FormError, useForm } from "../components/form.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { say } from "../components/toasts.js";

export function Vocabulary({ project, owns }) {
  const path = `/api/projects/${project.id}/vocabulary`;
  const vocabulary = useResource(path);
  return html`<${Panel} title=${t("project.part.vocabulary")} hint=${t("vocabulary.hint")}>
    <${Loaded} of=${vocabulary}>${(words) => (owns ? html`<${Change} path=${path} words=${words} />` : html`<${Read} words=${words} />`)}<//>
  <//>`;
}

function Change({ path, words }) {
  const form = useForm({ hotwords: words.hotwords ?? "", initial_prompt: words.initial_prompt ?? "" });
  const save = async ({ hotwords, initial_prompt: before }) => {
    await put(path, { hotwords: hotwords || null, initial_prompt: before || null });
    say(t("say.saved"));
  };
  return html`<form onSubmit=${form.submit(save)}>
    <${FormError} form=${form} />
    <${AreaField} form=${form} name="hotwords" label=${t("vocabulary.hotwords")} hint=${t("vocabulary.hotwordsHint")} maxlength="1000" rows="4" />
    <${AreaField} form=${form} name="initial_prompt" label=${t("vocabulary.before")} hint=${t("vocabulary.beforeHint")} maxlength="2000" rows="4" />
    <${Button} type="submit" kind="main" disabled=${form.busy}>${t("action.save")}<//>
  </form>`;
}

const Read = ({ words }) => html`<dl class="facts">
  <dt>${t("vocabulary.hotwords")}</dt><dd>${words.hotwords ?? t("vocabulary.nothing")}</dd>
  <dt>${t("vocabulary.before")}</dt><dd>${words.initial_prompt ?? t("vocabulary.nothing")}</dd>
</dl>`;
