// What is done with speakers: named, made one, told apart again, given passages. All of it undoable.

import { patch, post, remove } from "../api.js";
import { t } from "../i18n.js";
import { persistently } from "./persisting.js";

/** `tried` does a deed and tells of what goes wrong; `segmentOf` and `indexOf` find a passage by its key. */
export function speaking(recording, undoing, tried, { segmentOf, indexOf }) {
  /** The name that each is to have: another one that is typed meanwhile takes its place. */
  const wanted = new Map();
  return {
    async rename(label, name) {
      const before = recording.names.peek().get(label)?.name ?? null;
      const after = name.trim() || null;
      if (before === after) return;
      const give = async (to) => {
        await patch(`${recording.address}/speakers/${encodeURIComponent(label)}`, { name: to });
        await recording.load();
      };
      wanted.set(label, after);
      const isWanted = () => wanted.get(label) === after && !recording.ended();
      const done = await tried(() => persistently(async () => (await give(after), true), isWanted));
      if (done) undoing.note({ label: t("reader.step.rename"), undo: () => give(before), redo: () => give(after) });
    },

    async mergeSpeaker(label, into) {
      const address = `${recording.address}/speakers/${encodeURIComponent(label)}/merge`;
      const join = async () => (await post(address, { into }), recording.load());
      const part = async () => (await remove(address), recording.load());
      const done = await tried(async () => (await join(), true));
      if (done) undoing.note({ label: t("reader.step.mergeSpeakers"), undo: part, redo: join });
    },

    async unmergeSpeaker(label, into) {
      const address = `${recording.address}/speakers/${encodeURIComponent(label)}/merge`;
      const join = async () => (await post(address, { into }), recording.load());
      const part = async () => (await remove(address), recording.load());
      const done = await tried(async () => (await part(), true));
      if (done) undoing.note({ label: t("reader.step.unmerge"), undo: join, redo: part });
    },

    /** Give passages to a speaker that there is, or with a `name` to a new one. */
    async assign(keys, { label, name }) {
      const before = keys.map((key) => ({ key, speaker: segmentOf(key).speaker }));
      const places = () => keys.map(indexOf).filter((index) => index >= 0);
      const give = async () => {
        if (label !== undefined) await patch(`${recording.address}/segments/speaker`, { segments: places(), speaker: label });
        else {
          const [{ speaker }] = before;
          const body = { segments: places(), ...(name ? { name } : {}) };
          await post(`${recording.address}/speakers/${encodeURIComponent(speaker)}/split`, body);
        }
        await recording.load();
      };
      const back = async () => {
        for (const speaker of new Set(before.map((one) => one.speaker))) {
          const theirs = before.filter((one) => one.speaker === speaker).map((one) => indexOf(one.key));
          await patch(`${recording.address}/segments/speaker`, { segments: theirs, speaker });
        }
        await recording.load();
      };
      const done = await tried(() => persistently(async () => (await give(), true), () => !recording.ended()));
      if (done) undoing.note({ label: t("reader.step.assign"), undo: back, redo: give });
    },

    /** The passages from one on that are its speaker's, or that one alone. */
    passages(key, all) {
      const { speaker } = segmentOf(key);
      const index = indexOf(key);
      return all ? recording.segments.peek().filter((one, at) => at >= index && one.speaker === speaker).map((one) => one.key) : [key];
    },
  };
}
