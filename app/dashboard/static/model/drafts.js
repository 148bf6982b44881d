// What was typed and not sent yet, kept in the browser: it is there again after a crash, a restart, a lost connection.

import { effect, signal } from "@preact/signals";

const PREFIX = "vocalyx.draft.";
const drafts = new Map();

/** The draft of a name, as a signal that is kept as it changes; `initial` where nothing is. */
export function draft(name, initial) {
  if (!drafts.has(name)) {
    const made = signal(read(name) ?? initial);
    drafts.set(name, made);
    effect(() => {
      const value = made.value;
      try {
        if (value === initial || value === "") localStorage.removeItem(PREFIX + name);
        else localStorage.setItem(PREFIX + name, JSON.stringify(value));
      } catch {
        // A browser that keeps nothing: the draft lasts as long as the page.
      }
    });
  }
  return drafts.get(name);
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}
