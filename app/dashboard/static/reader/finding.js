// Find in the whole recording, and put something else in its place. The browser's own search sees only what is shown.

import { computed, signal } from "../html.js";
import { line } from "./drafts.js";

export function createFinding(reading) {
  const { recording, drafts } = reading;
  const open = signal(false);
  const wanted = signal("");
  const replacement = signal("");
  const exactCase = signal(false);
  const wholeWords = signal(false);
  const chosen = signal(0);

  const pattern = computed(() => {
    const text = wanted.value.trim();
    if (!open.value || !text) return null;
    const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/['’]/g, "['’]").replace(/\s+/g, "\\s+");
    const bound = wholeWords.value ? [String.raw`(?<![\p{L}\p{N}])`, String.raw`(?![\p{L}\p{N}])`] : ["", ""];
    return new RegExp(bound[0] + escaped + bound[1], exactCase.value ? "gu" : "giu");
  });

  const textOf = (segment) => drafts.of(segment.key)?.text ?? segment.text;

  /** Every place where it stands: {key, from, to, start}, in order. */
  const places = computed(() => {
    const search = pattern.value;
    if (!search) return [];
    const found = [];
    for (const segment of recording.segments.value) {
      for (const match of textOf(segment).matchAll(search)) {
        found.push({ key: segment.key, from: match.index, to: match.index + match[0].length, segment });
      }
    }
    return found;
  });
  const present = computed(() => (places.value.length ? Math.min(chosen.value, places.value.length - 1) : -1));

  const hits = computed(() => {
    const found = new Map();
    places.value.forEach((place, index) => {
      const of = found.get(place.key) ?? [];
      of.push({ from: place.from, to: place.to, present: index === present.value });
      found.set(place.key, of);
    });
    return found;
  });

  function show() {
    const place = places.peek()[present.peek()];
    if (place) reading.open(reading.indexOf(place.key));
  }

  function move(by) {
    const count = places.peek().length;
    if (!count) return;
    chosen.value = (present.peek() + by + count) % count;
    show();
  }

  function replaced(text) {
    return line(text.replace(pattern.peek(), () => replacement.peek()));
  }

  async function replaceOne() {
    const place = places.peek()[present.peek()];
    if (!place) return;
    const before = textOf(place.segment);
    const after = line(before.slice(0, place.from) + replacement.peek() + before.slice(place.to));
    await reading.replaceAll([{ key: place.key, before, after }]);
    show();
  }

  async function replaceEverywhere() {
    const keys = [...new Set(places.peek().map((place) => place.key))];
    const changes = keys.map((key) => {
      const before = textOf(reading.segmentOf(key));
      return { key, before, after: replaced(before) };
    });
    await reading.replaceAll(changes.filter(({ before, after }) => before !== after));
    return changes.length;
  }

  return {
    open, wanted, replacement, exactCase, wholeWords, places, present, hits, move, show, replaceOne, replaceEverywhere,
    look(text) {
      chosen.value = 0;
      wanted.value = text;
      show();
    },
  };
}
