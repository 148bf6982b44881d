// What narrows the list and the search, as it stands in the address; and what that means to the API.

const ACTIVE = ["pending", "queued", "processing", "transcribed"];

/** The states that one can choose from: all that are worked on are one. */
export const STATES = ["active", "done", "error", "cancelled"];

export const SORTS = ["created-desc", "created-asc", "name-asc", "duration-desc", "duration-asc"];

const NAMES = ["q", "project", "state", "language", "label", "speaker", "from", "to", "sort"];
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export const isActive = (state) => ACTIVE.includes(state);

/** Read what the address says; whatever it says that is none of ours counts as left out. */
export function readFilters(query) {
  const found = Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""]));
  if (!STATES.includes(found.state)) found.state = "";
  if (!SORTS.includes(found.sort)) found.sort = SORTS[0];
  for (const name of ["from", "to"]) if (!DATE.test(found[name]) || isNaN(midnight(found[name]))) found[name] = "";
  return found;
}

export const narrows = (filters) => NAMES.some((name) => !["q", "sort"].includes(name) && filters[name]);

/** What takes every filter away. */
export const NOTHING = Object.fromEntries(NAMES.filter((name) => name !== "q").map((name) => [name, null]));

/** The query of the API that narrows a list or a search. */
export function narrowing(filters) {
  const wanted = new URLSearchParams();
  for (const name of ["project", "language", "label", "speaker"]) if (filters[name]) wanted.set(name, filters[name]);
  for (const state of statesOf(filters)) wanted.append("state", state);
  if (filters.from) wanted.set("created_after", midnight(filters.from).toISOString());
  if (filters.to) wanted.set("created_before", midnight(filters.to, 1).toISOString());
  return wanted;
}

export function listQuery(filters) {
  const wanted = narrowing(filters);
  const [sort, order] = filters.sort.split("-");
  wanted.set("sort", sort);
  wanted.set("order", order);
  return wanted;
}

/** Tell whether a recording that has just changed belongs into the list. What a speaker is called, it does not say. */
export function admits(filters, recording) {
  const created = new Date(recording.created_at);
  const states = statesOf(filters);
  return (
    (!filters.project || recording.project_id === filters.project) &&
    (!states.length || states.includes(recording.state)) &&
    (!filters.language || recording.language === filters.language) &&
    (!filters.label || recording.labels.includes(filters.label)) &&
    (!filters.from || created >= midnight(filters.from)) &&
    (!filters.to || created < midnight(filters.to, 1)) &&
    !filters.speaker
  );
}

/** Tell which of two recordings stands first. */
export function comparison(filters) {
  const [sort, order] = filters.sort.split("-");
  const key = {
    created: (recording) => Date.parse(recording.created_at),
    duration: (recording) => recording.duration_seconds ?? -1,
    name: (recording) => recording.name.toLocaleLowerCase(),
  }[sort];
  const direction = order === "desc" ? -1 : 1;
  return (a, b) => {
    const [one, other] = [key(a), key(b)];
    return one < other ? -direction : one > other ? direction : 0;
  };
}

const statesOf = (filters) => (filters.state === "active" ? ACTIVE : filters.state ? [filters.state] : []);

/** The beginning of a day where the reader is, `later` days after. */
function midnight(day, later = 0) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later);
}
