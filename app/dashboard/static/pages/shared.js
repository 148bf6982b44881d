// A recording as a link shows it, without a login. The link's token stands behind the #: no server is sent it, and it
// comes to the API in a header.

import { computed, html, signal, useEffect, useLayoutEffect, useMemo, useState } from "../html.js";
import { get } from "../api.js";
import { chooseLanguage, clock, dateTime, errorText, language, t } from "../i18n.js";
import { Notice } from "../components/notice.js";
import { obeyKeys } from "../reader/keys.js";
import { keysOn } from "../reader/help.js";
import { createPlayer } from "../reader/player.js";
import { PlayerBar } from "../reader/playerbar.js";
import { named } from "../reader/recording.js";
import { readingOf } from "../reader/reading.js";
import { READ_ONLY } from "../reader/rights.js";
import { Transcript } from "../reader/transcript.js";

export function Page({ id }) {
  const [shown, setShown] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    const token = window.location.hash.slice(1);
    get(`/api/shared/${encodeURIComponent(id)}`, { headers: token ? { "X-Share-Token": token } : {} }).then(setShown, setError);
  }, [id]);
  return html`<div class="shared">
    <header class="frame-bar">
      <span class="frame-brand"><img src=${icon} alt="" />Vocalyx</span>
      <span class="frame-pages"></span>
      <select aria-label=${t("app.language")} value=${language.value} onChange=${(event) => chooseLanguage(event.target.value)}>
        <option value="fr">Français</option><option value="en">English</option>
      </select>
    </header>
    <main class="frame-content" id="content" tabindex="-1">
      ${error && html`<h1>${t("reader.shared")}</h1><${Notice} kind="bad">${error.status === 404 ? t("reader.sharedUnknown") : errorText(error)}<//>`}
      ${!shown && !error && html`<p role="status">${t("app.loading")}</p>`}
      ${shown && html`<${Shown} id=${id} shown=${shown} />`}
    </main>
  </div>`;
}

const icon = `${document.querySelector('meta[name="assets"]').content}/icon.svg`;

/** What the parts of the reader read, of a link. */
function recordingOf(id, shown) {
  const segments = signal(named(shown.segments.map((segment) => ({ ...segment, machine_text: segment.text, words: segment.words.map((word) => ({ ...word, probability: 1 })) }))));
  const speakers = signal(shown.speakers);
  return {
    id,
    address: `/api/shared/${encodeURIComponent(id)}`,
    info: signal({ ...shown, options: {}, state: "done", project_id: null }),
    segments,
    speakers,
    notes: signal([]),
    partial: signal(false),
    positions: computed(() => new Map(segments.value.map((segment, index) => [segment.key, index]))),
    names: computed(() => new Map(speakers.value.map((speaker, place) => [speaker.label, { ...speaker, place }]))),
    ready: Promise.resolve(),
    close: () => undefined,
  };
}

const NO_DRAFTS = () => ({
  drafts: signal(new Map()),
  of: () => undefined,
  saveAll: async () => undefined,
  restore: () => undefined,
  close: () => undefined,
});

function Shown({ id, shown }) {
  const reading = useMemo(() => {
    const recording = recordingOf(id, shown);
    const player = createPlayer(recording, shown.audio ? {} : { source: null });
    return readingOf(recording, player, NO_DRAFTS(), READ_ONLY);
  }, [shown]);
  // The text is drawn with it: its keys are obeyed from then on.
  useLayoutEffect(() => obeyKeys(reading, keysOn), [reading]);
  useEffect(() => () => reading.close(), [reading]);
  const { finding } = reading;
  return html`<div class="reader">
    <header class="reader-head">
      <div>
        <h1>${shown.name}</h1>
        <p class="soft">${[shown.duration_seconds && clock(shown.duration_seconds), t("reader.sharedUntil", { when: dateTime(shown.expires_at) })].filter(Boolean).join(" · ")}</p>
      </div>
      <div class="reader-actions"><button class="button" onClick=${() => reading.print()}>${t("reader.print")}</button></div>
    </header>
    <${PlayerBar} reading=${reading} silent=${shown.scope === "text"}>
      <div class="tools">
        <button class="toggle" data-find aria-pressed=${finding.open.value ? "true" : "false"} onClick=${() => (finding.open.value = !finding.open.value)}>${t("reader.find")}</button>
      </div>
    <//>
    <div class="reader-columns alone"><div class="reader-text"><${Transcript} reading=${reading} /></div></div>
  </div>`;
}
