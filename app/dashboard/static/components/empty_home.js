// What a person sees who has no recordings yet: the first step.

import { html, useState } from "../html.js";
import { errorText, t } from "../i18n.js";
import { draft } from "../model/drafts.js";
import { makeProject, sendable } from "../model/projects_of_mine.js";
import { Button } from "./button.js";
import { Field } from "./field.js";
import { Icon } from "./icon.js";
import { Notice } from "./notice.js";

export function EmptyHome({ onChooseFiles, onRecord, onLink }) {
  if (!sendable.value.length) return html`<${FirstProject} />`;
  return html`<section class="empty">
    <div class="empty-mark"><${Icon} name="upload" /></div>
    <h2>${t("empty.title")}</h2>
    <p>${t("empty.text")}</p>
    <div class="empty-actions">
      <${Button} kind="main" onPress=${onChooseFiles}><${Icon} name="upload" />${t("empty.choose")}<//>
      <${Button} onPress=${onRecord}><${Icon} name="microphone" />${t("home.record")}<//>
      <${Button} onPress=${onLink}><${Icon} name="link" />${t("home.link")}<//>
    </div>
    <ol class="empty-steps">
      ${["send", "read", "export"].map((step) => html`<li key=${step}><b>${t(`empty.${step}`)}</b><span>${t(`empty.${step}Text`)}</span></li>`)}
    </ol>
  </section>`;
}

function FirstProject() {
  const name = draft("first-project", "");
  const [error, setError] = useState(null);
  async function submit(event) {
    event.preventDefault();
    try {
      await makeProject(name.value.trim());
      name.value = "";
    } catch (caught) {
      setError(caught);
    }
  }
  return html`<section class="empty">
    <h2>${t("empty.projectTitle")}</h2>
    <p>${t("empty.projectText")}</p>
    <form class="empty-form" onSubmit=${submit}>
      ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
      <${Field} label=${t("empty.projectName")}>
        ${(tied) => html`<input name="project-name" required maxlength="100" value=${name.value}
          onInput=${(event) => (name.value = event.target.value)} ...${tied} />`}
      <//>
      <${Button} kind="main" type="submit">${t("empty.projectMake")}<//>
    </form>
  </section>`;
}
