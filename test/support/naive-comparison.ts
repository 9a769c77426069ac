/**
 * The comparison of a day written a second time, row by row and without a database, to judge the one in SQL
 * by. It shares nothing with it but the words.
 */
import type { ItemClass } from '../../src/core/reconciliation/figures.ts';
import type { StatementLine } from '../../src/core/reconciliation/statement-line.ts';
import type { ListedEntry } from '../../src/store/postgres/platform-entry-copy.ts';

/** What became of one line, one entry, or the two together. Lines and entries are counted from 1. */
export type Verdict = {
  readonly class: ItemClass;
  readonly lineNo: number | null;
  readonly entryNo: number | null;
};

export type Day = { readonly fromMs: number; readonly untilMs: number; readonly edgeMs: number };

type Row = {
  readonly no: number;
  readonly row: Pick<
    StatementLine,
    'orderNo' | 'refundNo' | 'transactionNo' | 'amountMinor' | 'currency' | 'feeMinor' | 'atMs'
  > & { readonly kind: string };
  readonly key: string | null;
  /** 1 for the first of its key, 2 for the next, … */
  readonly copy: number;
};

/** Judges every line and every entry, in any order. */
export function naiveComparison(
  lines: readonly StatementLine[],
  entries: readonly ListedEntry[],
  day: Day,
): Verdict[] {
  const ours = lines.filter(({ kind }) => ['payment', 'refund', 'reversal'].includes(kind));
  const lineRows = numbered(ours.map((row) => ({ row, no: row.lineNo })));
  const entryRows = numbered(entries.map((row, at) => ({ row, no: at + 1 })));
  const partners = new Map<Row, Row>();
  for (const line of lineRows) {
    const entry = entryRows.find(
      ({ key, copy }) => key !== null && key === line.key && copy === line.copy,
    );
    if (entry) partners.set(line, entry);
  }
  for (const look of LOOKS) lookAgain(look, lineRows, entryRows, partners);
  const taken = new Set(partners.values());
  const byNo = new Map(lines.map((line) => [line.lineNo, line]));
  return [
    ...lineRows.map((line): Verdict => {
      const entry = partners.get(line);
      const source = byNo.get(line.no);
      if (!source) throw new Error('a line is lost');
      const verdict = entry ? ofPair(line, source, entry) : ofLine(line, source, day);
      return { class: verdict, lineNo: line.no, entryNo: entry?.no ?? null };
    }),
    ...entryRows
      .filter((entry) => !taken.has(entry))
      .map((entry): Verdict => ({ class: ofEntry(entry, day), lineNo: null, entryNo: entry.no })),
    ...lines
      .filter((line) => !ours.includes(line))
      .map(({ kind, lineNo }): Verdict => {
        return { class: kind === 'dispute' ? 'channel_only' : 'named', lineNo, entryNo: null };
      }),
  ];
}

function numbered(rows: readonly Pick<Row, 'row' | 'no'>[]): Row[] {
  const seen = new Map<string, number>();
  return rows.map(({ row, no }) => {
    const parts =
      row.kind === 'refund' ? [row.refundNo] : [row.kind, row.orderNo, row.transactionNo];
    const key = parts.includes(null) ? null : parts.join('/');
    const copy = key === null ? 1 : (seen.get(key) ?? 0) + 1;
    if (key !== null) seen.set(key, copy);
    return { row, no, key, copy };
  });
}

type Look = {
  readonly isOfRefunds: boolean;
  readonly by: 'orderNo' | 'transactionNo';
  readonly lacks: 'orderNo' | 'transactionNo' | 'refundNo';
};

const LOOKS: readonly Look[] = [
  { isOfRefunds: false, by: 'orderNo', lacks: 'transactionNo' },
  { isOfRefunds: false, by: 'transactionNo', lacks: 'orderNo' },
  { isOfRefunds: true, by: 'transactionNo', lacks: 'refundNo' },
  { isOfRefunds: true, by: 'orderNo', lacks: 'refundNo' },
];

function lookAgain(
  { isOfRefunds, by, lacks }: Look,
  lines: readonly Row[],
  entries: readonly Row[],
  partners: Map<Row, Row>,
): void {
  const taken = new Set(partners.values());
  const name = ({ row }: Row): string =>
    isOfRefunds ? `${row[by]}/${row.amountMinor}/${row.currency}` : `${row.kind}/${row[by]}`;
  const mayLook = ({ row, copy }: Row): boolean =>
    copy === 1 && (row.kind === 'refund') === isOfRefunds && row[by] !== null;
  const loneEntries = Map.groupBy(
    entries.filter((entry) => mayLook(entry) && !taken.has(entry)),
    name,
  );
  const loneLines = Map.groupBy(
    lines.filter((line) => mayLook(line) && !partners.has(line)),
    name,
  );
  for (const [group, ofLines] of loneLines) {
    for (const [place, line] of ofLines.entries()) {
      const entry = loneEntries.get(group)?.[place];
      if (entry && (line.row[lacks] === null || entry.row[lacks] === null))
        partners.set(line, entry);
    }
  }
}

function ofPair({ copy, row }: Row, { status }: StatementLine, { row: entry }: Row): ItemClass {
  if (copy > 1) return 'duplicate';
  if (status === 'failed') return 'status';
  if (row.amountMinor !== entry.amountMinor || row.currency !== entry.currency) return 'amount';
  const hasFees = row.feeMinor !== null && entry.feeMinor !== null;
  return hasFees && row.feeMinor !== entry.feeMinor ? 'fee' : 'matched';
}

function ofLine({ copy, row }: Row, { status, kind }: StatementLine, day: Day): ItemClass {
  if (copy > 1) return 'duplicate';
  if (status === 'failed' || (status === 'pending' && kind === 'payment')) return 'named';
  return isAtEdge(row.atMs, day) ? 'carried' : 'channel_only';
}

function ofEntry({ copy, row }: Row, day: Day): ItemClass {
  if (copy > 1) return 'duplicate';
  return isAtEdge(row.atMs, day) ? 'carried' : 'platform_only';
}

function isAtEdge(atMs: number | null, { fromMs, untilMs, edgeMs }: Day): boolean {
  return atMs !== null && !(atMs >= fromMs + edgeMs && atMs < untilMs - edgeMs);
}
