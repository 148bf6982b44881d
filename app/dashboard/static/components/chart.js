// Numbers by day, drawn; the same numbers stand in a table for those who do not see the drawing.

import { html, useEffect, useRef, useState } from "../html.js";
import { locale, t } from "../i18n.js";

const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 10;
const STEPS = [1, 2, 3, 4, 6, 8, 10];
// Of seconds: what can be halved and is still read at a glance.
const TIMES = [2, 4, 10, 20, 60, 120, 240, 600, 1200, 3600, 7200, 14400, 28800, 43200, 86400];
const RIGHT = 20;
const LABEL_WIDTH = 64;

/**
 * `days`: their dates (YYYY-MM-DD), the oldest first. `series`: {name, values, line}, a value a day, null where there is
 * none; bars unless `line`. `show` makes text of a value; `times`: the values are seconds; `counts`: they are whole numbers.
 */
export function Chart({ title, hint, days, series, show, times = false, counts = false }) {
  const [frame, width] = useWidth();
  const most = Math.max(0, ...series.flatMap(({ values }) => values.filter((value) => value !== null)));
  // Half of it is written beside the drawing, too.
  const top = (times && TIMES.find((time) => time >= most)) || (counts ? 2 * ceiling(Math.ceil(most / 2)) : ceiling(most));
  const inner = Math.max(0, width - LEFT - RIGHT);
  const step = inner / days.length;
  const x = (index) => LEFT + step * (index + 0.5);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const every = Math.max(1, Math.ceil((days.length * LABEL_WIDTH) / Math.max(inner, 1)));
  const short = new Intl.DateTimeFormat(locale.value, { day: "numeric", month: "short", timeZone: "UTC" });
  const date = (day) => short.format(new Date(`${day}T00:00:00Z`));
  const empty = series.every(({ values }) => values.every((value) => !value));
  return html`<figure class="chart">
    <figcaption><h3>${title}</h3>${hint && html`<p class="hint">${hint}</p>`}</figcaption>
    ${series.length > 1 &&
    html`<ul class="chart-legend">${series.map(({ name }, index) => html`<li key=${name} class=${`series-${index}`}>${name}</li>`)}</ul>`}
    <div ref=${frame} class="chart-frame">
      ${empty
        ? html`<p class="empty">${t("chart.nothing")}</p>`
        : width > 0 &&
          html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${t("chart.label", { title, from: date(days[0]), to: date(days.at(-1)) })}>
            ${[0, 0.5, 1].map(
              (part) => html`<g class="chart-grid" key=${part}>
                <line x1=${LEFT} x2=${width - RIGHT} y1=${y(top * part)} y2=${y(top * part)} />
                <text x=${LEFT - 8} y=${y(top * part) + 4} text-anchor="end">${show(top * part)}</text>
              </g>`,
            )}
            ${days.map(
              (day, index) =>
                (days.length - 1 - index) % every === 0 &&
                html`<text class="chart-day" key=${day} x=${x(index)} y=${HEIGHT - 6} text-anchor="middle">${date(day)}</text>`,
            )}
            ${series.map(({ name, values, line }, number) =>
              line
                ? html`<${Line} key=${name} number=${number} points=${values.map((value, index) => value !== null && [x(index), y(value)])} />`
                : values.map(
                    (value, index) =>
                      value > 0 &&
                      html`<rect class=${`series-${number}`} key=${days[index]} x=${x(index) - step * 0.36} width=${step * 0.72}
                        y=${y(value)} height=${y(0) - y(value)} rx=${Math.min(3, step / 4)} />`,
                  ),
            )}
            ${days.map(
              (day, index) => html`<rect class="chart-over" key=${day} x=${x(index) - step / 2} width=${step} y=${TOP} height=${HEIGHT - TOP - BOTTOM}>
                <title>${[date(day), ...series.map(({ name, values }) => `${name}: ${values[index] === null ? "–" : show(values[index])}`)].join("\n")}</title>
              </rect>`,
            )}
          </svg>`}
    </div>
    ${!empty && html`<${Numbers} title=${title} days=${days} series=${series} show=${show} date=${date} />`}
  </figure>`;
}

/** A line through the days that have a value; a day alone is a point. */
function Line({ points, number }) {
  const parts = [];
  let open = false;
  for (const point of points) {
    if (point) parts.push(`${open ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`);
    open = Boolean(point);
  }
  return html`<g class=${`chart-line series-${number}`}>
    <path d=${parts.join("")} />
    ${points.map((point, index) => point && html`<circle key=${index} cx=${point[0]} cy=${point[1]} r="2.5" />`)}
  </g>`;
}

const Numbers = ({ title, days, series, show, date }) => html`<details class="chart-numbers">
  <summary>${t("chart.table")}</summary>
  <table>
    <caption class="visually-hidden">${title}</caption>
    <thead><tr><th scope="col">${t("chart.day")}</th>${series.map(({ name }) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
    <tbody>
      ${days.map(
        (day, index) => html`<tr key=${day}>
          <th scope="row">${date(day)}</th>
          ${series.map(({ name, values }) => html`<td key=${name}>${values[index] === null ? "–" : show(values[index])}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>
</details>`;

/** The next round number above. */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return STEPS.find((step) => step * power >= value) * power;
}

function useWidth() {
  const element = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
