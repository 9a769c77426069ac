import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import type { BookEntry } from './books.ts';
import type { Told } from './merchant.ts';
import type { StatementEntry } from './statement-desk.ts';

/** One line of the file in which the pretend world survives a restart. */
export type JournalEntry =
  | BookEntry
  | StatementEntry
  | { readonly kind: 'told'; readonly told: Told }
  | { readonly kind: 'clock'; readonly offsetMs: number };

export type Journal = {
  /** Writes the line before it returns, so that an answer never outlives what it says. */
  append(entry: JournalEntry): void;
  close(): void;
};

/** Lines are gathered up to this many characters when the file is rewritten. */
const REWRITE_CHUNK_CHARS = 1 << 20;

/**
 * Reads the file line by line into `restore`, rewrites it to what `entries` then yields, and keeps it
 * open for appending. A last line that was cut off by a crash was never answered for and is dropped.
 *
 * @throws SyntaxError when any other line is not JSON: then the file is not ours to rewrite.
 */
export function openJournal(
  path: string,
  restore: (entry: JournalEntry) => void,
  entries: () => Iterable<JournalEntry>,
): Journal {
  if (existsSync(path)) {
    const text = readFileSync(path, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const line of whole.split('\n')) {
      if (line !== '') restore(JSON.parse(line) as JournalEntry);
    }
  }
  const rewrittenPath = `${path}.new`;
  const rewritten = openSync(rewrittenPath, 'w', 0o600);
  let chunk = '';
  for (const entry of entries()) {
    chunk += `${JSON.stringify(entry)}\n`;
    if (chunk.length < REWRITE_CHUNK_CHARS) continue;
    appendFileSync(rewritten, chunk);
    chunk = '';
  }
  appendFileSync(rewritten, chunk);
  fsyncSync(rewritten);
  closeSync(rewritten);
  renameSync(rewrittenPath, path);
  const file = openSync(path, 'a', 0o600);
  return {
    append: (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
}
