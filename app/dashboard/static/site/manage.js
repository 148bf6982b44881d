// One user, and all that an administrator may do with them.

import { html, useState } from "../html.js";
import { patch, put, remove } from "../api.js";
import { t } from "../i18n.js";
import { me } from "../model/session.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Dialog } from "../components/dialog.js";
import { FormError, TextField, useForm } from "../components/form.js";
import { say } from "../components/toasts.js";
import { MustChange, NewPassword } from "./new_password.js";

export function Manage({ user: first, onChanged, onClose }) {
  const [user, setUser] = useState(first);
  const question = useQuestion();
  const path = `/api/users/${user.id}`;
  const name = user.username;
  const change = async (changes) => {
    setUser(await patch(path, changes));
    say(t("say.saved"));
    onChanged();
  };
  const ask = (what, onConfirm, more = {}) =>
    question.ask({ title: t(`manage.ask.${what}`, { name }), text: t(`manage.text.${what}`), action: t(`manage.${what}`), onConfirm, ...more });
  const own = name === me.value.name;
  return html`<${Dialog} wide title=${name} onClose=${onClose}>
    <div class="manage">
      <section>
        <h3>${t("manage.access")}</h3>
        <p class="hint">${t(user.active ? "manage.activeHint" : "manage.inactiveHint")}</p>
        <div class="row-actions">
          ${user.active
            ? html`<${Button} kind="danger" disabled=${own} onPress=${() => ask("deactivate", () => change({ active: false }))}>${t("manage.deactivate")}<//>`
            : html`<${Button} kind="main" onPress=${() => ask("activate", () => change({ active: true }), { danger: false })}>${t("manage.activate")}<//>`}
          <${Button}
            onPress=${() => ask("endLogins", async () => {
              await remove(`${path}/sessions`);
              say(t("manage.loginsEnded", { name }));
            })}
          >${t("manage.endLogins")}<//>
        </div>
      </section>
      <section>
        <h3>${t("users.kind")}</h3>
        <p class="hint">${t("users.administratorHint")}</p>
        ${user.administrator
          ? html`<${Button} kind="danger" onPress=${() => ask("demote", () => change({ administrator: false }))}>${t("manage.demote")}<//>`
          : html`<${Button} onPress=${() => ask("promote", () => change({ administrator: true }), { danger: false })}>${t("manage.promote")}<//>`}
      </section>
      <${Password} path=${path} name=${name} />
      <${Provider} name=${name} ask=${ask} />
      <section>
        <h3>${t("manage.deleteTitle")}</h3>
        <p class="hint">${t("manage.deleteHint")}</p>
        <${Button}
          kind="danger"
          disabled=${own}
          onPress=${() => ask("delete", async () => {
            await remove(path);
            say(t("manage.deleted", { name }));
            onChanged();
            onClose();
          }, { name })}
        >${t("manage.delete")}<//>
      </section>
    </div>
    <div class="dialog-actions"><${Button} onPress=${onClose}>${t("action.close")}<//></div>
    ${question.shown}
  <//>`;
}

function Password({ path, name }) {
  const form = useForm({ password: "", must_change_password: true });
  const save = async (wanted) => {
    await put(`${path}/password`, wanted);
    say(t("manage.passwordSet", { name }));
    form.reset();
  };
  return html`<section>
    <h3>${t("manage.password")}</h3>
    <p class="hint">${t("manage.passwordHint")}</p>
    <form onSubmit=${form.submit(save)}>
      <${FormError} form=${form} />
      <${NewPassword} form=${form} />
      <${MustChange} form=${form} />
      <${Button} type="submit" disabled=${form.busy}>${t("manage.setPassword")}<//>
    </form>
  </section>`;
}

function Provider({ name, ask }) {
  const path = `/api/users/${encodeURIComponent(name)}/oidc`;
  const form = useForm({ subject: "" });
  const link = async ({ subject }) => {
    await put(path, { subject: subject.trim() });
    say(t("manage.linked", { name }));
    form.reset();
  };
  return html`<section>
    <h3>${t("manage.provider")}</h3>
    <p class="hint">${t("manage.providerHint")}</p>
    <form onSubmit=${form.submit(link)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="subject" label=${t("manage.subject")} required maxlength="255" autocomplete="off" autocapitalize="none" spellcheck=${false} />
      <div class="row-actions">
        <${Button} type="submit" disabled=${form.busy}>${t("manage.link")}<//>
        <${Button}
          kind="danger"
          onPress=${() => ask("unlink", async () => {
            await remove(path);
            say(t("manage.unlinked", { name }));
          })}
        >${t("manage.unlink")}<//>
      </div>
    </form>
  </section>`;
}
