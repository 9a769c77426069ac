/**
 * A spool: a file without a name, in which a download waits until it is known to be whole. Memory is
 * bounded whatever the channel sends, and what is not wanted leaves nothing behind.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type FileSpool = {
  /** Appends a piece; rejects when it cannot be kept. */
  write(piece: Uint8Array): Promise<void>;
  /** Everything that was written, once; the spool is gone at the end, or when the reader stops. */
  read(): AsyncIterable<Uint8Array>;
  /** Lets go of everything. */
  discard(): Promise<void>;
};

const PIECE_BYTES = 65_536;

/** An empty spool. Rejects when the system's folder for temporary files cannot be used. */
export async function openFileSpool(): Promise<FileSpool> {
  const folder = await mkdtemp(join(tmpdir(), 'tieout-spool-'));
  let file: FileHandle;
  try {
    file = await open(join(folder, 'spool'), 'wx+', 0o600);
  } finally {
    // The open file lives on without its name, and ends with us however we end.
    await rm(folder, { recursive: true, force: true });
  }
  return {
    write: async (piece) => await file.appendFile(piece),
    read: () => ({ [Symbol.asyncIterator]: () => readerOf(file) }),
    discard: async () => await file.close(),
  };
}

/** Not a generator: one that was never begun would not let go of the file when it is returned. */
function readerOf(file: FileHandle): AsyncIterator<Uint8Array, undefined> {
  let offset = 0;
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    await file.close();
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      const piece = new Uint8Array(PIECE_BYTES);
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, offset);
      if (bytesRead === 0) return await end();
      offset += bytesRead;
      return { done: false, value: piece.subarray(0, bytesRead) };
    },
    return: end,
  };
}
