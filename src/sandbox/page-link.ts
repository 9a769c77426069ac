import { isSignatureOf, type SignatureParts, signaturePartsOf } from './wire.ts';

/** What is signed in a link to the payment page. */
const PAGE_SCOPE = 'PAGE';

/** Parameters that seal the link and are not part of what is signed. */
const SEAL = new Set(['timestamp', 'nonce', 'signature']);

/** The parameters of a signed link by name, and the text that its signature covers. */
export type PageLink = {
  readonly fields: ReadonlyMap<string, string>;
  readonly signed: string;
  readonly parts: SignatureParts | null;
};

/** Reads the query string of a link; null when it is malformed or names a parameter twice. */
export function parsePageLink(queryString: string): PageLink | null {
  const fields = new Map<string, string>();
  for (const pair of queryString.split('&')) {
    const mark = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, mark));
    const value = decode(pair.slice(mark + 1));
    if (mark < 1 || value === null || fields.has(name)) return null;
    fields.set(name, value);
  }
  const signed = [...fields]
    .filter(([name]) => !SEAL.has(name))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const parts = signaturePartsOf({
    'sandbox-account': fields.get('account'),
    'sandbox-timestamp': fields.get('timestamp'),
    'sandbox-nonce': fields.get('nonce'),
    'sandbox-signature': fields.get('signature'),
  });
  return { fields, signed, parts };
}

/** Whether the link was signed with that secret; its age does not matter, only what it says. */
export function isSealedBy(secret: string, link: PageLink): boolean {
  const { parts, signed } = link;
  return parts !== null && isSignatureOf(secret, parts, PAGE_SCOPE, Buffer.from(signed));
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
