// Who is in the project, as what; owners invite, change and remove.

import { html } from "../html.js";
import { put, remove } from "../api.js";
import { t } from "../i18n.js";
import { me, restoreSession } from "../model/session.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { FormError, SelectField, TextField, useForm } from "../components/form.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";
import { say, sayError } from "../components/toasts.js";

export const ROLES = ["viewer", "editor", "owner"];
export const roleOptions = () => ROLES.map((role) => [role, t(`role.${role}`)]);

const address = (project, username) => `/api/projects/${project.id}/members/${encodeURIComponent(username)}`;

export function Members({ project, owns, reload }) {
  const question = useQuestion();
  const change = async (username, role) => {
    try {
      await put(address(project, username), { role });
      say(t("members.changed", { name: username, role: t(`role.${role}`) }));
    } catch (error) {
      sayError(error);
    }
    // One's own role decides what of this page is there.
    if (username === me.value.name) await restoreSession();
    reload();
  };
  // Whoever changes or removes themselves may not be able to take it back.
  const choose = (username, role) =>
    username === me.value.name && !me.value.administrator
      ? question.ask({ title: t("members.askOwn"), text: t("members.ownText"), action: t("members.doOwn"), onConfirm: () => change(username, role) })
      : change(username, role);
  const askRemove = (username) =>
    question.ask({
      title: t("members.askRemove", { name: username }),
      text: t("members.removeText"),
      action: t("action.remove"),
      onConfirm: async () => {
        await remove(address(project, username));
        reload();
      },
    });
  const columns = [
    { key: "name", label: t("members.user"), head: true, of: ({ username }) => html`${username}${username === me.value.name && html` <${Badge}>${t("members.you")}<//>`}` },
    {
      key: "role",
      label: t("projects.role"),
      of: ({ username, role }) =>
        owns
          ? html`<select aria-label=${t("members.roleOf", { name: username })} value=${role} onChange=${(event) => {
              const wanted = event.target.value;
              event.target.value = role;
              choose(username, wanted);
            }}>${roleOptions().map(([key, text]) => html`<option value=${key} key=${key}>${text}</option>`)}</select>`
          : t(`role.${role}`),
    },
    ...(owns
      ? [{
          key: "actions",
          label: t("table.actions"),
          kind: "actions",
          of: ({ username }) => html`<${Button} kind="quiet" aria-label=${t("members.removeName", { name: username })} onPress=${() => askRemove(username)}>${t("action.remove")}<//>`,
        }]
      : []),
  ];
  return html`
    ${owns && html`<${Invite} project=${project} reload=${reload} />`}
    <${Panel} title=${t("project.part.members")} hint=${t("members.hint")}>
      <${Table} caption=${t("project.part.members")} columns=${columns} rows=${project.members} keyOf=${({ username }) => username} empty=${t("members.none")} />
    <//>
    ${question.shown}
  `;
}

function Invite({ project, reload }) {
  const form = useForm({ username: "", role: "editor" });
  const invite = async ({ username, role }) => {
    const name = username.trim();
    await put(address(project, name), { role });
    say(t("members.invited", { name, role: t(`role.${role}`) }));
    form.reset();
    reload();
  };
  return html`<${Panel} title=${t("members.invite")} hint=${t("members.inviteHint")}>
    <form class="line-form" onSubmit=${form.submit(invite)}>
      <${FormError} form=${form} />
      <${TextField} form=${form} name="username" label=${t("login.username")} required autocomplete="off" autocapitalize="none" spellcheck=${false} />
      <${SelectField} form=${form} name="role" label=${t("projects.role")} options=${roleOptions()} />
      <${Button} type="submit" kind="main" disabled=${form.busy}>${t("members.inviteDo")}<//>
    </form>
  <//>`;
}
