import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** How far a signature's time may lie from the channel's clock, either way. */
export const SIGNATURE_WINDOW_MS = 300_000;

/** What a probe's signature begins with; whoever verifies well refuses it. */
export const PROBE_SIGNATURE_PREFIX = 'SANDBOX/SIGNTEST/';

export type SignatureParts = {
  readonly account: string;
  readonly timestampText: string;
  readonly nonce: string;
  readonly signature: string;
};

/** base64 of HMAC-SHA256 over time, nonce, scope and the raw body. */
export function signatureOf(
  secret: string,
  timestampText: string,
  nonce: string,
  scope: string,
  body: Buffer | string,
): string {
  return createHmac('sha256', secret)
    .update(`${timestampText}\n${nonce}\n${scope}\n`)
    .update(body)
    .digest('base64');
}

/** The four headers that carry a signature made at `nowMs` of the channel's clock. */
export function signedHeaders(
  sender: { readonly account: string; readonly secret: string },
  message: { readonly scope: string; readonly nonce: string; readonly body: Buffer | string },
  nowMs: number,
): OutgoingHttpHeaders {
  const timestampText = String(nowMs);
  const { scope, nonce, body } = message;
  return {
    'sandbox-account': sender.account,
    'sandbox-timestamp': timestampText,
    'sandbox-nonce': nonce,
    'sandbox-signature': signatureOf(sender.secret, timestampText, nonce, scope, body),
  };
}

/** The signature a request carries; null when a part is missing or has the wrong form. */
export function signaturePartsOf(headers: IncomingHttpHeaders): SignatureParts | null {
  const account = headers['sandbox-account'];
  const timestampText = headers['sandbox-timestamp'];
  const nonce = headers['sandbox-nonce'];
  const signature = headers['sandbox-signature'];
  if (typeof account !== 'string' || account === '') return null;
  if (typeof timestampText !== 'string' || !/^\d{1,15}$/.test(timestampText)) return null;
  if (typeof nonce !== 'string' || !/^[0-9A-Za-z_-]{8,64}$/.test(nonce)) return null;
  if (typeof signature !== 'string') return null;
  return { account, timestampText, nonce, signature };
}

/** Whether the signature is the one of that secret, scope and body; compared in constant time. */
export function isSignatureOf(
  secret: string,
  parts: SignatureParts,
  scope: string,
  body: Buffer,
): boolean {
  const expected = signatureOf(secret, parts.timestampText, parts.nonce, scope, body);
  const expectedBytes = Buffer.from(expected);
  const foundBytes = Buffer.from(parts.signature);
  return expectedBytes.length === foundBytes.length && timingSafeEqual(expectedBytes, foundBytes);
}

/** The nonces of one account. A number used once within the window is refused the second time. */
export class NonceMemory {
  readonly #validUntilMs = new Map<string, number>();

  /** Whether the message is fresh: its time within the window and its nonce unseen; remembers it. */
  admit(parts: SignatureParts, nowMs: number): boolean {
    const timestampMs = Number(parts.timestampText);
    if (Math.abs(nowMs - timestampMs) > SIGNATURE_WINDOW_MS) return false;
    this.#forget(nowMs);
    if (this.#validUntilMs.has(parts.nonce)) return false;
    this.#validUntilMs.set(parts.nonce, timestampMs + SIGNATURE_WINDOW_MS);
    return true;
  }

  /** Drops from the oldest on what the window has left; a younger one behind it waits its turn. */
  #forget(nowMs: number): void {
    for (const [nonce, validUntilMs] of this.#validUntilMs) {
      if (validUntilMs >= nowMs) return;
      this.#validUntilMs.delete(nonce);
    }
  }
}
