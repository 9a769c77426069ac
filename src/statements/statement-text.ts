/**
 * The bytes of a statement as records of text.
 *
 * Bytes are cut at line feeds before they are decoded: in GB18030 and in UTF-8 the byte 0x0A is never a
 * part of another character. So every piece decodes by itself, strictly, and a broken byte has a line
 * number. Memory is bounded by one piece and one record.
 */
import { TextDecoder } from 'node:util';
import { endsInsideQuotes } from './delimited-fields.ts';
import { StatementError } from './statement-format.ts';
import type { StatementEncoding } from './statement-format.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const AGAIN = 'Fetch the file again from the channel, and do not open and save it in between.';

export type TextOptions = {
  readonly encoding: StatementEncoding;
  readonly quotesSpanLines: boolean;
  /** The longest line in bytes, and the longest record in characters. */
  readonly lineLengthMax: number;
};

/** Takes one record without its line end; `lineNo` is where it begins. */
export type TakeRecord = (text: string, lineNo: number) => void;

/** Splits a file that is fed piece by piece. Every fault is a StatementError with its line. */
export class StatementText {
  readonly #decoder: TextDecoder;
  readonly #options: TextOptions;
  /** Bytes of a line whose end has not come yet. */
  #rest: Uint8Array = Buffer.alloc(0);
  #isStart = true;
  #lines = 0;
  /** A record whose quotes are still open. */
  #open: { text: string; readonly lineNo: number } | null = null;

  constructor(options: TextOptions) {
    this.#options = options;
    this.#decoder = new TextDecoder(options.encoding, { fatal: true, ignoreBOM: true });
  }

  /** Lines seen so far. */
  get lineCount(): number {
    return this.#lines;
  }

  /** Feeds the next bytes; every record that is complete with them is taken. */
  feed(bytes: Uint8Array, take: TakeRecord): void {
    let piece = bytes;
    if (this.#rest.length > 0) piece = Buffer.concat([this.#rest, bytes]);
    // A mark may come in pieces.
    if (this.#isStart && piece.length < UTF8_MARK.length) {
      this.#rest = new Uint8Array(piece);
      return;
    }
    piece = this.#withoutMark(piece);
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    if (piece.length - end > this.#options.lineLengthMax) {
      this.#takeLines(piece.subarray(0, end), take);
      throw this.#tooLong(this.#lines + 1);
    }
    // The piece may be a buffer that its owner fills again.
    this.#rest = new Uint8Array(piece.subarray(end));
    this.#takeLines(piece.subarray(0, end), take);
  }

  /** Ends the file. Gives back whether its last line had a line end. */
  end(take: TakeRecord): boolean {
    const last = this.#withoutMark(this.#rest);
    this.#rest = Buffer.alloc(0);
    if (last.length > 0) this.#takeLines(last, take);
    if (this.#open !== null) {
      throw new StatementError('a quote is never closed', this.#open.lineNo, AGAIN);
    }
    return last.length === 0;
  }

  #withoutMark(piece: Uint8Array): Uint8Array {
    if (!this.#isStart) return piece;
    this.#isStart = false;
    return startsWithMark(piece) ? piece.subarray(UTF8_MARK.length) : piece;
  }

  #takeLines(bytes: Uint8Array, take: TakeRecord): void {
    if (bytes.length === 0) return;
    const nul = bytes.indexOf(0);
    if (nul !== -1) {
      throw new StatementError(
        'it holds a NUL, which is no text',
        this.#lines + lineOf(bytes, nul),
        AGAIN,
      );
    }
    const text = this.#decode(bytes);
    const { lineLengthMax } = this.#options;
    const mayQuote = this.#options.quotesSpanLines && (this.#open !== null || text.includes('"'));
    let from = 0;
    while (from < text.length) {
      const feed = text.indexOf('\n', from);
      const end = feed === -1 ? text.length : feed;
      this.#lines += 1;
      if (end - from > lineLengthMax) throw this.#tooLong(this.#lines);
      const hasReturn = end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN;
      const line = text.slice(from, hasReturn ? end - 1 : end);
      if (mayQuote) this.#takeLine(line, take);
      else take(line, this.#lines);
      from = end + 1;
    }
  }

  #takeLine(line: string, take: TakeRecord): void {
    const open = this.#open;
    if (open === null) {
      if (line.includes('"') && endsInsideQuotes(line, false))
        this.#open = { text: line, lineNo: this.#lines };
      else take(line, this.#lines);
      return;
    }
    open.text = `${open.text}\n${line}`;
    if (open.text.length > this.#options.lineLengthMax) throw this.#tooLong(open.lineNo);
    if (endsInsideQuotes(line, true)) return;
    this.#open = null;
    take(open.text, open.lineNo);
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw new StatementError(
        `it is not ${this.#options.encoding} text`,
        this.#lines + this.#brokenLine(bytes),
        AGAIN,
      );
    }
  }

  #brokenLine(bytes: Uint8Array): number {
    let line = 1;
    for (let from = 0; from < bytes.length; line += 1) {
      const feed = bytes.indexOf(LINE_FEED, from);
      const end = feed === -1 ? bytes.length : feed;
      try {
        this.#decoder.decode(bytes.subarray(from, end));
      } catch {
        return line;
      }
      from = end + 1;
    }
    return line;
  }

  #tooLong(lineNo: number): StatementError {
    return new StatementError(
      `it is longer than ${this.#options.lineLengthMax} characters`,
      lineNo,
      AGAIN,
    );
  }
}

/** Whether bytes begin with the UTF-8 byte order mark. */
export function startsWithMark(bytes: Uint8Array): boolean {
  return UTF8_MARK.every((byte, at) => bytes[at] === byte);
}

/** The line of a byte, counted from 1. */
function lineOf(bytes: Uint8Array, position: number): number {
  let line = 1;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < position; line += 1)
    at = bytes.indexOf(LINE_FEED, at + 1);
  return line;
}
