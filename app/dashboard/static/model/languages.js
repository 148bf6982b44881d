// The languages that the speech models know, as codes (a test holds them against the API's own), and their names.

import { language } from "../i18n.js";

export const CODES =
  "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh".split(
    " ",
  );

const FIRST = ["fr", "en"];
// Whisper's own code for Javanese is an old one.
const CURRENT = { jw: "jv" };

/** The name of a language, in the page's language, with a capital letter. */
export function languageName(code) {
  let name;
  try {
    name = new Intl.DisplayNames(language.value, { type: "language" }).of(CURRENT[code] ?? code);
  } catch {
    name = code;
  }
  return name.charAt(0).toLocaleUpperCase(language.value) + name.slice(1);
}

/** Pairs of code and name: the two that are spoken most here, then all others by name. */
export function languages() {
  const named = (codes) => codes.map((code) => [code, languageName(code)]);
  const others = named(CODES.filter((code) => !FIRST.includes(code)));
  return [...named(FIRST), ...others.sort((a, b) => a[1].localeCompare(b[1], language.value))];
}
