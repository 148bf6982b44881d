// The recording's name and labels are changed on top of what others made of them meanwhile, unless it is the same thing.

import { ask } from "../api.js";
import { t } from "../i18n.js";

const TRIES = 3;

/** Give a `name`, or labels as `labelsOf` makes them of those that are there, as one step that can be undone. */
export async function describe(recording, undoing, tried, { name, labelsOf }) {
  const before = { name: recording.info.peek().name, labels: recording.info.peek().labels };
  const after = await tried(() => (labelsOf ? give(recording, { labels: labelsOf }, before) : give(recording, { name }, before)));
  if (!after) return false;
  if (labelsOf) {
    const back = () => give(recording, { labels: () => before.labels }, after);
    const again = () => give(recording, { labels: labelsOf }, before);
    undoing.note({ label: t("reader.step.label"), undo: back, redo: again });
  } else if (after.name !== before.name) {
    const back = () => give(recording, { name: before.name }, after);
    const again = () => give(recording, { name: after.name }, before);
    undoing.note({ label: t("reader.step.describe"), undo: back, redo: again });
  }
  return true;
}

/** Change the name that was `before`, or the labels. Returns what stands there then. */
async function give(recording, { name, labels }, before, tries = TRIES, stands = recording.info.peek()) {
  const body = labels ? { labels: labels(stands.labels) } : { name };
  try {
    const made = await ask("PATCH", recording.address, { body, headers: { "If-Match": stands.etag } });
    recording.info.value = { ...recording.info.peek(), name: made.name, labels: made.labels, etag: made.etag };
    return made;
  } catch (error) {
    const now = error.problem?.current;
    // Another name that somebody gave is not overwritten unseen.
    if (error.status !== 412 || !now || tries === 0 || (!labels && now.name !== before.name)) throw error;
    return give(recording, { name, labels }, before, tries - 1, now);
  }
}
