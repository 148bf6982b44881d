// One segment: who speaks, when, and what was said, word by word; corrected in place.

import { html, useComputed, useEffect, useLayoutEffect, useRef } from "../html.js";
import { clock, errorText, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Editor } from "./editor.js";
import { Conflict } from "./conflict.js";
import { placed } from "./placing.js";
import { nameOf, voiceOf } from "./voices.js";

const DOUBTFUL = 0.5;

export function Segment({ segment, index, count, turn, measuring, reading }) {
  const { recording, drafts, player, view, finding, can } = reading;
  const element = useRef(null);
  const { key } = segment;
  const draft = useComputed(() => drafts.of(key));
  const current = useComputed(() => view.at.value.key === key);
  const editing = useComputed(() => can.edit && view.editing.value === key);
  const noted = useComputed(() => recording.notes.value.filter((note) => note.start < segment.end && note.end >= segment.start).length);
  const names = recording.names.value;

  useEffect(() => {
    const row = element.current;
    measuring.observe(row);
    return () => measuring.unobserve(row);
  }, [measuring]);

  const speaker = nameOf(names, segment.speaker);
  const voice = segment.speaker === null ? "none" : voiceOf(names, segment.speaker);
  const seekable = !player.missing.value;
  return html`<div
    ref=${element}
    role="listitem"
    aria-setsize=${count}
    aria-posinset=${index + 1}
    data-key=${key}
    data-index=${index}
    tabindex="-1"
    class=${`segment voice-${voice} ${turn ? "turn" : ""} ${current.value ? "current" : ""}`}
    onFocusIn=${() => (view.cursor.value = key)}
  >
    ${turn &&
    html`<div class="segment-who">
      ${can.assign
        ? html`<button class="who" aria-haspopup="dialog" onClick=${() => (view.dialog.value = { name: "who", key })}>
            <span class="dot" aria-hidden="true"></span>${speaker}<span class="visually-hidden">, ${t("reader.whoChange")}</span>
          </button>`
        : html`<span class="who"><span class="dot" aria-hidden="true"></span>${speaker}</span>`}
    </div>`}
    <div class="segment-line">
      <button class="when" disabled=${!seekable} onClick=${() => reading.playFrom(segment.start)} aria-label=${t("reader.playFrom", { time: clock(segment.start) })}>
        ${clock(segment.start)}
      </button>
      <div class="segment-body">
        ${editing.value
          ? html`<${Editor} segment=${segment} index=${index} reading=${reading} />`
          : html`<${Said} segment=${segment} draft=${draft.value} reading=${reading} current=${current} />`}
        ${draft.value?.state === "conflict" && html`<${Conflict} segmentKey=${key} draft=${draft.value} reading=${reading} />`}
        ${draft.value?.state === "refused" &&
        html`<div class="segment-fault" role="alert">
          <p>${errorText(draft.value.error)}</p>
          <${Button} kind="small" onPress=${() => reading.discard(key)}>${t("reader.lostDrop")}<//>
        </div>`}
      </div>
      <div class="segment-tools">
        ${noted.value > 0 &&
        html`<button class="tool on" onClick=${() => reading.showNotes()} title=${t("reader.notesHere", { count: noted.value })}
          aria-label=${t("reader.notesHere", { count: noted.value })}>✎ ${noted.value}</button>`}
        ${can.edit && !editing.value &&
        html`<button class="tool" title=${t("reader.edit")} aria-label=${t("reader.editAt", { time: clock(segment.start) })}
          onClick=${() => reading.edit(key)}>${pen}</button>`}
      </div>
    </div>
  </div>`;
}

const pen = html`<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" d="M4 20l1-4L16.5 4.5l3 3L8 19z" /></svg>`;

function Said({ segment, draft, reading, current }) {
  const { view, finding, player } = reading;
  const text = useRef(null);
  const hits = finding.hits.value.get(segment.key);
  const shown = draft ? draft.text : segment.text;
  // On paper words are not clicked: all of a long text is on the page then.
  const words = draft || view.printing.value ? null : segment.words;
  const marks = view.doubts.value;

  // The word that is being said is marked past the drawing of rows: it changes several times a second.
  useLayoutEffect(() => {
    if (!words?.length) return undefined;
    let marked = null;
    const stop = view.word.subscribe(({ key, index }) => {
      const now = key === segment.key ? (text.current?.children[index] ?? null) : null;
      if (now === marked) return;
      marked?.classList.remove("now");
      now?.classList.add("now");
      marked = now;
    });
    return () => {
      stop();
      marked?.classList.remove("now");
    };
  }, [segment, draft]);

  function press(event) {
    const word = event.target.closest?.("[data-word]");
    if (!word || String(window.getSelection())) return;
    reading.playFrom(words[Number(word.dataset.word)].start, { onlySeek: player.playing.peek() });
  }

  const empty = !shown.trim();
  return html`<p
    class=${`said ${draft ? "unsaved" : ""} ${empty ? "empty" : ""}`}
    ref=${text}
    lang=${reading.language.value}
    onClick=${press}
    onDblClick=${() => reading.can.edit && reading.edit(segment.key)}
  >
    ${empty
      ? html`<span>${t("reader.emptyText")}</span>`
      : words?.length
        ? spoken(words, segment.text, hits, marks)
        : pieces(shown, hits)}
  </p>`;
}

function spoken(words, text, hits, marks) {
  const places = placed(words, text);
  return words.map((word, index) => {
    const { from, to } = places[index];
    const hit = hits?.some((one) => one.from < to && one.to > from);
    const present = hits?.some((one) => one.present && one.from < to && one.to > from);
    const doubtful = marks && word.probability < DOUBTFUL;
    return html`${index > 0 && word.text.startsWith(" ") ? " " : ""}<span
      data-word=${index}
      class=${`word ${doubtful ? "doubtful" : ""} ${hit ? "hit" : ""} ${present ? "present" : ""}`}
      title=${doubtful ? t("reader.doubtful", { percent: Math.round(word.probability * 100) }) : undefined}
      >${word.text.trimStart()}</span
    >`;
  });
}

function pieces(text, hits) {
  if (!hits?.length) return text;
  const found = [];
  let at = 0;
  for (const { from, to, present } of hits) {
    found.push(text.slice(at, from), html`<mark class=${present ? "present" : ""}>${text.slice(from, to)}</mark>`);
    at = to;
  }
  return [...found, text.slice(at)];
}
