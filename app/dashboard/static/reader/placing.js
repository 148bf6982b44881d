// Where words stand in the text that they make up: what is a word, their list says, and not the spaces: some scripts write none.

/** Return {from, to} of each word, in characters of the text. */
export function placed(words, text) {
  let at = 0;
  return words.map((word) => {
    const bare = word.text.trim();
    const found = bare ? text.indexOf(bare, at) : at;
    const from = found < 0 ? at : found;
    at = from + bare.length;
    return { from, to: at };
  });
}
