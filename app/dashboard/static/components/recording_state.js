// Where a recording stands: its state, while it is worked on also the stage, how far it is, and how long it still takes.

import { html } from "../html.js";
import { duration, failureText, has, number, t } from "../i18n.js";
import { secondsLeft } from "../model/pace.js";
import { Progress } from "./progress.js";

const KIND = { done: "good", error: "bad", cancelled: "off", transcribed: "good" };

export function RecordingState({ recording }) {
  const { state, percent, enrichment } = recording;
  if (state === "processing") {
    const left = secondsLeft(recording);
    const stage = has(`stage.${recording.stage}`) ? t(`stage.${recording.stage}`) : t("state.processing");
    return html`<div class="state working">
      <span class="state-line">
        <span class="state-name">${stage}</span>
        <span class="state-figures">
          ${number(percent / 100, { style: "percent" })}${left !== null && html`<span class="state-left"> · ${t("home.left", { time: duration(left) })}</span>`}
        </span>
      </span>
      <${Progress} percent=${percent} label=${t("home.progressOf", { name: recording.name })} />
    </div>`;
  }
  if (state === "transcribed") {
    return html`<div class="state working">
      <span class="state-line"><span class="state-name">${t("state.transcribed")}</span>
        ${enrichment?.percent > 0 && html`<span class="state-figures">${number(enrichment.percent / 100, { style: "percent" })}</span>`}
      </span>
      <${Progress} percent=${enrichment?.percent || undefined} label=${t("home.progressOf", { name: recording.name })} />
    </div>`;
  }
  const parts = failedParts(recording);
  return html`<div class="state">
    <span class=${`badge ${parts.length ? "warn" : (KIND[state] ?? "")}`}>${t(`state.${state}`)}</span>
    ${recording.error && html`<span class="state-why" title=${failureText(recording.error)}>${failureText(recording.error)}</span>`}
    ${parts.map((part) => html`<span class="state-why" key=${part}>${t(`home.without.${part}`)}</span>`)}
  </div>`;
}

/** The parts that failed while the text is there. */
export function failedParts({ state, diarization, enrichment }) {
  if (state !== "done") return [];
  return [
    ...(diarization.state === "error" ? ["diarization"] : []),
    ...(enrichment?.state === "error" ? ["enrichment"] : []),
  ];
}
