/**
 * What a statement comes in: the plain file, gzip, or a zip of a few files. It is told by its first bytes,
 * never by its name. The content streams; nothing is kept whole in memory and nothing is written to disk.
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { inflated, expectSize } from './inflated.ts';
import { StatementError } from './statement-format.ts';
import { openZip } from './zip-reader.ts';
import type { ZipLimits } from './zip-reader.ts';

/** A statement on disk, in memory, or arriving; an archive cannot arrive, for its directory is at its end. */
export type StatementSource =
  | { readonly path: string }
  | { readonly bytes: Uint8Array; readonly name?: string }
  | { readonly stream: AsyncIterable<Uint8Array>; readonly name?: string };

export type ContainerKind = 'plain' | 'gzip' | 'zip';

export type ContainerFile = {
  /** The entry's name in an archive; null for a file that is no archive. */
  readonly entry: string | null;
  /** The name by which a format may know the file, where there is one. */
  readonly fileName: string | null;
  readonly content: AsyncIterable<Uint8Array>;
};

export type StatementContainer = {
  readonly kind: ContainerKind;
  readonly files: readonly ContainerFile[];
  /** SHA-256 of the file as it came, in lowercase hex, and its size. Known after the content was read to its end. */
  raw(): { readonly sha256: string; readonly bytes: number };
  close(): Promise<void>;
};

const PIECE_BYTES = 64 * 1024;
const MAGIC_BYTES = 8;

/** Archives that are none of ours, by their first bytes. */
const REFUSED: readonly (readonly [string, readonly number[]])[] = [
  ['a 7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['a rar archive', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['an xz file', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['a bzip2 file', [0x42, 0x5a, 0x68]],
  ['an old Excel file', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ['UTF-16 text', [0xff, 0xfe]],
  ['UTF-16 text', [0xfe, 0xff]],
];
const GZIP = [0x1f, 0x8b];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const EMPTY_ZIP = [0x50, 0x4b, 0x05, 0x06];

/** Opens a statement. Throws StatementError for what is no container of ours, and for a file that cannot be opened. */
export async function openStatement(
  source: StatementSource,
  limits: ZipLimits,
): Promise<StatementContainer> {
  const hash = createHash('sha256');
  let bytes = 0;
  const raw = rawPieces(source);
  const first = await nextBytes(raw, MAGIC_BYTES);
  const fileName = nameOf(source);
  const count = (piece: Uint8Array): void => {
    hash.update(piece);
    bytes += piece.length;
  };
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      if (first.length > 0) {
        count(first);
        yield first;
      }
      for (let next = await raw.next(); next.done !== true; next = await raw.next()) {
        count(next.value);
        yield next.value;
      }
    } finally {
      await raw.return();
    }
  }
  let sha256: string | null = null;
  const rawSum = () => ({ sha256: (sha256 ??= hash.digest('hex')), bytes });
  const single = (kind: ContainerKind, content: AsyncIterable<Uint8Array>): StatementContainer => ({
    kind,
    files: [{ entry: null, fileName, content }],
    raw: rawSum,
    close: async () => {
      await raw.return();
    },
  });
  try {
    if (first.length === 0) throw emptyFile();
    if (begins(first, GZIP)) return single('gzip', unpacked(inflated(counted(), 'gzip', limits)));
    if (!begins(first, ZIP) && !begins(first, EMPTY_ZIP)) {
      refuseKnown(first);
      return single('plain', sized(counted(), limits.bytesMax));
    }
    if ('stream' in source) throw arrivingArchive();
    // Once through for the hash; the archive itself is then read by its directory.
    const pieces = counted();
    while ((await pieces.next()).done !== true) expectSize(bytes, limits.bytesMax);
    const zip = await openZip('path' in source ? source.path : source.bytes, limits);
    const files = zip.entries.map((entry) => ({
      entry: entry.name,
      fileName: entry.name.slice(entry.name.lastIndexOf('/') + 1),
      content: unpacked(entry.open()),
    }));
    return { kind: 'zip', files, raw: rawSum, close: async () => await zip.close() };
  } catch (error) {
    await raw.return();
    throw error;
  }
}

/** A file without a single byte. */
export function emptyFile(): StatementError {
  return new StatementError(
    'the file is empty',
    null,
    'A day without trades has a head and a foot, or the channel says that there is no file: fetch it again.',
  );
}

function arrivingArchive(): StatementError {
  return new StatementError(
    'it is a zip archive, which can only be read from a file',
    null,
    'Save it to a file first.',
  );
}

/** The bytes as they came, in pieces, as an iterator that can be closed at any time. */
function rawPieces(source: StatementSource): AsyncGenerator<Uint8Array, void, void> {
  if ('path' in source) return filePieces(source.path);
  return 'bytes' in source ? slices(source.bytes) : passed(source.stream);
}

async function* filePieces(path: string): AsyncGenerator<Uint8Array, void, void> {
  const file = await opened(path);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(PIECE_BYTES));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function opened(path: string): ReturnType<typeof open> {
  try {
    // Looked at before it is opened: a pipe would keep the one who opens it waiting.
    if ((await stat(path)).isFile()) return await open(path, 'r');
  } catch (error) {
    const code = String(Reflect.get(Object(error), 'code') ?? error);
    throw new StatementError(
      `the file cannot be opened (${code})`,
      null,
      'Check its path, and that this user may read it.',
    );
  }
  throw new StatementError('it is no file', null, 'Give the path of one statement file.');
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function* passed(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield* stream;
}

/** Takes pieces until there are at least `count` bytes, or no more. */
async function nextBytes(
  pieces: AsyncGenerator<Uint8Array, void, void>,
  count: number,
): Promise<Uint8Array> {
  let taken: Uint8Array = Buffer.alloc(0);
  while (taken.length < count) {
    const next = await pieces.next();
    if (next.done === true) break;
    taken = taken.length === 0 ? next.value : Buffer.concat([taken, next.value]);
  }
  return taken;
}

async function* sized(
  pieces: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    expectSize(bytes, bytesMax);
    yield piece;
  }
}

/** What came out of a container must not be another one: nothing unpacks twice. */
async function* unpacked(
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let first: Uint8Array | null = Buffer.alloc(0);
  for await (const piece of content) {
    if (first === null) {
      yield piece;
      continue;
    }
    first = Buffer.concat([first, piece]);
    if (first.length < MAGIC_BYTES) continue;
    refuseNested(first);
    yield first;
    first = null;
  }
  if (first !== null && first.length > 0) {
    refuseNested(first);
    yield first;
  }
}

function refuseNested(first: Uint8Array): void {
  if ([GZIP, ZIP, EMPTY_ZIP].some((magic) => begins(first, magic))) {
    throw new StatementError(
      'it is packed twice',
      null,
      'Unpack it once and import what comes out of it.',
    );
  }
  refuseKnown(first);
}

function refuseKnown(first: Uint8Array): void {
  const known = REFUSED.find(([, magic]) => begins(first, magic));
  if (known === undefined) return;
  throw new StatementError(
    `it is ${known[0]}, and not a statement file`,
    null,
    'Import the file as the channel sent it: CSV or text, alone or in zip or gzip.',
  );
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function nameOf(source: StatementSource): string | null {
  const name = 'path' in source ? source.path : (source.name ?? null);
  return name === null
    ? null
    : name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
}
