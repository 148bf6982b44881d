// What somebody may do with a recording, as it is at the moment.

import { computed } from "../html.js";
import { me } from "../model/session.js";

/** Where it is only read, whoever it is that reads. */
export const READ_ONLY = { describe: false, edit: false, assign: false, ask: false, export: false };

export function createRights(recording) {
  const role = computed(() => me.value?.roles?.[recording.info.value?.project_id]);
  const describes = computed(() => Boolean(me.value?.administrator || role.value === "editor" || role.value === "owner"));
  const finished = computed(() => ["transcribed", "done"].includes(recording.info.value?.state));
  const edits = computed(() => !recording.partial.value && finished.value && describes.value);
  // A speaker is made of another one: where nobody was told apart, there is none to give a passage to.
  const assigns = computed(() => edits.value && recording.speakers.value.length > 0);
  // As the API gives documents and answers: none of a text that is still being written, nor of a failed recording that has none.
  const stands = computed(() => !recording.partial.value && (finished.value || recording.segments.value.length > 0));
  return {
    // Its name and labels, whatever comes of it.
    get describe() {
      return describes.value;
    },
    get edit() {
      return edits.value;
    },
    // Who speaks in a passage.
    get assign() {
      return assigns.value;
    },
    get ask() {
      return stands.value;
    },
    get export() {
      return stands.value;
    },
  };
}
