/**
 * The link to the sandbox's payment page. We sign it ourselves and no call goes out, so the channel
 * learns of the order only when its payer opens the page.
 */
import type { SandboxKey } from './signature.ts';
import { PAGE_SCOPE, signatureOf } from './signature.ts';

/** The fields of a page order, as they stand in the link; absent ones are left out. */
export type PageFields = Readonly<Record<string, string | undefined>>;

/**
 * The signed address of a page order. The same fields, time and nonce give the same address, so it
 * can be made again whenever it is shown and need not be stored.
 */
export function pageLink(
  key: SandboxKey,
  address: string,
  fields: PageFields,
  createdAtMs: number,
  nonce: string,
): string {
  const timestampText = String(createdAtMs);
  const pairs = Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [pair(name, value)]))
    .toSorted();
  const signed = pairs.join('&');
  const signature = signatureOf(key, timestampText, nonce, PAGE_SCOPE, signed);
  const seal = [
    pair('timestamp', timestampText),
    pair('nonce', nonce),
    pair('signature', signature),
  ];
  return `${address}?${[signed, ...seal].join('&')}`;
}

/** A lone surrogate has no UTF-8 form and would make the encoder throw. */
function pair(name: string, value: string): string {
  return `${name}=${encodeURIComponent(value.toWellFormed())}`;
}
