/**
 * Comma separated fields of one record (RFC 4180).
 *
 * A line without a quote, which is nearly every line, takes the fast path: search for commas and cut out
 * what is wanted. A quote inside a field that does not begin with one is an ordinary character, for shops
 * name goods `24" screen`; what stands between a closing quote and its comma must be blank, for some
 * channels put a TAB there.
 */
import { StatementError } from './statement-format.ts';

const QUOTE = 34;

/** All fields of a record, quotes taken off. Throws StatementError for a quote that is never closed, and for text behind a closing quote. */
export function splitFields(text: string, lineNo: number): string[] {
  return text.includes('"') ? quotedFields(text, lineNo) : text.split(',');
}

/**
 * Cuts the fields at `wanted` (ascending positions) into `into`, in that order, and gives back how many
 * fields the record has. `into` keeps what it held where the record is too short: compare the count first.
 */
export function pickFields(
  text: string,
  wanted: readonly number[],
  into: string[],
  lineNo: number,
): number {
  if (text.includes('"')) {
    const fields = quotedFields(text, lineNo);
    for (const [at, position] of wanted.entries()) into[at] = fields[position] ?? '';
    return fields.length;
  }
  let from = 0;
  let field = 0;
  let at = 0;
  let next = wanted[0] ?? -1;
  for (;;) {
    const comma = text.indexOf(',', from);
    if (field === next) {
      into[at] = text.slice(from, comma === -1 ? text.length : comma);
      at += 1;
      next = wanted[at] ?? -1;
    }
    field += 1;
    if (comma === -1) return field;
    from = comma + 1;
  }
}

/**
 * As `pickFields`, for a channel of which nobody knows whether it quotes: where the record, read with quotes,
 * has not `count` fields or cannot be read, and has `count` between its bare commas, quotes are ordinary
 * characters. Throws StatementError where neither reading has `count` fields.
 */
export function pickFieldsEitherWay(
  text: string,
  wanted: readonly number[],
  into: string[],
  lineNo: number,
  count: number,
): void {
  let fault: StatementError | null = null;
  let found = 0;
  try {
    found = pickFields(text, wanted, into, lineNo);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    fault = error;
  }
  if (found === count) return;
  const bare = text.includes('"') ? text.split(',') : [];
  if (bare.length !== count) throw fault ?? wrongCount(found, count, lineNo);
  for (const [at, position] of wanted.entries()) into[at] = bare[position] ?? '';
}

/** A record with more or fewer fields than its header: something was cut off, or a comma slipped in. */
export function wrongCount(found: number, needed: number, lineNo: number): StatementError {
  return new StatementError(
    `it has ${found} columns and not ${needed} as the header`,
    lineNo,
    'Fetch the file again from the channel: it was cut off, or edited.',
  );
}

/** Whether the record is still inside a quoted field at the end of `text`, having been `isInside` at its start. */
export function endsInsideQuotes(text: string, isInside: boolean): boolean {
  let at = 0;
  let inside = isInside;
  for (;;) {
    if (inside) {
      at = closingQuote(text, at);
      if (at === -1) return true;
      at += 1;
      inside = false;
    } else if (text.charCodeAt(at) === QUOTE) {
      inside = true;
      at += 1;
      continue;
    }
    const comma = text.indexOf(',', at);
    if (comma === -1) return false;
    at = comma + 1;
  }
}

/** The position of the quote that closes a field, doubled ones passed over; -1: none does. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text.charCodeAt(at + 1) === QUOTE) at = text.indexOf('"', at + 2);
  return at;
}

function quotedFields(text: string, lineNo: number): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text.charCodeAt(at) !== QUOTE) {
      const comma = text.indexOf(',', at);
      fields.push(comma === -1 ? text.slice(at) : text.slice(at, comma));
      if (comma === -1) return fields;
      at = comma + 1;
      continue;
    }
    const close = closingQuote(text, at + 1);
    if (close === -1) {
      throw new StatementError(
        'a quote is never closed',
        lineNo,
        'Fetch the file again from the channel; if it is the same, send it to the channel as damaged.',
      );
    }
    fields.push(text.slice(at + 1, close).replaceAll('""', '"'));
    const comma = text.indexOf(',', close);
    const behind = text.slice(close + 1, comma === -1 ? text.length : comma);
    if (behind.trim() !== '') {
      throw new StatementError(
        'text stands between a closing quote and the next comma',
        lineNo,
        'Fetch the file again from the channel; do not save it with a spreadsheet program first.',
      );
    }
    if (comma === -1) return fields;
    at = comma + 1;
  }
}
