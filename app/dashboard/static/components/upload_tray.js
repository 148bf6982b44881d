// What is on its way to the server, and what an earlier visit left unfinished.

import { html, useEffect, useState } from "../html.js";
import { bytes, duration, errorText, number, t } from "../i18n.js";
import { abandon, cancel, dismiss, pause, resume, secondsLeft, unfinished, uploads } from "../model/uploads.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";
import { Progress } from "./progress.js";

const AGAIN_MS = 1000;

/** Without `onChooseFiles` it is the list alone, of what is being sent now: something else stands around it. */
export function UploadTray({ onChooseFiles }) {
  const [left, setLeft] = useState(() => (onChooseFiles ? unfinished() : []));
  const shown = uploads.value;
  useTicking(shown.some(({ state }) => state === "sending"));
  const count = shown.filter(({ state }) => state !== "done").length;
  if (!shown.length && !left.length) return null;
  const list = html`<ul class="tray-list">
    ${shown.map((upload) => html`<${Row} key=${upload.id} upload=${upload} />`)}
    ${left
      .filter(({ url }) => !shown.some((upload) => upload.tus?.url === url))
      .map(
        ({ url, name, size }) => html`<li class="tray-row" key=${url}>
          <span class="tray-name">${name}</span>
          <span class="tray-state">${t("upload.unfinished", { size: bytes(size) })}</span>
          <span class="tray-actions">
            <${Button} kind="quiet" onPress=${onChooseFiles}>${t("upload.chooseAgain")}<//>
            <${Button} kind="quiet" aria-label=${t("upload.abandon", { name })}
              onPress=${async () => (await abandon(url), setLeft(left.filter((one) => one.url !== url)))}><${Icon} name="close" /><//>
          </span>
        </li>`,
      )}
  </ul>`;
  if (!onChooseFiles) return list;
  return html`<section class="tray card" aria-label=${t("upload.tray")}>
    <header class="tray-head">
      <h2>${count ? t("upload.sending", { count }) : shown.length ? t("upload.allSent") : t("upload.unfinishedTitle")}</h2>
      ${shown.length > 0 && count === 0 && html`<${Button} kind="quiet" onPress=${() => shown.forEach(({ id }) => dismiss(id))}>${t("action.close")}<//>`}
    </header>
    ${list}
  </section>`;
}

function Row({ upload }) {
  const { id, name, size, sent, state, why, error, transcription } = upload;
  // Also while it is tried again: what is read does not come and go.
  const full = why === "full" && ["waiting", "sending", "broken"].includes(state);
  const percent = size ? (100 * sent) / size : 100;
  return html`<li class=${`tray-row ${state}`} data-upload=${state}>
    ${state === "done" && transcription
      ? html`<a class="tray-name" href=${`/recordings/${transcription}`}>${name}</a>`
      : html`<span class="tray-name">${name}</span>`}
    <span class="tray-state">${state === "done" && html`<${Icon} name="check" />`}${said(upload)}</span>
    <span class="tray-actions">
      ${["waiting", "sending", "broken"].includes(state) &&
      html`<${Button} kind="quiet" aria-label=${t("upload.pause", { name })} onPress=${() => pause(id)}><${Icon} name="pause" /><//>`}
      ${state === "paused" && html`<${Button} kind="quiet" aria-label=${t("upload.resume", { name })} onPress=${() => resume(id)}><${Icon} name="play" /><//>`}
      ${state === "done" || state === "refused"
        ? html`<${Button} kind="quiet" aria-label=${t("upload.dismiss", { name })} onPress=${() => dismiss(id)}><${Icon} name="close" /><//>`
        : html`<${Button} kind="quiet" aria-label=${t("upload.cancel", { name })} onPress=${() => cancel(id)}><${Icon} name="close" /><//>`}
    </span>
    ${!["done", "refused"].includes(state) && html`<${Progress} percent=${percent} kind=${state === "broken" ? "warn" : ""} label=${t("upload.progress", { name })} />`}
    ${full && html`<p class="tray-error" role="alert">${t("upload.full")}</p>`}
    ${error && html`<p class="fault tray-error" role="alert">${errorText(error)}</p>`}
  </li>`;
}

function said(upload) {
  const { state, why, sent, size } = upload;
  if (state !== "sending") return t(`upload.state.${state === "broken" ? why : state}`, { percent: number(size ? sent / size : 0, { style: "percent" }) });
  const left = secondsLeft(upload);
  const amount = t("upload.amount", { sent: bytes(sent), size: bytes(size) });
  return left === null ? amount : `${amount} · ${t("home.left", { time: duration(left) })}`;
}

/** Show anew every second: the time that is left goes on where nothing else changes. */
function useTicking(on) {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, [on]);
}
