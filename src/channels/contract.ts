/**
 * The contract of connectors: one suite that every one of them must pass, against a scripted server
 * that says, in the channel's own words, whatever a channel can say, and a good deal that it never
 * should. A new channel brings a dialect and gets all of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AMOUNTS, BROKEN_BODIES } from './dialect.ts';
import type { Dialect, Expected, Saying } from './dialect.ts';
import { notificationTests } from './notification-contract.ts';
import { newScriptedChannel, replies } from './scripted-channel.ts';
import type { Call, Script, ScriptedChannel, WireReply, WireRequest } from './scripted-channel.ts';
import { statementTests } from './statement-contract.ts';

const OUTCOMES: readonly Expected[] = [
  ['pay', 'accepted', 'pending'],
  ['pay', 'paid', 'succeeded'],
  ['pay', 'declined', 'failed'],
  ['pay', 'closed', 'closed'],
  ['pay', 'something_unlisted', 'unknown'],
  ['query', 'waiting', 'pending'],
  ['query', 'paid', 'succeeded'],
  ['query', 'declined', 'failed'],
  ['query', 'closed', 'closed'],
  ['query', 'not_existing', 'not_found'],
  ['query', 'reversed', 'reversed'],
  ['query', 'something_unlisted', 'unknown'],
  ['close', 'closed', 'closed'],
  ['close', 'waiting', 'pending'],
  // Whatever it is called, a close names no charge.
  ['close', 'paid', 'unknown'],
  ['close', 'something_unlisted', 'unknown'],
];

const REFUND_OUTCOMES: readonly Expected[] = [
  ['refund', 'refund_under_way', 'pending'],
  ['refund', 'refunded', 'succeeded'],
  ['refund', 'refund_dead', 'failed'],
  ['refund', 'refund_exceeds', 'failed'],
  ['refund', 'refund_stuck', 'requires_action'],
  ['refund', 'no_funds', 'refused_for_now'],
  ['refund', 'too_soon', 'refused_for_now'],
  ['refund', 'something_unlisted', 'unknown'],
  ['queryRefund', 'refund_under_way', 'pending'],
  ['queryRefund', 'refunded', 'succeeded'],
  ['queryRefund', 'refund_dead', 'failed'],
  ['queryRefund', 'refund_stuck', 'requires_action'],
  ['queryRefund', 'not_existing', 'not_found'],
  ['queryRefund', 'something_unlisted', 'unknown'],
];

/** The saying of each call that would change most if it were believed wrongly. */
const STRONGEST: readonly (readonly [Call, Saying])[] = [
  ['pay', 'paid'],
  ['pay', 'declined'],
  ['query', 'paid'],
  ['query', 'declined'],
  ['query', 'not_existing'],
  ['query', 'reversed'],
  ['close', 'closed'],
  ['refund', 'refunded'],
  ['refund', 'refund_dead'],
  ['queryRefund', 'refunded'],
  ['queryRefund', 'refund_dead'],
  ['queryRefund', 'not_existing'],
];

const OTHER_ORDER_NO = '0000000000000000000000000001';
const OTHER_REFUND_NO = '0000000000000000000000000002';
const DEADLINE_MS = 200;
const CALLS: readonly Call[] = ['pay', 'query', 'close', 'refund', 'queryRefund'];

/** Registers the suite for one dialect. */
export function contractOf(dialect: Dialect): void {
  describe(`the connector contract, spoken by ${dialect.name}`, () => {
    const channel = newScriptedChannel(dialect);
    beforeAll(channel.open);
    afterAll(channel.close);
    outcomeTests(dialect, channel);
    disbeliefTests(dialect, channel);
    noAnswerTests(dialect, channel);
    resendTests(dialect, channel);
    notificationTests(dialect, channel);
    if (dialect.statement !== null) statementTests(dialect, dialect.statement, channel);
  });
}

type Sayable = {
  readonly call: Call;
  readonly saying: Saying;
  readonly expected: Expected[2];
  readonly reply: WireReply;
};

function outcomeTests(dialect: Dialect, channel: ScriptedChannel): void {
  const { order, refund, say, seal, secret } = dialect;
  const sayableOf = (outcomes: readonly Expected[]): Sayable[] =>
    outcomes.flatMap(([call, saying, expected]) => {
      const reply = say(call, saying);
      return reply === null ? [] : [{ call, saying, expected, reply }];
    });
  const ofOrder = sayableOf(OUTCOMES);
  const ofRefund = sayableOf(REFUND_OUTCOMES);

  test('can say each of the seven outcomes of an order, and each of the seven of a refund', () => {
    expect(new Set(ofOrder.map(({ expected }) => expected)).size).toBe(7);
    expect(new Set(ofRefund.map(({ expected }) => expected)).size).toBe(7);
  });

  test.each([...ofOrder, ...ofRefund])(
    '$call: $saying → $expected',
    async ({ call, expected, reply }) => {
      const { answer } = await channel.ask(call, replies(reply, seal));
      expect(answer.outcome.type).toBe(expected);
      expect(answer.outcome.channelCode).not.toBe('');
      expect(answer.raw).toContain(reply.body.slice(0, 100));
      expect(answer.raw.length).toBeLessThanOrEqual(2_000);
      expect(JSON.stringify(answer)).not.toContain(secret);
    },
  );

  const paid = ofOrder.filter(({ expected }) => expected === 'succeeded');
  test.each(paid)('$call: money has number, amount and time', async ({ call, reply }) => {
    const { answer } = await channel.ask(call, replies(reply, seal));
    const { amountMinor, currency } = order;
    expect(answer.outcome).toMatchObject({
      charges: [{ transactionNo: expect.any(String), amountMinor, currency }],
    });
    expect(answer.outcome).toHaveProperty('charges.0.paidAtMs', expect.any(Number));
  });

  const refunded = ofRefund.filter(({ expected }) => expected === 'succeeded');
  test.each(refunded)('$call: money that is back has our number', async ({ call, reply }) => {
    const { answer } = await channel.ask(call, replies(reply, seal));
    const { channelRefundNo, transactionNo, amountMinor, currency } = refund;
    expect(answer.outcome).toMatchObject({
      refund: { channelRefundNo, transactionNo, amountMinor, currency },
    });
    expect(answer.outcome).toHaveProperty('refund.refundId', expect.any(String));
    expect(answer.outcome).toHaveProperty('refund.refundedAtMs', expect.any(Number));
  });
}

type Told = {
  readonly dialect: Dialect;
  readonly call: Call;
  readonly saying: Saying;
  readonly reply: WireReply;
  /** A request that was answered before. */
  readonly earlier: WireRequest;
};

/** Ways in which a reply deserves no belief. */
const DOUBTS: readonly (readonly [string, (told: Told) => Script])[] = [
  ['somebody else signed it', ({ dialect, reply }) => replies(reply, dialect.forge)],
  ['nobody signed it', ({ reply }) => replies(reply, () => ({}))],
  [
    'it answers an earlier request',
    ({ dialect, reply, earlier }) => replies(reply, () => dialect.seal(earlier, reply.body)),
  ],
  [
    'it answers another call',
    ({ dialect, reply }) =>
      replies(reply, (request, body) =>
        dialect.seal({ ...request, path: `${request.path}x` }, body),
      ),
  ],
  [
    'its body was changed after it was signed',
    ({ dialect, reply }) =>
      replies({ ...reply, body: `${reply.body} ` }, (request) => dialect.seal(request, reply.body)),
  ],
  [
    'it names another order',
    ({ dialect, call, saying, reply }) =>
      replies(dialect.say(call, saying, { orderNo: OTHER_ORDER_NO }) ?? reply, dialect.seal),
  ],
  ...BROKEN_BODIES.map(
    ([name, broken]) =>
      [
        `its body is ${name}`,
        ({ dialect, reply }: Told) => replies({ ...reply, body: broken(reply.body) }, dialect.seal),
      ] as const,
  ),
  ...[302, 400, 401, 404, 429, 500, 502, 503].map(
    (status) =>
      [
        `its status is ${status}`,
        ({ dialect, reply }: Told) => replies({ ...reply, status }, dialect.seal),
      ] as const,
  ),
];

function disbeliefTests(dialect: Dialect, channel: ScriptedChannel): void {
  const { say, seal } = dialect;
  const strongest = STRONGEST.flatMap(([call, saying]) => {
    const reply = say(call, saying);
    return reply === null ? [] : [{ call, saying, reply }];
  });
  const UNKNOWN = { type: 'unknown', reason: expect.stringMatching(/^[A-Z].+\.$/s) };

  describe.each(strongest)('$call: $saying is unknown', ({ call, saying, reply }) => {
    test.each(DOUBTS)('when %s', async (_when, doubtful) => {
      const { request: earlier } = await channel.ask(call, replies(reply, seal));
      if (!earlier) throw new Error('the request did not arrive');
      const script = doubtful({ dialect, call, saying, reply, earlier });
      const { answer, request } = await channel.ask(call, script);
      expect(request).not.toBeNull();
      expect(answer.outcome).toMatchObject(UNKNOWN);
    });
  });

  const refunds = strongest.filter(({ call }) => call === 'refund' || call === 'queryRefund');
  test.each(refunds)(
    '$call: $saying is unknown when it names another refund',
    async ({ call, saying, reply }) => {
      const other = say(call, saying, { refundNo: OTHER_REFUND_NO }) ?? reply;
      const { answer } = await channel.ask(call, replies(other, seal));
      expect(answer.outcome).toMatchObject(UNKNOWN);
    },
  );

  const paid = strongest.filter(({ saying }) => saying === 'paid' || saying === 'refunded');
  describe.each(paid)('$call: $saying is unknown', ({ call, saying, reply }) => {
    test.each(AMOUNTS)('with an amount %s', async (_name, amount) => {
      const script = replies(say(call, saying, { amount }) ?? reply, seal);
      expect((await channel.ask(call, script)).answer.outcome).toMatchObject(UNKNOWN);
    });
  });
}

function noAnswerTests(dialect: Dialect, channel: ScriptedChannel): void {
  const NO_ANSWERS: readonly (readonly [string, Script])[] = [
    ['silent', () => undefined],
    ['gone in the middle', (_request, response) => response.destroy()],
    [
      'stuck in its body',
      (_request, response) => response.writeHead(200, { 'content-length': 100 }).write('{'),
    ],
    [
      'talking without end',
      (_request, response) => {
        const timer = setInterval(() => response.write('{'), 10);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ];
  describe.each(CALLS)('%s: no answer is unknown', (call) => {
    test.each(NO_ANSWERS)('from a channel that is %s', async (_name, script) => {
      const startedAtMs = performance.now();
      const { answer, request } = await channel.ask(call, script, DEADLINE_MS);
      expect(answer.outcome.type).toBe('unknown');
      expect(answer.outcome).toHaveProperty('reason', expect.stringContaining('nobody knows'));
      expect(request).not.toBeNull();
      expect(performance.now() - startedAtMs).toBeLessThan(DEADLINE_MS + 500);
    });

    test('when no time is left, and the call does not leave', async () => {
      const reply = dialect.say(call, 'closed') ?? { status: 200, body: '' };
      const { answer, request } = await channel.ask(call, replies(reply, dialect.seal), 0);
      expect(answer.outcome).toHaveProperty('reason', expect.stringContaining('surely not sent'));
      expect(request).toBeNull();
    });
  });
}

function resendTests({ say, seal }: Dialect, channel: ScriptedChannel): void {
  const resent: readonly (readonly [Call, Saying])[] = [
    ['pay', 'accepted'],
    ['refund', 'refund_under_way'],
  ];
  test.each(resent)('a %s that is sent again says the same anew', async (call, saying) => {
    const script = replies(say(call, saying) ?? { status: 500, body: '' }, seal);
    const first = (await channel.ask(call, script)).request;
    const second = (await channel.ask(call, script)).request;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers).not.toEqual(first?.headers);
  });
}
