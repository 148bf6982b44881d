// What the microphone recorded, kept in the browser piece by piece until the server has it: a closed page loses a second.

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

/** Begin one, of a media type. Returns its id. */
export async function begin(type) {
  const id = `${Date.now()}`;
  await run("readwrite", (recordings) => recordings.put({ id, type, began: Date.now(), seconds: 0 }));
  return id;
}

export const keep = (recording, number, piece) =>
  run("readwrite", (recordings, pieces) => {
    pieces.put({ id: recording.id, number, piece });
    recordings.put(recording);
  });

/** All that are here, the oldest first. */
export const kept = () => run("readonly", (recordings) => recordings.getAll());

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
