/** One notification as the sandbox would send it now: the raw material of forged and legal forms. */
import { sealedHeaders } from './sandbox-message.ts';
import type { Sealing } from './sandbox-message.ts';

/** A message as it goes onto the wire: a header may come twice, a body is bytes. */
export type Sent = {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
};

export type NotifiedOrder = {
  readonly outNo: string;
  readonly amountMinor: number;
  readonly currency: string;
};

/** Whose notifications they are. */
export type NotificationSource = {
  readonly account: string;
  readonly secret: string;
  /** The clock that the verifier goes by. */
  readonly nowMs: () => number;
  /** The order of notification number n. */
  readonly order: (n: number) => NotifiedOrder;
};

/** Random numbers from 0 below 1. */
export type Random = () => number;

export type Drawn = {
  readonly order: NotifiedOrder;
  readonly sealing: Sealing;
  /** The fields of a PAID notification. */
  readonly words: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
};

/** Mulberry32: small, fast, and the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 below `limit`. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

const NONCE_LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-';

/** A nonce in the form of the wire, of any legal length. */
export function newNonce(random: Random): string {
  const length = 8 + below(random, 57);
  return Array.from({ length }, () => NONCE_LETTERS[below(random, 64)] ?? '0').join('');
}

/** Notification number n of the source, signed with fresh time and nonce. */
export function drawNotification(source: NotificationSource, random: Random, n: number): Drawn {
  const nowMs = source.nowMs();
  const order = source.order(n);
  const { account, secret } = source;
  return {
    order,
    nowMs,
    sealing: {
      account,
      secret,
      timestamp: String(nowMs - below(random, 1_000)),
      nonce: newNonce(random),
      scope: 'NOTIFY',
    },
    words: {
      notify_id: `sandbox/${order.outNo}/${n}`,
      event: 'payment',
      account,
      out_no: order.outNo,
      state: 'PAID',
      trade_no: `2026${String(n).padStart(12, '0')}${below(random, 1_000_000)}`,
      amount: order.amountMinor,
      currency: order.currency,
      paid_at: new Date(nowMs - below(random, 60_000)).toISOString(),
      sent_at: new Date(nowMs).toISOString(),
    },
  };
}

/** A message with the four headers that belong to exactly this body. */
export function sealedMessage(sealing: Sealing, body: string | Uint8Array): Sent {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { headers: headerList(sealedHeaders(sealing, bytes)), body: bytes };
}

/** Headers as pairs, after the content type that every message has. */
export function headerList(headers: Readonly<Record<string, string>>): Sent['headers'] {
  return [['content-type', 'application/json'], ...Object.entries(headers)];
}
