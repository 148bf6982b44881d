// The models that are installed here.

import { html } from "../html.js";
import { bytes, has, language, t } from "../i18n.js";
import { Badge } from "../components/badge.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";

const MANY = 6;

export function Models() {
  const models = useResource("/api/models");
  return html`<${Panel} title=${t("site.part.models")} hint=${t("models.hint")}>
    <${Loaded} of=${models}>
      ${({ items }) => html`<${Table}
        caption=${t("site.part.models")}
        rows=${items}
        keyOf=${({ kind, name }) => `${kind}/${name}`}
        empty=${t("models.none")}
        columns=${[
          {
            key: "name", label: t("models.model"), head: true,
            of: (model) => html`${model.title}<br /><code>${model.name}</code> ${model.is_default && html`<${Badge} kind="good">${t("models.default")}<//>`} ${!model.whole && html`<${Badge} kind="bad">${t("models.broken")}<//>`}`,
          },
          { key: "kind", label: t("models.kind"), of: ({ kind }) => (has(`model.${kind}`) ? t(`model.${kind}`) : kind) },
          { key: "languages", label: t("models.languages"), of: ({ languages }) => html`<${Languages} codes=${languages} />` },
          { key: "size", label: t("models.size"), kind: "number", of: ({ size_bytes: size }) => bytes(size) },
          { key: "memory", label: t("models.memory"), kind: "number", of: ({ memory_bytes: needed }) => bytes(needed) },
          { key: "licence", label: t("models.licence"), of: ({ licence }) => licence },
          { key: "source", label: t("models.source"), of: ({ source }) => html`<span class="address">${source}</span>` },
        ]}
      />`}
    <//>
  <//>`;
}

function Languages({ codes }) {
  if (codes.includes("*")) return t("models.allLanguages");
  const names = new Intl.DisplayNames(language.value, { type: "language" });
  const text = codes.map((code) => names.of(code)).join(", ");
  if (codes.length <= MANY) return text;
  return html`<details><summary>${t("models.languageCount", { count: codes.length })}</summary>${text}</details>`;
}
