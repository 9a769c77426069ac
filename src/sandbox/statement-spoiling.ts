/** What the ordered faults make of the lines of a statement. Pure; the same faults hit the same lines. */
import { type DayBounds, dayBounds } from './business-day.ts';
import { feeMinorOf } from './fee-rule.ts';
import type { StatementFault, StatementFaultName } from './statement-faults.ts';
import { byTime, type StatementLine, type StatementTarget } from './statements.ts';

export type SpoiltStatement = {
  readonly lines: readonly StatementLine[];
  /** How many lines each fault on lines really befell: there may be too few payments. */
  readonly spoilt: Partial<Readonly<Record<StatementFaultName, number>>>;
};

/** What stands in the place of a payment's line, in the version of that number (the first is 0). */
type LineEffect = (
  line: StatementLine,
  version: number,
  bounds: DayBounds,
) => readonly StatementLine[];

const NO_EFFECT: LineEffect = (line) => [line];

/** Each takes payments that no other has touched, so that one line has one difference. */
const LINE_EFFECTS: Partial<Readonly<Record<StatementFaultName, LineEffect>>> = {
  missing_line: () => [],
  extra_charge_line: (line, _version, { untilMs }) => [line, otherChargeOf(line, untilMs)],
  cent_off: (line) => [lessByOne(line)],
  fee_off: (line) => [{ ...line, feeMinor: line.feeMinor + 1 }],
  foreign_refund_line: (line, _version, { untilMs }) => [line, foreignRefundOf(line, untilMs)],
  repeated_line: (line) => [line, line],
  rewritten: (line, version) => (version === 0 ? [] : [line]),
  rewritten_amount: (line, version) => [version === 0 ? lessByOne(line) : line],
};

/** The lines of one version of a statement under those faults, with what they befell. */
export function spoiltStatement(
  target: StatementTarget,
  lines: readonly StatementLine[],
  faults: readonly StatementFault[],
  version: number,
): SpoiltStatement {
  const bounds = dayBounds(target.day);
  const payments = lines.filter(({ kind }) => kind === 'payment');
  const effects = new Map<StatementLine, LineEffect>();
  const extra: StatementLine[] = [];
  const spoilt: Partial<Record<StatementFaultName, number>> = {};
  for (const { fault, count } of faults) {
    const effect = LINE_EFFECTS[fault];
    if (fault === 'extra_line') {
      const currency = payments[0]?.currency ?? 'CNY';
      for (let at = 0; at < count; at++) extra.push(strangersPayment(target.day, at, currency));
      spoilt[fault] = count;
    } else if (effect !== undefined) {
      const victims = payments.splice(0, count);
      for (const victim of victims) effects.set(victim, effect);
      spoilt[fault] = victims.length;
    }
  }
  const kept = lines.flatMap((line) => (effects.get(line) ?? NO_EFFECT)(line, version, bounds));
  return { lines: [...kept, ...extra].sort(byTime), spoilt };
}

/** Which of a day's lines the fault `next_day` lists on the next: its last payments. */
export function movedToNextDay(
  lines: readonly StatementLine[],
  faults: readonly StatementFault[],
): ReadonlySet<StatementLine> {
  const count = faults.find(({ fault }) => fault === 'next_day')?.count ?? 0;
  const payments = lines.filter(({ kind }) => kind === 'payment');
  return new Set(count === 0 ? [] : payments.slice(-count));
}

function lessByOne(line: StatementLine): StatementLine {
  // Nothing is paid by an amount of 0, so the smallest amount is off the other way.
  return { ...line, amountMinor: line.amountMinor > 1 ? line.amountMinor - 1 : 2 };
}

/** No charge begins with a 9 before the year 2255: these numbers are the time, in milliseconds, first. */
const STRANGE = '9';

function otherChargeOf(line: StatementLine, untilMs: number): StatementLine {
  const transactionNo = STRANGE + line.transactionNo.slice(1);
  return { ...line, transactionNo, atMs: Math.min(line.atMs + 1_000, untilMs - 1) };
}

function foreignRefundOf(line: StatementLine, untilMs: number): StatementLine {
  const amountMinor = Math.max(1, Math.floor(line.amountMinor / 2));
  return {
    ...line,
    kind: 'refund',
    movementNo: `R${STRANGE}${line.transactionNo.slice(1)}`,
    amountMinor,
    feeMinor: feeMinorOf('refund', amountMinor),
    atMs: Math.min(line.atMs + 60_000, untilMs - 1),
  };
}

/** A payment that nobody here made, at noon. */
function strangersPayment(day: string, at: number, currency: string): StatementLine {
  const date = day.replaceAll('-', '');
  const amountMinor = 6_600 + at;
  return {
    kind: 'payment',
    orderNo: `NOTOURS${date}${String(at + 1).padStart(5, '0')}`,
    refundNo: null,
    transactionNo: `${STRANGE}${date}${String(at + 1).padStart(19, '0')}`,
    movementNo: null,
    amountMinor,
    currency,
    feeMinor: feeMinorOf('payment', amountMinor),
    atMs: dayBounds(day).fromMs + 12 * 3_600_000,
  };
}
