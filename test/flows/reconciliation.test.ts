/** The day's end over real HTTP: the sandbox's statements against our books. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { businessDayOf, CHINA_DAY } from '../../src/core/reconciliation/business-day.ts';
import { COUPLINGS } from '../../src/runtime/config.ts';
import { auditApart } from '../../src/store/postgres/audit-apart.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import { freshDatabase } from '../support/database.ts';
import type { Body, World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
type Listed = { data: (Body & Record<string, unknown>)[] };

async function today(): Promise<string> {
  const { body } = await world.call('GET', '/v1/test/clock');
  return businessDayOf(Date.parse(String(body['now'])), CHINA_DAY);
}

/** Plays payments of the plainest scenario, or of another one. */
async function pay(prefix: string, count: number, fields: Record<string, unknown> = {}) {
  for (let at = 1; at <= count; at++) {
    const metadata = { scenario: 'success' };
    await world.pay(`${prefix}-${at}`, { amount: 10_000 + at, metadata, ...fields });
  }
  await world.advance('PT1M');
}

async function read(orderNo: string): Promise<Body> {
  return (await world.call('GET', `/v1/merchant_orders/${orderNo}`)).body;
}

async function generate(date: string, ...faults: Record<string, unknown>[]): Promise<Body> {
  const wanted = { channel: 'sandbox', date, faults };
  const { status, body } = await world.call('POST', '/v1/test/statements/generate', wanted);
  expect(status).toBe(200);
  return body;
}

async function runOf(day: string): Promise<Body & Record<string, unknown>> {
  const path = `/v1/reconciliations?channel=sandbox&date=${day}`;
  const { body } = await world.operate('GET', path);
  const [newest] = (body as unknown as Listed).data;
  return newest ?? {};
}

async function itemsOf(day: string) {
  const { id } = await runOf(day);
  const { body } = await world.operate('GET', `/v1/reconciliations/${id ?? ''}/items?limit=100`);
  return (body as unknown as Listed).data;
}

/** How many items there are of each class, and what became of them. */
async function found(day: string): Promise<Record<string, string>> {
  const groups = Map.groupBy(
    await itemsOf(day),
    (item) => `${String(item['class'])} ${String(item['kind'])}`,
  );
  return Object.fromEntries(
    [...groups].map(([name, items]) => [
      name,
      items.map((item) => (typeof item['outcome'] === 'string' ? item['outcome'] : '–')).join(' '),
    ]),
  );
}

async function casesOf(day: string): Promise<Body[]> {
  const path = `/v1/statement_cases?channel=sandbox&date=${day}&status=all`;
  const { body } = await world.operate('GET', path);
  return (body as unknown as Listed).data;
}

/** The day ends, and the hour comes at which its statement is there. */
async function endDay(): Promise<string> {
  const day = await today();
  while ((await today()) === day) await world.advance('PT1H');
  await world.advance('PT10H');
  return day;
}

describe.each(COUPLINGS)('the books are coupled %s', (coupling) => {
  let databaseUrl: string;
  let channelUrl: string | null;

  beforeAll(async () => {
    databaseUrl = await freshDatabase();
    channelUrl = coupling === 'together' ? null : await freshDatabase();
    const account = { fee_basis_points: 60 };
    world = await openWorld(databaseUrl, {
      account,
      ...(coupling !== 'together' && channelUrl !== null && { apart: { coupling, channelUrl } }),
    });
  });

  afterAll(async () => {
    await world.stop();
  });

  describe('a day on which nothing went wrong', () => {
    it('is closed by its statement: every line and every entry matched', async () => {
      await pay('CLEAN', 3);
      await world.pay('CLEAN-TWICE', { metadata: { scenario: 'pay_twice' } });
      await world.advance('PT1M');
      const { id: payment } = await read('CLEAN-1');
      const refund = { payment, merchant_refund_no: 'CLEAN-R', amount: 500 };
      expect((await world.call('POST', '/v1/refunds', refund)).status).toBe(201);
      const day = await endDay();
      expect(await runOf(day)).toMatchObject({ status: 'closed', has_statement: true });
      expect(await itemsOf(day)).toEqual([]);
      const { figures } = await runOf(day);
      expect(figures).toMatchObject([
        { class: 'matched', kind: 'payment', lines: 5, entries: 5 },
        { class: 'matched', kind: 'refund', lines: 2, entries: 2 },
      ]);
    });

    it('without any trade is closed because our own count is zero too', async () => {
      const day = await endDay();
      expect(await runOf(day)).toMatchObject({
        status: 'closed',
        has_statement: false,
        figures: [],
      });
    });

    it('compared once more finds the same, under the same digest', async () => {
      const { body } = await world.operate('GET', '/v1/reconciliations?channel=sandbox&limit=100');
      const oldest = (body as unknown as Listed).data.at(-1);
      const again = await world.operate('POST', '/v1/reconciliations', {
        channel: 'sandbox',
        date: oldest?.['date'],
      });
      expect(again).toMatchObject({ status: 200, body: { digest: oldest?.['digest'] } });
    });
  });

  describe('a statement that is wrong', () => {
    it('has each of its faults named, and each named one has somebody', async () => {
      await pay('WRONG', 9);
      const day = await today();
      const faults = [
        'missing_line',
        'extra_line',
        'extra_charge_line',
        'cent_off',
        'fee_off',
        'foreign_refund_line',
        'repeated_line',
      ];
      await world.advance('PT5M');
      await generate(day, ...faults.map((fault) => ({ fault })));
      await endDay();
      expect(await runOf(day)).toMatchObject({ status: 'closed' });
      expect(await found(day)).toEqual({
        'amount payment': 'case',
        'carried payment': '–',
        // One is about an order of ours, the other one about nobody's: its money lies in suspense.
        'channel_only payment': 'case suspense',
        'channel_only refund': 'case',
        'duplicate payment': 'case',
        'fee payment': 'case',
      });
      expect(await casesOf(day)).toMatchObject([
        { kind: 'channel_only', owner: 'reconciliation', money_at_risk: 6600, status: 'open' },
      ]);
      const { id = '' } = await runOf(day);
      const report = await fetch(`${world.apiUrl}/v1/reconciliations/${id}/report`, {
        headers: { authorization: `Bearer ${world.operatorKey}` },
      });
      const rows = (await report.text()).trimEnd().split('\r\n');
      expect(rows[0]).toMatch(/^class,side,kind,.*,outcome,what_was_done$/);
      expect(rows).toHaveLength(1 + (await itemsOf(day)).length);
      // What is carried is looked for once more, and then it is somebody's; its state stays.
      const next = await endDay();
      const items = await itemsOf(next);
      expect(items).toMatchObject([{ class: 'platform_only', kind: 'payment', outcome: 'case' }]);
      expect(await read('WRONG-1')).toMatchObject({ status: 'succeeded' });
      expect((await read('WRONG-1'))['exceptions']).toMatchObject([
        { kind: 'platform_only', status: 'open', owner: 'reconciliation' },
      ]);
    });

    it('that is damaged is not taken in, and is when it comes whole', async () => {
      await pay('DAMAGED', 2);
      const day = await today();
      await generate(day, { fault: 'corrupt_totals', count: 1 });
      await endDay();
      const [missing] = await casesOf(day);
      expect(missing).toMatchObject({ kind: 'statement_missing', status: 'resolved' });
      expect(await runOf(day)).toMatchObject({ status: 'closed' });
      expect(await found(day)).toEqual({});
    });

    it('that is late is asked for until it is there', async () => {
      await pay('TARDY', 2);
      const day = await today();
      await generate(day, { fault: 'late', count: 3 });
      await endDay();
      await world.advance('PT3H');
      expect(await runOf(day)).toMatchObject({ status: 'closed' });
      expect(await casesOf(day)).toEqual([]);
    });

    it('that never comes is told after some patience, and no order changes for it', async () => {
      await pay('NEVER', 2);
      const day = await today();
      await generate(day, { fault: 'late', count: 10_000 });
      await endDay();
      await world.advance('PT8H');
      expect(await runOf(day)).toEqual({});
      expect(await casesOf(day)).toMatchObject([{ kind: 'statement_missing', status: 'open' }]);
      expect(await read('NEVER-1')).toMatchObject({ status: 'succeeded' });
    });
  });

  describe('a payment around the end of the day', () => {
    it('is carried, and matched by the statement of the next day', async () => {
      await pay('EDGE', 3);
      const day = await today();
      await generate(day, { fault: 'next_day', count: 1 });
      await endDay();
      expect(await found(day)).toEqual({ 'carried payment': '–' });
      await pay('EDGE-NEXT', 1);
      const next = await endDay();
      expect(await runOf(next)).toMatchObject({ status: 'closed' });
      expect(await found(next)).toEqual({});
    });

    it('that was the only one of its day leaves that day open until the next statement has it', async () => {
      await pay('ALONE', 1);
      const day = await today();
      await generate(day, { fault: 'next_day', count: 1 });
      await endDay();
      expect(await runOf(day)).toMatchObject({ status: 'open', has_statement: false });
      expect(await casesOf(day)).toMatchObject([{ kind: 'statement_missing', status: 'open' }]);
      const next = await endDay();
      expect(await runOf(next)).toMatchObject({ status: 'closed', has_statement: true });
      await world.advance('PT1H');
      expect(await runOf(day)).toMatchObject({ status: 'closed', has_statement: false });
      expect(await casesOf(day)).toMatchObject([{ kind: 'statement_missing', status: 'resolved' }]);
      const { body } = await world.operate(
        'GET',
        `/v1/reconciliations?channel=sandbox&date=${day}`,
      );
      expect((body as unknown as Listed).data).toHaveLength(1);
    });
  });

  describe('a payment of which no word came', () => {
    async function silence(times: number): Promise<void> {
      const down = { channel: 'sandbox', operation: 'query', effect: 'http_500', times };
      expect((await world.call('POST', '/v1/test/faults', down)).status).toBeLessThan(300);
    }
    async function speakAgain(): Promise<void> {
      await world.call('DELETE', '/v1/test/faults');
    }

    it('is settled by asking the channel, once the statement has it', async () => {
      await silence(100_000);
      await world.pay('WORD-1', { metadata: { scenario: 'lost_notification' } });
      await world.advance('PT8H');
      expect((await read('WORD-1'))['exceptions']).toMatchObject([
        { kind: 'external_drop', status: 'open', owner: 'reconciliation' },
      ]);
      await speakAgain();
      const day = await endDay();
      expect(await read('WORD-1')).toMatchObject({ status: 'succeeded', confirmed_by: 'query' });
      expect(await runOf(day)).toMatchObject({ status: 'closed' });
    });

    it('is settled by the statement that we fetched, where the channel cannot be asked', async () => {
      await silence(100_000);
      await world.pay('WORD-2', { metadata: { scenario: 'lost_notification' } });
      const day = await endDay();
      expect(await read('WORD-2')).toMatchObject({
        status: 'succeeded',
        confirmed_by: 'statement',
      });
      expect(await found(day)).toEqual({ 'channel_only payment': 'settled' });
      await speakAgain();
    });
  });

  describe('an order that the channel never had', () => {
    it('fails by silence, once the statements of all its days lack it and nobody can be asked', async () => {
      const down = { channel: 'sandbox', operation: 'query', effect: 'http_500', times: 1_000_000 };
      await world.call('POST', '/v1/test/faults', down);
      await pay('BESIDE', 1);
      await world.pay('SILENT', { metadata: { scenario: 'timeout_rejected' } });
      await endDay();
      expect(await read('SILENT')).toMatchObject({ status: 'processing' });
      await endDay();
      await endDay();
      const silent = await read('SILENT');
      expect(silent['channel_orders']).toMatchObject([
        { status: 'failed', failure: { code: 'statement_silent' } },
      ]);
      expect(silent['status']).not.toBe('processing');
      await world.call('DELETE', '/v1/test/faults');
    });
  });

  describe('a statement that a person brings', () => {
    async function upload(day: string, text: string): Promise<{ status: number; body: Body }> {
      const query = new URLSearchParams({
        channel: 'sandbox',
        date: day,
        file_name: 'bill.csv',
        reason: 'the channel sent it by mail',
      });
      const answer = await fetch(`${world.apiUrl}/v1/statements?${query.toString()}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${world.operatorKey}`,
          'content-type': 'application/octet-stream',
        },
        body: text,
      });
      return { status: answer.status, body: (await answer.json()) as Body };
    }

    it('closes the day, and settles only what a question confirms', async () => {
      await pay('BROUGHT', 2);
      const down = { channel: 'sandbox', operation: 'query', effect: 'http_500', times: 1_000_000 };
      await world.call('POST', '/v1/test/faults', down);
      await world.pay('BROUGHT-LOST', { metadata: { scenario: 'lost_notification' } });
      await world.advance('PT1M');
      const day = await today();
      const { text } = await generate(day, { fault: 'late', count: 10_000 });
      await endDay();
      const again = { channel: 'sandbox', date: day };
      expect(await world.operate('POST', '/v1/reconciliations', again)).toMatchObject({
        status: 409,
        body: { code: 'statement_not_ready', retryable: true },
      });
      const damaged = await upload(day, String(text).slice(0, -9));
      expect(damaged).toMatchObject({ status: 422, body: { code: 'statement_refused' } });
      expect(await upload(day, String(text))).toMatchObject({
        status: 201,
        body: { source: 'upload', version: 1, line_count: 3 },
      });
      expect(await upload(day, String(text))).toMatchObject({ status: 200, body: { version: 1 } });
      expect(await world.operate('POST', '/v1/reconciliations', again)).toMatchObject({
        status: 200,
        body: { status: 'closed' },
      });
      expect(await found(day)).toEqual({ 'channel_only payment': 'case' });
      const lost = await read('BROUGHT-LOST');
      expect(lost['status']).not.toBe('succeeded');
      expect(lost['exceptions']).toContainEqual(
        expect.objectContaining({ kind: 'channel_only', status: 'open', owner: 'reconciliation' }),
      );
      await world.call('DELETE', '/v1/test/faults');
    });
  });

  describe('a statement that comes rewritten', () => {
    it('is a version more: the old one stays, and each line that it says otherwise is a case', async () => {
      await pay('REWRITTEN', 3);
      const day = await today();
      await generate(day, { fault: 'rewritten_amount', count: 1 });
      await endDay();
      expect(await found(day)).toEqual({ 'amount payment': 'case' });
      const again = await world.operate('POST', '/v1/reconciliations', {
        channel: 'sandbox',
        date: day,
      });
      expect(again).toMatchObject({ status: 200, body: { status: 'closed' } });
      expect(await found(day)).toEqual({});
      const { body } = await world.operate('GET', `/v1/statements?channel=sandbox&date=${day}`);
      expect((body as unknown as Listed).data).toMatchObject([{ version: 2 }, { version: 1 }]);
      expect(await casesOf(day)).toMatchObject([{ kind: 'statement_difference', status: 'open' }]);
    });
  });

  describe('the books after all of it', () => {
    it('keep every rule', async () => {
      const { body } = await world.call('GET', '/v1/test/clock');
      const nowMs = Date.parse(String(body['now']));
      const { findings } =
        channelUrl === null
          ? await auditDatabase(databaseUrl, nowMs)
          : await auditApart({ payment: databaseUrl, channel: channelUrl }, nowMs);
      expect(findings).toEqual([]);
    });
  });
});
