/**
 * Messages of the sandbox's wire, signed here with code of the tests' own: the code that verifies
 * them must not be the code that made them.
 */
import { createHmac } from 'node:crypto';

export type Sealing = {
  readonly account: string;
  readonly secret: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly scope: string;
};

/** base64 of HMAC-SHA256 over time, nonce, scope and body. */
export function sealOf(
  { secret, timestamp, nonce, scope }: Sealing,
  body: string | Uint8Array,
): string {
  const hmac = createHmac('sha256', secret);
  hmac.update(Buffer.from(`${timestamp}\n${nonce}\n${scope}\n`, 'utf8'));
  return hmac.update(body).digest('base64');
}

/** The four headers of a signed message. */
export function sealedHeaders(sealing: Sealing, body: string | Uint8Array): Record<string, string> {
  return {
    'sandbox-account': sealing.account,
    'sandbox-timestamp': sealing.timestamp,
    'sandbox-nonce': sealing.nonce,
    'sandbox-signature': sealOf(sealing, body),
  };
}
