import { afterEach, describe, expect, test } from 'vitest';
import { buildConnectors, ChannelAccountError } from './catalogue.ts';
import type { ChannelCatalogue } from './catalogue.ts';

const SURROUNDINGS = {
  publicUrl: 'http://127.0.0.1:4040/',
  nowMs: Date.now,
  requestDeadlineMs: 8_000,
  merchantWaitMs: 10_000,
};
const SECRET = 'a-secret-that-both-sides-know-0001';
const SANDBOX = {
  channel: 'sandbox',
  account: 'main',
  secret: SECRET,
  base_url: 'http://127.0.0.1:4041/',
};

const built: ChannelCatalogue[] = [];
afterEach(async () => {
  for (const catalogue of built.splice(0)) await catalogue.close();
});

function build(...accounts: unknown[]): ChannelCatalogue {
  const catalogue = buildConnectors(accounts, SURROUNDINGS);
  built.push(catalogue);
  return catalogue;
}

function faultsOf(...accounts: unknown[]): readonly string[] {
  try {
    build(...accounts);
  } catch (error) {
    if (error instanceof ChannelAccountError) return error.faults;
    throw error;
  }
  return [];
}

describe('the channel catalogue', () => {
  test('makes a connector of each account, and chooses the first one of a channel', () => {
    const catalogue = build(
      { ...SANDBOX, queries_per_second: 7 },
      { ...SANDBOX, account: 'second' },
      { ...SANDBOX, channel: 'query_only' },
    );
    expect(catalogue.all.map(({ channel, account }) => `${channel}/${account}`)).toEqual([
      'sandbox/main',
      'sandbox/second',
      'query_only/main',
    ]);
    expect(catalogue.forChannel('sandbox')).toBe(catalogue.all[0]);
    expect(catalogue.forChannel('alipay')).toBeNull();
    expect(catalogue.get('sandbox', 'second')).toBe(catalogue.all[1]);
    expect(catalogue.get('query_only', 'second')).toBeNull();
    expect(catalogue.all[0]).toMatchObject({ callDeadlineMs: 5_000, queriesPerSecond: 7 });
  });

  test('tells how many places of each account are taken', () => {
    const catalogue = build({ ...SANDBOX, connections_max: 4 });
    catalogue.all[0]?.acquire();
    const place = {
      channel: 'sandbox',
      account: 'main',
      limit: 3,
      inUse: 1,
      granted: 1,
      refused: 0,
    };
    expect(catalogue.places()).toEqual([place]);
  });

  test('works without any account', () => {
    expect(build().all).toEqual([]);
  });
});

describe('a faulty account is refused, and its field named', () => {
  test.each([
    ['channel', 'Sandbox!'],
    ['channel', 'alipay'],
    ['account', 'a/b'],
    ['account', ''],
    ['account', 7],
    ['secret', 'too short'],
    ['secret', undefined],
    ['base_url', 'ftp://127.0.0.1'],
    ['base_url', 'http://127.0.0.1:4041/path'],
    ['base_url', 'http://me:secret@127.0.0.1'],
    ['base_url', 'http://127.0.0.1:99999'],
    ['connect_timeout_ms', 0],
    ['read_timeout_ms', 1.5],
    ['call_deadline_ms', '5000'],
    ['connections_max', 1],
    ['queries_per_second', -1],
    ['querys_per_second', 1],
  ])('%s: %j', (field, value) => {
    const faults = faultsOf(SANDBOX, { ...SANDBOX, account: 'second', [field]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^accounts\\[1\\]\\.${field} .+\\.$`));
  });

  test('all of them at once, and never with a secret', () => {
    const faults = faultsOf({ secret: 'geheim' }, 5, {
      ...SANDBOX,
      account: '?',
      secret: `${SECRET} `,
    });
    expect(faults).toHaveLength(7);
    expect(faults.join()).not.toMatch(/geheim|a-secret/);
    expect(faults[0]).toBe('accounts[0].channel must be the name of a channel. It is missing.');
  });

  test('an account that is configured twice', () => {
    expect(faultsOf(SANDBOX, SANDBOX)).toEqual([
      'accounts[1].account: sandbox/main is configured twice.',
    ]);
  });

  test('timeouts that do not nest, with the sum', () => {
    expect(faultsOf({ ...SANDBOX, read_timeout_ms: 4_001 })[0]).toContain(
      'accounts[0]: connect 1000 ms + read 4001 ms = 5001 ms exceeds the call deadline of 5000 ms',
    );
    expect(faultsOf({ ...SANDBOX, call_deadline_ms: 5_750 })[0]).toContain(
      'call 5750 ms + final wait 2000 ms + own work 250 ms = 8000 ms',
    );
    // No product of this channel waits for the final result.
    expect(faultsOf({ ...SANDBOX, channel: 'query_only', call_deadline_ms: 5_750 })).toEqual([]);
  });

  test('a plan of questions of the configuration takes the place of what the channel advises', () => {
    const plan = [15_000, 30_000];
    const catalogue = buildConnectors([{ ...SANDBOX, query_delays_ms: plan }], SURROUNDINGS);
    expect(catalogue.all[0]?.rules.queryDelaysMs).toEqual(plan);
    for (const query_delays_ms of [[], [0], [1.5], 'soon', [NaN]]) {
      expect(() => buildConnectors([{ ...SANDBOX, query_delays_ms }], SURROUNDINGS)).toThrow(
        'accounts[0].query_delays_ms must be a list',
      );
    }
  });

  test('what it says about refunds takes the place of the advice, and nothing else does', () => {
    const said = { refund_query_delays_ms: [7], refund_retry_ms: 8, refund_gap_ms: 9 };
    const [changed] = buildConnectors([{ ...SANDBOX, ...said }], SURROUNDINGS).all;
    const [plain] = buildConnectors([SANDBOX], SURROUNDINGS).all;
    const expected = { queryDelaysMs: [7], retryMs: 8, gapMs: 9 };
    expect(changed?.rules.refund).toEqual({ ...plain?.rules.refund, ...expected });
    expect(changed?.rules.queryDelaysMs).toEqual(plain?.rules.queryDelaysMs);
    expect(faultsOf({ ...SANDBOX, refund_query_delays_ms: [0] })).toEqual([
      expect.stringContaining('accounts[0].refund_query_delays_ms must be a list'),
    ]);
    expect(faultsOf({ ...SANDBOX, refund_retry_ms: 0, refund_gap_ms: '1s' })).toEqual([
      expect.stringContaining('accounts[0].refund_retry_ms must be a whole number'),
      expect.stringContaining('accounts[0].refund_gap_ms must be a whole number'),
    ]);
  });
});
