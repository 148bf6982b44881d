// Files that are dropped anywhere on the page, or pasted; an address that is pasted outside of a field.

import { html, useLayoutEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

const ADDRESS = /^https?:\/\/\S+$/;

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

export function DropTarget({ onFiles, onLink }) {
  const [over, setOver] = useState(false);
  // With the drawing, not after it: what is pasted right after a dialog has closed is taken.
  useLayoutEffect(() => {
    let depth = 0;
    const enter = (event) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const drag = (event) => carriesFiles(event) && event.preventDefault();
    const drop = (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      if (event.dataTransfer.files.length) onFiles([...event.dataTransfer.files]);
    };
    const paste = (event) => {
      if (document.querySelector("dialog[open]") || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
      const text = event.clipboardData.getData("text/plain").trim();
      if (event.clipboardData.files.length) onFiles([...event.clipboardData.files]);
      else if (onLink && ADDRESS.test(text)) onLink(text);
    };
    const listeners = { dragenter: enter, dragleave: leave, dragover: drag, drop, paste };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener);
    };
  }, [onFiles, onLink]);
  return over && html`<div class="drop" aria-hidden="true"><div class="drop-inner"><${Icon} name="upload" /><p>${t("upload.drop")}</p></div></div>`;
}
