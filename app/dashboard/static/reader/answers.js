// What the language model found, as it is shown: each finding leads to its passage. Shows what is there, and nothing else.

import { html } from "../html.js";
import { clock, has, number, t } from "../i18n.js";
import { answersOf, paragraphs, textOf } from "./differences.js";

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

const statements = (items, reading, said, place) =>
  html`<ul class="findings">
    ${items.map((item, index) => html`<li key=${index}>${said(`${place}.${index}.text`, item.text)}<${Passage} item=${item} reading=${reading} /></li>`)}
  </ul>`;

const SHOWN = {
  chapters: (items, reading, said) =>
    html`<ol class="findings chapters">
      ${items.map((item, index) => html`<li key=${index}>
        <button class="chapter" onClick=${() => reading.goTo(momentOf(item, reading.recording.segments.value) ?? 0)}>
          <span class="chapter-time">${clock(item.start)}</span><span>${said(`chapters.${index}.title`, item.title)}</span>
        </button>
      </li>`)}
    </ol>`,
  points: statements,
  decisions: statements,
  questions: statements,
  actions: (items, reading, said) =>
    html`<ul class="findings">
      ${items.map((item, index) => html`<li key=${index}>
        ${said(`actions.${index}.what`, item.what)}<${Passage} item=${item} reading=${reading} />
        ${(item.who || item.due) && html`<div class="soft">${item.who && said(`actions.${index}.who`, item.who)}${item.who && item.due && " · "}${item.due && said(`actions.${index}.due`, item.due)}</div>`}
      </li>`)}
    </ul>`,
  topics: (items, reading, said) => html`<ul class="tags">${items.map((item, index) => html`<li key=${index}>${said(`topics.${index}`, item)}</li>`)}</ul>`,
  entities: (items, reading, said) =>
    html`<ul class="tags">
      ${items.map((item, index) => html`<li key=${index} title=${kindText(item.kind)}>${said(`entities.${index}.text`, item.text)}<span class="visually-hidden"> (${kindText(item.kind)})</span><${Passage} item=${item} reading=${reading} /></li>`)}
    </ul>`,
  satisfaction: (found, reading, said) => html`<p>
      <strong>${t("reader.satisfaction", { score: number(found.score) })}</strong>
      <meter min="1" max="5" value=${found.score} aria-label=${t("reader.satisfaction", { score: number(found.score) })}></meter>
    </p>
    ${statements(found.reasons ?? [], reading, said, "satisfaction.reasons")}${statements(found.quotes ?? [], reading, said, "satisfaction.quotes")}`,
  corrected: rewritten,
  translation: rewritten,
};

const kindText = (kind) => (has(`reader.kind.${kind}`) ? t(`reader.kind.${kind}`) : kind);

function rewritten(found, reading, said, place, open) {
  const spoken = reading.recording.segments.value;
  return html`<details open=${open}>
    <summary>${t("reader.rewritten", { count: found.segments.length })}</summary>
    ${found.segments.map(({ segment, text }, index) => html`<p key=${segment} lang=${found.language || undefined}>
      ${spoken[segment] && html`<button class="passage" onClick=${() => reading.goTo(spoken[segment].start)}>${clock(spoken[segment].start)}</button> `}
      ${said(`${place}.segments.${index}.text`, text)}
    </p>`)}
  </details>`;
}

const asItIs = (place, text) => text;

/**
 * Everything that one version of an enrichment says. `said(place, text)` draws a text, where it is not drawn as it is; what
 * is long is closed, unless the task `isOpen`.
 */
export function Answers({ version, reading, said = asItIs, isOpen = () => false }) {
  const answers = answersOf(version);
  const { title, summary, detailed_summary: detailed, custom } = answers;
  return html`<div class="answers">
    ${title && html`<p class="answers-title">${said("title.text", title.text)}</p>`}
    ${summary?.text && html`<${Section} name="summary">${lines("summary", summary.text, said)}<//>`}
    ${detailed?.text &&
    html`<section class="finding"><details open=${isOpen("detailed_summary")}>
      <summary>${t("reader.task.detailed_summary")}</summary>${lines("detailed_summary", detailed.text, said)}
    </details></section>`}
    ${Object.entries(SHOWN).map(([name, draw]) => {
      const found = answers[name];
      if (!found || (Array.isArray(found) && !found.length)) return null;
      return html`<${Section} key=${name} name=${name}>${draw(found, reading, said, name, isOpen(name))}<//>`;
    })}
    ${Object.entries(custom ?? {}).map(
      ([name, found]) => found && html`<section key=${name} class="finding"><h3>${name}</h3><dl class="custom">${fields(name, found, { sources: answers.custom_sources?.[name] ?? [], reading, said })}</dl></section>`,
    )}
  </div>`;
}

const lines = (task, text, said) => paragraphs(text).map((part, index) => html`<p key=${index}>${said(`${task}.text.${index}`, part)}</p>`);

const fields = (task, found, { sources, reading, said }) =>
  Object.entries(found).map(([name, value]) => {
    const own = sources.filter(({ place }) => place === name || place.startsWith(`${name}.`) || place.startsWith(`${name}[`));
    return html`<dt key=${name}>${name}</dt>
      <dd>
        ${said(`custom.${task}.${name}`, textOf(value))}
        ${own.map((source) => html`<${Passage} key=${source.place} item=${source} reading=${reading} />`)}
        ${own.some(({ segments }) => !segments.length) && html`<div class="soft">${t("reader.notFound")}</div>`}
      </dd>`;
  });
