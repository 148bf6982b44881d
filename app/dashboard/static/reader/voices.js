// How speakers are called and coloured.

import { t } from "../i18n.js";

const COLOURS = 8;

/** The number of a speaker's colour, 0 to 7. */
export const voiceOf = (names, label) => (names.get(label)?.number ?? COLOURS - 1) % COLOURS;

/** What a speaker is called: the name that people gave, or "Speaker 1", in the order in which they first speak. */
export function nameOf(names, label) {
  if (label === null || label === undefined) return t("reader.nobody");
  const speaker = names.get(label);
  return speaker?.name || t("reader.speakerNumber", { number: (speaker?.number ?? 0) + 1 });
}
