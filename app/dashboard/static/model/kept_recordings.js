// What the microphone recorded, kept in the browser piece by piece until the server has it: a closed page loses a second.
// It is offered to whoever recorded it, and to nobody else who uses the same browser.

import { ownId } from "./session.js";

const DATABASE = "vocalyx";
const PIECES = "pieces";
const RECORDINGS = "recordings";

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RECORDINGS, { keyPath: "id" });
      request.result.createObjectStore(PIECES, { keyPath: ["id", "number"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([RECORDINGS, PIECES], mode);
    const answer = work(transaction.objectStore(RECORDINGS), transaction.objectStore(PIECES));
    transaction.oncomplete = () => resolve(answer?.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

const piecesOf = (id) => IDBKeyRange.bound([id, 0], [id, Infinity]);

/** Begin one, of a media type. */
export async function begin(type) {
  const began = Date.now();
  const made = { id: `${began}`, by: ownId(), type, began, seconds: 0 };
  await run("readwrite", (recordings) => recordings.put(made));
  return made;
}

export const keep = (recording, number, piece) =>
  run("readwrite", (recordings, pieces) => {
    pieces.put({ id: recording.id, number, piece });
    recordings.put(recording);
  });

/** All of one's own that are here, the oldest first. */
export async function kept() {
  const all = await run("readonly", (recordings) => recordings.getAll());
  // Whose the earlier ones are was not kept, and what was said is not said again: they stay on offer.
  return all.filter(({ by }) => by === undefined || by === ownId());
}

/** One as a file. */
export async function fileOf(recording, name) {
  const rows = await run("readonly", (_, pieces) => pieces.getAll(piecesOf(recording.id)));
  const ending = recording.type.includes("mp4") ? "m4a" : recording.type.includes("ogg") ? "ogg" : "webm";
  const type = recording.type.split(";")[0];
  return new File(rows.map((row) => row.piece), `${name}.${ending}`, { type, lastModified: recording.began });
}

export const discard = (id) =>
  run("readwrite", (recordings, pieces) => {
    recordings.delete(id);
    pieces.delete(piecesOf(id));
  });
