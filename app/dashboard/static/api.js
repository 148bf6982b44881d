// The API, as the page speaks to it: one function, one kind of error.

import { identified, sessionEnded } from "./model/session.js";

/** What the API answered instead of what was asked for; `problem` is its problem document (RFC 9457). */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
    this.code = problem.code || "unreachable";
  }

  /** Whether the same may be answered otherwise in a while: the line, the login, the limit and the server come back. */
  get isPassing() {
    return [0, 401, 429].includes(this.status) || this.status >= 500;
  }
}

/**
 * Ask the API. `body` is sent as JSON, unless it is a FormData or Blob. Returns the JSON of the answer, null where it
 * has none; with `whole` the Response itself. Throws ApiError, with status 0 where there was no answer.
 */
export async function ask(method, path, { body, headers = {}, signal, whole = false } = {}) {
  const options = { method, headers: { Accept: "application/json", ...headers }, credentials: "same-origin", signal };
  if (body instanceof FormData || body instanceof Blob) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    const waiting = path.startsWith("/api/auth/") ? null : identified();
    if (waiting) await waiting;
    response = await fetch(path, options);
  } catch (error) {
    throw unreachable(error);
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    if (response.status === 401 && path !== "/api/auth/session") sessionEnded();
    throw new ApiError(response.status, problem);
  }
  if (whole) return response;
  const text = await response.text().catch((error) => {
    throw unreachable(error);
  });
  return text ? JSON.parse(text) : null;
}

const unreachable = (error) => (error.name === "AbortError" ? error : new ApiError(0, { code: "unreachable" }));

export const get = (path, options) => ask("GET", path, options);
export const post = (path, body, options) => ask("POST", path, { ...options, body });
export const put = (path, body, options) => ask("PUT", path, { ...options, body });
export const patch = (path, body, options) => ask("PATCH", path, { ...options, body });
export const remove = (path, options) => ask("DELETE", path, options);
