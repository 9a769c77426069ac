import { describe, expect, test } from 'vitest';
import {
  asReceived,
  FORGED_SHAPES,
  forgedNotifications,
  GENUINE_SHAPES,
  genuineNotifications,
} from '../../../test/support/forgery.ts';
import type { NotificationSource } from '../../../test/support/forgery.ts';
import { sealedHeaders } from '../../../test/support/sandbox-message.ts';
import { channelOrderNo, newPaymentId } from '../../core/id.ts';
import { readSandboxNotification } from './notification.ts';
import { newSandboxKey } from './signature.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 12);
const ACCOUNT = 'main';
const SECRET = 'a-secret-that-both-sides-know-0001';
const COUNT = 2_000;
const SEED = 20_261_124;

const SOURCE: NotificationSource = {
  account: ACCOUNT,
  secret: SECRET,
  nowMs: () => NOW_MS,
  order: (n) => ({
    outNo: channelOrderNo(newPaymentId(7, NOW_MS + n, new Uint8Array(10).fill(n)), 1),
    amountMinor: 1 + ((n * 7_919) % 100_000_000),
    currency: 'CNY',
  }),
};

const key = newSandboxKey(ACCOUNT, SECRET);
const read = (headers: Record<string, string>, body: Uint8Array, nowMs = NOW_MS) =>
  readSandboxNotification(key, { headers, body }, nowMs);

describe('forged and altered notifications', () => {
  test(`${COUNT} of them, in ${FORGED_SHAPES.length} shapes, are refused with a reason, and none throws`, () => {
    const believed: string[] = [];
    const reasons = new Set<string>();
    const shapes = new Set<string>();
    for (const forged of forgedNotifications(SEED, COUNT, SOURCE)) {
      const reading = read(asReceived(forged), forged.body);
      shapes.add(forged.shape);
      if (reading.type === 'refused' && reading.reason !== '') reasons.add(reading.reason);
      else believed.push(forged.shape);
    }
    expect(believed).toEqual([]);
    expect(shapes).toEqual(new Set(FORGED_SHAPES));
    expect(FORGED_SHAPES.length).toBeGreaterThanOrEqual(60);
    expect(reasons.size).toBeGreaterThan(10);
  });
});

describe('genuine notifications', () => {
  test(`${COUNT} of them, in ${GENUINE_SHAPES.length} legal forms, are authentic and mean what they say`, () => {
    const wrong: unknown[] = [];
    for (const genuine of genuineNotifications(SEED, COUNT, SOURCE)) {
      const { shape, outNo, expected, body } = genuine;
      const reading = read(asReceived(genuine), body);
      const isRight =
        reading.type !== 'refused' &&
        reading.channelOrderNo === outNo &&
        reading.account === ACCOUNT &&
        reading.raw.length <= 2_000 &&
        means(reading.outcome, expected);
      if (!isRight) wrong.push({ shape, reading });
    }
    expect(wrong).toEqual([]);
  });

  test('come the same from the same seed, and otherwise from another', () => {
    expect(written(1)).toEqual(written(1));
    expect(written(1)).not.toEqual(written(2));
  });
});

function written(seed: number): unknown[] {
  const all = [
    ...forgedNotifications(seed, 200, SOURCE),
    ...genuineNotifications(seed, 50, SOURCE),
  ];
  return all.map(({ headers, body }) => [headers, Buffer.from(body).toString('hex')]);
}

function means(
  outcome: Exclude<ReturnType<typeof read>, { type: 'refused' }>['outcome'],
  expected: { readonly type: string; readonly amountMinor?: number; readonly currency?: string },
): boolean {
  if (outcome.type !== expected.type) return false;
  if (outcome.type !== 'succeeded') return true;
  const [charge, ...more] = 'charges' in outcome ? outcome.charges : [];
  return (
    more.length === 0 &&
    charge?.amountMinor === expected.amountMinor &&
    charge?.currency === expected.currency
  );
}

const sealedAt = (signedAtMs: number) => {
  const words = {
    account: ACCOUNT,
    out_no: '01KAS9V3CYFQ6T8ZJ5M2N4P7R901',
    event: 'payment',
    state: 'WAITING',
  };
  const body = Buffer.from(JSON.stringify(words));
  const timestamp = String(signedAtMs);
  const sealing = {
    account: ACCOUNT,
    secret: SECRET,
    timestamp,
    nonce: 'nonce-0001',
    scope: 'NOTIFY',
  };
  return read(sealedHeaders(sealing, body), body).type;
};

describe('the window of time', () => {
  test.each([
    [-300_001, 'refused'],
    [-300_000, 'authentic'],
    [300_000, 'authentic'],
    [300_001, 'refused'],
  ])('a message signed %s ms from now is %s', (offsetMs, expected) => {
    expect(sealedAt(NOW_MS + offsetMs)).toBe(expected);
  });
});

test('a refund whose number cannot be read is not taken for one of the console, which has none', () => {
  const typeOf = (number: object) => {
    const words = { account: ACCOUNT, out_no: '01KAS9V3CYFQ6T8ZJ5M2N4P7R901', event: 'refund' };
    const body = Buffer.from(JSON.stringify({ ...words, state: 'SUCCESS', ...number }));
    const sealing = { account: ACCOUNT, secret: SECRET, nonce: 'nonce-0001', scope: 'NOTIFY' };
    return read(sealedHeaders({ ...sealing, timestamp: String(NOW_MS) }, body), body);
  };
  expect(typeOf({})).toMatchObject({ type: 'authentic_refund', channelRefundNo: null });
  expect(typeOf({ refund_no: 'R1' })).toMatchObject({ channelRefundNo: 'R1' });
  for (const refund_no of [null, 7, '', 'R 1', 'R'.repeat(65)]) {
    expect(typeOf({ refund_no })).toMatchObject({
      type: 'authentic',
      outcome: { type: 'unknown' },
    });
  }
});
