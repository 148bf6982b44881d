// The login; `over` another page where a login ended while it was open.

import { html, useEffect, useState } from "../html.js";
import { errorText, t } from "../i18n.js";
import { get } from "../api.js";
import { draft } from "../model/drafts.js";
import { endedMeanwhile, logIn, logInByCode } from "../model/session.js";
import { go, path } from "../router.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Notice } from "../components/notice.js";

export function Login({ over = false }) {
  if (over) {
    return html`<${Dialog} title=${t("login.title")} onClose=${() => (endedMeanwhile.value = false)}>
      <${Notice} kind="warn">${t("login.ended")}<//><${Form} />
    <//>`;
  }
  return html`<main class="login"><div class="card"><h1>Vocalyx</h1><${Form} /></div></main>`;
}

// Where somebody wanted to go who is sent to the provider first.
const WANTED = "vocalyx.wanted";

function Form() {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const provider = useProvider();
  const name = draft("username", "");
  useEffect(() => {
    const code = new URLSearchParams(window.location.hash.slice(1)).get("code");
    if (!code) return;
    window.history.replaceState(null, "", window.location.pathname);
    enter(() => logInByCode(code));
  }, []);

  async function enter(attempt) {
    setBusy(true);
    try {
      await attempt();
      name.value = "";
      const wanted = sessionStorage.getItem(WANTED);
      sessionStorage.removeItem(WANTED);
      if (path.value === "/login") go(wanted ?? "/", { replace: true });
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  }
  function submit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    return enter(() => logIn(form.get("username"), form.get("password")));
  }
  return html`<form onSubmit=${submit}>
    ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
    <${Field} label=${t("login.username")}>
      ${(tied) => html`<input name="username" autocomplete="username" required autofocus value=${name.value}
        onInput=${(event) => (name.value = event.target.value)} ...${tied} />`}
    <//>
    <${Field} label=${t("login.password")}>
      ${(tied) => html`<input name="password" type="password" autocomplete="current-password" required ...${tied} />`}
    <//>
    <${Button} kind="main" type="submit" disabled=${busy}>${t("login.submit")}<//>
    ${provider &&
    html`<p class="login-or"><span>${t("login.or")}</span></p>
      <a class="button" href=${provider} data-external onClick=${() => sessionStorage.setItem(WANTED, here())}>${t("login.provider")}</a>`}
  </form>`;
}

const here = () => (path.value === "/login" ? "/" : window.location.pathname + window.location.search);

function useProvider() {
  const [provider, setProvider] = useState(null);
  useEffect(() => {
    // Where it cannot be asked, the form says so when it is sent.
    get("/api/auth/ways").then((ways) => setProvider(ways.provider), () => {});
  }, []);
  return provider;
}
