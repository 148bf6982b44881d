// What a reader does with a recording, from whichever button or key: all of it in one place, and all of it undoable.

import { batch, computed, effect, signal } from "../html.js";
import { t } from "../i18n.js";
import { say, sayError } from "../components/toasts.js";
import { cutting } from "./cutting.js";
import { describe } from "./describe.js";
import { createDrafts, line } from "./drafts.js";
import { createFinding } from "./finding.js";
import { placed } from "./placing.js";
import { createPlayer, RATES } from "./player.js";
import { createPrinting } from "./printing.js";
import { createRecording, indexAt } from "./recording.js";
import { createRights } from "./rights.js";
import { speaking } from "./speaking.js";
import { createHistory, Passed } from "./undoing.js";
import { nameOf } from "./voices.js";
import { writing } from "./writing.js";

const NOBODY = { key: null, index: -1 };
const DOUBTFUL = 0.5;
const KEPT_DOUBTS = "vocalyx.doubts";
const KEPT_FOLLOW = "vocalyx.follow";

export function createReading(id) {
  const recording = createRecording(id);
  const can = createRights(recording);
  return readingOf(recording, createPlayer(recording), createDrafts(recording, can), can);
}

/** The same of a recording, a player and drafts that come from elsewhere, for somebody who can do that with it. */
export function readingOf(recording, player, drafts, can) {
  const undoing = createHistory();

  const view = {
    editing: signal(null),
    cursor: signal(null),
    dialog: signal(null),
    panel: signal("summary"),
    printing: signal(false),
    following: signal(localStorage.getItem(KEPT_FOLLOW) !== "false"),
    doubts: signal(localStorage.getItem(KEPT_DOUBTS) !== "false"),
    caret: null,
    reveal: async () => undefined,
    isShown: () => false,
    isHidden: () => false,
  };
  view.at = computed(() => {
    const index = indexAt(recording.segments.value, player.time.value);
    return index < 0 ? NOBODY : { key: recording.segments.value[index].key, index };
  });
  // Equal ones are one: rows are drawn when the segment changes, not with every frame.
  let lastAt = NOBODY;
  const at = view.at;
  view.at = computed(() => {
    const now = at.value;
    if (now.key !== lastAt.key || now.index !== lastAt.index) lastAt = now;
    return lastAt;
  });
  let lastWord = { key: null, index: -1 };
  view.word = computed(() => {
    const { key, index } = view.at.value;
    const words = recording.segments.value[index]?.words ?? [];
    const word = indexAt(words, player.time.value);
    const now = { key, index: word >= 0 && player.time.value <= words[word].end + 0.4 ? word : -1 };
    if (now.key !== lastWord.key || now.index !== lastWord.index) lastWord = now;
    return lastWord;
  });
  const printing = createPrinting(view, drafts);
  const language = computed(() => {
    const present = recording.info.value;
    return (present?.options?.task === "translate" ? "en" : present?.language) || undefined;
  });

  const segmentOf = (key) => recording.segments.peek()[recording.positions.peek().get(key)];
  const indexOf = (key) => recording.positions.peek().get(key) ?? -1;
  const recut = cutting(recording, drafts, undoing, tried, { segmentOf, indexOf });

  const reading = {
    recording, player, drafts, undoing, view, can, language, indexOf, segmentOf,
    finding: null,

    playFrom(seconds, { onlySeek = false } = {}) {
      player.seek(seconds);
      if (!onlySeek) player.play();
      reading.show(seconds);
    },

    /** Bring the passage at a moment into view. */
    show(seconds, options) {
      const index = Math.max(0, indexAt(recording.segments.peek(), seconds + 0.001));
      if (!view.isShown(index) || options) view.reveal(index, options);
    },

    /** Go to a passage that something links to: there in the text, and there in the sound. */
    goTo(seconds) {
      player.seek(seconds);
      return reading.open(Math.max(0, indexAt(recording.segments.peek(), seconds + 0.001)), { focus: true });
    },

    /** Bring a passage into view, also where a narrow page shows something else than the text. */
    async open(index, options) {
      if (view.isHidden()) {
        view.panel.value = "text";
        await new Promise((done) => requestAnimationFrame(done));
      }
      return view.reveal(index, options);
    },

    edit(key) {
      if (key !== null && !can.edit) return;
      const before = view.editing.peek();
      view.editing.value = key;
      if (key !== null) {
        const index = indexOf(key);
        if (!view.isShown(index)) reading.open(index);
      } else if (before !== null) {
        queueMicrotask(() => document.querySelector(`[data-key="${CSS.escape(before)}"]`)?.focus({ preventScroll: true }));
      }
    },

    async undo() {
      await closed();
      const step = await tried(() => undoing.undo());
      if (step) say(t("reader.undone", { step: step.label }));
    },

    async redo() {
      await closed();
      const step = await tried(() => undoing.redo());
      if (step) say(t("reader.redone", { step: step.label }));
    },

    /** Cut a passage before the first word that begins behind so many characters. */
    async split(key, characters) {
      await drafts.save(key);
      const segment = segmentOf(key);
      if (!segment || drafts.of(key)) return;
      const word = placed(segment.words, line(segment.text)).filter(({ from }) => from < characters).length;
      if (word < 1 || word >= segment.words.length) {
        say(t("reader.splitWhere"));
        return;
      }
      await closed();
      if (await recut(key, t("reader.step.split"), { verb: "split", body: { word } }, { verb: "merge" })) {
        view.caret = 0;
        reading.edit(recording.segments.peek()[indexOf(key) + 1]?.key ?? null);
      }
    },

    async merge(key) {
      const index = indexOf(key);
      const following = recording.segments.peek()[index + 1];
      if (!following) return;
      await Promise.all([drafts.save(key), drafts.save(following.key)]);
      if (drafts.of(key) || drafts.of(following.key)) return;
      const word = segmentOf(key).words.length;
      await closed();
      if (await recut(key, t("reader.step.merge"), { verb: "merge" }, { verb: "split", body: { word } })) reading.edit(key);
    },

    /** Give up what was typed in a segment and could not be saved. */
    discard(key) {
      reading.forget(key);
      drafts.drop(key);
    },

    /** Put the segment that is being written back to the machine's text; its editor notes that as a step. */
    revert(key) {
      const segment = segmentOf(key);
      if (segment) reading.type(key, segment.machine_text);
      reading.edit(null);
    },

    describe: (changes) => describe(recording, undoing, tried, changes),

    ...writing({ view, drafts, undoing }, { segmentOf, indexOf, closed }),

    ...speaking(recording, undoing, tried, { segmentOf, indexOf }),

    mark() {
      if (!can.edit) return;
      const here = segmentOf(view.editing.peek() ?? view.at.peek().key ?? view.cursor.peek()) ?? recording.segments.peek()[0];
      if (!here) return;
      batch(() => {
        view.panel.value = "notes";
        view.dialog.value = { name: "note", start: here.start, end: here.end };
      });
    },

    showNotes() {
      view.panel.value = "notes";
    },

    turn(direction) {
      const segments = recording.segments.peek();
      let index = Math.max(0, view.at.peek().index);
      const { speaker } = segments[index] ?? {};
      if (direction < 0) {
        while (index > 0 && segments[index - 1].speaker === speaker) index -= 1;
        index -= 1;
        while (index > 0 && segments[index - 1].speaker === segments[index]?.speaker) index -= 1;
      } else while (index < segments.length && segments[index].speaker === speaker) index += 1;
      if (segments[index]) reading.playFrom(segments[index].start, { onlySeek: true });
    },

    step(direction) {
      const segments = recording.segments.peek();
      const next = segments[Math.min(segments.length - 1, Math.max(0, view.at.peek().index + direction))];
      if (next) reading.playFrom(next.start, { onlySeek: true });
    },

    word(direction) {
      const segments = recording.segments.peek();
      let { index } = view.at.peek();
      let word = indexAt(segments[index]?.words ?? [], player.time.peek() + 0.001) + direction;
      if (word < 0 && index > 0) word = segments[(index -= 1)].words.length - 1;
      else if (segments[index] && word >= segments[index].words.length) word = (index += 1) && 0;
      const found = segments[index]?.words[Math.max(0, word)];
      if (found) reading.playFrom(found.start, { onlySeek: true });
    },

    nextDoubt() {
      const from = player.time.peek() + 0.01;
      for (const segment of recording.segments.peek()) {
        const word = segment.end > from && segment.words.find((one) => one.start > from && one.probability < DOUBTFUL);
        if (word) return reading.playFrom(word.start, { onlySeek: true });
      }
      return say(t("reader.noMoreDoubts"));
    },

    /** The segment that a key is about: where the keyboard is, else where the voice is. */
    here() {
      const focused = document.activeElement?.closest?.("[data-key]")?.dataset.key;
      return focused ?? view.at.peek().key ?? view.cursor.peek() ?? recording.segments.peek()[0]?.key ?? null;
    },

    faster(by) {
      const index = RATES.indexOf(player.rate.peek());
      player.setRate(RATES[Math.min(RATES.length - 1, Math.max(0, (index < 0 ? 2 : index) + by))]);
      say(t("reader.rateNow", { rate: player.rate.peek() }));
    },

    setFollowing(value) {
      view.following.value = value;
      localStorage.setItem(KEPT_FOLLOW, String(value));
      if (value) reading.show(player.time.peek());
    },

    setDoubts(value) {
      view.doubts.value = value;
      localStorage.setItem(KEPT_DOUBTS, String(value));
    },

    print: () => printing.print(),

    close() {
      followed();
      printing.close();
      drafts.close();
      player.close();
      recording.close();
    },
  };
  reading.finding = createFinding(reading);

  /** Close the editor, if one is open, and let it note what was written before anything else is done. */
  async function closed() {
    if (view.editing.peek() === null) return;
    view.editing.value = null;
    await new Promise((done) => setTimeout(done));
  }

  async function tried(deed) {
    try {
      return await deed();
    } catch (error) {
      if (error.status === 412) {
        say(t("reader.changedMeanwhile"), { kind: "bad" });
        recording.load();
      } else if (error.code) sayError(error);
      else say(t(error instanceof Passed ? error.message : "reader.cannotUndo"), { kind: "bad" });
      return null;
    }
  }

  // The text goes with the voice, unless somebody reads elsewhere or writes.
  const followed = effect(() => {
    const { index } = view.at.value;
    if (index < 0 || !player.playing.value || !view.following.value) return;
    if (view.editing.peek() !== null) return;
    queueMicrotask(() => !view.isShown(index) && view.reveal(index));
  });

  recording.ready.then(() => recording.info.peek() && drafts.restore());
  reading.speakerName = (label) => nameOf(recording.names.value, label);
  return reading;
}
