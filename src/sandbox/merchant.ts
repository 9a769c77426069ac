import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isRecord, parseJson } from './http-exchange.ts';

/** What the sample merchant was told, once per message. Amount in minor units. */
export type Told = {
  readonly webhookId: string;
  readonly merchantOrderNo: string | null;
  readonly event: string;
  readonly amountMinor: number | null;
  readonly atMs: number;
};

/** How old or how far ahead a notice may be, as the Standard Webhooks specification advises. */
const NOTICE_AGE_MS_MAX = 5 * 60_000;

/**
 * The sample merchant: receives notices in the Standard Webhooks format and believes only those
 * that carry its secret's signature. A repeated message counts once.
 */
export class SampleMerchant {
  readonly #record: (told: Told) => void;
  readonly #told = new Map<string, Told>();
  /** Notices that came to its former address once; the second time it takes them in all the same. */
  readonly #refusedAsMoved = new Set<string>();
  #secrets: readonly string[];
  #fault: { readonly status: number; timesLeft: number } | null = null;

  constructor(secret: string | null, record: (told: Told) => void) {
    this.#secrets = secret === null ? [] : [secret];
    this.#record = record;
  }

  /** Its webhook secrets from now on, `whsec_` and base64: its endpoint's, and that of its own addresses. */
  learnSecrets(secrets: readonly string[]): void {
    this.#secrets = secrets;
  }

  /** Answers the next notices with that status, that many times, and ignores what they say. */
  misbehave(status: number, times: number): void {
    this.#fault = times > 0 ? { status, timesLeft: times } : null;
  }

  /**
   * Takes a notice and answers with the status: 204 taken, 401 not authentic, 400 no notice. Like
   * every merchant it judges a signature's age by the real clock, `wallMs`, and lives at `nowMs`.
   */
  receive(headers: IncomingHttpHeaders, body: Buffer, nowMs: number, wallMs: number): number {
    if (this.#fault !== null) {
      const { status } = this.#fault;
      this.#fault.timesLeft -= 1;
      if (this.#fault.timesLeft <= 0) this.#fault = null;
      return status;
    }
    if (!this.#secrets.some((secret) => isAuthentic(secret, headers, body, wallMs))) return 401;
    const webhookId = String(headers['webhook-id']);
    if (this.#told.has(webhookId)) return 204;
    const told = readNotice(webhookId, body, nowMs);
    if (told === null) return 400;
    this.restore(told);
    this.#record(told);
    return 204;
  }

  /**
   * The same at the address that it has moved away from: 410 the first time that a notice comes there.
   * A sender that is asked to send it again finds that the post is forwarded now.
   */
  receiveAtFormerAddress(
    headers: IncomingHttpHeaders,
    body: Buffer,
    nowMs: number,
    wallMs: number,
  ): number {
    const webhookId = String(headers['webhook-id']);
    if (this.#refusedAsMoved.has(webhookId)) return this.receive(headers, body, nowMs, wallMs);
    this.#refusedAsMoved.add(webhookId);
    return 410;
  }

  /** Everything it was told, oldest first. */
  told(): Told[] {
    return [...this.#told.values()];
  }

  /** Takes back what `record` was given. */
  restore(told: Told): void {
    this.#told.set(told.webhookId, told);
  }
}

function isAuthentic(
  secret: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  wallMs: number,
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string') return false;
  if (typeof signatures !== 'string' || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(wallMs - Number(timestamp) * 1_000) > NOTICE_AGE_MS_MAX) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(' ').some((entry) => {
    const [version, signature = ''] = entry.split(',');
    const found = Buffer.from(signature, 'base64');
    return version === 'v1' && found.length === expected.length && timingSafeEqual(found, expected);
  });
}

function readNotice(webhookId: string, body: Buffer, nowMs: number): Told | null {
  const notice = parseJson(body.toString('utf8'));
  if (!isRecord(notice) || typeof notice['type'] !== 'string') return null;
  const data = isRecord(notice['data']) ? notice['data'] : {};
  const subject = isRecord(data['object']) ? data['object'] : data;
  const merchantOrderNo = subject['merchant_order_no'];
  const amount = subject['amount'];
  return {
    webhookId,
    merchantOrderNo: typeof merchantOrderNo === 'string' ? merchantOrderNo : null,
    event: notice['type'],
    amountMinor: typeof amount === 'number' ? amount : null,
    atMs: nowMs,
  };
}
