// One recording in the list.

import { html } from "../html.js";
import { clock, dateTime, locale, t, when } from "../i18n.js";
import { languageName } from "../model/languages.js";
import { projectName } from "../model/projects_of_mine.js";
import { setQuery } from "../router.js";
import { RecordingState } from "./recording_state.js";

const A_FILE = /\.[a-z0-9]{2,5}$/i;

/** What a recording is called: as people named it, else by what it is about, else as the file. */
export function titleOf({ name, enrichment }) {
  return A_FILE.test(name) && enrichment?.title ? enrichment.title : name;
}

const NAMES_SHOWN = 3;

/** Who speaks, by name: the first few, and how many more. */
function listed(names) {
  const more = names.length - NAMES_SHOWN;
  const shown = more > 1 ? [...names.slice(0, NAMES_SHOWN), t("home.moreNames", { count: more })] : names;
  return new Intl.ListFormat(locale.value, { type: "conjunction" }).format(shown);
}

export function RecordingRow({ recording, selected, onSelect, manyProjects }) {
  const title = titleOf(recording);
  const { labels, options, language, duration_seconds: seconds, speaker_names: names = [] } = recording;
  return html`
    <div class="cell cell-choose" role="cell">
      <input
        type="checkbox"
        checked=${selected}
        aria-label=${t("home.choose", { name: title })}
        onClick=${(event) => onSelect(recording.id, event.target.checked, event.shiftKey)}
      />
    </div>
    <div class="cell cell-title" role="cell">
      <a class="title" href=${`/recordings/${recording.id}`} title=${title}>${title}</a>
      <span class="below">
        ${manyProjects && html`<span class="below-project">${projectName(recording.project_id)}</span>`}
        ${title !== recording.name && html`<span class="below-file">${recording.name}</span>`}
        ${recording.legal_hold && html`<span>${t("home.held")}</span>`}
        ${names.length > 0 && html`<span class="below-who">${listed(names)}</span>`}
        ${options.num_speakers && !names.length && html`<span>${t("home.speakers", { count: options.num_speakers })}</span>`}
        ${labels.map(
          (label) => html`<button class="chip" key=${label} title=${t("home.onlyLabel", { label })} onClick=${() => setQuery({ label })}>
            ${label}
          </button>`,
        )}
      </span>
    </div>
    <div class="cell cell-state" role="cell"><${RecordingState} recording=${recording} /></div>
    <div class="cell cell-language" role="cell">${language ? languageName(language) : html`<span class="none">–</span>`}</div>
    <div class="cell cell-duration" role="cell">${seconds === null ? html`<span class="none">–</span>` : clock(seconds)}</div>
    <div class="cell cell-created" role="cell">
      <time datetime=${recording.created_at} title=${dateTime(recording.created_at)}>${when(recording.created_at)}</time>
    </div>
  `;
}
