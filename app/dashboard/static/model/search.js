// What was said where: findings of the search, a page at a time.

import { signal } from "@preact/signals";
import { get } from "../api.js";
import { narrowing } from "./filters.js";

const PAGE = 20;
// A page may come empty where the filters let little through; so many in a row are asked for without a word.
const MOST_EMPTY = 5;

const EMPTY = { items: [], cursor: null, known: false, loading: false, error: null, q: "" };
export const findings = signal(EMPTY);

let asking = null;

/** Search anew. What was found before stays until the answer is here. */
export function search(filters) {
  asking?.abort();
  if (!filters.q.trim()) {
    findings.value = EMPTY;
    return undefined;
  }
  return load(filters, null, []);
}

export const moreFindings = (filters) =>
  findings.value.cursor && !findings.value.loading ? load(filters, findings.value.cursor, findings.value.items) : undefined;

async function load(filters, cursor, before) {
  asking = new AbortController();
  const mine = asking;
  findings.value = { ...findings.value, loading: true, error: null };
  const found = [...before];
  let next = cursor;
  try {
    for (let pages = 0; pages < MOST_EMPTY; pages += 1) {
      const query = narrowing(filters);
      query.set("q", filters.q);
      query.set("limit", PAGE);
      if (next) query.set("cursor", next);
      const page = await get(`/api/search?${query}`, { signal: mine.signal });
      found.push(...page.items);
      next = page.next_cursor;
      if (page.items.length || !next) break;
    }
  } catch (error) {
    if (error.name !== "AbortError") findings.value = { ...findings.value, loading: false, error, q: filters.q };
    return;
  }
  if (mine.signal.aborted) return;
  findings.value = { items: found, cursor: next, known: true, loading: false, error: null, q: filters.q };
}
