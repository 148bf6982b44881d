// What was done and can be undone: steps that know their way back and forth.

import { computed, signal } from "../html.js";
import { ApiError } from "../api.js";

const MOST = 200;

/** Thrown by a step that cannot be done any more: it is forgotten. The message is the key of what is said of it. */
export class Passed extends Error {}

/** Whether every try would be answered so, and the steps before it never be reached. What a 412 is about is read anew. */
const isRefused = (error) => error instanceof ApiError && !error.isPassing && error.status !== 412;

export function createHistory() {
  const done = signal([]);
  const undone = signal([]);
  const busy = signal(false);

  /** Note a step that was done. `undo` and `redo` do it; `label` says what it was. */
  function note(step) {
    done.value = [...done.value.slice(1 - MOST), step];
    undone.value = [];
  }

  async function move(from, to, way) {
    const step = from.peek().at(-1);
    if (!step || busy.peek()) return null;
    busy.value = true;
    const taken = () => (from.value = from.peek().filter((one) => one !== step));
    try {
      await step[way]();
      taken();
      to.value = [...to.peek(), step];
      return step;
    } catch (error) {
      if (error instanceof Passed || isRefused(error)) taken();
      throw error;
    } finally {
      busy.value = false;
    }
  }

  return {
    note,
    undo: () => move(done, undone, "undo"),
    redo: () => move(undone, done, "redo"),
    canUndo: computed(() => done.value.length > 0),
    canRedo: computed(() => undone.value.length > 0),
    forget() {
      done.value = [];
      undone.value = [];
    },
  };
}
