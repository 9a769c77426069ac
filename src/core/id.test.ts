import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ATTEMPT_MAX,
  channelOrderId,
  channelOrderNo,
  ID_RANDOM_BYTES,
  idTimeMs,
  idToUuid,
  isId,
  MERCHANT_NUMBER_MAX,
  merchantNumberOf,
  newId,
  newPaymentId,
  readChannelOrderNo,
  uuidToId,
} from './id.ts';

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const bytes = fc.uint8Array({ minLength: ID_RANDOM_BYTES, maxLength: ID_RANDOM_BYTES });
const merchants = fc.integer({ min: 1, max: MERCHANT_NUMBER_MAX });
const attempts = fc.integer({ min: 1, max: ATTEMPT_MAX });

describe('an id', () => {
  test('is well formed, and carries its time', () => {
    fc.assert(
      fc.property(times, bytes, (nowMs, random) => {
        const id = newId('evt', nowMs, random);
        expect(isId('evt', id)).toBe(true);
        expect(isId('pay', id)).toBe(false);
        expect(idTimeMs(id)).toBe(nowMs);
      }),
    );
  });

  test('keeps all of its random bits but the six that name its kind', () => {
    fc.assert(
      fc.property(times, bytes, bytes, (nowMs, a, b) => {
        const masked = (random: Uint8Array): number[] =>
          [...random].map((byte, at) => (at === 0 ? byte & 0x0f : at === 2 ? byte & 0x3f : byte));
        const isSame = newId('evt', nowMs, a) === newId('evt', nowMs, b);
        expect(isSame).toBe(masked(a).join() === masked(b).join());
      }),
    );
  });

  test('sorts by time as text', () => {
    fc.assert(
      fc.property(times, times, bytes, bytes, (first, second, a, b) => {
        fc.pre(first < second);
        expect(newId('evt', first, a) < newId('evt', second, b)).toBe(true);
        expect(newPaymentId(1, first, a) < newPaymentId(1, second, b)).toBe(true);
      }),
    );
  });

  test('is a UUIDv7 in 16 bytes, and back', () => {
    fc.assert(
      fc.property(times, bytes, (nowMs, random) => {
        const id = newId('evt', nowMs, random);
        const uuid = idToUuid(id);
        expect(uuid).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
        expect(uuidToId('evt', uuid)).toBe(id);
      }),
    );
  });

  test('agrees with the published example of a TypeID', () => {
    // typeid 0.3.0, valid.json: “decimal-uuid” and “uuidv7”.
    expect(uuidToId('prefix', '01890a5d-ac96-774b-bcce-b302099a8057')).toBe(
      'prefix_01h455vb4pex5vsknk084sn02q',
    );
    expect(idToUuid('prefix_0123456789abcdefghjkmnpqrs')).toBe(
      '0110c853-1d09-52d8-d73e-1194e95b5f19',
    );
  });

  test.each([
    'evt_01h455vb4pex5vsknk084sn02',
    'evt_01h455vb4pex5vsknk084sn02qq',
    'evt_81h455vb4pex5vsknk084sn02q',
    'evt_01h455vb4pex5vsknk084sn02u',
    'evt_01H455VB4PEX5VSKNK084SN02Q',
    'evt01h455vb4pex5vsknk084sn02q0',
    'pay_01h455vb4pex5vsknk084sn02q',
    '',
  ])('%j is no event id', (text) => {
    expect(isId('evt', text)).toBe(false);
  });

  test('is not made of too little chance', () => {
    expect(() => newId('evt', 0, new Uint8Array(ID_RANDOM_BYTES - 1))).toThrow(RangeError);
  });
});

describe('a payment id', () => {
  test('leads to its merchant', () => {
    fc.assert(
      fc.property(merchants, times, bytes, (merchantNumber, nowMs, random) => {
        const id = newPaymentId(merchantNumber, nowMs, random);
        expect(isId('pay', id)).toBe(true);
        expect(merchantNumberOf(id)).toBe(merchantNumber);
        expect(idTimeMs(id)).toBe(nowMs);
      }),
    );
  });
});

describe('a channel order number', () => {
  test('leads to its payment and its attempt, and every channel takes it', () => {
    fc.assert(
      fc.property(merchants, times, bytes, attempts, (merchant, nowMs, random, attempt) => {
        const paymentId = newPaymentId(merchant, nowMs, random);
        const no = channelOrderNo(paymentId, attempt);
        expect(no).toMatch(/^[0-9A-Z]{28}$/);
        expect(readChannelOrderNo(no)).toEqual({ paymentId, attempt });
      }),
    );
  });

  test('differs for each attempt of a payment, and so does the id', () => {
    const paymentId = newPaymentId(5, 1_700_000_000_000, new Uint8Array(ID_RANDOM_BYTES));
    const all = Array.from({ length: ATTEMPT_MAX }, (_, at) => at + 1);
    expect(new Set(all.map((attempt) => channelOrderNo(paymentId, attempt))).size).toBe(
      ATTEMPT_MAX,
    );
    const ids = all.map((attempt) => channelOrderId(paymentId, attempt));
    expect(new Set(ids).size).toBe(ATTEMPT_MAX);
    expect(ids.every((id) => isId('co', id))).toBe(true);
  });

  test.each([
    '',
    '8'.repeat(28),
    'I'.repeat(28),
    '0'.repeat(28),
    '0'.repeat(27),
    `${'0'.repeat(26)}0u`,
  ])('%j is none of ours', (text) => {
    expect(readChannelOrderNo(text)).toBeNull();
  });

  test('whatever a stranger writes is either none of ours or reads back as it was', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const read = readChannelOrderNo(text);
        if (read) expect(channelOrderNo(read.paymentId, read.attempt)).toBe(text);
      }),
    );
  });
});
