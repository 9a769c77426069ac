/**
 * What a statement format has to offer. A format knows one layout of one channel's file: it is fed the
 * lines of text in order and gives back statement lines. It reads no file, decodes no bytes, unpacks no
 * archive, and keeps nothing but its sums. Lines that stand twice are not its business: matching names them.
 */
import type { StatementLine, StatementTotal } from '../core/reconciliation/statement-line.ts';

export type StatementEncoding = 'utf-8' | 'gb18030';

/** What a file must be of, so that the file of another day or account is refused. */
export type StatementExpectation = {
  /** The channel's day, `2026-11-18`; null: whatever day the file says. */
  readonly day: string | null;
  /** The channel as our configuration names it, for formats whose files name it; absent: not checked. */
  readonly channel?: string;
  /** The account at the channel (merchant number there); null: not checked. */
  readonly account: string | null;
  /** The currency of a file that names none. */
  readonly currency: string;
  /** The channel's zone, in minutes east of UTC, for times without one. */
  readonly utcOffsetMinutes: number;
  /** The metadata keys under which we sent our numbers, for channels that know no order number of ours. */
  readonly metadataKeys: { readonly order: string; readonly refund: string };
};

/** What a file says of itself, after its head, its lines and its foot were found to agree. */
export type StatementSummary = {
  /** The day the file says it is of; null where its format does not say. */
  readonly day: string | null;
  readonly account: string | null;
  /** What was counted, by kind and currency; failed and pending lines are not in it. */
  readonly totals: readonly StatementTotal[];
  /** Whether the file carries totals of its own, which were compared with the lines. */
  readonly hasTrailer: boolean;
  /** Further sums of columns, in minor units, refunds taken off: what a companion file repeats. */
  readonly columnSums: ReadonlyMap<string, number>;
};

/** Which column of the file feeds which field of a line: what a person looks at before trusting a mapping. */
export type StatementColumn = { readonly field: string; readonly column: string };

export type StatementReader = {
  /** Known once the column names were read; empty before. */
  readonly columns: readonly StatementColumn[];
  /**
   * Takes the next record of text, without its line end; `lineNo` is where it begins in the file.
   * Null: the record is no statement line (head, foot, column names).
   * Throws StatementError where the text is not what the format allows.
   */
  read(text: string, lineNo: number): StatementLine | null;
  /**
   * Ends the file: throws StatementError where it was cut off, or its totals are not those of its lines.
   * `isLastLineEnded`: whether the last record had its line end; without one it may have been cut short.
   */
  end(lineNo: number, isLastLineEnded: boolean): StatementSummary;
};

/** A file that stands beside the lines in the channel's archive and only sums them up (汇总). */
export type StatementCompanion = {
  readonly title: { readonly zh: string; readonly en: string };
  recognises(head: readonly string[], fileName: string | null): boolean;
  open(expected: StatementExpectation, fileName: string | null): CompanionReader;
};

export type CompanionReader = {
  /** Takes the next record; throws StatementError where it is not what it should be. */
  read(text: string, lineNo: number): void;
  /** Ends the file and compares it with what the lines came to; throws StatementError where they differ. */
  end(lineNo: number, detail: StatementSummary): void;
};

export type StatementFormat = {
  /** `alipay_trade`, `wechat_trade`, … */
  readonly code: string;
  /** The channel family whose files these are: `alipay`, `wechatpay`, `unionpay`, `stripe`, `sandbox`. */
  readonly channel: string;
  readonly title: { readonly zh: string; readonly en: string };
  /** Tried in this order; the first that decodes the head strictly is the file's. A byte order mark decides. */
  readonly encodings: readonly StatementEncoding[];
  /** Whether a record may go on in the next line, inside quotes (RFC 4180). */
  readonly quotesSpanLines: boolean;
  /** Whether a file whose first lines these are (at most 20, trimmed, no mark) is of this format. */
  recognises(head: readonly string[], fileName: string | null): boolean;
  open(expected: StatementExpectation, fileName: string | null): StatementReader;
  /** What may lie beside the lines in an archive; empty where the channel sends one file. */
  readonly companions: readonly StatementCompanion[];
  /** Names of further files that the channel puts into the same archive, and that are passed over. */
  readonly passedOver: RegExp | null;
};

/**
 * A file that cannot be accepted whole. `lineNo` is null where the fault is the file's, not a line's.
 * `mend` says what a person can do about it.
 */
export class StatementError extends Error {
  readonly reason: string;
  readonly lineNo: number | null;
  readonly mend: string;
  /** The file inside an archive, where it is known. */
  entry: string | null = null;

  constructor(reason: string, lineNo: number | null, mend: string) {
    super(lineNo === null ? reason : `line ${lineNo}: ${reason}`);
    this.reason = reason;
    this.lineNo = lineNo;
    this.mend = mend;
  }
}
