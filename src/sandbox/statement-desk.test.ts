import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newBooks, START_MS, submission } from './books-rig.ts';
import { dayBounds } from './business-day.ts';
import { StatementDesk, type StatementEntry } from './statement-desk.ts';
import { parseStatementFaults, STATEMENT_FAULTS } from './statement-faults.ts';

const DAY = '2026-11-24';
const NEXT_DAY = '2026-11-25';
const { channel, account } = submission();
const TARGET = { channel, account, day: DAY };
const { untilMs, readyAtMs } = dayBounds(DAY);

/** Books with that many payments of 10.00, the last 200 ms before midnight, and their desk. */
function newDesk(paymentCount = 4) {
  const books = newBooks();
  for (let at = 1; at <= paymentCount; at++) {
    const atMs = at === paymentCount ? untilMs - 200 : START_MS + at * 1_000;
    const outNo = `A000000${at}`;
    books.pay(submission({ outNo, amountMinor: 1_000, expireAtMs: atMs + 1_000 }), atMs);
    books.payerPays(channel, outNo, atMs);
  }
  const journal: StatementEntry[] = [];
  let tokens = 0;
  const options = { books, newToken: () => `token-${++tokens}` };
  const desk = new StatementDesk({ ...options, record: (entry) => void journal.push(entry) });
  return { books, desk, journal, again: () => new StatementDesk({ ...options, record: () => {} }) };
}

const order = (faults: readonly object[]) => parseStatementFaults(faults);

/** Asks and fetches what is ready; the state where nothing is. */
function fetched(desk: StatementDesk, nowMs: number, day = DAY) {
  const answer = desk.ask({ ...TARGET, day }, nowMs);
  if (answer.state !== 'READY') return { state: answer.state, rows: [], isWhole: false };
  const body = desk.download(answer.token, nowMs)?.body ?? Buffer.from('');
  const isWhole = createHash('sha256').update(body).digest('hex') === answer.sha256;
  return { state: 'READY', rows: body.toString().split('\n'), isWhole };
}

/** Order number, amount and fee of every line of that kind. */
function linesOf(rows: readonly string[], kind = 'payment'): string[] {
  const fields = rows.map((row) => row.split(','));
  return fields.filter(([first]) => first === kind).map((row) => `${row[1]} ${row[5]} ${row[7]}`);
}

const TRUE_LINES = ['1', '2', '3', '4'].map((at) => `A000000${at} 10.00 0.06`);

describe('a statement that nobody had made', () => {
  test('is ready at nine in the morning of the next day', () => {
    const { desk } = newDesk();
    expect(new Date(readyAtMs).toISOString()).toBe('2026-11-25T01:00:00.000Z');
    expect(fetched(desk, readyAtMs - 1).state).toBe('CREATING');
    const { rows, isWhole } = fetched(desk, readyAtMs);
    expect(linesOf(rows)).toEqual(TRUE_LINES);
    expect(isWhole).toBe(true);
    expect(fetched(desk, readyAtMs).rows).toEqual(rows);
  });

  test('does not exist for a day without movements', () => {
    const { desk } = newDesk();
    expect(fetched(desk, readyAtMs, '2026-11-20').state).toBe('NO_TRADES');
    expect(fetched(desk, readyAtMs + 86_400_000, NEXT_DAY).state).toBe('NO_TRADES');
  });

  test('is fetched by an address that ends after five minutes', () => {
    const { desk } = newDesk();
    const answer = desk.ask(TARGET, readyAtMs);
    const token = answer.state === 'READY' ? answer.token : '';
    expect(desk.download(token, readyAtMs + 299_999)?.name).toBe(
      'sandbox-shop-account-2026-11-24.csv',
    );
    expect(desk.download(token, readyAtMs + 300_000)).toBeNull();
    expect(desk.download('another', readyAtMs)).toBeNull();
  });
});

describe('a statement made to order', () => {
  test('is ready while its day lasts, ends there, and is whole from the hour of the day’s own', () => {
    const { desk } = newDesk();
    const made = desk.generate(TARGET, [], START_MS + 3_000);
    expect(made).toMatchObject({ lineCount: 3, spoilt: {} });
    const early = fetched(desk, START_MS + 10_000);
    expect(early.rows.join('\n')).toBe(made.text);
    expect(linesOf(early.rows)).toEqual(TRUE_LINES.slice(0, 3));
    expect(linesOf(fetched(desk, readyAtMs).rows)).toEqual(TRUE_LINES);
  });

  test('of a day without movements has no file', () => {
    const { desk } = newDesk(0);
    const made = desk.generate(TARGET, [], START_MS);
    expect(made).toEqual({ lineCount: 0, spoilt: {}, sha256: null, text: null });
    expect(fetched(desk, START_MS).state).toBe('NO_TRADES');
  });

  test('without faults mends one that had some', () => {
    const { desk } = newDesk();
    desk.generate(TARGET, order([{ fault: 'missing_line' }]), readyAtMs);
    expect(linesOf(fetched(desk, readyAtMs).rows)).toHaveLength(3);
    desk.generate(TARGET, [], readyAtMs);
    expect(linesOf(fetched(desk, readyAtMs).rows)).toEqual(TRUE_LINES);
  });

  test('survives a restart with its faults and versions', () => {
    const { desk, journal, again } = newDesk();
    desk.generate(TARGET, order([{ fault: 'rewritten' }, { fault: 'fee_off' }]), readyAtMs);
    fetched(desk, readyAtMs);
    const restarted = again();
    for (const entry of journal) restarted.restore(entry);
    expect(linesOf(fetched(restarted, readyAtMs).rows)).toEqual(
      linesOf(fetched(desk, readyAtMs).rows),
    );
    expect([...restarted.entries()]).toEqual([...desk.entries()]);
  });
});

const [first, second, third, fourth] = TRUE_LINES as [string, string, string, string];
const CENT_LESS = 'A0000001 9.99 0.06';
const STRANGERS = 'NOTOURS2026112400001 66.00 0.40';

describe('a fault of a statement', () => {
  test.each([
    ['missing_line', [second, third, fourth]],
    ['extra_line', [first, second, third, STRANGERS, fourth]],
    ['extra_charge_line', [first, first, second, third, fourth]],
    ['cent_off', [CENT_LESS, second, third, fourth]],
    ['fee_off', ['A0000001 10.00 0.07', second, third, fourth]],
    ['repeated_line', [first, first, second, third, fourth]],
    ['next_day', [first, second, third]],
  ])('%s is in it each time, with totals that agree, and not in the books', (fault, lines) => {
    const { books, desk } = newDesk();
    const before = JSON.stringify([...books.entries()]);
    const made = desk.generate(TARGET, order([{ fault }]), readyAtMs);
    expect(made.spoilt).toEqual({ [fault]: 1 });
    for (const { rows, isWhole } of [fetched(desk, readyAtMs), fetched(desk, readyAtMs)]) {
      expect(isWhole).toBe(true);
      expect(linesOf(rows).toSorted()).toEqual([...lines].sort());
      expect(rows).toContain(totalOf(lines));
      expect(rows).toContain(`end,${lines.length}`);
    }
    expect(JSON.stringify([...books.entries()])).toBe(before);
  });

  test('extra_charge_line has another transaction number, repeated_line the same', () => {
    const numbers = (fault: string) => {
      const { desk } = newDesk();
      desk.generate(TARGET, order([{ fault }]), readyAtMs);
      const rows = fetched(desk, readyAtMs).rows.filter((row) => row.startsWith('payment'));
      return new Set(rows.map((row) => row.split(',')[3])).size;
    };
    expect([numbers('extra_charge_line'), numbers('repeated_line')]).toEqual([5, 4]);
  });

  test('foreign_refund_line gives back half of a real charge, without a number of ours', () => {
    const { desk } = newDesk();
    desk.generate(TARGET, order([{ fault: 'foreign_refund_line' }]), readyAtMs);
    const { rows } = fetched(desk, readyAtMs);
    const payment = rows.find((row) => row.startsWith('payment'))?.split(',') ?? [];
    const refund = rows.find((row) => row.startsWith('refund'))?.split(',') ?? [];
    const [, orderNo, , transactionNo] = payment;
    expect(refund.slice(0, 4)).toEqual(['refund', orderNo, '', transactionNo]);
    expect(refund.slice(4, 8)).toEqual([expect.stringMatching(/^R9/), '5.00', 'CNY', '-0.03']);
    expect(rows).toContain('total,refund,CNY,1,5.00,-0.03');
  });

  test('next_day lists the last payment of the day on the next, where it is the only one', () => {
    const { desk } = newDesk();
    const muchLaterMs = readyAtMs + 86_400_000;
    desk.generate(TARGET, order([{ fault: 'next_day' }]), readyAtMs);
    const { rows } = fetched(desk, muchLaterMs, NEXT_DAY);
    expect(linesOf(rows)).toEqual([fourth]);
    expect(rows[5]).toMatch(/,2026-11-24T23:59:59\.800\+08:00$/);
    desk.generate({ ...TARGET, day: NEXT_DAY }, order([{ fault: 'cent_off' }]), muchLaterMs);
    expect(linesOf(fetched(desk, muchLaterMs, NEXT_DAY).rows)).toEqual(['A0000004 9.99 0.06']);
  });

  test('late keeps it from being ready for so many asks, or until a time', () => {
    const { desk } = newDesk();
    desk.generate(TARGET, order([{ fault: 'late', count: 2 }]), readyAtMs);
    const states = [1, 2, 3].map(() => fetched(desk, readyAtMs).state);
    expect(states).toEqual(['CREATING', 'CREATING', 'READY']);
    const until = new Date(readyAtMs + 60_000).toISOString();
    desk.generate(TARGET, order([{ fault: 'late', until }]), readyAtMs);
    expect(fetched(desk, readyAtMs + 59_999).state).toBe('CREATING');
    expect(fetched(desk, readyAtMs + 60_000).state).toBe('READY');
  });

  test.each([
    ['rewritten', [second, third, fourth]],
    ['rewritten_amount', [CENT_LESS, second, third, fourth]],
  ])('%s is in the first version only', (fault, lines) => {
    const { desk } = newDesk();
    desk.generate(TARGET, order([{ fault }]), readyAtMs);
    const versions = [1, 2, 3].map(() => linesOf(fetched(desk, readyAtMs).rows));
    expect(versions).toEqual([lines, TRUE_LINES, TRUE_LINES]);
  });

  test('corrupt cuts the first downloads off, which their digest shows', () => {
    const { desk } = newDesk();
    desk.generate(TARGET, order([{ fault: 'corrupt', count: 2 }]), readyAtMs);
    const all = [1, 2, 3].map(() => fetched(desk, readyAtMs));
    expect(all.map(({ isWhole }) => isWhole)).toEqual([false, false, true]);
    expect(all[0]?.rows.some((row) => row.startsWith('end,'))).toBe(false);
    expect(linesOf(all[2]?.rows ?? [])).toEqual(TRUE_LINES);
  });

  test('corrupt_totals shows only in the totals of the first download', () => {
    const { desk } = newDesk();
    desk.generate(TARGET, order([{ fault: 'corrupt_totals' }]), readyAtMs);
    const [wrong, right] = [1, 2].map(() => fetched(desk, readyAtMs));
    expect(wrong).toMatchObject({ isWhole: true });
    expect(wrong?.rows).toContain('total,payment,CNY,5,40.01,0.25');
    expect(right?.rows).toContain('total,payment,CNY,4,40.00,0.24');
    expect(linesOf(wrong?.rows ?? [])).toEqual(linesOf(right?.rows ?? []));
  });

  test('befalls other lines than the one before it, and says how many there were', () => {
    const { desk } = newDesk();
    const faults = order([
      { fault: 'cent_off', count: 2 },
      { fault: 'missing_line' },
      { fault: 'fee_off', count: 5 },
    ]);
    const { spoilt, text } = desk.generate(TARGET, faults, readyAtMs);
    expect(spoilt).toEqual({ cent_off: 2, missing_line: 1, fee_off: 1 });
    const lines = [CENT_LESS, 'A0000002 9.99 0.06', 'A0000004 10.00 0.07'];
    expect(linesOf(text?.split('\n') ?? [])).toEqual(lines);
  });

  test('is described in two languages', () => {
    for (const { zh, en } of Object.values(STATEMENT_FAULTS)) {
      expect(zh).toMatch(/[\u4e00-\u9fff]/);
      expect(en).toMatch(/^[A-Z]/);
    }
  });

  test.each([
    ['faults', {}],
    ['faults', [{ fault: 'late' }, { fault: 'late' }]],
    ['faults/0', [7]],
    ['faults/0/fault', [{ fault: 'lost' }]],
    ['faults/1/count', [{ fault: 'late' }, { fault: 'cent_off', count: 0 }]],
    ['faults/0/until', [{ fault: 'late', until: 'tomorrow' }]],
    ['faults/0/until', [{ fault: 'cent_off', until: '2026-11-24T00:00:00Z' }]],
  ])('that makes no sense is refused by its field: %s', (field, faults) => {
    expect(() => parseStatementFaults(faults)).toThrow(expect.objectContaining({ field }));
  });
});

/** The total of those lines, as the file should have it. */
function totalOf(lines: readonly string[]): string {
  const sum = (at: number) =>
    lines.reduce((cents, line) => cents + Math.round(Number(line.split(' ')[at]) * 100), 0) / 100;
  return `total,payment,CNY,${lines.length},${sum(1).toFixed(2)},${sum(2).toFixed(2)}`;
}
