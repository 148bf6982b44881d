// In which words two versions of an enrichment differ, text by text. Knows no page.

// Beyond so many pairs of words a browser would be felt to think: what is between the first and the last difference counts as changed.
const MOST_PAIRS = 4_000_000;
const WORD = /[\p{L}\p{N}]/u;
// What is no text of an answer: names of things, and where it is said.
const NO_TEXT = new Set(["kind", "language"]);

/** The answers of a version by task, also those of a release that kept three of them apart. */
export function answersOf(version) {
  const answers = version.answers ?? {};
  return {
    ...answers,
    title: version.title ? { text: version.title } : null,
    summary: answers.summary ?? (version.summary ? { text: version.summary } : null),
    points: answers.points ?? version.points?.map((text) => ({ text, segments: [], start: null })) ?? null,
  };
}

/** A long text as it is shown: paragraph by paragraph. */
export const paragraphs = (text) => text.split(/\n+/);

/** The value of a field of a project's own task as it is shown. */
export const textOf = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));

/**
 * Compare two versions. `left` and `right` have by place ("points.0.text") the pieces of its text: {text, same}. `gone`
 * and `come` count the words that only the left or the right one has, `touched` names the tasks that differ.
 */
export function differences(left, right) {
  const [before, after] = [textsOf(left), textsOf(right)];
  const found = { left: new Map(), right: new Map(), gone: 0, come: 0, touched: new Set() };
  for (const group of new Set([...before.keys(), ...after.keys()])) {
    const [one, other] = [words(before.get(group)), words(after.get(group))];
    mark(one, other);
    slide(one);
    slide(other);
    found.gone += lay(one, found.left);
    found.come += lay(other, found.right);
    if ([...one, ...other].some(({ same }) => !same)) found.touched.add(group.split(" ")[0]);
  }
  return found;
}

/** The texts of a version, {place, text}, in groups that are compared as one: by task, rewritten passages one by one. */
function textsOf(version) {
  const groups = new Map();
  const put = (group, place, text) => text && groups.set(group, [...(groups.get(group) ?? []), { place, text }]);
  for (const [task, answer] of Object.entries(answersOf(version))) {
    if (task === "summary" || task === "detailed_summary") {
      paragraphs(answer?.text ?? "").forEach((text, index) => put(task, `${task}.text.${index}`, text));
    } else if (task === "corrected" || task === "translation") {
      answer?.segments.forEach(({ segment, text }, index) => put(`${task} ${segment}`, `${task}.segments.${index}.text`, text));
    } else if (task === "custom") {
      for (const [name, fields] of Object.entries(answer)) {
        for (const [field, value] of Object.entries(fields ?? {})) put(`custom ${name}`, `custom.${name}.${field}`, textOf(value));
      }
    } else if (task !== "custom_sources") leaves(answer, task).forEach(({ place, text }) => put(task, place, text));
  }
  return groups;
}

function leaves(value, place) {
  if (typeof value === "string") return [{ place, text: value }];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, one]) => (NO_TEXT.has(name) ? [] : leaves(one, `${place}.${name}`)));
}

/** Words and marks, {place, text, space}, each with the space before it; what follows the last one is its `rest`. */
function words(texts = []) {
  const found = [];
  // Also of languages that put no spaces between words.
  const cutting = new Intl.Segmenter(undefined, { granularity: "word" });
  for (const { place, text } of texts) {
    let space = "";
    for (const { segment } of cutting.segment(text)) {
      if (segment.trim()) {
        found.push({ place, text: segment, space, rest: "", same: false });
        space = "";
      } else space += segment;
    }
    if (space && found.at(-1)?.place === place) found.at(-1).rest = space;
  }
  return found;
}

/** Mark the words that both have, in the same order: the longest such row. */
function mark(one, other) {
  const equal = (index, at) => one[index].text === other[at].text;
  const pair = (index, at) => (one[index].same = other[at].same = true);
  let first = 0;
  let [last, end] = [one.length, other.length];
  for (; first < last && first < end && equal(first, first); first += 1) pair(first, first);
  for (; last > first && end > first && equal(last - 1, end - 1); last -= 1, end -= 1) pair(last - 1, end - 1);
  const [rows, columns] = [last - first, end - first];
  if (rows * columns > MOST_PAIRS) return;
  // How long the row can still become from here on; it is never longer than 2 000, the root of the most pairs.
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      longest[row * width + column] = equal(first + row, first + column)
        ? longest[(row + 1) * width + column + 1] + 1
        : Math.max(longest[(row + 1) * width + column], longest[row * width + column + 1]);
    }
  }
  for (let [row, column] = [0, 0]; row < rows && column < columns; ) {
    if (equal(first + row, first + column)) {
      pair(first + row, first + column);
      row += 1;
      column += 1;
    } else if (longest[(row + 1) * width + column] >= longest[row * width + column + 1]) row += 1;
    else column += 1;
  }
}

/** Where a change could as well stand further back, it does: it then ends with a sentence, and not with the mark before it. */
function slide(found) {
  for (let first = 0; first < found.length; first += 1) {
    if (found[first].same) continue;
    let behind = first;
    while (behind < found.length && !found[behind].same) behind += 1;
    for (; behind < found.length && found[behind].same && found[first].text === found[behind].text; first += 1, behind += 1) {
      found[first].same = true;
      found[behind].same = false;
    }
    first = behind;
  }
}

/** Put words together to pieces again, by their places; a space beside a change belongs to what is the same. Counts words that differ. */
function lay(found, places) {
  let count = 0;
  for (const { place, text, space, rest, same } of found) {
    if (!places.has(place)) places.set(place, []);
    const pieces = places.get(place);
    const before = pieces.at(-1);
    if (before?.same === same) before.text += space + text;
    else if (before?.same && space) {
      before.text += space;
      pieces.push({ text, same });
    } else {
      if (!same && space) pieces.push({ text: space, same: true });
      pieces.push({ text: same ? space + text : text, same });
    }
    if (rest) {
      if (same) pieces.at(-1).text += rest;
      else pieces.push({ text: rest, same: true });
    }
    if (!same && WORD.test(text)) count += 1;
  }
  return count;
}
