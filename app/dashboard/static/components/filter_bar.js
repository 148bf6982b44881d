// What is searched for and what narrows the list. All of it stands in the address: a view can be kept, and sent to others.

import { html, useEffect, useId, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { narrows, NOTHING, SORTS, STATES } from "../model/filters.js";
import { languages } from "../model/languages.js";
import { list } from "../model/recordings.js";
import { projects } from "../model/projects_of_mine.js";
import { setQuery } from "../router.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";

const TYPING_MS = 350;

export function FilterBar({ filters }) {
  const [shown, setShown] = useState(narrows(filters));
  const id = useId();
  const active = narrows(filters);
  return html`<div class="finder">
    <div class="finder-line">
      <${SearchField} q=${filters.q} />
      <button class="button finder-toggle" aria-expanded=${shown ? "true" : "false"} aria-controls=${id} onClick=${() => setShown(!shown)}>
        <${Icon} name="filter" />${t("home.filters")}${active && html`<span class="dot" aria-label=${t("home.filtersOn")} role="img"></span>`}
      </button>
    </div>
    <div class="filters" id=${id} hidden=${!shown}><${Filters} filters=${filters} /></div>
  </div>`;
}

function SearchField({ q }) {
  const [text, setText] = useState(q);
  const timer = useRef(null);
  const sent = useRef(q);
  useEffect(() => {
    // The address changed by itself: back, forward, a link.
    if (q !== sent.current) {
      sent.current = q;
      setText(q);
    }
  }, [q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  function look(value) {
    clearTimeout(timer.current);
    sent.current = value.trim();
    setQuery({ q: value.trim() || null });
  }
  function type(event) {
    const { value } = event.target;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => look(value), TYPING_MS);
  }
  return html`<form class="search" role="search" onSubmit=${(event) => (event.preventDefault(), look(text))}>
    <${Icon} name="search" />
    <input type="search" name="q" maxlength="500" value=${text} onInput=${type} aria-label=${t("home.search")}
      placeholder=${t("home.searchHint")} autocomplete="off" />
  </form>`;
}

function Filters({ filters }) {
  const several = (projects.value?.length ?? 0) > 1;
  const known = [...new Set(list.value.items.flatMap((item) => item.labels))].sort((a, b) => a.localeCompare(b));
  const labels = useId();
  return html`
    ${several && html`<${Choice} name="project" value=${filters.project}
      options=${projects.value.map((project) => [project.id, project.name])} />`}
    <${Choice} name="state" value=${filters.state} options=${STATES.map((state) => [state, t(`home.state.${state}`)])} />
    <${Choice} name="language" value=${filters.language} options=${languages()} />
    <${Typed} name="label" value=${filters.label} list=${labels} />
    <datalist id=${labels}>${known.map((label) => html`<option value=${label} key=${label} />`)}</datalist>
    <${Typed} name="speaker" value=${filters.speaker} />
    <${Typed} name="from" value=${filters.from} type="date" />
    <${Typed} name="to" value=${filters.to} type="date" />
    ${!filters.q && html`<${Choice} name="sort" value=${filters.sort} all=${false} options=${SORTS.map((sort) => [sort, t(`home.sort.${sort}`)])} />`}
    ${narrows(filters) && html`<${Button} kind="quiet" onPress=${() => setQuery(NOTHING)}><${Icon} name="close" />${t("home.clear")}<//>`}
  `;
}

const Choice = ({ name, value, options, all = true }) => {
  const id = useId();
  return html`<div class="filter">
    <label for=${id}>${t(`home.filter.${name}`)}</label>
    <select id=${id} name=${name} value=${value} onChange=${(event) => setQuery({ [name]: event.target.value })}>
      ${all && html`<option value="">${t("home.any")}</option>`}
      ${options.map(([key, text]) => html`<option value=${key} key=${key}>${text}</option>`)}
    </select>
  </div>`;
};

const Typed = ({ name, value, type = "text", list: options }) => {
  const id = useId();
  return html`<div class="filter">
    <label for=${id}>${t(`home.filter.${name}`)}</label>
    <input id=${id} name=${name} type=${type} value=${value} list=${options} maxlength="200" autocomplete="off"
      onChange=${(event) => setQuery({ [name]: event.target.value.trim() || null })} />
  </div>`;
};
