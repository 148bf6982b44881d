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

/** What the provider, or the way back from it, may refuse (docs/api.md). */
const REFUSALS = ["oidc-denied", "oidc-login-unknown", "oidc-name-taken", "oidc-name-missing", "oidc-user-inactive", "oidc-answer-unusable", "oidc-provider-down", "dependency-down"];

// Where somebody wanted to go who is sent to the provider first.
const WANTED = "vocalyx.wanted";

function Form() {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const provider = useProvider();
  const name = draft("username", "");
  useEffect(() => {
    const told = new URLSearchParams(window.location.hash.slice(1));
    const [code, refused] = [told.get("code"), told.get("error")];
    if (!code && !refused) return;
    window.history.replaceState(null, "", window.location.pathname);
    if (code) enter(() => logInByCode(code));
    // An address may be anybody's: it chooses among our own words, and brings none.
    else setError({ code: REFUSALS.includes(refused) ? refused : "oidc-answer-unusable" });
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
