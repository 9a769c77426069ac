/**
 * Zip archives as channels make them: a few files, entry names in GBK without saying so.
 *
 * yauzl reads the directory; we inflate ourselves, because it neither checks the CRC nor has a limit, and
 * read through a reader of our own, because positions in the archive are whatever its maker wrote.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify, TextDecoder } from 'node:util';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { expectSize, inflated, tooDense } from './inflated.ts';
import type { InflateLimits } from './inflated.ts';
import { shownText } from './money-text.ts';
import { StatementError } from './statement-format.ts';

export type ZipLimits = InflateLimits & { readonly entriesMax: number };

export type ZipEntry = { readonly name: string; open(): AsyncIterable<Uint8Array> };

export type OpenZip = { readonly entries: readonly ZipEntry[]; close(): Promise<void> };

const STORED = 0;
const DEFLATED = 8;
const PIECE_BYTES = 64 * 1024;
const UTF8_NAME_FLAG = 0x800;
const UNIX = 3;
const LINK_MODE = 0o120000;
const AGAIN = 'Fetch the archive again from the channel.';

/** Reads the directory of an archive. Throws StatementError for whatever is unsafe or damaged in it. */
export async function openZip(source: string | Uint8Array, limits: ZipLimits): Promise<OpenZip> {
  const reader =
    typeof source === 'string' ? new FileReader(await open(source, 'r')) : new BytesReader(source);
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, await reader.size(), {
      autoClose: false,
      decodeStrings: false,
    });
    const entries = await entriesOf(zip, limits);
    return { entries, close: async () => await reader.finish() };
  } catch (error) {
    await reader.finish();
    throw archiveFault(error);
  }
}

async function entriesOf(zip: ZipFile, limits: ZipLimits): Promise<ZipEntry[]> {
  if (zip.entryCount > limits.entriesMax) {
    throw new StatementError(
      `the archive holds ${zip.entryCount} files, more than ${limits.entriesMax}`,
      null,
      'A statement comes in one or two files: check where the archive came from.',
    );
  }
  const entries: ZipEntry[] = [];
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    const name = safeName(entry);
    try {
      expectReadable(entry);
      bytes += entry.uncompressedSize;
      expectSize(bytes, limits.bytesMax);
    } catch (error) {
      if (error instanceof StatementError) error.entry = name;
      throw error;
    }
    if (!name.endsWith('/')) entries.push({ name, open: () => contentOf(zip, entry, limits) });
  }
  const names = new Set(entries.map(({ name }) => name));
  if (names.size < entries.length)
    throw new StatementError('the archive holds two files of one name', null, AGAIN);
  return entries;
}

/** The name of an entry: UTF-8 where it says so, else GBK. Names that lead out of a folder are refused, though nothing is unpacked to disk. */
function safeName(entry: Entry): string {
  // With decodeStrings off the raw bytes are all there is.
  const raw = entry.fileNameRaw;
  const isUtf8 = (entry.generalPurposeBitFlag & UTF8_NAME_FLAG) !== 0;
  const name = new TextDecoder(isUtf8 ? 'utf-8' : 'gb18030').decode(raw);
  const isUnsafe =
    name === '' ||
    /[\\\p{Cc}]/u.test(name) ||
    /^(?:\/|[a-z]:)/i.test(name) ||
    name.split('/').includes('..');
  if (!isUnsafe) return name;
  throw new StatementError(
    `the archive names a file ${shownText(name)}, which leads out of its folder`,
    null,
    'No channel names files so: check where the archive came from.',
  );
}

function expectReadable(entry: Entry): void {
  const mode = Math.floor(entry.externalFileAttributes / 0x10000);
  if (entry.versionMadeBy >> 8 === UNIX && (mode & 0o170000) === LINK_MODE)
    throw new StatementError('the archive holds a link instead of a file', null, AGAIN);
  if (entry.isEncrypted()) {
    throw new StatementError(
      'the archive is encrypted',
      null,
      'Ask the channel for it without a password.',
    );
  }
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new StatementError(
      `the archive is compressed by method ${entry.compressionMethod}, and not by deflate`,
      null,
      'Pack it again as an ordinary zip.',
    );
  }
}

async function* contentOf(
  zip: ZipFile,
  entry: Entry,
  limits: ZipLimits,
): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  let crc = 0;
  try {
    const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false });
    // The directory may promise less than there is; the content is held to the promise.
    const held = { ...limits, bytesMax: Math.min(limits.bytesMax, entry.uncompressedSize) };
    const isDeflated = entry.compressionMethod === DEFLATED;
    for await (const piece of isDeflated ? inflated(raw, 'deflate', held) : raw) {
      const content = piece as Uint8Array;
      bytes += content.length;
      if (bytes > entry.compressedSize * limits.ratioMax && bytes > 4 * 1024 * 1024)
        throw tooDense(limits.ratioMax);
      crc = crc32(content, crc);
      yield content;
    }
    if (bytes !== entry.uncompressedSize || crc !== entry.crc32)
      throw new StatementError('the content differs from its checksum in the archive', null, AGAIN);
  } catch (error) {
    const fault = archiveFault(error);
    if (fault instanceof StatementError) fault.entry = safeName(entry);
    throw fault;
  }
}

/** A fault that yauzl found in our words; the operating system's faults stay what they are. */
function archiveFault(error: unknown): unknown {
  if (error instanceof StatementError || !(error instanceof Error)) return error;
  if (Reflect.get(error, 'syscall') !== undefined) return error;
  return new StatementError(`the archive is damaged (${error.message})`, null, AGAIN);
}

/** What the archive is read through: reads outside of it are answered, never thrown. */
abstract class ArchiveReader extends yauzl.RandomAccessReader {
  abstract size(): Promise<number>;
  abstract bytesAt(position: number, length: number): Promise<Uint8Array>;
  abstract finish(): Promise<void>;

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    callbackify(async () => {
      buffer.set(await this.#exactly(position, length), offset);
    })(callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#range(start, end), { highWaterMark: 1 });
  }

  // The archive is closed by finish(), when everything was read.
  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async *#range(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; at += PIECE_BYTES)
      yield await this.#exactly(at, Math.min(PIECE_BYTES, end - at));
  }

  async #exactly(position: number, length: number): Promise<Uint8Array> {
    const size = await this.size();
    if (position < 0 || position + length > size) throw new Error('it points outside of itself');
    const bytes = await this.bytesAt(position, length);
    if (bytes.length < length) throw new Error('it became shorter while it was read');
    return bytes;
  }
}

class FileReader extends ArchiveReader {
  readonly #file: FileHandle;
  #size: number | null = null;
  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }
  async size(): Promise<number> {
    this.#size ??= (await this.#file.stat()).size;
    return this.#size;
  }
  async bytesAt(position: number, length: number): Promise<Uint8Array> {
    const { bytesRead, buffer } = await this.#file.read(
      Buffer.allocUnsafeSlow(length),
      0,
      length,
      position,
    );
    return buffer.subarray(0, bytesRead);
  }
  async finish(): Promise<void> {
    await this.#file.close();
  }
}

class BytesReader extends ArchiveReader {
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }
  async size(): Promise<number> {
    return await Promise.resolve(this.#bytes.length);
  }
  async bytesAt(position: number, length: number): Promise<Uint8Array> {
    return await Promise.resolve(this.#bytes.subarray(position, position + length));
  }
  async finish(): Promise<void> {
    await Promise.resolve();
  }
}
