// Find and replace, over the whole recording.

import { html, useLayoutEffect, useRef } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { say } from "../components/toasts.js";
import { Toggle } from "./toggle.js";

export function FindBar({ reading }) {
  const { finding, can } = reading;
  const field = useRef(null);
  // With the drawing, or what is typed at once would be taken for the page's own keys.
  useLayoutEffect(() => {
    field.current.focus();
    field.current.select();
  }, []);
  const close = () => {
    finding.open.value = false;
    document.querySelector("[data-find]")?.focus();
  };
  const count = finding.places.value.length;

  function press(event) {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && event.target === field.current) {
      event.preventDefault();
      finding.move(event.shiftKey ? -1 : 1);
    }
  }

  async function replaceEverywhere() {
    const changed = await finding.replaceEverywhere();
    say(t("reader.replaced", { count: changed }), { action: { label: t("reader.undo"), run: () => reading.undo() } });
  }

  return html`<div class="findbar" role="search" aria-label=${t("reader.find")} onKeyDown=${press}>
    <div class="find-line">
      <label><span class="visually-hidden">${t("reader.findWhat")}</span>
        <input ref=${field} placeholder=${t("reader.findWhat")} value=${finding.wanted.value} onInput=${(event) => finding.look(event.target.value)} />
      </label>
      <span class="soft" role="status">${finding.wanted.value.trim() ? t("reader.found", { count, at: finding.present.value + 1 }) : ""}</span>
      <button class="button quiet small" disabled=${!count} aria-label=${t("reader.findPrevious")} onClick=${() => finding.move(-1)}>↑</button>
      <button class="button quiet small" disabled=${!count} aria-label=${t("reader.findNext")} onClick=${() => finding.move(1)}>↓</button>
      <${Toggle} on=${finding.exactCase.value} label=${t("reader.exactCase")} onChange=${(value) => (finding.exactCase.value = value)} />
      <${Toggle} on=${finding.wholeWords.value} label=${t("reader.wholeWords")} onChange=${(value) => (finding.wholeWords.value = value)} />
      <button class="button quiet small" aria-label=${t("reader.findClose")} onClick=${close}>×</button>
    </div>
    ${can.edit &&
    html`<div class="find-line">
      <label><span class="visually-hidden">${t("reader.replaceWith")}</span>
        <input placeholder=${t("reader.replaceWith")} value=${finding.replacement.value} onInput=${(event) => (finding.replacement.value = event.target.value)} />
      </label>
      <${Button} kind="small" disabled=${!count} onPress=${() => finding.replaceOne()}>${t("reader.replace")}<//>
      <${Button} kind="small" disabled=${!count} onPress=${replaceEverywhere}>${t("reader.replaceAll")}<//>
    </div>`}
  </div>`;
}
