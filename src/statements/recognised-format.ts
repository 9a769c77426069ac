/**
 * Which format a file is of, told by its first lines. A file that none knows is refused with what it
 * looks like, so that a person sees at once that it is a login page, or saved as UTF-16.
 */
import { shownText } from './money-text.ts';
import { StatementError } from './statement-format.ts';
import type { StatementCompanion, StatementEncoding, StatementFormat } from './statement-format.ts';
import { startsWithMark } from './statement-text.ts';

/** How much of a file is looked at. */
export const HEAD_BYTES = 64 * 1024;
const HEAD_LINES = 20;

export type Recognised =
  | {
      readonly role: 'lines';
      readonly format: StatementFormat;
      readonly encoding: StatementEncoding;
    }
  | {
      readonly role: 'summary';
      readonly format: StatementFormat;
      readonly companion: StatementCompanion;
      readonly encoding: StatementEncoding;
    }
  | { readonly role: 'passed over'; readonly format: StatementFormat };

/** The first format, in the order given, that knows these bytes. Throws StatementError where none does. */
export function recognisedFormat(
  bytes: Uint8Array,
  isWhole: boolean,
  formats: readonly StatementFormat[],
  fileName: string | null,
): Recognised {
  const head = isWhole ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1);
  for (const format of formats) {
    if (fileName !== null && format.passedOver?.test(fileName) === true)
      return { role: 'passed over', format };
    for (const encoding of encodingsOf(format, head)) {
      const lines = headLines(head, encoding, true);
      if (lines === null) continue;
      // First, for a summary may quote the title of what it sums up.
      const companion = format.companions.find((one) => one.recognises(lines, fileName));
      if (companion !== undefined) return { role: 'summary', format, companion, encoding };
      if (format.recognises(lines, fileName)) return { role: 'lines', format, encoding };
    }
  }
  // Found loosely, the format is known and its text is damaged: reading it strictly names the line.
  for (const format of formats) {
    for (const encoding of encodingsOf(format, head)) {
      const lines = headLines(head, encoding, false) ?? [];
      if (format.recognises(lines, fileName)) return { role: 'lines', format, encoding };
    }
  }
  throw unknownFile(head, formats);
}

function encodingsOf(
  { encodings }: StatementFormat,
  head: Uint8Array,
): readonly StatementEncoding[] {
  return startsWithMark(head) ? ['utf-8'] : encodings;
}

function headLines(
  head: Uint8Array,
  encoding: StatementEncoding,
  isStrict: boolean,
): string[] | null {
  try {
    const text = new TextDecoder(encoding, { fatal: isStrict }).decode(head);
    return text.split('\n', HEAD_LINES).map((line) => line.trim());
  } catch {
    return null;
  }
}

function unknownFile(head: Uint8Array, formats: readonly StatementFormat[]): StatementError {
  const known = formats.map(({ code }) => code).join(', ');
  if (head.includes(0)) {
    return new StatementError(
      'it holds NULs, which is no text, or text in UTF-16',
      null,
      'Import the file as the channel sent it, without opening and saving it in between.',
    );
  }
  const [first = ''] = headLines(head, 'utf-8', false) ?? [];
  return new StatementError(
    `no format knows this file, which begins with ${shownText(first)}`,
    null,
    `Check that it is the right file and is whole; known formats: ${known}.`,
  );
}
