// The list of recordings, as a table of which only what is in sight is there.

import { html, useEffect, useRef, useState } from "../html.js";
import { errorText, t } from "../i18n.js";
import { list, more, tryAgain } from "../model/recordings.js";
import { projects } from "../model/projects_of_mine.js";
import { Button } from "./button.js";
import { Notice } from "./notice.js";
import { RecordingRow } from "./recording_row.js";
import { VirtualRows } from "./virtual_rows.js";

const NARROW = "(max-width: 46rem)";
const HEIGHT_REM = { wide: 3.5, narrow: 6.25 };
const COLUMNS = ["title", "state", "language", "duration", "created"];

export function RecordingList({ chosen, onChoose }) {
  const { items, cursor, loading, error, known } = list.value;
  const height = useRowHeight();
  const last = useRef(null);

  function choose(id, on, range) {
    const next = new Set(chosen);
    const [from, to] = [last.current, id].map((one) => items.findIndex((item) => item.id === one));
    const ids = range && from >= 0 ? items.slice(Math.min(from, to), Math.max(from, to) + 1).map((item) => item.id) : [id];
    ids.forEach((one) => next[on ? "add" : "delete"](one));
    last.current = id;
    onChoose(next);
  }

  const all = items.length > 0 && items.every((item) => chosen.has(item.id));
  return html`
    ${error && html`<${Notice} kind="bad">
      ${errorText(error)} <${Button} kind="quiet" onPress=${tryAgain}>${t("action.retry")}<//>
    <//>`}
    <div class="recordings" role="table" aria-label=${t("app.recordings")} aria-rowcount=${cursor ? -1 : items.length + 1}
      aria-busy=${loading ? "true" : undefined}>
      <div class="recordings-head" role="rowgroup">
        <div class="head-row" role="row" aria-rowindex="1">
          <div class="cell cell-choose" role="columnheader">
            <input type="checkbox" checked=${all} aria-label=${t("home.chooseAll")}
              onClick=${(event) => onChoose(new Set(event.target.checked ? items.map((item) => item.id) : []))} />
          </div>
          ${COLUMNS.map((name) => html`<div class=${`cell cell-${name}`} role="columnheader" key=${name}>${t(`home.column.${name}`)}</div>`)}
        </div>
      </div>
      <${VirtualRows}
        items=${items}
        height=${height}
        onNearEnd=${more}
        render=${(recording) => html`<${RecordingRow}
          recording=${recording}
          selected=${chosen.has(recording.id)}
          onSelect=${choose}
          manyProjects=${(projects.value?.length ?? 0) > 1}
        />`}
      />
    </div>
    ${loading && known && html`<p class="more" role="status">${t("app.loading")}</p>`}
  `;
}

function useRowHeight() {
  const measure = () =>
    HEIGHT_REM[window.matchMedia(NARROW).matches ? "narrow" : "wide"] *
    parseFloat(getComputedStyle(document.documentElement).fontSize);
  const [height, setHeight] = useState(measure);
  useEffect(() => {
    const query = window.matchMedia(NARROW);
    const update = () => setHeight(measure());
    query.addEventListener("change", update);
    return () => query.removeEventListener("change", update);
  }, []);
  return height;
}
