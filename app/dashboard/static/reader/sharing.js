// Links for those without a login: made, shown once, ended.

import { html, useEffect, useRef, useState } from "../html.js";
import { get, post, remove } from "../api.js";
import { copy } from "../clipboard.js";
import { dateTime, errorText, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { SelectField, TextField, useForm } from "../components/form.js";
import { Notice } from "../components/notice.js";
import { say } from "../components/toasts.js";

const SCOPES = ["text", "text+audio"];
const DAYS = [1, 7, 30, 90];
const DAY_MS = 86_400_000;
const MOST_DAYS = 90;

/** A day from now, as fields of dates have it: 2026-03-12. */
function dayIn(days) {
  const then = new Date(Date.now() + days * DAY_MS);
  return [then.getFullYear(), then.getMonth() + 1, then.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

export function Share({ reading, onClose }) {
  const address = `${reading.recording.address}/shares`;
  const [links, setLinks] = useState(null);
  const [made, setMade] = useState(null);
  const [error, setError] = useState(null);
  const form = useForm({ scope: "text", days: "7", day: dayIn(7) });
  const untilDay = form.values.days === "";
  const shown = useRef(null);

  const tried = async (deed) => {
    try {
      setError(null);
      await deed();
      setLinks((await get(address)).items);
    } catch (caught) {
      setError(caught);
    }
  };
  useEffect(() => {
    tried(async () => undefined);
  }, []);
  useEffect(() => {
    shown.current?.focus();
    shown.current?.select();
  }, [made]);

  const make = form.submit(async ({ scope, days, day }) => {
    // A day is meant to its end, where whoever chooses it is.
    const end = untilDay ? { expires_at: new Date(`${day}T23:59:59`).toISOString() } : { days: Number(days) };
    await tried(async () => setMade(await post(address, { scope, ...end })));
  });

  const revoke = (link) =>
    tried(async () => {
      await remove(`${address}/${link.id}`);
      if (made?.id === link.id) setMade(null);
      say(t("reader.linkEnded"));
    });

  const whole = made && new URL(made.path, window.location.href).href;
  return html`<${Dialog} title=${t("reader.share")} onClose=${onClose} wide>
    ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
    <p class="soft">${t("reader.shareHint")}</p>
    <form class="share-form" onSubmit=${make}>
      <${SelectField} form=${form} name="scope" label=${t("reader.shareScope")} options=${SCOPES.map((scope) => [scope, t(`reader.scope.${scope}`)])} />
      <${SelectField} form=${form} name="days" label=${t("reader.shareDays")}
        options=${[...DAYS.map((days) => [String(days), t("reader.days", { count: days })]), ["", t("reader.untilDay")]]} />
      ${untilDay && html`<${TextField} form=${form} name="day" label=${t("reader.lastDay")} type="date" required min=${dayIn(0)} max=${dayIn(MOST_DAYS - 1)} />`}
      <${Button} kind="main" type="submit" disabled=${form.busy}>${t("reader.shareMake")}<//>
    </form>
    ${made &&
    html`<div class="notice good" role="status">
      <label for="link">${t("reader.linkOnce")}</label>
      <div class="ask-line">
        <input id="link" ref=${shown} readonly value=${whole} onFocus=${(event) => event.target.select()} />
        <${Button} onPress=${async () => (await copy(whole)) && say(t("action.copied"))}>${t("action.copy")}<//>
      </div>
    </div>`}
    ${links?.length > 0 &&
    html`<h3>${t("reader.links")}</h3>
      <ul class="links">
        ${links.map(
          (link) => html`<li key=${link.id}>
            <span>${t(`reader.scope.${link.scope}`)}<br /><span class="soft">${t("reader.linkUntil", { when: dateTime(link.expires_at), by: link.made_by })}</span></span>
            <${Button} kind="danger" onPress=${() => revoke(link)}>${t("reader.linkEnd")}<//>
          </li>`,
        )}
      </ul>`}
    <div class="dialog-actions"><${Button} onPress=${onClose}>${t("action.close")}<//></div>
  <//>`;
}
