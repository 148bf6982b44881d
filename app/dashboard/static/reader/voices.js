// How speakers are called and coloured.

import { t } from "../i18n.js";

const COLOURS = 8;

/** The number of a speaker's colour, 0 to 7. */
export const voiceOf = (names, label) => (names.get(label)?.place ?? COLOURS - 1) % COLOURS;

/** What a speaker that the API tells of is called: the name, or the number. */
export const calledName = ({ name, number }) => name || t("reader.speakerNumber", { number });

/** What a speaker is called: the name that people gave, or "Speaker 1" by the number that the API gives. */
export function nameOf(names, label) {
  if (label === null || label === undefined) return t("reader.nobody");
  const speaker = names.get(label);
  return speaker ? calledName(speaker) : t("reader.nobody");
}
