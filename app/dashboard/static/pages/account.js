// One's own account: logins, password, language, appearance.

import { html } from "../html.js";
import { put, remove } from "../api.js";
import { chooseLanguage, language, t } from "../i18n.js";
import { me } from "../model/session.js";
import { chooseTheme, theme } from "../theme.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { FormError, TextField, useForm } from "../components/form.js";
import { Moment } from "../components/moment.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel, useTitle } from "../components/sections.js";
import { Table } from "../components/table.js";
import { say } from "../components/toasts.js";

export function Page() {
  useTitle(t("app.account"));
  return html`<div class="page-wide">
    <header class="page-head">
      <h1>${me.value.name}</h1>
      ${me.value.administrator && html`<${Badge} kind="good">${t("users.administrator")}<//>`}
    </header>
    <${Logins} />
    <${Password} />
    <${Appearance} />
  </div>`;
}

function Logins() {
  const path = "/api/auth/sessions";
  const logins = useResource(path);
  const question = useQuestion();
  const end = (login) =>
    question.ask({
      title: t("logins.ask"), text: t("logins.askText", { program: program(login) }), action: t("logins.end"),
      onConfirm: async () => {
        await remove(`${path}/${login.id}`);
        logins.reload();
      },
    });
  const endOthers = () =>
    question.ask({
      title: t("logins.askOthers"), text: t("logins.askOthersText"), action: t("logins.endOthers"),
      onConfirm: async () => {
        await remove(path);
        say(t("logins.othersEnded"));
        logins.reload();
      },
    });
  const actions = logins.data?.items.length > 1 && html`<${Button} onPress=${endOthers}>${t("logins.endOthers")}<//>`;
  return html`<${Panel} title=${t("logins.title")} hint=${t("logins.hint")} actions=${actions}>
    <${Loaded} of=${logins}>
      ${({ items }) => html`<${Table}
        caption=${t("logins.title")}
        rows=${items}
        columns=${[
          { key: "with", label: t("logins.with"), head: true, of: (login) => html`${program(login)}${login.current && html` <${Badge} kind="good">${t("logins.this")}<//>`}` },
          { key: "from", label: t("logins.from"), of: ({ address }) => address ?? "–" },
          { key: "since", label: t("logins.since"), of: ({ created_at: at }) => html`<${Moment} at=${at} />` },
          { key: "used", label: t("logins.used"), of: ({ last_used_at: at }) => html`<${Moment} at=${at} />` },
          { key: "until", label: t("logins.until"), of: ({ expires_at: at }) => html`<${Moment} at=${at} />` },
          { key: "actions", label: t("table.actions"), kind: "actions", of: (login) => !login.current && html`<${Button} kind="quiet" aria-label=${t("logins.endName", { program: program(login) })} onPress=${() => end(login)}>${t("logins.end")}<//>` },
        ]}
      />`}
    <//>
    ${question.shown}
  <//>`;
}

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iOS"], ["iPad", "iPadOS"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["Linux", "Linux"]];

/** What a login came with, in two words where it is a browser's. */
function program({ user_agent: agent }) {
  if (!agent) return t("logins.unknown");
  const find = (known) => known.find(([mark]) => agent.includes(mark))?.[1];
  return [find(BROWSERS), find(SYSTEMS)].filter(Boolean).join(" · ") || agent.slice(0, 60);
}

function Password() {
  const form = useForm({ old_password: "", new_password: "", again: "" });
  const { new_password: wanted, again } = form.values;
  const differs = again !== "" && again !== wanted;
  const change = async ({ old_password: old }) => {
    await put("/api/auth/password", { old_password: old, new_password: wanted });
    say(t("password.changed"));
    form.reset();
  };
  const shown = { ...form, faults: { ...form.faults, ...(differs ? { again: t("password.differs") } : {}) } };
  return html`<${Panel} title=${t("password.title")} hint=${t("password.hint")}>
    <form class="narrow" onSubmit=${form.submit(change)}>
      <${FormError} form=${form} />
      <input class="visually-hidden" tabindex="-1" aria-hidden="true" autocomplete="username" readonly value=${me.value.name} />
      <${TextField} form=${shown} name="old_password" type="password" label=${t("password.old")} autocomplete="current-password" required />
      <${TextField} form=${shown} name="new_password" type="password" label=${t("password.new")} hint=${t("password.rule")} autocomplete="new-password" minlength="12" maxlength="1000" required />
      <${TextField} form=${shown} name="again" type="password" label=${t("password.again")} autocomplete="new-password" required />
      <${Button} type="submit" kind="main" disabled=${form.busy || differs}>${t("password.change")}<//>
    </form>
  <//>`;
}

const Appearance = () => html`<${Panel} title=${t("account.looks")} hint=${t("account.looksHint")}>
  <div class="choices">
    <${Radios} legend=${t("app.language")} name="language" value=${language.value} onChoose=${chooseLanguage} options=${[["fr", "Français"], ["en", "English"]]} />
    <${Radios} legend=${t("app.theme")} name="theme" value=${theme.value} onChoose=${chooseTheme}
      options=${["auto", "light", "dark"].map((name) => [name, t(`app.theme.${name}`)])} />
  </div>
<//>`;

const Radios = ({ legend, name, value, options, onChoose }) => html`<fieldset class="checks">
  <legend>${legend}</legend>
  ${options.map(
    ([key, text]) => html`<label class="check" key=${key}>
      <input type="radio" name=${name} value=${key} checked=${key === value} onChange=${() => onChoose(key)} /><span lang=${name === "language" ? key : undefined}>${text}</span>
    </label>`,
  )}
</fieldset>`;
