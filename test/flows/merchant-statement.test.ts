/** A merchant reconciles its own books, kept from what it was answered, against its daily statements. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, businessDayOf, CHINA_DAY } from '../../src/core/reconciliation/business-day.ts';
import { createShopKey } from '../../src/cli/prepare-merchant.ts';
import { freshDatabase } from '../support/database.ts';
import type { World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
let databaseUrl = '';
let firstDay = '';

type Line = {
  kind: string;
  merchant_order_no: string;
  merchant_refund_no: string | null;
  amount: number;
  balance: number;
  currency: string;
};
type Day = {
  complete: boolean;
  data: Line[];
  totals: { kind: string; count: number; amount: number; balance: number }[];
};

async function today(): Promise<string> {
  const { body } = await world.call('GET', '/v1/test/clock');
  return businessDayOf(Date.parse(String(body['now'])), CHINA_DAY);
}

async function dayOf(date: string): Promise<Day> {
  const { status, body } = await world.call('GET', `/v1/merchant_statements?date=${date}`);
  expect(status).toBe(200);
  return body as unknown as Day;
}

async function nextDay(): Promise<void> {
  const day = await today();
  while ((await today()) === day) await world.advance('PT2H');
}

async function pay(orderNo: string, scenario: string, fields: Record<string, unknown> = {}) {
  const { body } = await world.pay(orderNo, { metadata: { scenario }, ...fields });
  await world.advance('PT2M');
  return String(body.id);
}

beforeAll(async () => {
  databaseUrl = await freshDatabase();
  world = await openWorld(databaseUrl);
  firstDay = await today();
  const paid = await pay('M-1', 'success', { amount: 10_000 });
  await pay('M-TWICE', 'pay_twice', { amount: 2_000 });
  await nextDay();
  const refund = { payment: paid, merchant_refund_no: 'M-1-R', amount: 1_500 };
  await world.call('POST', '/v1/refunds', refund);
  await pay('M-BACK', 'reversed', { amount: 700 });
  await pay('M-CONSOLE', 'console_refund', { amount: 300 });
  await nextDay();
  await pay('M-LATE', 'paid_after_close', { amount: 900, expires_in: 60 });
  await nextDay();
}, 120_000);

afterAll(async () => {
  await world.stop();
});

describe("a merchant's statements", () => {
  it('have each order and refund once over all days, with the sums of its own books', async () => {
    const days = [0, 1, 2].map((count) => addDays(firstDay, count));
    const lines: Line[] = [];
    for (const day of days) {
      const { data, complete, totals } = await dayOf(day);
      expect(complete).toBe(true);
      for (const total of totals) {
        const mine = data.filter(({ kind }) => kind === total.kind);
        expect(total.count).toBe(mine.length);
        expect(total.balance).toBe(mine.reduce((sum, one) => sum + one.balance, 0));
      }
      lines.push(...data);
    }
    const named = (kind: string) =>
      lines
        .filter((one) => one.kind === kind)
        .map((one) => ({ no: one.merchant_refund_no ?? one.merchant_order_no, ...one }))
        .toSorted((one, other) => (one.no < other.no ? -1 : 1))
        .map(({ no, amount, balance }) => [no, amount, balance]);
    expect(named('payment')).toEqual([
      ['M-1', 10_000, 10_000],
      ['M-BACK', 700, 700],
      ['M-CONSOLE', 300, 300],
      ['M-TWICE', 2_000, 2_000],
    ]);
    expect(named('refund')).toEqual([['M-1-R', 1_500, -1_500]]);
    expect(named('refund_returned')).toEqual([['M-1-R', 1_500, 0]]);
    expect(named('reversal')).toEqual([['M-BACK', 700, -700]]);
    expect(named('channel_refund')).toEqual([['M-CONSOLE', 300, -300]]);
    // Money beside the winner, and money for a closed payment, were never the merchant's.
    expect(named('surplus_received')).toEqual([
      ['M-LATE', 900, 0],
      ['M-TWICE', 2_000, 0],
    ]);
    expect(named('surplus_returned')).toEqual(named('surplus_received'));
    // What the merchant is owed: what it sold, less what went back.
    expect(lines.reduce((sum, one) => sum + one.balance, 0)).toBe(10_000 + 2_000 - 1_500);
  });

  it('say when a day is not over', async () => {
    expect((await dayOf(await today())).complete).toBe(false);
  });

  it('come as CSV too, with totals and an end', async () => {
    const answer = await fetch(
      `${world.apiUrl}/v1/merchant_statements?date=${firstDay}&format=csv`,
      { headers: { authorization: `Bearer ${world.secretKey}` } },
    );
    const rows = (await answer.text()).split('\r\n');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(rows[0]).toMatch(/^kind,merchant_order_no,/);
    expect(rows.some((row) => row.startsWith('payment,M-1,'))).toBe(true);
    expect(rows).toContainEqual(expect.stringMatching(/^total payment,2,,,,,,120\.00,120\.00,CNY/));
    expect(rows.at(-2)).toMatch(/^end,.*complete$/);
  });

  it('are nobody else’s', async () => {
    const key = await createShopKey(databaseUrl);
    const answer = await fetch(`${world.apiUrl}/v1/merchant_statements?date=${firstDay}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await answer.json()).toMatchObject({ data: [], totals: [] });
  });
});
