/** Longest piece of a channel's words that travels as evidence, in UTF-16 units. */
const RAW_LENGTH_MAX = 2_000;

/**
 * A channel's words as they may be stored: bounded, well-formed Unicode, and without NUL, which
 * PostgreSQL refuses in a text.
 */
export function evidenceText(words: string, lengthMax: number = RAW_LENGTH_MAX): string {
  return words.slice(0, lengthMax).toWellFormed().replaceAll('\0', '\ufffd');
}
