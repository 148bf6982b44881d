// Which part of a recording is meant: what is marked in the text, else the turn that is being heard or read; or as typed.

import { html } from "../html.js";
import { clock, t } from "../i18n.js";
import { Field } from "../components/field.js";

/** The passages that are meant where nobody said which: `{from, to}` in seconds, `marked` where somebody marked them. */
export function partMeant(reading) {
  const segments = reading.recording.segments.peek();
  const marked = markedIn(segments, reading);
  if (marked) return { ...marked, marked: true };
  const index = Math.max(0, reading.indexOf(reading.here()));
  const same = (other) => segments[other]?.speaker === segments[index]?.speaker;
  let [first, last] = [index, index];
  while (first > 0 && same(first - 1)) first -= 1;
  while (last < segments.length - 1 && same(last + 1)) last += 1;
  return { from: segments[first]?.start ?? 0, to: segments[last]?.end ?? 0, marked: false };
}

function markedIn(segments, reading) {
  const selection = window.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const rows = [...document.querySelectorAll(".transcript [data-key]")].filter((row) => range.intersectsNode(row));
  const places = rows.map((row) => reading.indexOf(row.dataset.key)).filter((index) => index >= 0);
  if (!places.length) return null;
  return { from: segments[Math.min(...places)].start, to: segments[Math.max(...places)].end };
}

/** 1:02:03, 2:03 or 83 in seconds; NaN for anything else. */
export function secondsOf(text) {
  if (!/^\s*\d+(:\d{1,2}){0,2}\s*$/.test(text)) return NaN;
  return text.split(":").reduce((sum, piece) => 60 * sum + Number(piece), 0);
}

/** The choice between all and a part. `part` is what is asked for, null for all; `meant` is what a part begins with. */
export function PartChoice({ reading, meant, part, onChange }) {
  const inside = part && reading.recording.segments.value.filter(({ start }) => part.from <= start && start < part.to);
  const type = (name) => (event) => {
    const seconds = secondsOf(event.target.value);
    event.target.setCustomValidity(Number.isNaN(seconds) ? t("reader.part.how") : "");
    if (!Number.isNaN(seconds)) onChange({ ...part, [name]: seconds });
  };
  return html`<fieldset class="choices">
    <legend>${t("reader.whichPart")}</legend>
    <label class="choice"><input type="radio" name="part" value="all" checked=${!part} onChange=${() => onChange(null)} />${t("reader.part.all")}</label>
    <label class="choice"><input type="radio" name="part" value="some" checked=${Boolean(part)} onChange=${() => onChange(meant)} />
      ${t(meant.marked ? "reader.part.marked" : "reader.part.some")}</label>
    ${part &&
    html`<div class="part-times">
        <${Field} label=${t("reader.part.from")}>
          ${(tied) => html`<input defaultValue=${clock(meant.from)} inputmode="numeric" autocomplete="off" onInput=${type("from")} ...${tied} />`}
        <//>
        <${Field} label=${t("reader.part.to")}>
          ${(tied) => html`<input defaultValue=${clock(Math.ceil(meant.to))} inputmode="numeric" autocomplete="off" onInput=${type("to")} ...${tied} />`}
        <//>
      </div>
      <p class="soft" role="status">${inside.length ? t("reader.part.passages", { count: inside.length }) : t("reader.part.none")}</p>`}
  </fieldset>`;
}
