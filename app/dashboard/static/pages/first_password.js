// A password that somebody else has chosen is changed before anything else.

import { html, useEffect, useState } from "../html.js";
import { language, t } from "../i18n.js";
import { changeDuePassword, givenPassword, logOut, me } from "../model/session.js";
import { Button } from "../components/button.js";
import { FormError, TextField, useForm } from "../components/form.js";
import { Notice } from "../components/notice.js";
import { say, sayError } from "../components/toasts.js";

export function Page() {
  const [given] = useState(givenPassword);
  const form = useForm({ old_password: given ?? "", new_password: "", again: "" });
  const { new_password: wanted, again } = form.values;
  const differs = again !== "" && again !== wanted;
  const shown = { ...form, faults: { ...form.faults, ...(differs ? { again: t("password.differs") } : {}) } };
  useEffect(() => {
    document.title = `${t("password.first")} · Vocalyx`;
  }, [language.value]);
  const change = async ({ old_password: old }) => {
    await changeDuePassword(old, wanted);
    say(t("password.changed"));
  };
  return html`<main class="login" id="content" tabindex="-1"><div class="card">
    <h1>${t("password.first")}</h1>
    <${Notice}>${t("password.firstHint", { name: me.value.name })}<//>
    <form onSubmit=${form.submit(change)}>
      <${FormError} form=${form} />
      <input class="visually-hidden" tabindex="-1" aria-hidden="true" autocomplete="username" readonly value=${me.value.name} />
      ${given === null &&
      html`<${TextField} form=${shown} name="old_password" type="password" label=${t("password.given")} autocomplete="current-password" required autofocus />`}
      <${TextField} form=${shown} name="new_password" type="password" label=${t("password.new")} hint=${t("password.rule")} autocomplete="new-password" minlength="12" maxlength="1000" required autofocus=${given !== null} />
      <${TextField} form=${shown} name="again" type="password" label=${t("password.again")} autocomplete="new-password" required />
      <${Button} type="submit" kind="main" disabled=${form.busy || differs}>${t("password.change")}<//>
      <${Button} kind="quiet" onPress=${() => logOut().catch(sayError)}>${t("app.logOut")}<//>
    </form>
  </div></main>`;
}
