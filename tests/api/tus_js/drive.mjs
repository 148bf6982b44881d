// Uploads a file with tus-js-client as standard input says, in JSON, and says in one line of JSON what came of it.
//
// do: "upload", from the start; "abort", which stops once `bytes` were taken and terminates the upload if `terminate`;
// "resume", which goes on with the upload of this file that an earlier process began; "terminate", of the upload at `url`.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import * as tus from "tus-js-client";

const wanted = JSON.parse(readFileSync(0, "utf-8"));

const tell = (outcome) => console.log(JSON.stringify(outcome));

function told(error) {
  const answer = error.originalResponse;
  return { error: error.message, status: answer?.getStatus() ?? null, body: answer?.getBody() ?? null };
}

// The client leaves checksums to its users.
function addChecksum(request) {
  if (request.getMethod() === "PATCH") {
    const first = Number(request.getHeader("Upload-Offset"));
    const piece = readFileSync(wanted.file).subarray(first, first + wanted.chunkSize);
    const digest = createHash("sha256").update(wanted.damaged ? "other" : piece).digest("base64");
    request.setHeader("Upload-Checksum", `sha256 ${digest}`);
  }
}

function upload() {
  const source = wanted.stream ? createReadStream(wanted.file) : readFileSync(wanted.file);
  const taken = [];
  let stopping = false;
  const sending = new tus.Upload(source, {
    endpoint: wanted.endpoint,
    headers: wanted.headers,
    metadata: wanted.metadata,
    chunkSize: wanted.chunkSize,
    uploadSize: wanted.size,
    uploadDataDuringCreation: wanted.withCreation ?? false,
    retryDelays: wanted.retries ?? [],
    urlStorage: new tus.FileUrlStorage(wanted.memory),
    fingerprint: async () => wanted.file,
    removeFingerprintOnSuccess: true,
    onBeforeRequest: wanted.checked ? addChecksum : null,
    onError: (error) => tell({ ...told(error), url: sending.url }),
    onSuccess: () => tell({ url: sending.url, taken }),
    onChunkComplete: async (size, accepted) => {
      taken.push(accepted);
      if (wanted.do === "abort" && accepted >= wanted.bytes && !stopping) {
        stopping = true;
        await sending.abort(wanted.terminate ?? false);
        tell({ url: sending.url, taken });
      }
    },
  });
  return sending;
}

if (wanted.do === "terminate") {
  try {
    await tus.Upload.terminate(wanted.url, { headers: wanted.headers, retryDelays: [] });
    tell({ url: wanted.url });
  } catch (error) {
    tell(told(error));
  }
} else {
  const sending = upload();
  if (wanted.do === "resume") {
    const [earlier] = await sending.findPreviousUploads();
    sending.resumeFromPreviousUpload(earlier);
  }
  sending.start();
}
