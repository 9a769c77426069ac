/** Counts and sums of the lines of one file, exact or refused. */
import type {
  StatementLine,
  StatementLineKind,
  StatementTotal,
} from '../core/reconciliation/statement-line.ts';
import { StatementError } from './statement-format.ts';

type OpenTotal = {
  kind: StatementLineKind;
  currency: string;
  count: number;
  amountMinor: number;
  feeMinor: number;
};

export type StatementTotals = {
  /** Counts a line in, unless it failed or is pending. */
  add(line: StatementLine): void;
  of(kind: StatementLineKind, currency: string): StatementTotal;
  list(): readonly StatementTotal[];
};

/** Empty totals. Adding throws StatementError where a sum is too large to be exact. */
export function newStatementTotals(): StatementTotals {
  const totals: OpenTotal[] = [];
  let last: OpenTotal | undefined;
  const openOf = (kind: StatementLineKind, currency: string): OpenTotal => {
    if (last?.kind === kind && last.currency === currency) return last;
    last = totals.find((one) => one.kind === kind && one.currency === currency);
    if (last === undefined) {
      last = { kind, currency, count: 0, amountMinor: 0, feeMinor: 0 };
      totals.push(last);
    }
    return last;
  };
  return {
    add: (line) => {
      if (line.status !== 'succeeded') return;
      const total = openOf(line.kind, line.currency);
      total.count += 1;
      total.amountMinor = exactSum(total.amountMinor, line.amountMinor, line.lineNo);
      total.feeMinor = exactSum(total.feeMinor, line.feeMinor ?? 0, line.lineNo);
    },
    of: (kind, currency) => ({
      ...(totals.find((one) => one.kind === kind && one.currency === currency) ?? {
        kind,
        currency,
        count: 0,
        amountMinor: 0,
        feeMinor: 0,
      }),
    }),
    list: () => totals.map((total) => ({ ...total })),
  };
}

/** The sum of two whole numbers; throws StatementError where it is not exact any more. */
export function exactSum(a: number, b: number, lineNo: number): number {
  const sum = a + b;
  if (Number.isSafeInteger(sum)) return sum;
  throw new StatementError(
    'the sum of the amounts is too large to be exact',
    lineNo,
    'Look at the amounts of this file: no day of payments comes to so much.',
  );
}

/** Compares a total that the file states with the one that its lines came to. Throws StatementError naming both. */
export function expectTotal(
  name: string,
  stated: number,
  counted: number,
  lineNo: number | null,
  write: (value: number) => string = String,
): void {
  if (stated === counted) return;
  throw new StatementError(
    `${name} is ${write(stated)}, but the lines come to ${write(counted)}`,
    lineNo,
    'Lines are missing, doubled or changed: fetch the file again from the channel.',
  );
}

/** A file that ends before its foot. */
export function cutOff(missing: string, lineNo: number): StatementError {
  return new StatementError(
    `the file ends without ${missing}`,
    lineNo,
    'It was cut off: fetch it again from the channel.',
  );
}

/** A file that is of another day, account or channel than was asked for. */
export function notExpected(
  what: 'day' | 'account' | 'channel',
  found: string,
  expected: string,
  lineNo: number | null,
): StatementError {
  return new StatementError(
    `the file is of the ${what} ${found}, and ${expected} was expected`,
    lineNo,
    what === 'day'
      ? 'Fetch the file of the expected day, or import this one under its own day.'
      : 'Import it under the channel account that it belongs to.',
  );
}
