// What a webhook was told, and what came of it; to be sent again. Looked at again while something is on its way.

import { html, useEffect, useState } from "../html.js";
import { post } from "../api.js";
import { has, number, t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { Moment } from "../components/moment.js";
import { Loaded, More, usePages } from "../components/resource.js";
import { say, sayError } from "../components/toasts.js";

const AGAIN_MS = 1500;
const OUTCOMES = { pending: "busy", delivered: "good", failed: "bad" };

export function Deliveries({ path, active, news }) {
  const [outcome, setOutcome] = useState("");
  const deliveries = usePages(path, outcome && `outcome=${outcome}`);
  useEffect(() => deliveries.reload(), [news]);
  const waits = deliveries.items?.some((one) => one.outcome === "pending");
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setTimeout(deliveries.reload, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [deliveries.items]);
  const replay = async (delivery) => {
    try {
      await post(`${path}/${delivery.id}/replay`);
      say(t("deliveries.replayed"));
    } catch (error) {
      sayError(error);
    }
    deliveries.reload();
  };
  return html`<div class="deliveries">
    <div class="filters">
      <label>${t("deliveries.outcome")} <select value=${outcome} onChange=${(event) => setOutcome(event.target.value)}>
        <option value="">${t("filter.all")}</option>
        ${Object.keys(OUTCOMES).map((each) => html`<option value=${each} key=${each}>${t(`outcome.${each}`)}</option>`)}
      </select></label>
    </div>
    <${Loaded} of=${deliveries}>
      ${(items) =>
        items.length === 0
          ? html`<p class="empty">${t("deliveries.none")}</p>`
          : html`<ul class="log">${items.map((one) => html`<${Delivery} key=${one.id} delivery=${one} active=${active} replay=${replay} />`)}</ul>`}
    <//>
    <${More} of=${deliveries} />
  </div>`;
}

const typeName = (type) => (has(`event.${type}`) ? t(`event.${type}`) : type);

const Delivery = ({ delivery, active, replay }) => html`<li class="log-entry">
  <div class="log-line">
    <${Badge} kind=${OUTCOMES[delivery.outcome]}>${t(`outcome.${delivery.outcome}`)}<//>
    <strong>${typeName(delivery.type)}</strong>
    <span class="hint"><${Moment} at=${delivery.created_at} /> · ${t("deliveries.tried", { count: delivery.attempts.length })}</span>
    <${Button} kind="quiet" disabled=${!active} onPress=${() => replay(delivery)}>${t("deliveries.replay")}<span class="visually-hidden"> ${typeName(delivery.type)}</span><//>
  </div>
  ${delivery.outcome === "pending" && delivery.due_at && html`<p class="hint">${t("deliveries.due")} <${Moment} at=${delivery.due_at} /></p>`}
  <details>
    <summary>${t("deliveries.details")}</summary>
    ${delivery.attempts.map(
      (attempt) => html`<p key=${attempt.at}>
        <${Moment} at=${attempt.at} /> · ${attempt.status ? t("deliveries.status", { status: String(attempt.status) }) : t("deliveries.noAnswer")}
        · ${number(attempt.duration_ms)} ms${attempt.error ? html` · <span class="fault" lang="en">${attempt.error}</span>` : null}
        ${attempt.excerpt && html`<pre>${attempt.excerpt}</pre>`}
      </p>`,
    )}
    <p><code>webhook-id: ${delivery.id}</code></p>
    <pre tabindex="0" aria-label=${t("deliveries.data")}>${JSON.stringify(delivery.data, null, 2)}</pre>
  </details>
</li>`;
