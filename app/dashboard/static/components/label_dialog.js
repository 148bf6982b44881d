// Labels for several recordings at once: those of all are shown as such, and what is added or taken away is for all.

import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";
import { Icon } from "./icon.js";

const LONGEST = 64;

export function LabelDialog({ items, onClose, onLabel }) {
  const there = [...new Set(items.flatMap((item) => item.labels))].sort((a, b) => a.localeCompare(b));
  const [added, setAdded] = useState([]);
  const [taken, setTaken] = useState([]);
  const [text, setText] = useState("");

  function add() {
    const label = text.trim();
    if (label && !added.includes(label)) setAdded([...added, label]);
    setTaken(taken.filter((other) => other !== label));
    setText("");
    return label;
  }
  function save() {
    const typed = text.trim();
    const all = typed ? [...added, typed] : added;
    return onLabel((labels) => [...new Set([...labels.filter((label) => !taken.includes(label)), ...all])]);
  }

  const shown = [...there.filter((label) => !taken.includes(label)), ...added.filter((label) => !there.includes(label))];
  return html`<${Dialog} title=${t("home.labelTitle", { count: items.length })} onClose=${onClose}>
    <form onSubmit=${(event) => (event.preventDefault(), add())}>
      <${Field} label=${t("home.newLabel")}>
        ${(tied) => html`<div class="with-button">
          <input value=${text} maxlength=${LONGEST} autofocus onInput=${(event) => setText(event.target.value)} ...${tied} />
          <${Button} type="submit">${t("action.add")}<//>
        </div>`}
      <//>
    </form>
    <ul class="chips" aria-label=${t("home.filter.label")}>
      ${shown.map((label) => {
        const count = items.filter((item) => item.labels.includes(label)).length;
        return html`<li class="chip" key=${label}>
          ${label}${!added.includes(label) && count < items.length && html` <small>${t("home.ofAll", { count, all: items.length })}</small>`}
          <button aria-label=${t("home.takeLabel", { label })}
            onClick=${() => (added.includes(label) ? setAdded(added.filter((other) => other !== label)) : setTaken([...taken, label]))}>
            <${Icon} name="close" />
          </button>
        </li>`;
      })}
    </ul>
    <div class="dialog-actions">
      <${Button} onPress=${onClose}>${t("action.cancel")}<//>
      <${Button} kind="main" onPress=${save}>${t("action.save")}<//>
    </div>
  <//>`;
}
