// The queues as they are now: what is due, for how long, who is there to do it.

import { html } from "../html.js";
import { clock, has, number, t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";

const AGAIN_MS = 5000;

export const queueName = (name) => (has(`queue.${name}`) ? t(`queue.${name}`) : name);

export function Queues() {
  const queues = useResource("/api/admin/queues", { everyMs: AGAIN_MS });
  const count = (key, label, of) => ({ key, label, kind: "number", of: (queue) => number(of(queue)) });
  return html`<${Panel} title=${t("queues.title")} hint=${t("queues.hint")}>
    <${Loaded} of=${queues}>
      ${({ items }) => html`<${Table}
        caption=${t("queues.title")}
        rows=${items}
        keyOf=${({ name }) => name}
        columns=${[
          { key: "name", label: t("queues.queue"), head: true, of: ({ name }) => queueName(name) },
          count("running", t("queues.running"), ({ running }) => running),
          count("queued", t("queues.queued"), ({ queued }) => queued),
          count("held", t("queues.held"), ({ held }) => held),
          { key: "oldest", label: t("queues.oldest"), kind: "number", of: ({ oldest_seconds: age }) => (age === null ? "–" : clock(age)) },
          {
            key: "workers",
            label: t("queues.workers"),
            of: ({ workers }) => html`${workers.busy + workers.idle === 0
                ? html`<${Badge} kind="bad">${t("queues.nobody")}<//>`
                : t("queues.workersOf", { busy: workers.busy, all: workers.busy + workers.idle })}
              ${workers.stale > 0 && html` <${Badge} kind="warn">${t("queues.stale", { count: workers.stale })}<//>`}`,
          },
        ]}
      />`}
    <//>
  <//>`;
}
