/**
 * The merchant of a killed world: sends payments of many kinds, repeats what was not answered under
 * the same merchant order number, and writes down every answer that it was given.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { eachLimited } from '../../src/runtime/limit.ts';
import type { Expectation } from '../../src/sandbox/auditor.ts';
import type { KillWorld } from './kill-world.ts';

export type KillOrder = {
  readonly merchantOrderNo: string;
  readonly amountMinor: number;
  readonly kind: KillKind;
};

type Kind = {
  readonly channel?: string;
  readonly product: string;
  readonly scenario?: string;
  readonly expiresInS?: number;
  /** What the merchant asks for after the create was answered; a refund is asked for once it is paid. */
  readonly afterwards?: 'close' | 'sync' | 'refund' | 'refund_in_parts';
  /** `either` also where money is expected: a crash before the call leaves may end in no charge. */
  readonly ends: Expectation;
};

/** Each passes another part of the platform. */
const KINDS = {
  paid: { product: 'qr', scenario: 'success', ends: 'either' },
  paid_at_once: { product: 'quickpay', ends: 'either' },
  paid_later: { product: 'quickpay_accepted', ends: 'either' },
  query_only: { channel: 'query_only', product: 'qr', scenario: 'success', ends: 'either' },
  lost: { product: 'qr', scenario: 'lost_notification', ends: 'either' },
  late: { product: 'qr', scenario: 'late_notification', ends: 'either' },
  paid_twice: { product: 'qr', scenario: 'pay_twice', ends: 'either' },
  duplicate: { product: 'qr', scenario: 'duplicate_notification', ends: 'either' },
  forged: { product: 'qr', scenario: 'forged_notification', ends: 'either' },
  unanswered: { product: 'qr', scenario: 'timeout_accepted', ends: 'either' },
  never_arrived: { product: 'qr', scenario: 'timeout_rejected', expiresInS: 3, ends: 'closed' },
  unpaid: { product: 'qr', expiresInS: 2, ends: 'closed' },
  closed: { product: 'qr', afterwards: 'close', ends: 'closed' },
  close_race: { product: 'qr', scenario: 'close_race', afterwards: 'close', ends: 'either' },
  asked: { product: 'qr', scenario: 'lost_notification', afterwards: 'sync', ends: 'either' },
  refunded: { product: 'quickpay', scenario: 'success', afterwards: 'refund', ends: 'either' },
  refunded_in_parts: { product: 'quickpay', afterwards: 'refund_in_parts', ends: 'either' },
  refund_unanswered: {
    product: 'quickpay',
    scenario: 'refund_timeout_accepted',
    afterwards: 'refund',
    ends: 'either',
  },
  refund_closed: {
    product: 'quickpay',
    scenario: 'refund_closed',
    afterwards: 'refund',
    ends: 'either',
  },
} as const satisfies Record<string, Kind>;
export type KillKind = keyof typeof KINDS;

const KIND_NAMES = Object.keys(KINDS).filter((name): name is KillKind => name in KINDS);

/** So many orders, every kind in turn, beginning where the seed says; `more` are added at the front. */
export function killOrders(
  count: number,
  seed: number,
  stamp: string,
  more: readonly KillKind[] = [],
): KillOrder[] {
  const turns = Array.from({ length: count }, (_, at) => (at + seed) % KIND_NAMES.length);
  const kinds = [...more, ...turns.map((turn) => KIND_NAMES[turn] ?? 'paid')];
  return kinds.map((kind, at) => ({
    merchantOrderNo: `KILL-${stamp}-${String(at + 1).padStart(4, '0')}`,
    amountMinor: 100 + ((seed * 7_919 + at * 104_729) % 500_000),
    kind,
  }));
}

/** How each order may end, for the auditor. */
export function expectationsOf(orders: readonly KillOrder[]): Map<string, Expectation> {
  return new Map(orders.map((order) => [order.merchantOrderNo, KINDS[order.kind].ends]));
}

/** What the platform has told the merchant in an answer, and may never take back. */
export type Acknowledged = {
  readonly merchantOrderNo: string;
  readonly id: string;
  readonly amountMinor: number;
  /** A final status that an answer has named. */
  said: 'succeeded' | 'closed' | null;
};

/** The same of a refund. */
export type AcknowledgedRefund = {
  readonly merchantRefundNo: string;
  readonly id: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  said: 'succeeded' | 'failed' | null;
};

export type Load = {
  /** By merchant order number. */
  readonly acknowledged: Map<string, Acknowledged>;
  /** By merchant refund number. */
  readonly refunds: Map<string, AcknowledgedRefund>;
  /** 2xx answers altogether, repeats included. */
  answers: number;
  /** Requests that had to be repeated because no answer came, or 503. */
  repeats: number;
  /** 503 with a problem that says to repeat the request. */
  unavailable: number;
  /** Answers that a merchant should never see, and answers that contradict each other. */
  readonly findings: string[];
};

export function newLoad(): Load {
  return {
    acknowledged: new Map(),
    refunds: new Map(),
    answers: 0,
    repeats: 0,
    unavailable: 0,
    findings: [],
  };
}

const IN_FLIGHT_MAX = 5;
const PAUSE_MS = 25;
/** A merchant is told to wait for 10 s; on a busy machine a little more. */
const ANSWER_WITHIN_MS = 12_000;
const REPEAT_FOR_MS = 60_000;
const REPEAT_EVERY_MS = 100;

/** Plays all orders; resolves when each has its answer. */
export async function playOrders(
  orders: readonly KillOrder[],
  world: KillWorld,
  load: Load,
): Promise<void> {
  await eachLimited(orders, IN_FLIGHT_MAX, async (order) => {
    await playOne(order, world, load);
    await sleep(PAUSE_MS);
  });
}

async function playOne(order: KillOrder, world: KillWorld, load: Load): Promise<void> {
  const kind: Kind = KINDS[order.kind];
  const created = await call(world, load, 'POST', '/v1/payments', {
    merchant_order_no: order.merchantOrderNo,
    amount: order.amountMinor,
    currency: 'CNY',
    subject: `Kill: ${order.kind}`,
    channel: kind.channel ?? 'sandbox',
    product: kind.product,
    ...(kind.expiresInS !== undefined && { expires_in: kind.expiresInS }),
    ...(kind.scenario !== undefined && { metadata: { scenario: kind.scenario } }),
  });
  notePayment(order, created, load);
  const id = load.acknowledged.get(order.merchantOrderNo)?.id;
  if (kind.afterwards === undefined || id === undefined) return;
  if (kind.afterwards === 'refund' || kind.afterwards === 'refund_in_parts') {
    await refundAll(order, id, kind.afterwards === 'refund' ? 1 : PARTS, world, load);
    return;
  }
  if (kind.afterwards === 'sync') await sleep(150);
  const answer = await call(world, load, 'POST', `/v1/payments/${id}/${kind.afterwards}`, {});
  notePayment(order, answer, load);
}

const PARTS = 3;
const PAID_WITHIN_MS = 20_000;

/** Asks for the whole amount back, in so many parts, once the payment is paid; nothing where it never is. */
async function refundAll(
  order: KillOrder,
  paymentId: string,
  parts: number,
  world: KillWorld,
  load: Load,
): Promise<void> {
  const untilMs = performance.now() + PAID_WITHIN_MS;
  for (;;) {
    const answer = await call(world, load, 'GET', `/v1/payments/${paymentId}`);
    notePayment(order, answer, load);
    const { status } = answer.body;
    if (status === 'succeeded') break;
    if (status === 'closed' || performance.now() > untilMs) return;
    await sleep(REPEAT_EVERY_MS);
  }
  const partMinor = Math.floor(order.amountMinor / parts);
  for (let part = 1; part <= parts; part++) {
    const amountMinor = part < parts ? partMinor : order.amountMinor - partMinor * (parts - 1);
    const merchantRefundNo = `${order.merchantOrderNo}-R${part}`;
    const asked = { payment: paymentId, merchant_refund_no: merchantRefundNo, amount: amountMinor };
    const answer = await call(world, load, 'POST', '/v1/refunds', asked);
    noteRefund({ merchantRefundNo, paymentId, amountMinor }, answer, load);
  }
}

/** Keeps what an answer promised about a refund; asked again, the promise must be the same. */
export function noteRefund(
  asked: Pick<AcknowledgedRefund, 'merchantRefundNo' | 'paymentId' | 'amountMinor'>,
  { status, body }: Answer,
  load: Load,
): void {
  const { merchantRefundNo, paymentId, amountMinor } = asked;
  if (status >= 300) {
    load.findings.push(`${merchantRefundNo} was answered ${status} ${String(body.code)}`);
    return;
  }
  load.answers += 1;
  const { id, status: said } = body;
  const isSame =
    typeof id === 'string' &&
    body.merchant_refund_no === merchantRefundNo &&
    body.payment === paymentId &&
    body.amount === amountMinor;
  if (!isSame) {
    load.findings.push(
      `${merchantRefundNo} was answered with another refund: ${JSON.stringify(body)}`,
    );
    return;
  }
  const end = said === 'succeeded' || said === 'failed' ? said : null;
  const before = load.refunds.get(merchantRefundNo)?.said ?? null;
  if (before !== null && end !== before) {
    load.findings.push(`${merchantRefundNo} was first ${before} and then ${String(said)}`);
  }
  load.refunds.set(merchantRefundNo, { merchantRefundNo, paymentId, amountMinor, id, said: end });
}

/** Keeps what an answer promised; a second answer must promise the same. */
export function notePayment(
  order: Pick<KillOrder, 'merchantOrderNo' | 'amountMinor'>,
  { status, body }: Answer,
  load: Load,
): void {
  const { merchantOrderNo, amountMinor } = order;
  if (status >= 300) {
    // A conflict is an answer too: the payment is there, and its state stands in the way.
    if (status === 409) return;
    load.findings.push(`${merchantOrderNo} was answered ${status} ${String(body.code)}`);
    return;
  }
  load.answers += 1;
  const { id, amount, merchant_order_no: number, status: said } = body;
  if (typeof id !== 'string' || amount !== amountMinor || number !== merchantOrderNo) {
    load.findings.push(
      `${merchantOrderNo} was answered with another payment: ${JSON.stringify(body)}`,
    );
    return;
  }
  const before = load.acknowledged.get(merchantOrderNo);
  if (before !== undefined && before.id !== id) {
    load.findings.push(`${merchantOrderNo} was first ${before.id} and then ${id}`);
    return;
  }
  const kept = before ?? { merchantOrderNo, id, amountMinor, said: null };
  if (said === 'succeeded' || said === 'closed') {
    if (kept.said !== null && kept.said !== said) {
      load.findings.push(`${merchantOrderNo} was first ${kept.said} and then ${said}`);
    }
    kept.said = said;
  }
  load.acknowledged.set(merchantOrderNo, kept);
}

export type Answer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
};

/** One call, repeated as it is until it is answered by anything but 503. */
async function call(
  world: KillWorld,
  load: Load,
  method: string,
  path: string,
  fields?: unknown,
): Promise<Answer> {
  const untilMs = performance.now() + REPEAT_FOR_MS;
  for (;;) {
    const answer = await callOnce(world, load, method, path, fields);
    if (answer !== null && answer.status !== 503) return answer;
    if (answer !== null) noteUnavailable(path, answer, load);
    if (performance.now() > untilMs) {
      throw new Error(`${method} ${path} was not answered within ${REPEAT_FOR_MS / 1000} s`);
    }
    load.repeats += 1;
    await sleep(REPEAT_EVERY_MS);
  }
}

/** A 503 says what is wrong, and that the same request may be sent again. */
export function noteUnavailable(path: string, { status, body }: Answer, load: Load): void {
  const isClear =
    status === 503 &&
    (body.code === 'unavailable' || body.code === 'overloaded') &&
    body.retryable === true &&
    typeof body.detail === 'string';
  if (isClear) load.unavailable += 1;
  else load.findings.push(`${path} was answered ${status} ${JSON.stringify(body)}`);
}

/** Null when no whole answer came, for whatever reason. */
export async function callOnce(
  world: KillWorld,
  load: Load,
  method: string,
  path: string,
  fields?: unknown,
): Promise<Answer | null> {
  try {
    const answer = await fetch(`${world.apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${world.secretKey}`,
        ...(fields !== undefined && { 'content-type': 'application/json' }),
      },
      ...(fields !== undefined && { body: JSON.stringify(fields) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return { status: answer.status, body: asRecord(JSON.parse(await answer.text())) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The process died under the call, or before it: that is what the proof is about. One that lives answers.
    if (error.name === 'TimeoutError') {
      load.findings.push(`${method} ${path} was not answered within ${ANSWER_WITHIN_MS / 1000} s`);
    }
    return null;
  }
}

/** A JSON object, or an empty one for anything else. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
