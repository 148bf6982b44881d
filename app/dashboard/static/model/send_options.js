// What recordings are sent with: as it was chosen the last time, but for what goes with one recording alone.

import { get } from "../api.js";
import { draft } from "./drafts.js";
import { sendable } from "./projects_of_mine.js";

export const INITIAL = {
  project: "",
  language: "",
  speakers: "auto",
  count: "2",
  least: "2",
  most: "4",
  model: "",
  priority: "normal",
  diarization: true,
  enrichment: true,
  llm_model: "",
  task: "transcribe",
  hotwords: "",
  anew: false,
};

/** A signal of the fields of the dialog, kept in the browser. */
export const chosen = draft("send-options", INITIAL);

let asked = null;

/** The installed models, as pairs of name and title, by kind. */
export async function installedModels() {
  asked ??= get("/api/models").catch((error) => {
    asked = null;
    throw error;
  });
  const { items } = await asked;
  const of = (kind) => items.filter((model) => model.kind === kind && model.whole);
  return { whisper: of("whisper"), llm: of("llm") };
}

/** The project that recordings go to, as things are. */
export function projectOf(fields) {
  const here = sendable.value;
  return here.some((project) => project.id === fields.project) ? fields.project : (here[0]?.id ?? "");
}

/** The options of the API (docs/api.md) that the fields mean, as text; what is as the site has it is left out. */
export function optionsOf(fields) {
  const wanted = { project: projectOf(fields) };
  for (const name of ["language", "model"]) if (fields[name]) wanted[name] = fields[name];
  if (fields.diarization && fields.speakers === "exactly") wanted.num_speakers = fields.count;
  if (fields.diarization && fields.speakers === "between") {
    wanted.min_speakers = fields.least;
    wanted.max_speakers = fields.most;
  }
  if (!fields.diarization) wanted.diarization = "false";
  if (!fields.enrichment) wanted.enrichment = "false";
  if (fields.enrichment && fields.llm_model) wanted.llm_model = fields.llm_model;
  if (fields.priority !== "normal") wanted.priority = fields.priority;
  if (fields.task !== "transcribe") wanted.task = fields.task;
  if (fields.hotwords.trim()) wanted.hotwords = fields.hotwords.trim();
  if (fields.anew) wanted.reuse = "false";
  return wanted;
}

/** The same for the JSON of a link: numbers and truth as such. */
export function typed(options) {
  const read = { true: true, false: false };
  return Object.fromEntries(
    Object.entries(options).map(([name, text]) => [
      name,
      text in read ? read[text] : name.endsWith("_speakers") ? Number(text) : text,
    ]),
  );
}
