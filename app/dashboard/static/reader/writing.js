// What is written in the text, by hand or by replacing. A step goes back or forth only where the passage still says what
// the step left there: what somebody else has made of it since is not overwritten unseen.

import { t } from "../i18n.js";
import { say } from "../components/toasts.js";
import { line } from "./drafts.js";
import { Passed } from "./undoing.js";

/** `closed` closes the editor that is open; `segmentOf` and `indexOf` find a passage by its key. */
export function writing({ view, drafts, undoing }, { segmentOf, indexOf, closed }) {
  /** By key, what was typed since the editor was opened: {before, after}, one more where somebody else's text came between. */
  const typed = new Map();

  /** What a passage says, saved or not. */
  function said(key) {
    const segment = segmentOf(key);
    return segment && line(drafts.of(key)?.text ?? segment.text);
  }

  function correction(key, before, after) {
    const write = (expected, text) => async () => {
      const now = said(key);
      if (now === undefined) throw new Passed("reader.cannotUndo");
      if (now !== expected) throw new Passed("reader.changedMeanwhile");
      drafts.type(key, text);
      await drafts.save(key);
      view.reveal(indexOf(key));
    };
    return { label: t("reader.step.text"), undo: write(after, before), redo: write(before, after) };
  }

  /** Many corrections as one step: where some cannot be taken back any more, the others are. */
  function replacement(changes) {
    const steps = changes.map(({ key, before, after }) => correction(key, line(before), after));
    const all = (way) => async () => {
      const tries = await Promise.allSettled(steps.map((step) => step[way]()));
      const failed = tries.filter(({ status }) => status === "rejected");
      if (!failed.length) return;
      if (failed.length === steps.length) throw failed[0].reason;
      say(t(failed[0].reason.message), { kind: "bad" });
    };
    return { label: t("reader.step.replace", { count: changes.length }), undo: all("undo"), redo: all("redo") };
  }

  return {
    /** Take what somebody types in a segment's editor. */
    type(key, text) {
      const now = said(key);
      const steps = typed.get(key) ?? [];
      if (steps.at(-1)?.after === now) steps.at(-1).after = line(text);
      else steps.push({ before: now, after: line(text) });
      typed.set(key, steps);
      drafts.type(key, text);
    },

    /** Called where a segment's editor closes: what was typed can be undone from now on. */
    leave(key) {
      drafts.save(key);
      for (const { before, after } of typed.get(key) ?? []) {
        if (before !== after) undoing.note(correction(key, before, after));
      }
      typed.delete(key);
    },

    /** What was typed here is given up: nothing of it is to be undone. */
    forget(key) {
      typed.delete(key);
    },

    async replaceAll(changes) {
      await closed();
      for (const { key, after } of changes) drafts.type(key, after);
      undoing.note(replacement(changes));
      await drafts.saveAll();
    },
  };
}
