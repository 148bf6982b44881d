// Where passages begin and end, corrected. A step goes back or forth only where its passages are as it has left them: what
// somebody else has made of them since is neither joined nor cut by it.

import { ask } from "../api.js";
import { line } from "./drafts.js";
import { Passed } from "./undoing.js";

/**
 * Returns what changes the passage of a key as one step that can be undone. `forth` and `back` are {verb, body}: "split" makes
 * two passages of one, "merge" one of it and the next. Resolves to whether it was done.
 */
export function cutting(recording, drafts, undoing, tried, { segmentOf, indexOf }) {
  /** The segments behind get other positions, so all are read anew. Returns those that were made. */
  async function cut(key, { verb, body }) {
    const segment = segmentOf(key);
    if (!segment) throw new Passed("reader.cannotUndo");
    await ask("POST", `${recording.address}/segments/${segment.position}/${verb}`, { body, headers: { "If-Match": segment.etag } });
    await recording.load();
    const index = indexOf(key);
    return recording.segments.peek().slice(index, index + (verb === "split" ? 2 : 1));
  }

  function isLeft(key, made) {
    const index = indexOf(key);
    return made.length > 0 && made.every((one, n) => {
      const now = recording.segments.peek()[index + n];
      return now?.start === one.start && now.end === one.end && line(now.text) === line(one.text);
    });
  }

  return async function recut(key, label, forth, back) {
    let made = [];
    const go = (deed) => async () => {
      await Promise.all(made.map((segment) => drafts.save(segment.key)));
      await recording.read();
      if (!isLeft(key, made)) throw new Passed("reader.changedMeanwhile");
      made = await cut(key, deed);
    };
    const done = await tried(async () => (made = await cut(key, forth)));
    if (done) undoing.note({ label, undo: go(back), redo: go(forth) });
    return Boolean(done);
  };
}
