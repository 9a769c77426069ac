/**
 * The contract of connectors: one suite that every one of them must pass, against a scripted server
 * that says, in the channel's own words, whatever a channel can say, and a good deal that it never
 * should. A new channel brings a dialect and gets all of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../core/outcome.ts';
import type { RawNotification } from './connector.ts';
import { newScriptedChannel, replies } from './scripted-channel.ts';
import type {
  Call,
  Customer,
  Headers,
  Script,
  ScriptedChannel,
  WireReply,
  WireRequest,
} from './scripted-channel.ts';

/** What a channel can say about an order, in nobody's words. */
export type Saying =
  | 'accepted'
  | 'waiting'
  | 'paid'
  | 'declined'
  | 'closed'
  | 'not_existing'
  | 'something_unlisted';

/** Departures from the order's own number and amount. */
export type Changes = { readonly orderNo?: string; readonly amount?: unknown };

/** How one channel speaks; written beside its connector's tests. */
export type Dialect = Customer & {
  readonly name: string;
  /** The secret that may stand in no evidence. */
  readonly secret: string;
  /** The reply that says so; null where that call cannot say it. */
  readonly say: (call: Call, saying: Saying, changes?: Changes) => WireReply | null;
  /** The headers that make a body the genuine reply to a request. */
  readonly seal: (request: WireRequest, body: string) => Headers;
  /** The same, from somebody without the key. */
  readonly forge: (request: WireRequest, body: string) => Headers;
  /** A genuine notification; null where the channel never sends one like that. */
  readonly notify: (saying: Saying, changes?: Changes) => RawNotification | null;
};

type Expected = readonly [Call, Saying, Outcome['type']];

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
  ['query', 'something_unlisted', 'unknown'],
  ['close', 'closed', 'closed'],
  ['close', 'waiting', 'pending'],
  // Whatever it is called, a close names no charge.
  ['close', 'paid', 'unknown'],
  ['close', 'something_unlisted', 'unknown'],
];

/** The saying of each call that would change most if it were believed wrongly. */
const STRONGEST: readonly (readonly [Call, Saying])[] = [
  ['pay', 'paid'],
  ['pay', 'declined'],
  ['query', 'paid'],
  ['query', 'declined'],
  ['query', 'not_existing'],
  ['close', 'closed'],
];

const BROKEN_BODIES: readonly (readonly [string, (body: string) => string])[] = [
  ['cut in the middle', (body) => body.slice(0, -2)],
  ['empty', () => ''],
  ['a page of HTML', () => '<html><body>502 Bad Gateway</body></html>'],
  ['null', () => 'null'],
  ['a list', (body) => `[${body}]`],
  ['followed by another', (body) => body + body],
];

const AMOUNTS: readonly (readonly [string, unknown])[] = [
  ['as a text', '1999'],
  ['as a fraction', 1999.5],
  ['of nothing', 0],
  ['below nothing', -1999],
  ['that is no exact number', 2 ** 53],
  ['that is null', null],
  ['that is a list', [1999]],
];

const OTHER_ORDER_NO = '0000000000000000000000000001';
const DEADLINE_MS = 200;

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
  });
}

function outcomeTests(dialect: Dialect, channel: ScriptedChannel): void {
  const { order, say, seal, secret } = dialect;
  const sayable = OUTCOMES.flatMap(([call, saying, expected]) => {
    const reply = say(call, saying);
    return reply === null ? [] : [{ call, saying, expected, reply }];
  });

  test('can say each of the six outcomes', () => {
    expect(new Set(sayable.map(({ expected }) => expected)).size).toBe(6);
  });

  test.each(sayable)('$call: $saying → $expected', async ({ call, expected, reply }) => {
    const { answer } = await channel.ask(call, replies(reply, seal));
    expect(answer.outcome.type).toBe(expected);
    expect(answer.outcome.channelCode).not.toBe('');
    expect(answer.raw).toContain(reply.body.slice(0, 100));
    expect(answer.raw.length).toBeLessThanOrEqual(2_000);
    expect(JSON.stringify(answer)).not.toContain(secret);
  });

  const paid = sayable.filter(({ expected }) => expected === 'succeeded');
  test.each(paid)('$call: money has number, amount and time', async ({ call, reply }) => {
    const { answer } = await channel.ask(call, replies(reply, seal));
    const { amountMinor, currency } = order;
    expect(answer.outcome).toMatchObject({
      charges: [{ transactionNo: expect.any(String), amountMinor, currency }],
    });
    expect(answer.outcome).toHaveProperty('charges.0.paidAtMs', expect.any(Number));
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

  const paid = strongest.filter(({ saying }) => saying === 'paid');
  describe.each(paid)('$call: paid is unknown', ({ call, saying, reply }) => {
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
  describe.each(['pay', 'query', 'close'] as const)('%s: no answer is unknown', (call) => {
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
  test('a resend is the same order, in a message of its own', async () => {
    const script = replies(say('pay', 'accepted') ?? { status: 500, body: '' }, seal);
    const first = (await channel.ask('pay', script)).request;
    const second = (await channel.ask('pay', script)).request;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers).not.toEqual(first?.headers);
  });
}

function notificationTests({ order, notify, secret }: Dialect, channel: ScriptedChannel): void {
  const sayings: readonly (readonly [Saying, Outcome['type']])[] = [
    ['paid', 'succeeded'],
    ['declined', 'failed'],
    ['waiting', 'pending'],
    ['something_unlisted', 'unknown'],
  ];
  const sent = sayings.flatMap(([saying, expected]) => {
    const message = notify(saying);
    return message === null ? [] : [{ saying, expected, message }];
  });
  describe.each(sent)('a notification: $saying', ({ expected, message }) => {
    test(`is authentic and means ${expected}`, () => {
      const reading = channel.connector().readNotification(message);
      expect(reading).toMatchObject({
        type: 'authentic',
        channelOrderNo: order.channelOrderNo,
        account: order.account,
        outcome: { type: expected },
      });
      expect(JSON.stringify(reading)).not.toContain(secret);
    });
    test('is authentic again when it comes again', () => {
      const connector = channel.connector();
      const first = connector.readNotification(message);
      expect(connector.readNotification(message)).toEqual(first);
    });
    test('is refused when one bit of the body differs', () => {
      const connector = channel.connector();
      const verdicts = [...message.body.keys()].map((at) => {
        const body = Buffer.from(message.body);
        body[at] = (body[at] ?? 0) ^ 1;
        return connector.readNotification({ ...message, body }).type;
      });
      expect(new Set(verdicts)).toEqual(new Set(['refused']));
    });
    test('is refused without headers', () => {
      expect(channel.connector().readNotification({ ...message, headers: {} }).type).toBe(
        'refused',
      );
    });
  });

  const amounts = AMOUNTS.flatMap(([name, amount]) => {
    const message = notify('paid', { amount });
    return message === null ? [] : [{ name, message }];
  });
  test.each(amounts)('an authentic amount $name proves no money', ({ message }) => {
    expect(channel.connector().readNotification(message)).toMatchObject({
      type: 'authentic',
      outcome: { type: 'unknown' },
    });
  });
}
