// The versions of an enrichment, two side by side, with the words marked in which they differ.

import { html, useEffect, useMemo, useState } from "../html.js";
import { get } from "../api.js";
import { dateTime, errorText, number, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Notice } from "../components/notice.js";
import { Answers } from "./answers.js";
import { differences } from "./differences.js";
import { Toggle } from "./toggle.js";

export function Versions({ reading, onClose }) {
  const [versions, setVersions] = useState(null);
  const [error, setError] = useState(null);
  const [left, setLeft] = useState(1);
  const [right, setRight] = useState(0);
  const [marking, setMarking] = useState(true);
  useEffect(() => {
    get(`${reading.recording.address}/enrichments`).then((answer) => {
      setVersions(answer.items);
      setLeft(Math.min(1, answer.items.length - 1));
    }, setError);
  }, []);
  const found = useMemo(() => (versions?.length > 1 ? differences(versions[left], versions[right]) : null), [versions, left, right]);

  const column = (chosen, choose, label, draw, places) => html`<div class="version">
    <select aria-label=${label} value=${chosen} onChange=${(event) => choose(Number(event.target.value))}>
      ${versions.map((version, index) => html`<option key=${version.number} value=${index}>${t("reader.version", { number: version.number, when: dateTime(version.created_at) })}</option>`)}
    </select>
    <p class="soft">${[versions[chosen].model, versions[chosen].by, versions[chosen].seconds?.total && t("reader.took", { seconds: number(Math.round(versions[chosen].seconds.total)) })].filter(Boolean).join(" · ")}</p>
    <${Answers} version=${versions[chosen]} reading=${reading} ...${found && marking ? { said: marked(places, draw), isOpen: (task) => found.touched.has(task) } : {}} />
  </div>`;
  return html`<${Dialog} title=${t("reader.versions")} onClose=${onClose} wide>
    ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
    ${!versions && !error && html`<p role="status">${t("app.loading")}</p>`}
    ${versions && !versions.length && html`<p>${t("reader.noVersions")}</p>`}
    ${found &&
    html`<div class="differing">
      <${Toggle} on=${marking} label=${t("reader.differ.mark")} onChange=${setMarking} />
      <${Told} found=${found} left=${versions[left].number} right=${versions[right].number} />
    </div>`}
    ${versions?.length > 0 &&
    html`<div class="versions">
      ${versions.length > 1 && column(left, setLeft, t("reader.versionLeft"), removed, found.left)}
      ${column(right, setRight, t("reader.versionRight"), added, found?.right)}
    </div>`}
    <div class="dialog-actions"><${Button} onPress=${onClose}>${t("action.close")}<//></div>
  <//>`;
}

/** How much differs, in the look in which it is marked below. */
const Told = ({ found, left, right }) => html`<p role="status">
  ${found.touched.size === 0
    ? t("reader.differ.same")
    : html`<del>${t("reader.differ.gone", { count: found.gone, number: left })}</del>${" "}<ins>${t("reader.differ.come", { count: found.come, number: right })}</ins>`}
</p>`;

const marked = (places, draw) => (place, text) =>
  places.get(place)?.map((piece, index) => (piece.same ? piece.text : draw(piece.text, index))) ?? text;

// Struck out and underlined for the eye, whatever colours it sees; said in words for who listens.
const removed = (text, key) => html`<del key=${key}><span class="visually-hidden">${t("reader.differ.removed")} </span>${text}</del>`;
const added = (text, key) => html`<ins key=${key}><span class="visually-hidden">${t("reader.differ.added")} </span>${text}</ins>`;
