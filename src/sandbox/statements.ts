/**
 * Statements (对账文件) of the pretend channels, made from their books alone. One is made by one walk
 * over all charges and refunds, comparing a number each; everything else costs by the movements of
 * its own period.
 */
import type { Books } from './books.ts';
import { channelTimeText } from './business-day.ts';
import { feeMinorOf } from './fee-rule.ts';
import { majorAmount } from './major-amount.ts';

export type StatementKind = 'payment' | 'refund' | 'reversal';

/** Whose statement, and of which day, written `2026-11-18`. */
export type StatementTarget = {
  readonly channel: string;
  readonly account: string;
  readonly day: string;
};

/** One movement of money as the channel tells it. */
export type StatementLine = {
  readonly kind: StatementKind;
  /** The platform's number of the order. */
  readonly orderNo: string;
  /** The platform's number of the refund; null where it is none, or was made at the console. */
  readonly refundNo: string | null;
  /** The channel's number of the charge that was made, given back or taken back. */
  readonly transactionNo: string;
  /** The channel's own number of a refund; null for the other kinds. */
  readonly movementNo: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  readonly feeMinor: number;
  /** Of a payment the time of the charge, of a refund that of its end. */
  readonly atMs: number;
};

const KINDS: readonly StatementKind[] = ['payment', 'refund', 'reversal'];

/**
 * Every movement of an account in [fromMs, untilMs), each by its own time, in the order of the
 * statement. The books must have been settled up to `nowMs`, which finds the accounts of charges.
 */
export function movementsOf(
  books: Books,
  { channel, account }: Pick<StatementTarget, 'channel' | 'account'>,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  nowMs: number,
): StatementLine[] {
  const isWithin = (atMs: number | null) => atMs !== null && atMs >= fromMs && atMs < untilMs;
  const lines: StatementLine[] = [];
  const add = (line: Omit<StatementLine, 'feeMinor'>) =>
    lines.push({ ...line, feeMinor: feeMinorOf(line.kind, line.amountMinor) });
  for (const charge of books.charges()) {
    const { outNo: orderNo, tradeNo: transactionNo, amountMinor, currency } = charge;
    const { paidAtMs, reversedAtMs } = charge;
    if (charge.channel !== channel || !(isWithin(paidAtMs) || isWithin(reversedAtMs))) continue;
    if (books.find(channel, orderNo, nowMs)?.submission.account !== account) continue;
    const money = { orderNo, transactionNo, amountMinor, currency };
    const about = { ...money, refundNo: null, movementNo: null };
    if (isWithin(paidAtMs)) add({ ...about, kind: 'payment', atMs: paidAtMs });
    if (reversedAtMs !== null && isWithin(reversedAtMs)) {
      add({ ...about, kind: 'reversal', atMs: reversedAtMs });
    }
  }
  for (const refund of books.refunds()) {
    const { outNo: orderNo, tradeNo: transactionNo, refundNo, refundId, endedAtMs } = refund;
    if (refund.channel !== channel || refund.account !== account) continue;
    if (refund.state !== 'SUCCESS' || endedAtMs === null || !isWithin(endedAtMs)) continue;
    const { amountMinor, currency } = refund;
    const numbers = { orderNo, refundNo, transactionNo, movementNo: refundId };
    add({ kind: 'refund', ...numbers, amountMinor, currency, atMs: endedAtMs });
  }
  return lines.sort(byTime);
}

/** The order of lines: by time, and where that is the same by kind. Equal lines keep their places. */
export function byTime(left: StatementLine, right: StatementLine): number {
  return left.atMs - right.atMs || KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind);
}

/** The file, in UTF-8 with LF. With `hasWrongTotals` its first total is one too many in all things. */
export function statementText(
  { channel, account, day }: StatementTarget,
  lines: readonly StatementLine[],
  hasWrongTotals: boolean,
): string {
  const rows = [
    'tieout-sandbox-statement,1',
    `channel,${channel}`,
    `account,${account}`,
    `day,${day}`,
    'kind,order_no,refund_no,transaction_no,movement_no,amount,currency,fee,status,at',
    ...lines.map(rowOf),
    ...totalRows(lines, hasWrongTotals ? 1 : 0),
    `end,${lines.length}`,
  ];
  return `${rows.join('\n')}\n`;
}

function rowOf(line: StatementLine): string {
  const { kind, orderNo, refundNo, transactionNo, movementNo, amountMinor, currency } = line;
  return [
    kind,
    orderNo,
    refundNo ?? '',
    transactionNo,
    movementNo ?? '',
    majorAmount(amountMinor, currency),
    currency,
    majorAmount(line.feeMinor, currency),
    'succeeded',
    channelTimeText(line.atMs),
  ].join(',');
}

type Total = { count: number; amountMinor: number; feeMinor: number };

function totalRows(lines: readonly StatementLine[], excess: number): string[] {
  const totals = new Map<string, Total>();
  for (const { kind, currency, amountMinor, feeMinor } of lines) {
    const key = `${KINDS.indexOf(kind)},${currency}`;
    const total = totals.get(key) ?? { count: 0, amountMinor: 0, feeMinor: 0 };
    total.count += 1;
    total.amountMinor += amountMinor;
    total.feeMinor += feeMinor;
    totals.set(key, total);
  }
  const sorted = [...totals].sort(([left], [right]) => (left < right ? -1 : 1));
  return sorted.map(([key, { count, amountMinor, feeMinor }], at) => {
    const [kindAt = '0', currency = ''] = key.split(',');
    const over = at === 0 ? excess : 0;
    return [
      'total',
      KINDS[Number(kindAt)],
      currency,
      count + over,
      majorAmount(amountMinor + over, currency),
      majorAmount(feeMinor + over, currency),
    ].join(',');
  });
}
