/** Loading rows with COPY: as fast as PostgreSQL takes them, and never more than a chunk in memory. */
import { once } from 'node:events';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** What one column holds: text, an exact integer, or nothing. */
export type CopyValue = string | number | null;

const CHUNK_CHARACTERS = 128 * 1024;
// The characters that mean something to COPY, and none that a number can hold.
const SPECIAL = /[\\\t\n\r]/;
const SPECIALS = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

export type RowCopy = {
  /** Takes one row; what it is given must fit the columns in their order. */
  add(values: readonly CopyValue[]): void;
  /** Waits while PostgreSQL is behind. Call it now and then between rows. Throws what PostgreSQL says. */
  drain(): Promise<void>;
  /** Ends it, and answers how many rows were taken. Throws what PostgreSQL says. */
  end(): Promise<number>;
  /** Gives it up: the statement fails, its transaction with it, and nothing of it is kept. */
  abort(reason: Error): Promise<void>;
};

/** Begins a COPY into these columns, on the caller's connection and inside its transaction. */
export function copyRows(client: ClientBase, table: string, columns: readonly string[]): RowCopy {
  const stream = client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN`));
  let failure: Error | null = null;
  const failed = once(stream, 'error').then(([error]: Error[]) => {
    failure = error ?? new Error('COPY failed');
    throw failure;
  });
  failed.catch(() => {});
  let chunk = '';
  let isFull = false;
  let count = 0;
  const flush = (): void => {
    if (chunk === '') return;
    isFull = !stream.write(chunk);
    chunk = '';
  };
  return {
    add: (values) => {
      count += 1;
      for (let at = 0; at < values.length; at++) {
        const value = values[at] ?? null;
        if (at > 0) chunk += '\t';
        if (value === null) chunk += '\\N';
        else if (typeof value === 'number') chunk += value;
        else chunk += SPECIAL.test(value) ? value.replace(SPECIALS, escapeOf) : value;
      }
      chunk += '\n';
      if (chunk.length >= CHUNK_CHARACTERS) flush();
    },
    drain: async () => {
      if (failure) throw failure;
      if (isFull) await Promise.race([once(stream, 'drain'), failed]);
      isFull = false;
    },
    end: async () => {
      flush();
      stream.end();
      await Promise.race([once(stream, 'finish'), failed]);
      return count;
    },
    abort: async (reason) => {
      stream.destroy(reason);
      // The connection is free for its ROLLBACK once PostgreSQL has said that the COPY failed.
      await failed.catch(() => {});
    },
  };
}

function escapeOf(character: string): string {
  return ESCAPES[character] ?? character;
}
