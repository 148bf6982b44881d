// What the language model found, as it is shown: each finding leads to its passage. Shows what is there, and nothing else.

import { html } from "../html.js";
import { clock, has, number, t } from "../i18n.js";

/** Where a finding is said, in seconds; null where it names no passage. */
function momentOf({ start, segments }, said) {
  if (typeof start === "number") return start;
  const first = said[segments?.[0]];
  return first ? first.start : null;
}

function Passage({ item, reading }) {
  const at = momentOf(item, reading.recording.segments.value);
  if (at === null) return null;
  return html` <button class="passage" onClick=${() => reading.goTo(at)} aria-label=${t("reader.toPassage", { time: clock(at) })}>${clock(at)}</button>`;
}

const Section = ({ name, children }) => html`<section class="finding"><h3>${t(`reader.task.${name}`)}</h3>${children}</section>`;

const statements = (items, reading) =>
  html`<ul class="findings">${items.map((item, index) => html`<li key=${index}>${item.text}<${Passage} item=${item} reading=${reading} /></li>`)}</ul>`;

const SHOWN = {
  chapters: (items, reading) =>
    html`<ol class="findings chapters">
      ${items.map((item, index) => html`<li key=${index}>
        <button class="chapter" onClick=${() => reading.goTo(momentOf(item, reading.recording.segments.value) ?? 0)}>
          <span class="chapter-time">${clock(item.start)}</span><span>${item.title}</span>
        </button>
      </li>`)}
    </ol>`,
  points: statements,
  decisions: statements,
  questions: statements,
  actions: (items, reading) =>
    html`<ul class="findings">
      ${items.map((item, index) => html`<li key=${index}>
        ${item.what}<${Passage} item=${item} reading=${reading} />
        ${(item.who || item.due) && html`<div class="soft">${[item.who, item.due].filter(Boolean).join(" · ")}</div>`}
      </li>`)}
    </ul>`,
  topics: (items) => html`<ul class="tags">${items.map((item) => html`<li key=${item}>${item}</li>`)}</ul>`,
  entities: (items, reading) =>
    html`<ul class="tags">
      ${items.map((item, index) => html`<li key=${index} title=${kindText(item.kind)}>${item.text}<span class="visually-hidden"> (${kindText(item.kind)})</span><${Passage} item=${item} reading=${reading} /></li>`)}
    </ul>`,
  satisfaction: (found, reading) => html`<p>
      <strong>${t("reader.satisfaction", { score: number(found.score) })}</strong>
      <meter min="1" max="5" value=${found.score} aria-label=${t("reader.satisfaction", { score: number(found.score) })}></meter>
    </p>
    ${statements([...(found.reasons ?? []), ...(found.quotes ?? [])], reading)}`,
  corrected: (found, reading) => rewritten(found, reading),
  translation: (found, reading) => rewritten(found, reading),
};

const kindText = (kind) => (has(`reader.kind.${kind}`) ? t(`reader.kind.${kind}`) : kind);

function rewritten(found, reading) {
  const said = reading.recording.segments.value;
  return html`<details>
    <summary>${t("reader.rewritten", { count: found.segments.length })}</summary>
    ${found.segments.map(({ segment, text }) => html`<p key=${segment} lang=${found.language || undefined}>
      ${said[segment] && html`<button class="passage" onClick=${() => reading.goTo(said[segment].start)}>${clock(said[segment].start)}</button> `}${text}
    </p>`)}
  </details>`;
}

/** Everything that one version of an enrichment says. */
export function Answers({ version, reading }) {
  const answers = version.answers ?? {};
  const summary = answers.summary?.text ?? version.summary;
  const points = answers.points ?? version.points?.map((text) => ({ text, segments: [], start: null }));
  const shown = { ...answers, points };
  return html`<div class="answers">
    ${version.title && html`<p class="answers-title">${version.title}</p>`}
    ${summary && html`<${Section} name="summary"><${Lines} text=${summary} /><//>`}
    ${answers.detailed_summary?.text &&
    html`<section class="finding"><details><summary>${t("reader.task.detailed_summary")}</summary><${Lines} text=${answers.detailed_summary.text} /></details></section>`}
    ${Object.entries(SHOWN).map(([name, draw]) => {
      const found = shown[name];
      if (!found || (Array.isArray(found) && !found.length)) return null;
      return html`<${Section} key=${name} name=${name}>${draw(found, reading)}<//>`;
    })}
    ${Object.entries(answers.custom ?? {}).map(
      ([name, found]) => found && html`<section key=${name} class="finding"><h3>${name}</h3><dl class="custom">${fields(found, answers.custom_sources?.[name] ?? [], reading)}</dl></section>`,
    )}
  </div>`;
}

const Lines = ({ text }) => text.split(/\n+/).map((part, index) => html`<p key=${index}>${part}</p>`);

const fields = (found, sources, reading) =>
  Object.entries(found).map(([name, value]) => {
    const own = sources.filter(({ place }) => place === name || place.startsWith(`${name}.`) || place.startsWith(`${name}[`));
    return html`<dt key=${name}>${name}</dt>
      <dd>
        ${typeof value === "object" ? JSON.stringify(value) : String(value)}
        ${own.map((source) => html`<${Passage} key=${source.place} item=${source} reading=${reading} />`)}
        ${own.some(({ segments }) => !segments.length) && html`<div class="soft">${t("reader.notFound")}</div>`}
      </dd>`;
  });
