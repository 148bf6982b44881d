// Says that the connection is gone, for as long as it is. A moment without one is not worth a word.

import { html, useEffect, useLayoutEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { connection } from "../model/updates.js";

const MOMENT_MS = 1500;

export function ConnectionBanner() {
  const [offline, setOffline] = useState(!navigator.onLine);
  const [shown, setShown] = useState(false);
  // From the very moment that the state above is of.
  useLayoutEffect(() => {
    const update = () => setOffline(!navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  const broken = offline || connection.value === "waiting";
  useEffect(() => {
    const timer = setTimeout(() => setShown(broken), broken ? MOMENT_MS : 0);
    return () => clearTimeout(timer);
  }, [broken]);
  return html`<div role="status" class="connection">${shown && broken && html`<p class="connection-lost">${t("app.offline")}</p>`}</div>`;
}
