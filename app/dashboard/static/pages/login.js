// The login; `over` another page where a login ended while it was open.

import { html, useState } from "../html.js";
import { errorText, t } from "../i18n.js";
import { logIn, endedMeanwhile } from "../model/session.js";
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

function Form() {
  const [error, setError] = useState(null);
  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    try {
      await logIn(form.get("username"), form.get("password"));
      if (path.value === "/login") go("/", { replace: true });
    } catch (caught) {
      setError(caught);
    }
  }
  return html`<form onSubmit=${submit}>
    ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
    <${Field} label=${t("login.username")}>
      ${(tied) => html`<input name="username" autocomplete="username" required autofocus ...${tied} />`}
    <//>
    <${Field} label=${t("login.password")}>
      ${(tied) => html`<input name="password" type="password" autocomplete="current-password" required ...${tied} />`}
    <//>
    <${Button} kind="main" type="submit">${t("login.submit")}<//>
  </form>`;
}
