// A page that is loaded when it is first shown. Its module's `Page` gets the address's values.

import { html, useEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { Notice } from "./notice.js";

const loaded = new Map();

export function Lazy({ load, values, query }) {
  const key = String(load);
  const [state, setState] = useState(loaded.has(key) ? { Page: loaded.get(key) } : {});
  useEffect(() => {
    if (state.Page) return undefined;
    let gone = false;
    load().then(
      (module) => {
        loaded.set(key, module.Page);
        if (!gone) setState({ Page: module.Page });
      },
      () => !gone && setState({ failed: true }),
    );
    return () => (gone = true);
  }, []);
  if (state.failed) return html`<${Notice} kind="bad">${t("error.unreachable")}<//>`;
  if (!state.Page) return html`<p role="status">${t("app.loading")}</p>`;
  return html`<${state.Page} ...${values} query=${query} />`;
}
