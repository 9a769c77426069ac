import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
let folder: string;
let journalPath: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'statement-'));
  journalPath = join(folder, 'journal');
  rig = await TestRig.start({ journalPath });
});
afterEach(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Today in Beijing. */
const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);

async function paidOrder(): Promise<void> {
  const order = rig.order();
  await rig.call('pay', order);
  await rig.control('POST', '/control/pay', { out_no: order['out_no'] });
}

const generate = async (words: object = {}) =>
  await rig.control('POST', '/control/statements/generate', {
    channel: 'sandbox',
    date: today(),
    ...words,
  });
const ask = async (day = today()) => await rig.call('statement', { day });

describe('a statement over the wire', () => {
  test('is not ready before its day is over, and then told of by a signed answer and fetched', async () => {
    await paidOrder();
    const early = await ask();
    expect(early).toMatchObject({ status: 200, isAuthentic: true });
    expect(early.words).toEqual({ result: 'OK', day: today(), state: 'CREATING' });
    const made = await generate();
    expect(made.words).toMatchObject({
      channel: 'sandbox',
      account: 'shop-account',
      date: today(),
      state: 'READY',
      lines: 1,
      spoilt: {},
    });
    const ready = await ask();
    expect(ready.isAuthentic).toBe(true);
    expect(ready.words).toEqual({
      result: 'OK',
      day: today(),
      state: 'READY',
      sha256: made.words['sha256'],
      url: expect.stringMatching(/^\/statement-files\/[\w-]{32}$/),
    });
    const file = await rig.control('GET', String(ready.words['url']));
    expect(file).toMatchObject({ status: 200, text: made.words['text'] });
    expect(createHash('sha256').update(file.text).digest('hex')).toBe(made.words['sha256']);
    expect((await rig.control('GET', '/statement-files/guessed')).status).toBe(404);
  });

  test('has its own word for a day without movements', async () => {
    expect((await ask('2026-01-01')).words).toEqual({
      result: 'OK',
      day: '2026-01-01',
      state: 'NO_TRADES',
    });
    expect((await generate()).words).toMatchObject({ state: 'NO_TRADES', lines: 0, sha256: null });
  });

  test.each([{}, { day: '2026-02-30' }, { day: '20261118' }, { day: 7 }])(
    'is refused for a day that is none: %j',
    async (words) => {
      const answer = await rig.call('statement', words);
      expect(answer).toMatchObject({ status: 400, words: { code: 'PARAM_ERROR' } });
    },
  );

  test('is asked for under the same fault rules as other calls', async () => {
    const rule = { operation: 'statement', effect: 'http_500', times: 1 };
    await rig.control('POST', '/control/faults', rule);
    expect((await ask()).status).toBe(500);
    expect((await ask()).words).toMatchObject({ state: 'CREATING' });
  });
});

describe('control', () => {
  test('orders faults of a statement, which a restart does not mend', async () => {
    await paidOrder();
    const faults = [{ fault: 'late', count: 1 }, { fault: 'cent_off' }];
    expect((await generate({ faults })).words).toMatchObject({ spoilt: { cent_off: 1 } });
    await rig.stop();
    rig = await TestRig.start({ journalPath });
    expect((await ask()).words).toMatchObject({ state: 'CREATING' });
    const { words } = await ask();
    const file = await rig.control('GET', String(words['url']));
    expect(file.text).toContain(',19.98,CNY,0.12,');
  });

  test('lists the faults in two languages', async () => {
    const { words } = await rig.control('GET', '/control/statements/faults');
    expect(words['data']).toContainEqual({
      fault: 'late',
      counts: 'asks',
      zh: expect.any(String),
      en: expect.any(String),
    });
  });

  test.each([
    ['date', { date: '2026-13-01' }],
    ['channel', { channel: 'elsewhere' }],
    ['account', { account: 'another' }],
    ['faults/0/fault', { faults: [{ fault: 'lost' }] }],
  ])('refuses a wrong %s by its field', async (field, words) => {
    expect(await generate(words)).toMatchObject({ status: 400, words: { field } });
  });
});
