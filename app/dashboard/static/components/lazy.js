// A page that is loaded with its style sheet when it is first shown. Its module's `Page` gets the address's values.

import { html, useEffect, useLayoutEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { loadStyle, showStyle } from "../styles.js";
import { Button } from "./button.js";
import { Notice } from "./notice.js";

const loaded = new Map();

export function Lazy({ load, style, values, query }) {
  const key = String(load);
  const [state, setState] = useState(loaded.has(key) ? { Page: loaded.get(key) } : {});
  useEffect(() => {
    if (state.Page) return undefined;
    let gone = false;
    Promise.all([load(), loadStyle(style)]).then(
      ([module]) => {
        loaded.set(key, module.Page);
        if (!gone) setState({ Page: module.Page });
      },
      () => !gone && setState({ failed: true }),
    );
    return () => (gone = true);
  }, []);
  // Before it is painted.
  useLayoutEffect(() => {
    if (state.Page) showStyle(style);
  }, [state.Page]);
  if (state.failed) {
    // A browser does not ask again for a module that it could not get, until the page is loaded anew.
    return html`<${Notice} kind="bad">
      <p>${t("app.pageFailed")}</p>
      <${Button} onPress=${() => window.location.reload()}>${t("action.retry")}<//>
    <//>`;
  }
  if (!state.Page) return html`<p role="status">${t("app.loading")}</p>`;
  return html`<${state.Page} ...${values} query=${query} />`;
}
