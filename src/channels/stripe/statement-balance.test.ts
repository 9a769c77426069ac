import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verdictOn } from '../../../test/support/statement-verdict.ts';

const NAME = 'stripe_balance_change_from_activity.itemized.csv';
const TEXT = readFileSync(new URL(`fixtures/${NAME}`, import.meta.url), 'utf8');
const UTC = { utcOffsetMinutes: 0 };
const read = async (text: string, expected: object = UTC) =>
  await verdictOn(Buffer.from(text), { expected });

const COLUMNS =
  'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,customer_facing_amount,customer_facing_currency,charge_id,payment_metadata[order_no],refund_metadata[refund_no]';
const row = (category: string, gross: string, facing = ',', net = gross): string =>
  `txn_1,2026-11-18 01:00:20,usd,${gross},0.00,${net},${category},src_1,${facing},ch_1,ORD-1,REF-1`;

describe('the sample report', () => {
  test('is read in major units, by what the payer was charged', async () => {
    const verdict = await read(TEXT);
    if (!verdict.accepted) throw verdict.error;
    expect(verdict.lines).toMatchObject([
      {
        kind: 'payment',
        orderNo: 'ORD-1',
        transactionNo: 'ch_3Demo0001',
        amountMinor: 10_000,
        feeMinor: 320,
        netMinor: 9_680,
        currency: 'USD',
      },
      {
        kind: 'refund',
        refundNo: 'REF-1',
        movementNo: 're_3Demo0001',
        amountMinor: 3_000,
        netMinor: -3_000,
      },
      { kind: 'payment', amountMinor: 1_500, currency: 'JPY', feeMinor: 84 },
      { kind: 'dispute', amountMinor: 5_000, netMinor: -6_500 },
    ]);
    expect(verdict.read.summary).toMatchObject({ day: '2026-11-18', hasTrailer: false });
  });

  test('has its days in the zone of the account', async () => {
    const late = TEXT.replace('2026-11-18 09:00:00', '2026-11-18 17:00:00');
    expect((await read(late)).accepted).toBe(true);
    expect(await read(late, { utcOffsetMinutes: 480 })).toMatchObject({
      error: { lineNo: 5, reason: expect.stringContaining('day 2026-11-19') },
    });
  });

  test('needs the column that holds our order number, under the key that is configured', async () => {
    const other = { ...UTC, metadataKeys: { order: 'tieout_order', refund: 'refund_no' } };
    expect(await read(TEXT, other)).toMatchObject({
      error: { reason: 'the column payment_metadata[tieout_order] is missing' },
    });
    expect((await read(TEXT.replace('[order_no]', '[tieout_order]'), other)).accepted).toBe(true);
  });

  test.each([
    ['without its last line end', TEXT.slice(0, -1)],
    ['whose net is not gross less fee', TEXT.replace('96.80', '96.81')],
    ['in a currency that nobody knows', TEXT.replaceAll('usd', 'usx')],
    ['with yen that have decimals', TEXT.replaceAll('1500', '1500.5')],
  ])('%s is refused', async (_what, text) => {
    expect((await read(text)).accepted).toBe(false);
  });

  test('may write yen with zeros behind the point', async () => {
    const zeros = TEXT.replace(',1500,84,1416,', ',1500.00,84.00,1416.00,');
    expect((await read(zeros)).accepted).toBe(true);
  });
});

test.each([
  ['charge', '100.00', 'payment', 10_000, 'succeeded'],
  ['payment', '100.00', 'payment', 10_000, 'succeeded'],
  ['refund', '-30.00', 'refund', 3_000, 'succeeded'],
  ['payment_refund', '-30.00', 'refund', 3_000, 'succeeded'],
  ['refund_failure', '30.00', 'refund', 3_000, 'failed'],
  ['charge_failure', '-100.00', 'reversal', 10_000, 'succeeded'],
  ['dispute', '-50.00', 'dispute', 5_000, 'succeeded'],
  ['dispute_reversal', '50.00', 'dispute', 5_000, 'succeeded'],
  ['payout', '-80.00', 'payout', -8_000, 'succeeded'],
  ['payout_reversal', '80.00', 'payout', 8_000, 'succeeded'],
  ['fee', '-1.00', 'fee', -100, 'succeeded'],
  ['other_adjustment', '-1.00', 'other', -100, 'succeeded'],
])(
  'the category %s of %s is a %s of %i, %s',
  async (category, gross, kind, amountMinor, status) => {
    const verdict = await read(`${COLUMNS}\n${row(category, gross)}\n`);
    expect(verdict).toMatchObject({ lines: [{ word: category, kind, amountMinor, status }] });
  },
);

test('a payer charged in another currency is matched in that currency', async () => {
  const verdict = await read(`${COLUMNS}\n${row('charge', '14.02', '100.00,cny')}\n`);
  expect(verdict).toMatchObject({
    lines: [{ amountMinor: 10_000, currency: 'CNY', netMinor: 1_402, settlementCurrency: 'USD' }],
  });
});
