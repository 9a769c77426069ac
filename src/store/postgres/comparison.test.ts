/** The comparison of a day, on a real database, and beside a matcher that was written without one. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/database.ts';
import type { Verdict } from '../../../test/support/naive-comparison.ts';
import { naiveComparison } from '../../../test/support/naive-comparison.ts';
import type { FigureRow, ItemClass } from '../../core/reconciliation/figures.ts';
import { countOf, hasDifferences, unaccounted } from '../../core/reconciliation/figures.ts';
import type { StatementLine } from '../../core/reconciliation/statement-line.ts';
import { openBulkPool } from './bulk-pool.ts';
import { compare, EDGE_MS, sidesOf } from './comparison.ts';
import type { ListedEntry } from './platform-entry-copy.ts';
import { copyListedEntries, entryValues } from './platform-entry-copy.ts';
import { listItems } from './reconciliations.ts';
import { copyStatementLines, lineValues } from './statements.ts';

const pool = openBulkPool(await freshDatabase(), { max: 1, onError: () => {} });
afterAll(async () => await pool.end());

const FROM_MS = Date.parse('2026-11-18T00:00:00+08:00');
const UNTIL_MS = FROM_MS + 86_400_000;
const NOON_MS = FROM_MS + 43_200_000;
const NUMBERS = { statement: 1, reconciliation: 1 };

function lineOf(part: Partial<StatementLine> = {}): StatementLine {
  return {
    lineNo: 1,
    kind: 'payment',
    word: '交易',
    orderNo: 'O1',
    refundNo: null,
    transactionNo: 'T1',
    movementNo: null,
    amountMinor: 1000,
    currency: 'CNY',
    feeMinor: 6,
    netMinor: 994,
    settlementCurrency: 'CNY',
    status: 'succeeded',
    atMs: NOON_MS,
    ...part,
  };
}

function entryOf(part: Partial<ListedEntry> = {}): ListedEntry {
  return {
    kind: 'payment',
    orderNo: 'O1',
    refundNo: null,
    transactionNo: 'T1',
    amountMinor: 1000,
    currency: 'CNY',
    feeMinor: 6,
    atMs: NOON_MS,
    ...part,
  };
}

const REFUND = { kind: 'refund', refundNo: 'R1' } as const;

type Compared = {
  readonly figures: readonly FigureRow[];
  /** What is written down, in its order; what simply matches is not. */
  readonly found: readonly Verdict[];
  readonly unaccounted: readonly string[];
};

/** Loads both sides, compares them, and leaves nothing behind. Lines are numbered in their order. */
async function compared(
  lines: readonly StatementLine[],
  entries: readonly ListedEntry[],
  { isContinuous = false, carried = [] as readonly number[] } = {},
): Promise<Compared> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const lineCopy = copyStatementLines(client);
    for (const [at, line] of lines.entries()) {
      lineCopy.add(lineValues(NUMBERS.statement, { ...line, lineNo: at + 1 }));
    }
    await lineCopy.end();
    const entryCopy = copyListedEntries(client);
    for (const [at, entry] of entries.entries()) {
      entryCopy.add(entryValues(NUMBERS.reconciliation, at + 1, entry));
    }
    await entryCopy.end();
    await client.query(
      "UPDATE platform_entry SET origin = 'carried' WHERE entry_no = ANY($1::integer[])",
      [carried],
    );
    const day = { fromMs: FROM_MS, untilMs: UNTIL_MS, isContinuous };
    // A day on which the channel had nothing to tell has no statement.
    const statement = lines.length === 0 ? null : NUMBERS.statement;
    const figures = await compare(client, { ...NUMBERS, ...day, statement });
    const sides = await sidesOf(client, NUMBERS);
    const items = await listItems(client, NUMBERS.reconciliation, { after: 0, limit: 10_000 });
    return {
      figures,
      found: items.map((item) => ({
        class: item.class,
        lineNo: item.lineNo,
        entryNo: item.entryNo,
      })),
      unaccounted: unaccounted(figures, sides.lines, sides.entries),
    };
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** What is found where exactly these classes are: `[class, line, entry]`. */
async function expectFound(
  lines: readonly StatementLine[],
  entries: readonly ListedEntry[],
  found: readonly (readonly [ItemClass, number | null, number | null])[],
  options: { readonly isContinuous?: boolean; readonly carried?: readonly number[] } = {},
): Promise<void> {
  const result = await compared(lines, entries, options);
  expect(result.found.map((one) => [one.class, one.lineNo, one.entryNo])).toEqual(found);
  expect(result.unaccounted).toEqual([]);
}

describe('a line and an entry of the same numbers', () => {
  test('match, and nothing is written down but their sums', async () => {
    const { figures, found } = await compared([lineOf()], [entryOf()]);
    expect(found).toEqual([]);
    expect(figures).toEqual([
      {
        class: 'matched',
        kind: 'payment',
        currency: 'CNY',
        lineCount: 1,
        lineMinor: 1000,
        lineFeeMinor: 6,
        entryCount: 1,
        entryMinor: 1000,
      },
    ]);
    expect(hasDifferences(figures)).toBe(false);
  });

  test('match whatever their times are', async () => {
    await expectFound([lineOf()], [entryOf({ atMs: NOON_MS - 3 * 86_400_000 })], []);
  });

  test('differ by amount, by currency, or by fee', async () => {
    await expectFound([lineOf({ amountMinor: 999 })], [entryOf()], [['amount', 1, 1]]);
    await expectFound([lineOf({ currency: 'USD' })], [entryOf()], [['amount', 1, 1]]);
    await expectFound([lineOf({ feeMinor: 7 })], [entryOf()], [['fee', 1, 1]]);
  });

  test('count as one difference: the amount before the fee, the status before both', async () => {
    const line = lineOf({ amountMinor: 999, feeMinor: 7 });
    await expectFound([line], [entryOf()], [['amount', 1, 1]]);
    await expectFound([{ ...line, status: 'failed' }], [entryOf()], [['status', 1, 1]]);
  });

  test('have no fee to compare where one side knows none', async () => {
    await expectFound([lineOf()], [entryOf({ feeMinor: null })], []);
    await expectFound([lineOf({ feeMinor: null })], [entryOf()], []);
  });

  test('match while the channel still works at a refund that we know succeeded', async () => {
    const refund = lineOf({ ...REFUND, status: 'pending' });
    await expectFound([refund], [entryOf(REFUND)], []);
  });
});

describe('what stands on one side only', () => {
  test('is the channel’s or ours', async () => {
    await expectFound([lineOf()], [], [['channel_only', 1, null]]);
    await expectFound([], [entryOf()], [['platform_only', null, 1]]);
  });

  test('is carried within five seconds of either end of the day, and outside of it', async () => {
    const times: readonly (readonly [number, boolean])[] = [
      [FROM_MS - 1, true],
      [FROM_MS + EDGE_MS - 1, true],
      [FROM_MS + EDGE_MS, false],
      [UNTIL_MS - EDGE_MS - 1, false],
      [UNTIL_MS - EDGE_MS, true],
      [UNTIL_MS, true],
    ];
    for (const [atMs, isCarried] of times) {
      await expectFound(
        [lineOf({ atMs })],
        [],
        [[isCarried ? 'carried' : 'channel_only', 1, null]],
      );
      const ours = isCarried ? 'carried' : 'platform_only';
      await expectFound([], [entryOf({ atMs })], [[ours, null, 1]]);
    }
  });

  test('is no difference of a file where the line tells of nothing that happened', async () => {
    await expectFound([lineOf({ status: 'failed' })], [], [['named', 1, null]]);
    await expectFound([lineOf({ status: 'pending' })], [], [['named', 1, null]]);
    // A refund that is under way took the money already.
    const refund = lineOf({ ...REFUND, status: 'pending' });
    await expectFound([refund], [], [['channel_only', 1, null]]);
  });

  test('is carried once where days follow each other, and differs the second time', async () => {
    const entries = [entryOf(), entryOf({ orderNo: 'O2', transactionNo: 'T2' })];
    await expectFound(
      [],
      entries,
      [
        ['carried', null, 1],
        ['platform_only', null, 2],
      ],
      {
        isContinuous: true,
        carried: [2],
      },
    );
    const late = lineOf({ atMs: UNTIL_MS });
    await expectFound([late], [], [['channel_only', 1, null]], { isContinuous: true });
  });
});

describe('what stands twice', () => {
  test('is a repeated line, and the first of it matches', async () => {
    await expectFound([lineOf(), lineOf()], [entryOf()], [['duplicate', 2, null]]);
    const refund = lineOf(REFUND);
    await expectFound([refund, refund], [entryOf(REFUND)], [['duplicate', 2, null]]);
  });

  test('is a repeated entry', async () => {
    await expectFound([lineOf()], [entryOf(), entryOf()], [['duplicate', null, 2]]);
    await expectFound([lineOf(), lineOf()], [entryOf(), entryOf()], [['duplicate', 2, 2]]);
  });

  test('is a duplicate before it is anything else', async () => {
    await expectFound(
      [lineOf(), lineOf({ amountMinor: 1, status: 'failed' })],
      [entryOf()],
      [['duplicate', 2, null]],
    );
  });

  test('is a second charge where the transaction is another one', async () => {
    await expectFound(
      [lineOf(), lineOf({ transactionNo: 'T2' })],
      [entryOf()],
      [['channel_only', 2, null]],
    );
  });

  test('cannot be told of rows that have no number to be told by', async () => {
    const nameless = { orderNo: null, transactionNo: null } as const;
    await expectFound(
      [lineOf(nameless), lineOf(nameless)],
      [],
      [
        ['channel_only', 1, null],
        ['channel_only', 2, null],
      ],
    );
  });
});

describe('a second look', () => {
  test('goes by the order number where one side knows no transaction', async () => {
    await expectFound([lineOf()], [entryOf({ transactionNo: null })], []);
    await expectFound(
      [lineOf({ transactionNo: null })],
      [entryOf({ amountMinor: 1 })],
      [['amount', 1, 1]],
    );
    await expectFound(
      [lineOf()],
      [entryOf({ transactionNo: 'T9' })],
      [
        ['channel_only', 1, null],
        ['platform_only', null, 1],
      ],
    );
  });

  test('leaves a second charge of an order that we have once', async () => {
    const lines = [lineOf(), lineOf({ transactionNo: 'T2' })];
    await expectFound(lines, [entryOf({ transactionNo: null })], [['channel_only', 2, null]]);
  });

  test('goes by the transaction where one side knows no order', async () => {
    await expectFound([lineOf({ orderNo: null })], [entryOf()], []);
    await expectFound(
      [lineOf({ orderNo: 'O9' })],
      [entryOf()],
      [
        ['channel_only', 1, null],
        ['platform_only', null, 1],
      ],
    );
  });

  test('finds a refund without its number by its charge and its amount, then by its order', async () => {
    const made = lineOf({ ...REFUND, refundNo: null });
    await expectFound([made], [entryOf(REFUND)], []);
    await expectFound([{ ...made, transactionNo: null }], [entryOf(REFUND)], []);
    await expectFound(
      [{ ...made, amountMinor: 999 }],
      [entryOf(REFUND)],
      [
        ['channel_only', 1, null],
        ['platform_only', null, 1],
      ],
    );
  });

  test('does not take a payment for a reversal', async () => {
    await expectFound(
      [lineOf({ kind: 'reversal', transactionNo: null })],
      [entryOf()],
      [
        ['channel_only', 1, null],
        ['platform_only', null, 1],
      ],
    );
  });
});

test('a dispute is the channel’s alone; fees, payouts and the like are named', async () => {
  const kinds = ['dispute', 'fee', 'payout', 'other'] as const;
  const lines = kinds.map((kind) => lineOf({ kind, amountMinor: -5 }));
  await expectFound(
    lines,
    [],
    [
      ['channel_only', 1, null],
      ['named', 2, null],
      ['named', 3, null],
      ['named', 4, null],
    ],
  );
});

const few = (...names: string[]) => fc.constantFrom(null, ...names);
const times = fc.constantFrom(
  FROM_MS - 1,
  FROM_MS + EDGE_MS - 1,
  FROM_MS + EDGE_MS,
  NOON_MS,
  UNTIL_MS - EDGE_MS,
);
const numbers = {
  orderNo: few('O1', 'O2'),
  transactionNo: few('T1', 'T2', 'T3'),
  amountMinor: fc.constantFrom(1, 1, 2),
  currency: fc.constantFrom('CNY', 'CNY', 'USD'),
  feeMinor: fc.constantFrom(null, 0, 1),
};
const drawnLine = fc
  .record({
    ...numbers,
    kind: fc.constantFrom('payment', 'payment', 'refund', 'refund', 'reversal', 'dispute', 'fee'),
    refundNo: few('R1', 'R2'),
    status: fc.constantFrom('succeeded', 'succeeded', 'pending', 'failed'),
    atMs: fc.option(times),
  })
  .map((part) => lineOf({ ...part, refundNo: part.kind === 'refund' ? part.refundNo : null }));
const drawnEntry = fc
  .record({
    ...numbers,
    kind: fc.constantFrom('payment', 'refund'),
    refundNo: few('R1', 'R2'),
    atMs: times,
  })
  .map((part) => entryOf({ ...part, refundNo: part.kind === 'refund' ? part.refundNo : null }));

test('whatever is compared, every line and entry is accounted for, as one finds without a database', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(drawnLine, { maxLength: 14 }),
      fc.array(drawnEntry, { maxLength: 14 }),
      async (lines, entries) => {
        const day = { fromMs: FROM_MS, untilMs: UNTIL_MS, edgeMs: EDGE_MS };
        const ordered = lines.map((line, at) => ({ ...line, lineNo: at + 1 }));
        const naive = naiveComparison(ordered, entries, day);
        const result = await compared(lines, entries);
        expect(result.unaccounted).toEqual([]);
        expect(sorted(result.found)).toEqual(
          sorted(naive.filter((verdict) => verdict.class !== 'matched')),
        );
        const matched = naive.filter((verdict) => verdict.class === 'matched');
        expect(countOf(result.figures, 'matched')).toBe(matched.length);
        const counted = result.figures.reduce((sum, row) => sum + row.lineCount, 0);
        expect(counted).toBe(lines.length);
      },
    ),
    { numRuns: 150 },
  );
});

function sorted(verdicts: readonly Verdict[]): string[] {
  return verdicts.map((one) => `${one.lineNo} ${one.entryNo} ${one.class}`).toSorted();
}
