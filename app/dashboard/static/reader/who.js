// Whose a passage is: asked in a dialog, from the name above it.

import { html, useState } from "../html.js";
import { clock, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { nameOf, voiceOf } from "./voices.js";

const NEW = " new";

export function Who({ segmentKey, reading, onClose }) {
  const segment = reading.segmentOf(segmentKey);
  const names = reading.recording.names.value;
  const speakers = reading.recording.speakers.value;
  const [chosen, setChosen] = useState(segment.speaker ?? speakers[0].label);
  const [name, setName] = useState("");
  const [which, setWhich] = useState("one");
  const [renamed, setRenamed] = useState(names.get(segment.speaker)?.name ?? "");
  const same = chosen === segment.speaker;

  async function give(event) {
    event.preventDefault();
    onClose();
    if (same) await reading.rename(segment.speaker, renamed);
    else {
      const to = chosen === NEW ? { name: name.trim() } : { label: chosen };
      await reading.assign(reading.passages(segmentKey, which === "all"), to);
    }
  }

  return html`<${Dialog} title=${t("reader.whoTitle", { time: clock(segment.start) })} onClose=${onClose}>
    <form onSubmit=${give}>
      <fieldset class="choices">
        <legend>${t("reader.whoSpeaks")}</legend>
        ${speakers.map(
          (speaker) => html`<label key=${speaker.label} class=${`choice voice-${voiceOf(names, speaker.label)}`}>
            <input type="radio" name="speaker" checked=${chosen === speaker.label} onChange=${() => setChosen(speaker.label)} />
            <span class="dot" aria-hidden="true"></span>${nameOf(names, speaker.label)}
          </label>`,
        )}
        ${segment.speaker !== null &&
        html`<label class="choice">
          <input type="radio" name="speaker" checked=${chosen === NEW} onChange=${() => setChosen(NEW)} />${t("reader.somebodyNew")}
        </label>`}
      </fieldset>
      ${same &&
      html`<${Field} label=${t("reader.nameOfVoice")} hint=${t("reader.nameOfVoiceHint")}>
        ${(tied) => html`<input ...${tied} maxlength="200" value=${renamed} onInput=${(event) => setRenamed(event.target.value)} />`}
      <//>`}
      ${chosen === NEW &&
      html`<${Field} label=${t("reader.newName")}>
        ${(tied) => html`<input ...${tied} maxlength="200" value=${name} onInput=${(event) => setName(event.target.value)} />`}
      <//>`}
      ${!same &&
      html`<fieldset class="choices">
        <legend>${t("reader.which")}</legend>
        <label class="choice"><input type="radio" name="which" checked=${which === "one"} onChange=${() => setWhich("one")} />${t("reader.which.one")}</label>
        <label class="choice"><input type="radio" name="which" checked=${which === "all"} onChange=${() => setWhich("all")} />${t("reader.which.all")}</label>
      </fieldset>`}
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} kind="main" type="submit">${t("action.save")}<//>
      </div>
    </form>
  <//>`;
}
