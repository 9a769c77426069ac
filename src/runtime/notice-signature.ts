/**
 * Signatures of notices in the Standard Webhooks format: HMAC-SHA256 over id, time and body,
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Answers the header `webhook-signature`: one signature for each secret, so that a rotation is seamless. */
export type SignNotice = (
  secrets: readonly string[],
  id: string,
  timestampSeconds: number,
  body: string,
) => string;

/** Keys kept decoded; an installation with more endpoints than this decodes some of them again. */
const KEYS_KEPT_MAX = 10_000;
const PREFIX = 'whsec_';

/** A signer that remembers decoded keys. Throws for a secret that holds no key, which would be our bug. */
export function newNoticeSigner(): SignNotice {
  const keys = new Map<string, KeyObject>();
  const keyOf = (secret: string): KeyObject => {
    const known = keys.get(secret);
    if (known) return known;
    if (keys.size >= KEYS_KEPT_MAX) keys.clear();
    const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
    if (text === '') throw new Error('a webhook secret must be whsec_ and base64');
    const key = createSecretKey(text, 'base64');
    keys.set(secret, key);
    return key;
  };
  return (secrets, id, timestampSeconds, body) => {
    const signed = `${id}.${timestampSeconds}.${body}`;
    return secrets
      .map((secret) => `v1,${createHmac('sha256', keyOf(secret)).update(signed).digest('base64')}`)
      .join(' ');
  };
}
