// How long something will still take, from how it went so far: recordings that are worked on, and uploads.

const WINDOW_MS = 60_000;
const LEAST_MS = 2_000;

/** Sees `amount` of `whole` at moments, and says how many seconds are left; null while there is too little to say so. */
export class Pace {
  #seen = [];

  see(amount, now = Date.now()) {
    const last = this.#seen.at(-1);
    if (last && amount < last.amount) this.#seen = [];
    if (last?.amount === amount) return;
    this.#seen.push({ amount, now });
    while (this.#seen.length > 2 && now - this.#seen[1].now > WINDOW_MS) this.#seen.shift();
  }

  left(whole, now = Date.now()) {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || last.now - first.now < LEAST_MS) return null;
    const perMs = (last.amount - first.amount) / (last.now - first.now);
    if (perMs <= 0) return null;
    return Math.max(0, (whole - last.amount) / perMs - (now - last.now)) / 1000;
  }
}

const paces = new Map();

/** Note how far a recording is. */
export function follow(recording) {
  if (recording.state !== "processing") {
    paces.delete(recording.id);
    return;
  }
  if (!paces.has(recording.id)) paces.set(recording.id, new Pace());
  paces.get(recording.id).see(recording.percent);
}

/** Seconds until the text of a recording is there, about; null where that cannot be told yet. */
export const secondsLeft = (recording) => paces.get(recording.id)?.left(100) ?? null;
