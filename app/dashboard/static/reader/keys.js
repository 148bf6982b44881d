// The keyboard: one table, which the help shows and the page obeys. Nothing here fires while somebody types.

import { t } from "../i18n.js";

export const KEYS = [
  { keys: ["Space", "K"], name: "play", run: (reading) => reading.player.toggle() },
  { keys: ["J"], name: "back", run: (reading) => reading.player.by(-3) },
  { keys: ["L"], name: "forward", run: (reading) => reading.player.by(3) },
  { keys: ["N"], name: "nextSpeaker", run: (reading) => reading.turn(1) },
  { keys: ["P"], name: "previousSpeaker", run: (reading) => reading.turn(-1) },
  { keys: ["↓"], name: "nextPassage", run: (reading) => reading.step(1) },
  { keys: ["↑"], name: "previousPassage", run: (reading) => reading.step(-1) },
  { keys: ["→"], name: "nextWord", run: (reading) => reading.word(1) },
  { keys: ["←"], name: "previousWord", run: (reading) => reading.word(-1) },
  { keys: ["Home"], name: "first", run: (reading) => reading.view.reveal(0) },
  { keys: ["End"], name: "last", run: (reading) => reading.view.reveal(reading.recording.segments.peek().length - 1) },
  { keys: [">"], name: "faster", run: (reading) => reading.faster(1) },
  { keys: ["<"], name: "slower", run: (reading) => reading.faster(-1) },
  { keys: ["E"], name: "edit", needs: "edit", run: (reading) => reading.edit(reading.here()) },
  { keys: ["W"], name: "who", needs: "assign", run: (reading) => (reading.view.dialog.value = { name: "who", key: reading.here() }) },
  { keys: ["M"], name: "mark", needs: "edit", run: (reading) => reading.mark() },
  { keys: ["U"], name: "nextDoubt", run: (reading) => reading.nextDoubt() },
  { keys: ["F"], name: "find", run: (reading) => (reading.finding.open.value = true) },
  { keys: ["X"], name: "export", needs: "export", run: (reading) => (reading.view.dialog.value = { name: "export" }) },
  { keys: ["?"], name: "help", run: (reading) => (reading.view.dialog.value = { name: "keys" }) },
];

/** Keys that go with Ctrl (or ⌘), also for the help. */
export const HELD_KEYS = [
  { keys: ["Ctrl", "Z"], name: "undo", code: "z", run: (reading) => reading.undo() },
  { keys: ["Ctrl", "Shift", "Z"], name: "redo", code: "Z", run: (reading) => reading.redo() },
  { keys: ["Ctrl", "F"], name: "find", code: "f", run: (reading) => (reading.finding.open.value = true) },
  { keys: ["Ctrl", "P"], name: "print", code: "p", run: (reading) => reading.print() },
];

/** Keys inside the editor of a segment; it obeys them itself. */
export const EDITOR_KEYS = [
  { keys: ["Enter"], name: "editNext" },
  { keys: ["Esc"], name: "editEnd" },
  { keys: ["Ctrl", "Enter"], name: "split" },
  { keys: ["Backspace"], name: "mergeBefore" },
  { keys: ["Ctrl", "Space"], name: "playTyping" },
];

const ARROWS = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", " ": "Space" };
const TYPED_IN = "input, textarea, select, [contenteditable]";
// What a press of Space or of an arrow means on these, is theirs.
const PRESSED = "button, a, summary, [role=tab], [role=slider]";

export const keyText = (key) => (["Space", "Enter", "Backspace", "Shift", "Home", "End"].includes(key) ? t(`reader.key.${key}`) : key);

/** Obey the keys from now on; returns what ends it. */
export function obeyKeys(reading, on) {
  function press(event) {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const typing = event.target.closest?.(TYPED_IN) && event.target.type !== "range" && event.target.type !== "checkbox";
    const modal = document.querySelector("dialog[open]");
    if (event.ctrlKey || event.metaKey) {
      const held = HELD_KEYS.find(({ code }) => code === event.key);
      if (!held || modal || (typing && (held.code === "z" || held.code === "Z"))) return;
      if (held.code === "f" && reading.finding.open.peek()) return;
      event.preventDefault();
      held.run(reading);
      return;
    }
    if (typing || modal || !on.peek()) return;
    const name = ARROWS[event.key] ?? event.key.toUpperCase();
    const pressed = event.target.closest?.(PRESSED);
    if (pressed && name === "Space") return;
    if ((pressed?.matches("[role=tab]") || event.target.type === "range") && ["→", "←", "↑", "↓", "HOME", "END"].includes(name)) return;
    const found = KEYS.find(({ keys }) => keys.includes(name) || keys.some((key) => key.toUpperCase() === name));
    if (!found || (found.needs && !reading.can[found.needs])) return;
    event.preventDefault();
    found.run(reading);
  }
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
