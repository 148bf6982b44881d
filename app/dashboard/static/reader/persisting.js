// Deeds that wait for a server that does not answer: what somebody has typed is not lost for its being away.

import { sayError } from "../components/toasts.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;
const AWAY = [0, 401, 429, 502, 503, 504];

/** Do it, again and again while the server is away and it is still `wanted()`; null where it is not any more. */
export async function persistently(deed, wanted) {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
    try {
      return await deed();
    } catch (error) {
      if (!AWAY.includes(error.status)) throw error;
      if (pause === FIRST_PAUSE_MS) sayError(error);
    }
    await new Promise((done) => setTimeout(done, pause));
    if (!wanted()) return null;
  }
}
