/** What an operator sees at /metrics moves with what happens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import type { World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld(await freshDatabase());
  await world.pay('SO-PAID', { metadata: { scenario: 'success' } });
  await world.pay('SO-LOST', { metadata: { scenario: 'lost_notification' } });
  await world.pay('SO-HELD', { metadata: { scenario: 'tampered_amount' } });
  await world.advance('PT1M');
});

afterAll(async () => {
  await world.stop();
});

const read = async (): Promise<string> => await (await fetch(`${world.apiUrl}/metrics`)).text();

/** The first sample with this name and these labels; 0 when there is none. */
async function sample(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const line = (await read())
    .split('\n')
    .filter((one) => one.startsWith(`${name}{`))
    .find((one) =>
      Object.entries(labels).every(([key, value]) => one.includes(`${key}="${value}"`)),
    );
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe('/metrics', () => {
  it('counts requests by route and status, never by path', async () => {
    const created = { method: 'POST', route: '/v1/payments', status: '201' };
    expect(await sample('tieout_http_request_seconds_count', created)).toBe(3);
    expect(await read()).not.toContain('pay_');
  });

  it('times calls to channels by operation and outcome', async () => {
    const paid = { channel: 'sandbox', operation: 'pay', outcome: 'pending' };
    expect(await sample('tieout_channel_call_seconds_count', paid)).toBe(3);
    const asked = { channel: 'sandbox', operation: 'query', outcome: 'succeeded' };
    expect(await sample('tieout_channel_call_seconds_count', asked)).toBeGreaterThan(0);
  });

  it('counts what is open, and the connections of this process', async () => {
    expect(await sample('tieout_open_cases', { kind: 'amount_mismatch' })).toBe(1);
    expect(await sample('tieout_open_work', { table: 'dropped_order' })).toBe(0);
    await world.pay('SO-OPEN', { metadata: { scenario: 'slow_payer' }, expires_in: 600 });
    await expect
      .poll(async () => await sample('tieout_open_work', { table: 'dropped_order' }), {
        timeout: 15_000,
        interval: 250,
      })
      .toBe(1);
    expect(await sample('tieout_database_connections', { state: 'idle' })).toBeGreaterThan(0);
  });
});
