// What is done with speakers: named, made one, told apart again, given passages. All of it undoable. Nothing of it has an
// entity tag: before a step goes back or forth it is read whether what it left is still so.

import { patch, post, remove } from "../api.js";
import { t } from "../i18n.js";
import { say } from "../components/toasts.js";
import { persistently } from "./persisting.js";
import { Passed } from "./undoing.js";

/** `tried` does a deed and tells of what goes wrong; `segmentOf` and `indexOf` find a passage by its key. */
export function speaking(recording, undoing, tried, { segmentOf, indexOf }) {
  /** The name that each is to have: another one that is typed meanwhile takes its place. */
  const wanted = new Map();

  const addressOf = (label) => `${recording.address}/speakers/${encodeURIComponent(label)}`;
  const givenName = (label) => recording.names.peek().get(label)?.name ?? null;
  /** Into whom a speaker is merged; null: into nobody. */
  const mergedInto = (label) => recording.speakers.peek().flatMap(({ merged }) => merged).find((one) => one.label === label)?.into ?? null;

  /** A step from `before` to `after`, where `stands` says which it is and `give` changes it. */
  function noteStep(label, { stands, give, before, after }) {
    const go = (from, to) => async () => {
      await recording.read();
      if (stands() !== from) throw new Passed("reader.changedMeanwhile");
      await give(to);
    };
    undoing.note({ label, undo: go(after, before), redo: go(before, after) });
  }

  async function merge(label, before, after, said) {
    const give = async (to) => {
      await (to === null ? remove(`${addressOf(label)}/merge`) : post(`${addressOf(label)}/merge`, { into: to }));
      await recording.load();
    };
    const done = await tried(async () => (await give(after), true));
    if (done) noteStep(said, { stands: () => mergedInto(label), give, before, after });
  }

  return {
    async rename(label, name) {
      const before = givenName(label);
      const after = name.trim() || null;
      if (before === after) return;
      const give = async (to) => {
        await patch(addressOf(label), { name: to });
        await recording.load();
      };
      wanted.set(label, after);
      const isWanted = () => wanted.get(label) === after && !recording.ended();
      const done = await tried(() => persistently(async () => (await give(after), true), isWanted));
      if (done) noteStep(t("reader.step.rename"), { stands: () => givenName(label), give, before, after });
    },

    mergeSpeaker: (label, into) => merge(label, null, into, t("reader.step.mergeSpeakers")),

    unmergeSpeaker: (label, into) => merge(label, into, null, t("reader.step.unmerge")),

    /** Give passages to a speaker that there is, or with a `name` to a new one. */
    async assign(keys, { label, name }) {
      const passages = keys.map((key) => ({ key, end: segmentOf(key).end, speaker: segmentOf(key).speaker }));
      const isThere = ({ key }) => indexOf(key) >= 0;
      const places = (some) => some.map(({ key }) => indexOf(key));
      let given = label;
      const give = async (some) => {
        if (label !== undefined) await patch(`${recording.address}/segments/speaker`, { segments: places(some), speaker: label });
        else {
          const [{ speaker }] = passages;
          const body = { segments: places(some), ...(name ? { name } : {}) };
          given = (await post(`${addressOf(speaker)}/split`, body)).label;
        }
        await recording.load();
      };
      const giveBack = async (some) => {
        for (const speaker of new Set(some.map((one) => one.speaker))) {
          const theirs = places(some.filter((one) => one.speaker === speaker));
          await patch(`${recording.address}/segments/speaker`, { segments: theirs, speaker });
        }
        await recording.load();
      };
      /** Where some passages are not any more as the step left them, it goes for the others. */
      const go = (deed, speakerOf) => async () => {
        await recording.read();
        const left = passages.filter((one) => {
          const now = segmentOf(one.key);
          return now?.end === one.end && now.speaker === speakerOf(one);
        });
        if (!left.length) throw new Passed(passages.some(isThere) ? "reader.changedMeanwhile" : "reader.cannotUndo");
        await deed(left);
        if (left.length < passages.length) say(t("reader.changedMeanwhile"), { kind: "bad" });
      };
      const first = async () => (await give(passages.filter(isThere)), true);
      const done = await tried(() => persistently(first, () => !recording.ended()));
      if (!done) return;
      undoing.note({ label: t("reader.step.assign"), undo: go(giveBack, () => given), redo: go(give, ({ speaker }) => speaker) });
    },

    /** The passages from one on that are its speaker's, or that one alone. */
    passages(key, all) {
      const { speaker } = segmentOf(key);
      const index = indexOf(key);
      return all ? recording.segments.peek().filter((one, at) => at >= index && one.speaker === speaker).map((one) => one.key) : [key];
    },
  };
}
