/** Compressed bytes taken apart piece by piece, with an end to how much may come out of them. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createInflateRaw } from 'node:zlib';
import { StatementError } from './statement-format.ts';

export type InflateLimits = {
  readonly bytesMax: number;
  /** How many times larger than the compressed bytes the content may be. */
  readonly ratioMax: number;
};

const PIECE_BYTES = 64 * 1024;
/** Small files may be as regular as they like. */
const RATIO_FROM_BYTES = 4 * 1024 * 1024;
const AGAIN = 'Fetch the file again from the channel.';

/** The content of gzip or raw deflate bytes. Throws StatementError for damaged bytes and beyond the limits. */
export async function* inflated(
  compressed: AsyncIterable<Uint8Array>,
  method: 'gzip' | 'deflate',
  limits: InflateLimits,
): AsyncGenerator<Uint8Array, void, void> {
  let bytesIn = 0;
  let bytesOut = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of compressed) {
      bytesIn += piece.length;
      yield piece;
    }
  }
  const inflate = (method === 'gzip' ? createGunzip : createInflateRaw)({ chunkSize: PIECE_BYTES });
  const source = Readable.from(counted(), { highWaterMark: 1 });
  // The fault comes out of the loop below; the callback only keeps it from being thrown twice.
  pipeline(source, inflate, () => undefined);
  try {
    for await (const piece of inflate) {
      const bytes = piece as Uint8Array;
      bytesOut += bytes.length;
      expectSize(bytesOut, limits.bytesMax);
      if (bytesOut > RATIO_FROM_BYTES && bytesOut > bytesIn * limits.ratioMax)
        throw tooDense(limits.ratioMax);
      yield bytes;
    }
    if (inflate.bytesWritten !== bytesIn)
      throw new StatementError('bytes stand behind the end of the compressed content', null, AGAIN);
  } catch (error) {
    throw compressionFault(error) ?? error;
  }
}

/** Throws StatementError where a content is larger than is allowed. */
export function expectSize(bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new StatementError(
    `its content is larger than ${bytesMax} bytes`,
    null,
    'Check that this is a statement; if it is, raise the limit.',
  );
}

/** A content that is too much larger than its bytes: a zip bomb. */
export function tooDense(ratioMax: number): StatementError {
  return new StatementError(
    `its content is more than ${ratioMax} times larger than the compressed bytes`,
    null,
    'No statement is so regular: check where the file came from.',
  );
}

/** What zlib found, in our words; null for a fault that is not the file's. */
function compressionFault(error: unknown): StatementError | null {
  const code = String(Reflect.get(Object(error), 'code') ?? '');
  if (code === 'Z_BUF_ERROR')
    return new StatementError('its compressed content is cut off', null, AGAIN);
  return code.startsWith('Z_')
    ? new StatementError('its compressed content is damaged', null, AGAIN)
    : null;
}
