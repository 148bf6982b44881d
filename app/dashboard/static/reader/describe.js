// The recording's name and labels are changed on top of what others made of them meanwhile, unless it is the same thing.

import { ask } from "../api.js";
import { t } from "../i18n.js";
import { Passed } from "./undoing.js";

const TRIES = 3;

/** Give a `name`, or labels as `labelsOf` makes them of those that are there, as one step that can be undone. */
export const describe = (recording, undoing, tried, { name, labelsOf }) =>
  labelsOf ? relabel(recording, undoing, tried, labelsOf) : rename(recording, undoing, tried, name);

async function rename(recording, undoing, tried, name) {
  const before = recording.info.peek().name;
  const give = (from, to) => change(recording, (stands) => {
    // Another name that somebody gave is not overwritten unseen.
    if (stands.name !== from) throw new Passed("reader.changedMeanwhile");
    return { name: to };
  });
  const made = await tried(() => give(before, name));
  if (!made) return false;
  const after = made.name;
  if (after !== before) undoing.note({ label: t("reader.step.describe"), undo: () => give(after, before), redo: () => give(before, after) });
  return true;
}

async function relabel(recording, undoing, tried, labelsOf) {
  let given = [];
  let taken = [];
  const give = async () => {
    let before;
    const { labels } = await change(recording, (stands) => ({ labels: labelsOf((before = stands.labels)) }));
    given = without(labels, before);
    taken = without(before, labels);
    return true;
  };
  // What others gave and took since stays as it is.
  const back = () => change(recording, ({ labels }) => ({ labels: [...without(labels, given), ...without(taken, labels)] }));
  if (!(await tried(give))) return false;
  undoing.note({ label: t("reader.step.label"), undo: back, redo: give });
  return true;
}

const without = (labels, others) => labels.filter((label) => !others.includes(label));

/** Change the name or the labels, as `bodyOf` says of those that stand there. Returns what stands there then. */
async function change(recording, bodyOf, tries = TRIES) {
  const stands = recording.info.peek();
  const body = bodyOf(stands);
  try {
    return known(recording, await ask("PATCH", recording.address, { body, headers: { "If-Match": stands.etag } }));
  } catch (error) {
    const now = error.problem?.current;
    if (error.status !== 412 || !now || tries === 0) throw error;
    known(recording, now);
    return change(recording, bodyOf, tries - 1);
  }
}

function known(recording, described) {
  const { name, labels, etag } = described;
  recording.info.value = { ...recording.info.peek(), name, labels, etag };
  return described;
}
