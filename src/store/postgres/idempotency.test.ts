import { describe, expect, test } from 'vitest';
import { openBooks } from '../../../test/support/books.ts';
import type { IdempotencyClaim } from './idempotency.ts';
import {
  claimIdempotencyKey,
  completeIdempotencyKey,
  fingerprintOf,
  IDEMPOTENCY_KEPT_MS,
  purgeIdempotencyKeys,
  releaseIdempotencyKey,
} from './idempotency.ts';

const { pool } = await openBooks();
const START_MS = Date.parse('2026-11-24T08:00:00Z');
const ANSWER = { status: 201, body: '{"id":"pay_1"}' };
const ORDER = fingerprintOf('POST', '/v1/payments', Buffer.from('{"amount":1}'));
const OTHER = fingerprintOf('POST', '/v1/payments', Buffer.from('{"amount":2}'));

const claim = async (key: string, nowMs = START_MS, fingerprint = ORDER, merchantNumber = 1) =>
  await claimIdempotencyKey(pool, { merchantNumber, key, fingerprint, nowMs });

async function freshClaim(key: string, nowMs = START_MS): Promise<IdempotencyClaim> {
  const claimed = await claim(key, nowMs);
  if (claimed.type !== 'fresh') throw new Error(claimed.type);
  return claimed.claim;
}

describe('an idempotency key', () => {
  test('is answered with the same words once its request was answered', async () => {
    expect(await completeIdempotencyKey(pool, await freshClaim('done'), ANSWER)).toBe(true);
    expect(await claim('done', START_MS + 1)).toEqual({ type: 'done', ...ANSWER });
    expect(await claim('done', START_MS + 29 * 24 * 3_600_000)).toEqual({
      type: 'done',
      ...ANSWER,
    });
  });

  test('stands for one request only', async () => {
    await freshClaim('reused');
    expect(await claim('reused', START_MS, OTHER)).toEqual({ type: 'reused' });
    expect(await claim('reused', START_MS + 70_000, OTHER)).toEqual({ type: 'reused' });
    await completeIdempotencyKey(pool, await freshClaim('reused', START_MS + 70_000), ANSWER);
    expect(await claim('reused', START_MS, OTHER)).toEqual({ type: 'reused' });
  });

  test('is of one merchant only', async () => {
    await freshClaim('mine');
    expect((await claim('mine', START_MS, OTHER, 2)).type).toBe('fresh');
  });

  test('is refused to a copy while its request is under way', async () => {
    await freshClaim('busy');
    expect(await claim('busy', START_MS + 1_000)).toEqual({
      type: 'in_flight',
      retryAfterMs: 59_000,
    });
    expect((await claim('busy', START_MS + 59_999)).type).toBe('in_flight');
  });

  test('is given to one of many that come at once', async () => {
    const claims = await Promise.all(Array.from({ length: 12 }, async () => await claim('race')));
    expect(claims.map((one) => one.type).sort()).toEqual([
      ...Array<string>(1).fill('fresh'),
      ...Array<string>(11).fill('in_flight'),
    ]);
  });

  test('of a request that died is taken over, by one, and the dead one changes nothing any more', async () => {
    const dead = await freshClaim('dead');
    const afterMs = START_MS + 60_000;
    const claims = await Promise.all([1, 2, 3].map(async () => await claim('dead', afterMs)));
    expect(claims.filter((one) => one.type === 'fresh')).toHaveLength(1);
    expect(await completeIdempotencyKey(pool, dead, { status: 500, body: '' })).toBe(false);
    await releaseIdempotencyKey(pool, dead);
    expect((await claim('dead', afterMs + 1)).type).toBe('in_flight');
  });

  test('is free again when its request came to nothing', async () => {
    await releaseIdempotencyKey(pool, await freshClaim('free'));
    expect((await claim('free', START_MS, OTHER)).type).toBe('fresh');
  });

  test('keeps its answer though it is let go of late', async () => {
    const mine = await freshClaim('kept');
    await completeIdempotencyKey(pool, mine, ANSWER);
    await releaseIdempotencyKey(pool, mine);
    expect((await claim('kept')).type).toBe('done');
  });

  test('tells method, path and body apart', () => {
    const body = Buffer.from('a');
    const prints = [
      fingerprintOf('POST', '/v1/payments', body),
      fingerprintOf('PUT', '/v1/payments', body),
      fingerprintOf('POST', '/v1/refunds', body),
      fingerprintOf('POST', '/v1/payments', Buffer.from('b')),
      fingerprintOf('POST', '/v1/payments', Buffer.from('')),
    ];
    expect(new Set(prints.map((one) => one.toString('hex'))).size).toBe(prints.length);
  });

  test('is forgotten after thirty days, and not before', async () => {
    await pool.query('DELETE FROM idempotency_key');
    await freshClaim('old');
    await freshClaim('young', START_MS + 1);
    await pool.query(
      `INSERT INTO idempotency_key (merchant_number, key, fingerprint, created_at_ms)
       SELECT 3, n::text, '\\x00', $1 FROM generate_series(1, 5200) n`,
      [START_MS - 1],
    );
    expect(await purgeIdempotencyKeys(pool, START_MS + IDEMPOTENCY_KEPT_MS)).toBe(5_200);
    expect(await purgeIdempotencyKeys(pool, START_MS + IDEMPOTENCY_KEPT_MS + 1)).toBe(1);
    expect((await claim('young', START_MS + 2)).type).toBe('in_flight');
  });
});
