// Who speaks: names, shares of the time, who is the same as whom.

import { html, useState } from "../html.js";
import { clock, number, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { KeepVoice, useVoices } from "./keep_voice.js";
import { calledName, nameOf, voiceOf } from "./voices.js";

export function Speakers({ reading }) {
  const { recording, can } = reading;
  const speakers = recording.speakers.value;
  const names = recording.names.value;
  const voices = useVoices(recording);
  if (!speakers.length) return html`<p class="soft">${t("reader.noSpeakers")}</p>`;
  const most = Math.max(...speakers.map((speaker) => speaker.seconds), 1);
  const all = speakers.reduce((sum, speaker) => sum + speaker.seconds, 0) || 1;
  return html`${voices.shown}<ul class="speakers">
    ${speakers.map(
      (speaker) => html`<li key=${speaker.label} class=${`speaker voice-${voiceOf(names, speaker.label)}`}>
        <div class="speaker-name">
          <span class="dot" aria-hidden="true"></span>
          ${can.edit ? html`<${Name} speaker=${speaker} reading=${reading} />` : html`<strong>${nameOf(names, speaker.label)}</strong>`}
        </div>
        <div class="speaker-share" aria-hidden="true"><span style=${{ width: `${(100 * speaker.seconds) / most}%` }}></span></div>
        <p class="soft">
          ${t("reader.speaks", { time: clock(speaker.seconds), share: number(speaker.seconds / all, { style: "percent" }) })}
          ${speaker.recognised && html` · ${t("reader.recognised", { percent: Math.round(speaker.recognised.similarity * 100) })}`}
        </p>
        <div class="speaker-tools">
          <${Button} kind="quiet small" onPress=${() => first(reading, speaker.label)}>${t("reader.firstPassage")}<//>
          ${can.edit && html`<${KeepVoice} speaker=${speaker} voices=${voices} />`}
          ${can.edit && speakers.length > 1 && html`<${Same} speaker=${speaker} reading=${reading} />`}
        </div>
        ${speaker.merged.map(
          (merged) => html`<p key=${merged.label} class="speaker-merged">
            ${t("reader.alsoHeardAs", { name: calledName(merged) })}
            ${can.edit &&
            html`<${Button} kind="quiet small" onPress=${() => reading.unmergeSpeaker(merged.label, merged.into)}
              aria-label=${t("reader.partAgain", { name: calledName(merged) })}>${t("reader.part")}<//>`}
          </p>`,
        )}
      </li>`,
    )}
  </ul>`;
}

function Name({ speaker, reading }) {
  const shown = nameOf(reading.recording.names.value, speaker.label);
  const give = (event) => reading.rename(speaker.label, event.target.value);
  return html`<input
    class="name"
    key=${speaker.name ?? ""}
    aria-label=${t("reader.nameOf", { name: shown })}
    placeholder=${shown}
    defaultValue=${speaker.name ?? ""}
    maxlength="200"
    onChange=${give}
    onKeyDown=${(event) => event.key === "Enter" && event.target.blur()}
  />`;
}

function Same({ speaker, reading }) {
  const others = reading.recording.speakers.value.filter((other) => other.label !== speaker.label);
  const names = reading.recording.names.value;
  const [busy, setBusy] = useState(false);
  return html`<select
    aria-label=${t("reader.sameAs", { name: nameOf(names, speaker.label) })}
    disabled=${busy}
    value=""
    onChange=${async (event) => {
      setBusy(true);
      await reading.mergeSpeaker(speaker.label, event.target.value);
      setBusy(false);
    }}
  >
    <option value="">${t("reader.isTheSameAs")}</option>
    ${others.map((other) => html`<option key=${other.label} value=${other.label}>${nameOf(names, other.label)}</option>`)}
  </select>`;
}

function first(reading, label) {
  const found = reading.recording.segments.peek().find((segment) => segment.speaker === label);
  if (found) reading.goTo(found.start);
}
