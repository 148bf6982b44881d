// How the site stands now, and how it went: what came in, how long it waited, how fast the work was.

import { html, useState } from "../html.js";
import { clock, number, t } from "../i18n.js";
import { Chart } from "../components/chart.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { Queues } from "./queues.js";

const AGAIN_MS = 30_000;
const SPANS = ["7", "30", "92"];

export function Overview() {
  const [span, setSpan] = useState("30");
  const overview = useResource(`/api/admin/overview?days=${span}`, { everyMs: AGAIN_MS });
  const chosen = html`<select aria-label=${t("overview.span")} value=${span} onChange=${(event) => setSpan(event.target.value)}>
    ${SPANS.map((days) => html`<option value=${days} key=${days}>${t("overview.days", { count: Number(days) })}</option>`)}
  </select>`;
  return html`
    <${Queues} />
    <${Panel} title=${t("overview.title")} hint=${t("overview.hint")} actions=${chosen}>
      <${Loaded} of=${overview}>${(found) => html`<${Totals} of=${found} /><${Charts} days=${found.days} />`}<//>
    <//>
  `;
}

const hours = (value) => number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
const factor = (value) => number(value, { maximumFractionDigits: 2 });

const Totals = ({ of: { total, unfinished } }) => html`<dl class="tiles">
  <${Tile} name=${t("overview.hours")} value=${hours(total.hours)} />
  <${Tile} name=${t("overview.done")} value=${number(total.done)} />
  <${Tile} name=${t("overview.failed")} value=${number(total.failed)} kind=${total.failed > 0 ? "bad" : ""} />
  <${Tile} name=${t("overview.underway")} value=${number(Object.values(unfinished).reduce((sum, count) => sum + count, 0))} />
  <${Tile} name=${t("overview.waiting")} value=${total.waiting_seconds ? clock(total.waiting_seconds.median) : "–"} />
  <${Tile} name=${t("overview.factor")} value=${total.real_time_factor ? factor(total.real_time_factor.median) : "–"} />
</dl>`;

export const Tile = ({ name, value, kind = "" }) => html`<div class=${`tile ${kind}`}><dt>${name}</dt><dd>${value}</dd></div>`;

function Charts({ days }) {
  const dates = days.map(({ day }) => day);
  const spread = (key) => [
    { name: t("overview.median"), line: true, values: days.map((day) => day[key]?.median ?? null) },
    { name: t("overview.p95"), line: true, values: days.map((day) => day[key]?.p95 ?? null) },
  ];
  return html`<div class="charts">
    <${Chart} title=${t("chart.hours")} hint=${t("chart.hoursHint")} days=${dates} show=${hours} series=${[{ name: t("chart.hours"), values: days.map((day) => day.hours) }]} />
    <${Chart} title=${t("chart.waiting")} hint=${t("chart.waitingHint")} days=${dates} times show=${clock} series=${spread("waiting_seconds")} />
    <${Chart} title=${t("chart.factor")} hint=${t("chart.factorHint")} days=${dates} show=${factor} series=${spread("real_time_factor")} />
    <${Chart} title=${t("chart.ended")} hint=${t("chart.endedHint")} days=${dates} counts show=${(value) => number(value)}
      series=${["done", "failed", "cancelled"].map((name) => ({ name: t(`chart.${name}`), line: true, values: days.map((day) => day[name]) }))} />
  </div>`;
}
