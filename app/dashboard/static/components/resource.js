// What the API has at an address: loaded, loaded again, and where it is watched, looked at again and again while the page
// is in sight.

import { html, useCallback, useEffect, useState } from "../html.js";
import { get } from "../api.js";
import { errorText, t } from "../i18n.js";
import { Button } from "./button.js";
import { Notice } from "./notice.js";

/** `data` is undefined until it is here; an error leaves what was here before. `everyMs`: look again after so long. */
export function useResource(path, { everyMs = 0 } = {}) {
  const [state, setState] = useState({ data: undefined, error: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const ended = new AbortController();
    let timer = null;
    async function load() {
      try {
        const data = await get(path, { signal: ended.signal });
        setState({ data, error: null });
      } catch (error) {
        if (error.name === "AbortError") return;
        setState((before) => ({ ...before, error }));
      }
      if (everyMs && !ended.signal.aborted) timer = setTimeout(again, everyMs);
    }
    const again = () => (document.hidden ? document.addEventListener("visibilitychange", seen) : load());
    const seen = () => (document.removeEventListener("visibilitychange", seen), load());
    load();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path, turn, everyMs]);
  return { ...state, reload: useCallback(() => setTurn((before) => before + 1), []) };
}

/** A list that comes in pages, by its cursor. `query`: the part of the address behind `?`, without the cursor. */
export function usePages(path, query = "") {
  const [state, setState] = useState({ items: undefined, cursor: null, error: null });
  const [turn, setTurn] = useState(0);
  const address = (cursor) => {
    const asked = new URLSearchParams(query);
    if (cursor) asked.set("cursor", cursor);
    return asked.size ? `${path}?${asked}` : path;
  };
  useEffect(() => {
    const ended = new AbortController();
    get(address(null), { signal: ended.signal }).then(
      (page) => setState({ items: page.items, cursor: page.next_cursor, error: null }),
      (error) => error.name === "AbortError" || setState((before) => ({ ...before, error })),
    );
    return () => ended.abort();
  }, [path, query, turn]);
  async function more() {
    try {
      const page = await get(address(state.cursor));
      setState((before) => ({ items: [...before.items, ...page.items], cursor: page.next_cursor, error: null }));
    } catch (error) {
      setState((before) => ({ ...before, error }));
    }
  }
  return { ...state, data: state.items, more, reload: useCallback(() => setTurn((before) => before + 1), []) };
}

/** Shows a resource once it is here; before that, and where it did not come, says so. */
export function Loaded({ of, children }) {
  return html`
    ${of.error &&
    html`<${Notice} kind="bad">
      <span>${errorText(of.error)}</span> <${Button} kind="quiet" onPress=${of.reload}>${t("action.retry")}<//>
    <//>`}
    ${of.data === undefined ? !of.error && html`<p role="status">${t("app.loading")}</p>` : children(of.data)}
  `;
}

export const More = ({ of }) => of.cursor && html`<p class="more"><${Button} onPress=${of.more}>${t("action.more")}<//></p>`;
