/**
 * Signatures of the sandbox: base64 of HMAC-SHA256 over time, nonce, scope and the raw body.
 * The scope says what the message is, so that none can be passed off as another.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** How far the time of a signature may lie from our clock, either way. */
export const SIGNATURE_WINDOW_MS = 300_000;

/** The scope of a notification; a request's is `POST <path>`, a reply's `REPLY <path>`. */
export const NOTIFICATION_SCOPE = 'NOTIFY';
/** The scope of the link to a payment page. */
export const PAGE_SCOPE = 'PAGE';

/** One account's secret, made ready once, because every message needs it. */
export type SandboxKey = { readonly account: string; readonly key: KeyObject };

/** The four headers of a signed message, in their right form; nothing is proven yet. */
export type SignedParts = {
  readonly account: string;
  readonly timestampText: string;
  readonly nonce: string;
  readonly signature: string;
};

/** The key of an account from its secret. */
export function newSandboxKey(account: string, secret: string): SandboxKey {
  return { account, key: createSecretKey(secret, 'utf8') };
}

/** The signature text of one message. */
export function signatureOf(
  { key }: SandboxKey,
  timestampText: string,
  nonce: string,
  scope: string,
  body: string | Uint8Array,
): string {
  return createHmac('sha256', key)
    .update(`${timestampText}\n${nonce}\n${scope}\n`)
    .update(body)
    .digest('base64');
}

/** The headers that sign a message at `nowMs`. */
export function signedHeaders(
  key: SandboxKey,
  nowMs: number,
  nonce: string,
  scope: string,
  body: string,
): Record<string, string> {
  const timestampText = String(nowMs);
  return {
    'sandbox-account': key.account,
    'sandbox-timestamp': timestampText,
    'sandbox-nonce': nonce,
    'sandbox-signature': signatureOf(key, timestampText, nonce, scope, body),
  };
}

const FORMS = {
  account: ['sandbox-account', /^[\x21-\x7e]{1,64}$/],
  timestampText: ['sandbox-timestamp', /^[1-9]\d{0,14}$/],
  nonce: ['sandbox-nonce', /^[0-9A-Za-z_-]{8,64}$/],
  // 32 bytes in base64: one form only, so nothing can be appended, cut or written otherwise.
  signature: ['sandbox-signature', /^[A-Za-z0-9+/]{43}=$/],
} as const;

/**
 * The signature headers of a message, or one sentence about the first that is missing or malformed.
 * A header that came twice is malformed: as a list, or joined by a comma.
 */
export function readSignedParts(headers: Readonly<Record<string, unknown>>): SignedParts | string {
  const account = readHeader(headers, FORMS.account);
  const timestampText = readHeader(headers, FORMS.timestampText);
  const nonce = readHeader(headers, FORMS.nonce);
  const signature = readHeader(headers, FORMS.signature);
  if (account === null) return faultOf(headers, FORMS.account[0]);
  if (timestampText === null) return faultOf(headers, FORMS.timestampText[0]);
  if (nonce === null) return faultOf(headers, FORMS.nonce[0]);
  if (signature === null) return faultOf(headers, FORMS.signature[0]);
  return { account, timestampText, nonce, signature };
}

/** Whether this key signed these parts for this scope and body; compared in constant time. */
export function isSignedBy(
  key: SandboxKey,
  parts: SignedParts,
  scope: string,
  body: Uint8Array,
): boolean {
  const expected = Buffer.from(signatureOf(key, parts.timestampText, parts.nonce, scope, body));
  const found = Buffer.from(parts.signature);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

function readHeader(
  headers: Readonly<Record<string, unknown>>,
  [name, form]: readonly [string, RegExp],
): string | null {
  const value = headers[name];
  return typeof value === 'string' && form.test(value) ? value : null;
}

function faultOf(headers: Readonly<Record<string, unknown>>, name: string): string {
  return headers[name] === undefined
    ? `the header ${name} is missing`
    : `the header ${name} is malformed`;
}
