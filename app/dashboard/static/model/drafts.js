// What was typed and not sent yet, kept in the browser for whoever typed it: it is there again after a crash, a restart, a
// lost connection.

import { effect, signal } from "@preact/signals";
import { ownId } from "./session.js";

const PREFIX = "vocalyx.draft.";
const drafts = new Map();

/** The draft of a name, as a signal that is kept as it changes; `initial` where nothing is. */
export function draft(name, initial) {
  if (!drafts.has(name)) {
    const place = `${PREFIX}${ownId()}.${name}`;
    const made = signal(read(place) ?? initial);
    drafts.set(name, made);
    effect(() => {
      const value = made.value;
      try {
        if (value === initial || value === "") localStorage.removeItem(place);
        else localStorage.setItem(place, JSON.stringify(value));
      } catch {
        // A browser that keeps nothing: the draft lasts as long as the page.
      }
    });
  }
  return drafts.get(name);
}

function read(place) {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}
