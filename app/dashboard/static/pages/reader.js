// The reader: the recording, its text, and what is beside it.

import { html, signal, useComputed, useEffect, useLayoutEffect, useMemo } from "../html.js";
import { post } from "../api.js";
import { clock, dateTime, errorText, failureText, has, language, number, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Notice } from "../components/notice.js";
import { titleOf } from "../components/recording_row.js";
import { sayError } from "../components/toasts.js";
import { Changes } from "../reader/changes.js";
import { Labels, Rename } from "../reader/describing.js";
import { Enrich, Enrichment } from "../reader/enrichment.js";
import { Export } from "../reader/exporting.js";
import { Keys, keysOn } from "../reader/help.js";
import { obeyKeys } from "../reader/keys.js";
import { NoteDialog, Notes } from "../reader/notes.js";
import { PlayerBar } from "../reader/playerbar.js";
import { answersQuestions, findOut, Questions } from "../reader/questions.js";
import { createReading } from "../reader/reading.js";
import { Share } from "../reader/sharing.js";
import { Speakers } from "../reader/speakers.js";
import { Tabs } from "../reader/tabs.js";
import { Transcript } from "../reader/transcript.js";
import { Versions } from "../reader/versions.js";
import { Who } from "../reader/who.js";

const NARROW = window.matchMedia("(max-width: 60rem)");
const narrow = signal(NARROW.matches);
NARROW.addEventListener("change", (event) => (narrow.value = event.matches));

export function Page({ id, query }) {
  const reading = useMemo(() => createReading(id), [id]);
  const { recording, view } = reading;

  useEffect(() => {
    const at = Number.parseFloat(query.get("at"));
    recording.ready.then(() => {
      if (recording.info.peek() && answersQuestions.peek() === undefined) findOut(recording);
      if (Number.isFinite(at) && at >= 0) requestAnimationFrame(() => reading.goTo(at));
    });
    return () => reading.close();
  }, [reading]);

  const info = recording.info.value;
  const isThere = info !== null && !recording.error.value;
  useLayoutEffect(() => {
    if (!isThere) return undefined;
    const ended = obeyKeys(reading, keysOn);
    // What is not shown any more is not heard on, either.
    return () => {
      ended();
      reading.player.pause();
    };
  }, [reading, isThere]);

  useEffect(() => {
    if (narrow.value) view.panel.value = "text";
  }, [reading, narrow.value]);

  const title = info && titleOf(info);
  useEffect(() => {
    const before = document.title;
    if (title) document.title = `${title} · Vocalyx`;
    return () => (document.title = before);
  }, [title]);

  if (recording.error.value) {
    return html`<h1>${t("reader.title")}</h1>
      <${Notice} kind="bad">${recording.error.value.status === 404 ? t("reader.gone") : errorText(recording.error.value)}<//>
      <p>
        ${recording.error.value.status !== 404 && html`<${Button} onPress=${recording.load}>${t("action.retry")}<//>`}
        <a href="/">${t("reader.toList")}</a>
      </p>
      <${Lost} reading=${reading} />`;
  }
  if (!info) return html`<p role="status">${t("app.loading")}</p>`;

  const shown = tabs(reading, narrow.value);
  // A wide page has no tab for the text, and a text that is written anew none for questions.
  const panel = shown.some(([name]) => name === view.panel.value) ? view.panel.value : "summary";
  return html`<div class="reader">
    <${Head} reading=${reading} />
    <${PlayerBar} reading=${reading}>
      <${Tools} reading=${reading} />
    <//>
    <div class="reader-columns">
      ${narrow.value && html`<${Tabs} id="panel" label=${t("reader.parts")} chosen=${panel} tabs=${shown} onChoose=${(name) => (view.panel.value = name)} />`}
      <div class="reader-text" hidden=${narrow.value && panel !== "text"} ...${narrow.value ? { id: "panel-text", role: "tabpanel", "aria-labelledby": "panel-tab-text" } : {}}>
        <${State} reading=${reading} />
        <${Lost} reading=${reading} />
        <${Transcript} reading=${reading} />
      </div>
      <aside class="reader-side" aria-label=${t("reader.side")} hidden=${narrow.value && panel === "text"}>
        ${!narrow.value && html`<${Tabs} id="panel" label=${t("reader.side")} chosen=${panel} tabs=${shown} onChoose=${(name) => (view.panel.value = name)} />`}
        ${panel !== "text" &&
        html`<div class="panel" role="tabpanel" id=${`panel-${panel}`} aria-labelledby=${`panel-tab-${panel}`} tabindex="0">
          <h2 class="visually-hidden">${t(`reader.tab.${panel}`)}</h2>
          <${PANELS[panel]} reading=${reading} />
        </div>`}
      </aside>
    </div>
    <${Dialogs} reading=${reading} />
  </div>`;
}

const PANELS = { summary: Enrichment, speakers: Speakers, notes: Notes, ask: Questions };

function tabs(reading, withText) {
  const { recording } = reading;
  const count = recording.notes.value.length;
  const shown = [
    ["summary", t("reader.tab.summary")],
    ["speakers", t("reader.tab.speakers")],
    ["notes", count ? `${t("reader.tab.notes")} (${number(count)})` : t("reader.tab.notes")],
  ];
  if (answersQuestions.value && reading.can.ask) shown.push(["ask", t("reader.tab.ask")]);
  return withText ? [["text", t("reader.tab.text")], ...shown] : shown;
}

function Head({ reading }) {
  const info = reading.recording.info.value;
  const { view, can } = reading;
  const title = titleOf(info);
  const about = [
    title !== info.name && info.name,
    info.duration_seconds && clock(info.duration_seconds),
    info.language && languageName(info.language),
    dateTime(info.created_at),
  ].filter(Boolean);
  return html`<header class="reader-head">
    <div>
      <p class="reader-back"><a href="/">${t("app.recordings")}</a></p>
      <h1>${title}</h1>
      ${can.describe &&
      html`<div class="reader-describe">
        <${Button} kind="quiet small" onPress=${() => (view.dialog.value = { name: "rename" })}>${t("reader.rename")}<//>
        <${Button} kind="quiet small" onPress=${() => (view.dialog.value = { name: "labels" })}>${t("reader.setLabels")}<//>
      </div>`}
      <p class="soft">${about.join(" · ")}</p>
      ${info.labels.length > 0 && html`<ul class="tags" aria-label=${t("reader.labels")}>${info.labels.map((label) => html`<li key=${label}>${label}</li>`)}</ul>`}
    </div>
    <div class="reader-actions">
      <${Button} kind="quiet" onPress=${() => (view.dialog.value = { name: "keys" })}>${t("reader.keys")}<//>
      ${can.edit && html`<${Button} onPress=${() => (view.dialog.value = { name: "share" })}>${t("reader.share")}<//>`}
      ${can.export && html`<${Button} kind="main" onPress=${() => (view.dialog.value = { name: "export" })}>${t("reader.export")}<//>`}
    </div>
  </header>`;
}

function languageName(code) {
  try {
    return new Intl.DisplayNames([language.value], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

function Tools({ reading }) {
  const { undoing, finding, view, can } = reading;
  return html`<div class="tools">
    <button class="toggle" data-find aria-pressed=${finding.open.value ? "true" : "false"} onClick=${() => (finding.open.value = !finding.open.value)}>${t("reader.find")}</button>
    <button class="toggle" aria-pressed=${view.doubts.value ? "true" : "false"} onClick=${() => reading.setDoubts(!view.doubts.value)}>${t("reader.doubts")}</button>
    ${can.edit &&
    html`<button class="button quiet small" disabled=${!undoing.canUndo.value} onClick=${() => reading.undo()} title="Ctrl Z">${t("reader.undo")}</button>
      <button class="button quiet small" disabled=${!undoing.canRedo.value} onClick=${() => reading.redo()} title="Ctrl Shift Z">${t("reader.redo")}</button>
      <${Saved} reading=${reading} />`}
  </div>`;
}

function Saved({ reading }) {
  const state = useComputed(() => {
    const all = [...reading.drafts.drafts.value.values()];
    const count = (name) => all.filter((draft) => draft.state === name).length;
    if (count("conflict")) return { kind: "bad", text: t("reader.saved.conflict", { count: count("conflict") }) };
    if (count("unreachable")) return { kind: "warn", text: t("reader.saved.unreachable", { count: count("unreachable") }) };
    if (count("refused")) return { kind: "bad", text: t("reader.saved.refused") };
    if (all.length) return { kind: "", text: t("reader.saved.saving") };
    return { kind: "good", text: t("reader.saved.all") };
  });
  return html`<span class=${`saved ${state.value.kind}`} role="status">${state.value.text}</span>`;
}

function State({ reading }) {
  const info = reading.recording.info.value;
  const { state, stage, percent } = info;
  const retry = async () => {
    try {
      await post(`${reading.recording.address}/retry`);
    } catch (error) {
      sayError(error);
    }
  };
  if (state === "error" || state === "cancelled") {
    return html`<${Notice} kind=${state === "error" ? "bad" : "warn"}>
      ${state === "error" ? t("reader.failed", { why: info.error ? failureText(info.error) : "" }) : t("reader.cancelled")}
      ${reading.can.describe && html`<div class="panel-tools"><${Button} onPress=${retry}>${t("action.retry")}<//></div>`}
    <//>`;
  }
  if (reading.recording.partial.value) {
    const doing = has(`stage.${stage}`) ? t(`stage.${stage}`) : t(`reader.state.${state}`);
    return html`<div class="notice working">
      <span role="status">${doing}</span>
      <progress max="100" value=${percent} aria-label=${doing}></progress>
      <span aria-hidden="true">${number(percent / 100, { style: "percent" })}</span>
    </div>`;
  }
  if (!reading.recording.segments.value.length) return html`<p class="soft">${t("reader.nothingSaid")}</p>`;
  if (info.diarization.state === "error") return html`<${Notice} kind="warn">${t("reader.notToldApart")}<//>`;
  return null;
}

/** Text that was typed in a segment that is no longer there, or may not be corrected any more: it is not thrown away, it is shown. */
function Lost({ reading }) {
  const { drafts, recording, can } = reading;
  if (recording.partial.value) return null;
  const lost = [...drafts.drafts.value].filter(([key]) => !can.edit || !recording.positions.value.has(key));
  return lost.map(([key, draft]) => html`<${Notice} kind="warn" key=${key}>
    <p>${t(can.edit ? "reader.lost" : "reader.lostRight", { time: clock(Number.parseFloat(key)) })}</p>
    <p>${draft.text}</p>
    <${Button} onPress=${() => drafts.drop(key)}>${t("reader.lostDrop")}<//>
  <//>`);
}

function Dialogs({ reading }) {
  const shown = reading.view.dialog.value;
  if (!shown) return null;
  const onClose = () => (reading.view.dialog.value = null);
  if (shown.name === "export") return reading.can.export && html`<${Export} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "share") return html`<${Share} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "rename") return html`<${Rename} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "labels") return html`<${Labels} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "keys") return html`<${Keys} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "enrich") return html`<${Enrich} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "versions") return html`<${Versions} reading=${reading} onClose=${onClose} />`;
  if (shown.name === "note") return html`<${NoteDialog} ...${shown} reading=${reading} onClose=${onClose} />`;
  if (!shown.key || !reading.segmentOf(shown.key)) return null;
  if (shown.name === "who") return reading.can.assign && html`<${Who} segmentKey=${shown.key} reading=${reading} onClose=${onClose} />`;
  return html`<${Changes} segmentKey=${shown.key} reading=${reading} onClose=${onClose} />`;
}
