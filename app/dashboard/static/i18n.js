// Every string of the page in both languages, by its key in locales/. Dates, numbers and durations by locale.

import { computed, signal } from "@preact/signals";
import { en } from "./locales/en.js";
import { fr } from "./locales/fr.js";

const LOCALES = { en, fr };
const KEPT = "vocalyx.language";

function preferred() {
  const kept = localStorage.getItem(KEPT);
  if (kept in LOCALES) return kept;
  return navigator.languages.some((tag) => tag.startsWith("fr")) && !navigator.languages[0].startsWith("en") ? "fr" : "en";
}

export const language = signal(preferred());
const strings = computed(() => LOCALES[language.value]);

/** How dates and numbers are written: as the browser's own variety of the language has them, otherwise as in Europe. */
export const locale = computed(
  () =>
    navigator.languages.find((tag) => tag.startsWith(`${language.value}-`) && isLocale(tag)) ??
    { en: "en-GB", fr: "fr-FR" }[language.value],
);

/** Under the system's locale `C`, Chromium says `en-US@posix`, which is none. */
function isLocale(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

/** The string of a key, with `{name}` filled in; a string of several forms (`{one, other}`) is chosen by `count`. */
export function t(key, values = {}) {
  let text = strings.value[key];
  if (text === undefined) throw new Error(`no string for ${key}`);
  if (typeof text === "object") {
    const form = new Intl.PluralRules(language.value).select(values.count);
    text = text[form] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? (typeof values[name] === "number" ? number(values[name]) : values[name]) : whole,
  );
}

/** Tell whether there is a string; for codes of the API that a newer release may have added. */
export const has = (key) => key in strings.value;

export const number = (value, options) => new Intl.NumberFormat(locale.value, options).format(value);

/** Seconds as a clock shows them: 1:02:03, 2:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}

export const dateTime = (iso) =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

const DAY_MS = 86_400_000;

/** When something was: today the time, in this year the day, else the year, too. */
export function when(iso) {
  const date = new Date(iso);
  const now = new Date();
  const age = now - date;
  const style =
    date.toDateString() === now.toDateString()
      ? { hour: "numeric", minute: "2-digit" }
      : age < 300 * DAY_MS
        ? { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }
        : { day: "numeric", month: "short", year: "numeric" };
  return new Intl.DateTimeFormat(locale.value, style).format(date);
}

/** A length of time in words, roughly: 40 s, 3 min, 2 h 10 min. */
export function duration(seconds) {
  const unit = (value, name) => number(value, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 0 });
  if (seconds < 55) return unit(Math.max(5, Math.round(seconds / 5) * 5), "second");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, "minute");
  return [unit(Math.floor(minutes / 60), "hour"), minutes % 60 && unit(minutes % 60, "minute")].filter(Boolean).join(" ");
}

export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(units.length - 1, count > 0 ? Math.floor(Math.log10(count) / 3) : 0);
  return number(count / 1000 ** step, { style: "unit", unit: units[step], maximumFractionDigits: step ? 1 : 0 });
}

/**
 * What an error of the API says to a person: our own words for its code where there are; otherwise the API's, which are English.
 * What has no code is no answer of the API: the line was lost.
 */
export function errorText(error) {
  const key = `error.${error.code ?? "unreachable"}`;
  if (has(key)) return t(key);
  return language.value === "en" ? [error.message, error.problem?.remedy].filter(Boolean).join(" ") : t("error.other", { code: error.code });
}

/** What is wrong with a field: our own words for the API's code, with its bounds. Its message is English. */
export function faultText({ code, message, bounds = {} }) {
  const key = [`fault.${code}`, `error.${code}`].find(has);
  if (key) return t(key, { message, count: bounds.least ?? bounds.most ?? 0, ...bounds });
  return language.value === "en" ? message : t("fault.value");
}

/** Why something that was begun failed, as the API keeps it: `code`, `detail`, `remedy`. */
export const failureText = ({ code, detail, remedy }) => errorText({ code, message: detail, problem: { remedy } });

export function chooseLanguage(chosen) {
  localStorage.setItem(KEPT, chosen);
  language.value = chosen;
  applyLanguage();
}

export function applyLanguage() {
  document.documentElement.lang = language.value;
}
