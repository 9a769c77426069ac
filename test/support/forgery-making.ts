/**
 * Ways to make a forged notification out of what the sandbox itself would send: rewriting a header,
 * the body, or the circumstances of the signature.
 */
import type { Drawn, Random, Sent } from './notification-draw.ts';
import { below, headerList, sealedMessage } from './notification-draw.ts';
import { sealedHeaders } from './sandbox-message.ts';
import type { Sealing } from './sandbox-message.ts';

export const SIGNATURE = 'sandbox-signature';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export type Forgery = (drawn: Drawn, random: Random) => Sent;

export const json = ({ words }: Drawn): string => JSON.stringify(words);

/** The genuine headers with one of them rewritten by somebody on the way. */
export function withHeader(
  name: string,
  change: (value: string, random: Random, drawn: Drawn) => string,
): Forgery {
  return (drawn, random) => {
    const { headers, body } = sealedMessage(drawn.sealing, json(drawn));
    return {
      headers: headers.map(([key, value]) => [
        key,
        key === name ? change(value, random, drawn) : value,
      ]),
      body,
    };
  };
}

/** The genuine headers with more of them, fewer, or in another arrangement. */
export function withHeaders(
  change: (list: Sent['headers'], drawn: Drawn) => Sent['headers'],
): Forgery {
  return (drawn) => {
    const sent = sealedMessage(drawn.sealing, json(drawn));
    return { headers: change(sent.headers, drawn), body: sent.body };
  };
}

/** The headers of the genuine body on another one. */
export function withBody(
  change: (text: string, random: Random, drawn: Drawn) => string | Uint8Array,
): Forgery {
  return (drawn, random) => {
    const changed = change(json(drawn), random, drawn);
    const bytes = typeof changed === 'string' ? Buffer.from(changed) : changed;
    return { headers: headerList(sealedHeaders(drawn.sealing, json(drawn))), body: bytes };
  };
}

/** Other fields under the headers of the genuine body. */
export function withFields(change: (words: Drawn['words'], random: Random) => object): Forgery {
  return withBody((_text, random, { words }) =>
    JSON.stringify({ ...words, ...change(words, random) }),
  );
}

/** A whole message, signed under other circumstances: another key, time, scope or account. */
export function sealedAs(
  change: (drawn: Drawn, random: Random) => Partial<Sealing>,
  words: (drawn: Drawn, random: Random) => object = () => ({}),
): Forgery {
  return (drawn, random) =>
    sealedMessage(
      { ...drawn.sealing, ...change(drawn, random) },
      JSON.stringify({ ...drawn.words, ...words(drawn, random) }),
    );
}

/** A body that the right key signed, and that is no notification all the same. */
export function withSealedBody(
  change: (text: string, drawn: Drawn) => string | Uint8Array,
): Forgery {
  return (drawn) => sealedMessage(drawn.sealing, change(json(drawn), drawn));
}

/** A signature made by other means than the agreed ones. */
export function withSignature(make: (drawn: Drawn, text: string) => string): Forgery {
  return withHeader(SIGNATURE, (_value, _random, drawn) => make(drawn, json(drawn)));
}

export const message = ({ sealing }: Drawn, text: string): string =>
  `${sealing.timestamp}\n${sealing.nonce}\n${sealing.scope}\n${text}`;

/** One bit of one letter flipped, so that the result can still travel in a header. */
export function bitFlipped(text: string, random: Random): string {
  const at = below(random, text.length);
  const first = below(random, 7);
  for (let turn = 0; turn < 7; turn++) {
    const code = text.charCodeAt(at) ^ (1 << ((first + turn) % 7));
    if (code < 0x21 || code > 0x7e) continue;
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
  }
  throw new Error(`no bit of ${text} can be flipped`);
}

export function otherDigit(text: string, random: Random): string {
  const at = below(random, text.length);
  const digit = (Number(text[at]) + 1 + below(random, 8)) % 10;
  return text.slice(0, at) + String(digit) + text.slice(at + 1);
}

/** The same 32 bytes for a lenient decoder: the last letter carries two bits that mean nothing. */
export function malleated(text: string): string {
  const last = BASE64.indexOf(text[42] ?? 'A');
  return `${text.slice(0, 42)}${BASE64[last ^ 1] ?? 'A'}=`;
}

/** The first letter in the other case; a text without letters gets one. */
export function otherCase(text: string): string {
  const changed = text.replace(/[a-z]/i, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
  return changed === text ? `${text}x` : changed;
}

export const amountBy = (step: number) => (words: Drawn['words']) => ({
  amount: Number(words['amount']) + step,
});
export const otherKey = ({ sealing }: Drawn): Partial<Sealing> => ({
  secret: `${sealing.secret}x`,
});
export const resealed = (words: (drawn: Drawn, random: Random) => object): Forgery =>
  sealedAs(otherKey, words);
export const atMs = (offsetMs: number): Forgery =>
  sealedAs(({ nowMs }) => ({ timestamp: String(nowMs + offsetMs) }));
export const withScope = (name: string): Forgery => sealedAs(() => ({ scope: name }));
export const duplicate = (name: string): Forgery =>
  withHeaders((list) => list.flatMap((one) => (one[0] === name ? [one, one] : [one])));
export const missing = (name: string): Forgery =>
  withHeaders((list) => list.filter(([key]) => key !== name));
export const emptied = (name: string): Forgery => withHeader(name, () => '');

/** 中 and 国 in GBK: no UTF-8. */
const GBK = Buffer.from([0xd6, 0xd0, 0xb9, 0xfa]);
export const withGbk = (text: string): Buffer =>
  Buffer.concat([Buffer.from(`{"subject":"`), GBK, Buffer.from(`",${text.slice(1)}`)]);
