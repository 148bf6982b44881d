// Record with the microphone. What was recorded is kept in the browser until the server has it.

import { html, useEffect, useRef, useState } from "../html.js";
import { clock, t } from "../i18n.js";
import * as microphone from "../model/recorder.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Notice } from "./notice.js";

/** `onRecorded` gets what was recorded, as model/kept_recordings.js has it. */
export function RecordDialog({ onRecorded, onClose }) {
  const { state, seconds, problem } = microphone.recorder.value;
  const [asked, setAsked] = useState(false);
  useEffect(() => () => microphone.reset(), []);
  const busy = state === "recording" || state === "paused";
  // Stopped by itself: what came before can be sent all the same.
  const lost = state === "stopped" && problem;

  async function finish() {
    onRecorded(await microphone.stop());
  }
  function close() {
    if (busy && !asked) setAsked(true);
    else onClose();
  }

  return html`<${Dialog} title=${t("record.title")} onClose=${close}>
    ${problem && html`<${Notice} kind="bad">${t(`record.problem.${problem}`)}<//>`}
    ${asked && html`<${Notice} kind="warn">${t("record.reallyClose")}<//>`}
    <div class=${`recorder ${state}`}>
      <p class="recorder-time" aria-label=${t("record.time")}>${clock(seconds)}</p>
      <${Meter} on=${state === "recording"} />
      <p class="recorder-state" role="status">${t(`record.state.${state}`)}</p>
    </div>
    <div class="dialog-actions">
      <${Button} onPress=${close}>${t(lost ? "action.close" : asked ? "record.keepForLater" : "action.cancel")}<//>
      ${state === "recording" && html`<${Button} onPress=${microphone.pause}><${Icon} name="pause" />${t("record.pause")}<//>`}
      ${state === "paused" && html`<${Button} onPress=${microphone.resume}><${Icon} name="microphone" />${t("record.resume")}<//>`}
      ${busy
        ? html`<${Button} kind="main" onPress=${finish}><${Icon} name="stop" />${t("record.finish")}<//>`
        : lost
          ? html`<${Button} kind="main" onPress=${finish}>${t("record.send")}<//>`
          : html`<${Button} kind="main" disabled=${state !== "idle"} onPress=${microphone.start}><${Icon} name="microphone" />${t("record.start")}<//>`}
    </div>
  <//>`;
}

function Meter({ on }) {
  const bar = useRef(null);
  useEffect(() => {
    if (!on) {
      if (bar.current) bar.current.style.transform = "scaleX(0)";
      return undefined;
    }
    let frame = null;
    let shown = 0;
    const draw = () => {
      // Falls slower than it rises, or nobody could read it.
      shown = Math.max(microphone.level(), shown * 0.9);
      if (!bar.current) return;
      bar.current.style.transform = `scaleX(${shown})`;
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [on]);
  return html`<div class="meter" role="img" aria-label=${t("record.level")}><div class="meter-bar" ref=${bar}></div></div>`;
}
