import { describe, expect, test } from 'vitest';
import { openBooks } from '../../../test/support/books.ts';
import {
  createKey,
  createOperator,
  findKey,
  findMerchantById,
  keyHash,
  listKeys,
  listMerchants,
  noticeSecrets,
  revokeKey,
} from './merchants.ts';

const books = await openBooks();
const { pool, clock } = books;
const fresh = { nowMs: clock.ms, newId: books.id };

const random = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

describe('a merchant', () => {
  test('has a number, an id and a secret for notices of its own', async () => {
    const [tea, rice] = [await books.merchant('Tea shop'), await books.merchant('米店')];
    expect(tea.id).toMatch(/^mch_[0-7][0-9a-z]{25}$/u);
    expect(rice.number).not.toBe(tea.number);
    expect(tea.noticeSecret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/u);
    expect(rice.noticeSecret).not.toBe(tea.noticeSecret);
    expect(await findMerchantById(pool, rice.id)).toEqual(rice);
    expect(await findMerchantById(pool, 'mch_00000000000000000000000000')).toBeNull();
    expect(await listMerchants(pool)).toEqual(expect.arrayContaining([tea, rice]));
    expect(await noticeSecrets(pool, [rice.number, tea.number, 99_999])).toEqual(
      new Map([
        [tea.number, tea.noticeSecret],
        [rice.number, rice.noticeSecret],
      ]),
    );
  });
});

describe('a key', () => {
  test('leads to its merchant, and is stored as nothing but its hash and its end', async () => {
    const { number } = await books.merchant();
    const { key } = await createKey(pool, {
      merchantNumber: number,
      nowMs: clock.ms,
      random: random(1),
    });
    expect(key).toMatch(/^sk_test_[A-Za-z0-9_-]{43}$/u);
    expect(await findKey(pool, keyHash(key))).toEqual({
      merchantNumber: number,
      latePayment: 'refund',
    });
    expect(await listKeys(pool, { merchantNumber: number })).toEqual([
      { hash: keyHash(key), hint: key.slice(-4), createdAtMs: clock.ms, revokedAtMs: null },
    ]);
    const { rows } = await pool.query('SELECT to_jsonb(k)::text AS row FROM api_key k');
    expect(JSON.stringify(rows)).not.toContain(key.slice(8, -4));
  });

  test('leads to its operator by name', async () => {
    const operator = await createOperator(pool, { ...fresh, name: 'Wang Fang' });
    const { key } = await createKey(pool, {
      operatorId: operator.id,
      nowMs: clock.ms,
      random: random(2),
    });
    expect(key).toMatch(/^ok_test_/u);
    expect(await findKey(pool, keyHash(key))).toEqual({
      operatorId: operator.id,
      name: 'Wang Fang',
    });
    expect(await listKeys(pool, { operatorId: operator.id })).toHaveLength(1);
  });

  test('leads to nobody once it is revoked, or when nobody made it', async () => {
    const { number } = await books.merchant();
    const { key } = await createKey(pool, {
      merchantNumber: number,
      nowMs: clock.ms,
      random: random(3),
    });
    expect(await revokeKey(pool, keyHash(key), clock.ms + 5)).toBe(true);
    expect(await findKey(pool, keyHash(key))).toBeNull();
    expect(await revokeKey(pool, keyHash(key), clock.ms + 9)).toBe(false);
    expect(await listKeys(pool, { merchantNumber: number })).toMatchObject([
      { revokedAtMs: clock.ms + 5 },
    ]);
    expect(await findKey(pool, keyHash('sk_test_other'))).toBeNull();
  });

  test('is refused when it would be guessable, or belong to a merchant that is not there', async () => {
    const { number } = await books.merchant();
    const short = { merchantNumber: number, nowMs: clock.ms, random: new Uint8Array(31) };
    await expect(createKey(pool, short)).rejects.toThrow('32 random bytes');
    const nobodys = { merchantNumber: 4_000_000, nowMs: clock.ms, random: random(4) };
    await expect(createKey(pool, nobodys)).rejects.toMatchObject({ code: '23503' });
  });

  test('has one operator per name', async () => {
    await createOperator(pool, { ...fresh, name: 'Li Na' });
    await expect(createOperator(pool, { ...fresh, name: 'Li Na' })).rejects.toMatchObject({
      code: '23505',
    });
  });
});
