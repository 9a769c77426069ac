/**
 * The one way into a statement file: unpack, decode, recognise, read, compare its totals.
 *
 * Lines come in batches while the file is read, so that a file of any size needs the same memory. They
 * are provisional until the generator has returned: whoever stores them does so in one transaction, for
 * the last line may be the one that refuses the file.
 */
import { createHash } from 'node:crypto';
import type { StatementLine } from '../core/reconciliation/statement-line.ts';
import { HEAD_BYTES, recognisedFormat } from './recognised-format.ts';
import type { Recognised } from './recognised-format.ts';
import { expectSoundLine } from './sound-line.ts';
import { openStatement } from './statement-container.ts';
import type { ContainerFile, ContainerKind, StatementSource } from './statement-container.ts';
import { StatementError } from './statement-format.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementSummary,
} from './statement-format.ts';
import { StatementText } from './statement-text.ts';

export type StatementLimits = {
  /** Bytes of the unpacked content. */
  readonly bytesMax: number;
  /** How many times larger than the packed bytes the content may be. */
  readonly ratioMax: number;
  /** Files in an archive. */
  readonly entriesMax: number;
  /** Characters of one record. */
  readonly lineLengthMax: number;
  /** Lines of the file. */
  readonly linesMax: number;
};

export const STATEMENT_LIMITS: StatementLimits = {
  bytesMax: 2 * 1024 * 1024 * 1024,
  ratioMax: 200,
  entriesMax: 16,
  lineLengthMax: 64 * 1024,
  linesMax: 20_000_000,
};

export type ReadOptions = {
  readonly formats: readonly StatementFormat[];
  readonly expected: StatementExpectation;
  readonly limits?: Partial<StatementLimits>;
  /** The SHA-1 of the unpacked content that the channel promised, in hex; compared at the end. */
  readonly contentSha1?: string;
};

export type ReadStatement = {
  readonly format: StatementFormat;
  readonly container: ContainerKind;
  readonly encoding: string;
  /** Of the file as it came, lowercase hex. */
  readonly sha256: string;
  readonly rawBytes: number;
  /** Of the unpacked content with the lines: what WeChat Pay's hash_value is of. */
  readonly contentSha1: string;
  readonly contentBytes: number;
  /** Lines of the content, head and foot included. */
  readonly lineCount: number;
  readonly statementLineCount: number;
  readonly columns: readonly StatementColumn[];
  readonly summary: StatementSummary;
  /** The files of the archive, or the one file. */
  readonly entries: readonly { readonly name: string | null; readonly role: Recognised['role'] }[];
};

type OpenFile = {
  readonly file: ContainerFile;
  readonly pieces: AsyncGenerator<Uint8Array, void, void>;
  readonly recognised: Recognised;
};
type OpenLines = OpenFile & { readonly recognised: { readonly role: 'lines' } };

/**
 * Reads a statement. Yields its lines in the order of the file; returns what the file says of itself.
 * Throws StatementError, with file, line, reason and mend, for any file that cannot be accepted whole.
 */
export async function* readStatement(
  source: StatementSource,
  options: ReadOptions,
): AsyncGenerator<readonly StatementLine[], ReadStatement, void> {
  const limits = { ...STATEMENT_LIMITS, ...options.limits };
  const container = await openStatement(source, limits);
  const files: OpenFile[] = [];
  try {
    for (const file of container.files) files.push(await openFile(file, options.formats));
    const lines = theLines(files);
    const read = yield* inFile(lines.file, readLines(lines, options, limits));
    for (const file of files) {
      if (file.recognised.role === 'summary')
        await readCompanion(file, read.summary, options.expected, limits);
    }
    if (options.contentSha1 !== undefined && options.contentSha1 !== read.contentSha1)
      throw wrongHash(read.contentSha1, options.contentSha1);
    const raw = container.raw();
    return {
      ...read,
      container: container.kind,
      sha256: raw.sha256,
      rawBytes: raw.bytes,
      entries: files.map(({ file, recognised }) => ({ name: file.entry, role: recognised.role })),
    };
  } finally {
    for (const { pieces } of files) await pieces.return();
    await container.close();
  }
}

async function openFile(
  file: ContainerFile,
  formats: readonly StatementFormat[],
): Promise<OpenFile> {
  const pieces = file.content[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let size = 0;
  let isWhole = false;
  try {
    while (size < HEAD_BYTES) {
      const next = await pieces.next();
      isWhole = next.done === true;
      if (next.done === true) break;
      held.push(next.value);
      size += next.value.length;
    }
    const head = Buffer.concat(held).subarray(0, HEAD_BYTES);
    const recognised = recognisedFormat(head, isWhole, formats, file.fileName);
    return { file, recognised, pieces: rejoined(held, pieces) };
  } catch (error) {
    await pieces.return?.();
    throw inEntry(error, file);
  }
}

async function* rejoined(
  held: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* held;
    for (let next = await rest.next(); next.done !== true; next = await rest.next())
      yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** The one file with lines. What stands beside it must be of the same format. */
function theLines(files: readonly OpenFile[]): OpenLines {
  const withLines = files.filter((file): file is OpenLines => file.recognised.role === 'lines');
  const [lines, second] = withLines;
  if (lines === undefined) {
    throw new StatementError(
      files.length === 0
        ? 'the archive is empty'
        : 'it holds no statement lines, but only a summary',
      null,
      'Import the file with the details (明细).',
    );
  }
  if (second !== undefined) {
    throw new StatementError(
      `the archive holds two statements: ${lines.file.entry} and ${second.file.entry}`,
      null,
      'Unpack it and import each by itself.',
    );
  }
  const foreign = files.find((file) => file.recognised.format !== formatOf(lines));
  if (foreign !== undefined) {
    throw new StatementError(
      `the archive holds files of two formats: ${lines.file.entry} and ${foreign.file.entry}`,
      null,
      'Unpack it and import each by itself.',
    );
  }
  return lines;
}

function formatOf({ recognised }: OpenFile): StatementFormat {
  return recognised.format;
}

type LinesRead = Omit<ReadStatement, 'container' | 'sha256' | 'rawBytes' | 'entries'>;

async function* readLines(
  { file, pieces, recognised }: OpenFile,
  { expected }: ReadOptions,
  limits: StatementLimits,
): AsyncGenerator<readonly StatementLine[], LinesRead, void> {
  const { format } = recognised;
  const encoding = recognised.role === 'passed over' ? 'utf-8' : recognised.encoding;
  const { quotesSpanLines } = format;
  const { lineLengthMax, linesMax } = limits;
  const text = new StatementText({ encoding, quotesSpanLines, lineLengthMax });
  const reader = format.open(expected, file.fileName);
  const sha1 = createHash('sha1');
  let contentBytes = 0;
  let statementLineCount = 0;
  let batch: StatementLine[] = [];
  const take = (record: string, lineNo: number): void => {
    if (text.lineCount > linesMax) throw tooManyLines(linesMax, text.lineCount);
    const line = reader.read(record, lineNo);
    if (line === null) return;
    expectSoundLine(line);
    batch.push(line);
  };
  for await (const piece of pieces) {
    sha1.update(piece);
    contentBytes += piece.length;
    text.feed(piece, take);
    if (batch.length === 0) continue;
    statementLineCount += batch.length;
    yield batch;
    batch = [];
  }
  const isLastLineEnded = text.end(take);
  if (batch.length > 0) {
    statementLineCount += batch.length;
    yield batch;
  }
  const summary = reader.end(text.lineCount, isLastLineEnded);
  const { columns } = reader;
  return {
    format,
    encoding,
    contentSha1: sha1.digest('hex'),
    contentBytes,
    lineCount: text.lineCount,
    statementLineCount,
    columns,
    summary,
  };
}

async function readCompanion(
  { file, pieces, recognised }: OpenFile,
  detail: StatementSummary,
  expected: StatementExpectation,
  { lineLengthMax, linesMax }: StatementLimits,
): Promise<void> {
  if (recognised.role !== 'summary') return;
  const { encoding, companion, format } = recognised;
  const { quotesSpanLines } = format;
  const text = new StatementText({ encoding, quotesSpanLines, lineLengthMax });
  const reader = companion.open(expected, file.fileName);
  const take = (record: string, lineNo: number): void => {
    if (text.lineCount > linesMax) throw tooManyLines(linesMax, text.lineCount);
    reader.read(record, lineNo);
  };
  try {
    for await (const piece of pieces) text.feed(piece, take);
    text.end(take);
    reader.end(text.lineCount, detail);
  } catch (error) {
    throw inEntry(error, file);
  }
}

/** Passes a generator through, and names the file in what it throws. */
async function* inFile<T, R>(
  file: ContainerFile,
  inner: AsyncGenerator<T, R, void>,
): AsyncGenerator<T, R, void> {
  try {
    return yield* inner;
  } catch (error) {
    throw inEntry(error, file);
  }
}

function inEntry(error: unknown, { entry }: ContainerFile): unknown {
  if (error instanceof StatementError) error.entry ??= entry;
  return error;
}

function tooManyLines(linesMax: number, lineNo: number): StatementError {
  return new StatementError(
    `the file has more than ${linesMax} lines`,
    lineNo,
    'Raise the limit if a day really has so many, and check the disk before.',
  );
}

function wrongHash(found: string, promised: string): StatementError {
  return new StatementError(
    `the content has the SHA-1 ${found}, and the channel promised ${promised}`,
    null,
    'Fetch the file again from the channel.',
  );
}
