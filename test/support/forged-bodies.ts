/** Forgeries of what a notification says: altered on the way, signed by others, or no notification. */
import { gzipSync } from 'node:zlib';
import type { Forgery } from './forgery-making.ts';
import {
  amountBy,
  resealed,
  sealedAs,
  withBody,
  withFields,
  withGbk,
  withSealedBody,
} from './forgery-making.ts';
import { below } from './notification-draw.ts';

const BODY_SHAPES: Readonly<Record<string, Forgery>> = {
  'body: one bit flipped': withBody((text, random) => {
    const bytes = Buffer.from(text);
    const at = below(random, bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
    return bytes;
  }),
  'body: a blank added at the end': withBody((text) => `${text} `),
  'body: a blank added inside': withBody((text) => text.replace(':', ': ')),
  'body: a line end added': withBody((text) => `${text}\n`),
  'body: a BOM added': withBody((text) => `\ufeff${text}`),
  'body: keys in another order': withBody((_text, _random, { words }) =>
    JSON.stringify(Object.fromEntries(Object.entries(words).toReversed())),
  ),
  'body: written anew with indentation': withBody((_text, _random, { words }) =>
    JSON.stringify(words, null, 2),
  ),
  'body: cut': withBody((text, random) => text.slice(0, below(random, text.length))),
  'body: empty': withBody(() => ''),
  'body: twice': withBody((text) => text + text),
  'body: a field added': withBody((text) => `{"x":1,${text.slice(1)}`),
  'body: in UTF-16': withBody((text) => Buffer.from(text, 'utf16le')),
  'body: packed with gzip': withBody((text) => gzipSync(text)),
  'body: as a form': withBody((_text, _random, { words }) =>
    new URLSearchParams(
      Object.fromEntries(Object.entries(words).map(([name, value]) => [name, String(value)])),
    ).toString(),
  ),
  'body: of another order': withFields((words) => ({
    out_no: String(words['out_no']).replace(/.$/, (last) => (last === '2' ? '3' : '2')),
  })),
  'body: the amount raised by one': withFields(amountBy(1)),
  'body: the amount lowered by one': withFields(amountBy(-1)),
  'body: the amount times one hundred': withFields((words) => ({
    amount: Number(words['amount']) * 100,
  })),
  'body: another currency': withFields(() => ({ currency: 'JPY' })),
  'body: another trade': withFields((words) => ({ trade_no: `${String(words['trade_no'])}1` })),
  'body: declined instead of paid': withFields(() => ({
    state: 'DECLINED',
    code: 'INSUFFICIENT_BALANCE',
  })),
};

const RESEALED_SHAPES: Readonly<Record<string, Forgery>> = {
  'another key: the amount raised by one': resealed(({ words }) => amountBy(1)(words)),
  'another key: the amount lowered by one': resealed(({ words }) => amountBy(-1)(words)),
  'another key: the amount of nothing': resealed(() => ({ amount: 0 })),
  'another key: the amount below nothing': resealed(({ words }) => ({
    amount: -Number(words['amount']),
  })),
  'another key: the amount as a text': resealed(({ words }) => ({
    amount: String(words['amount']),
  })),
  'another key: the amount as a fraction': resealed(({ words }) => ({
    amount: Number(words['amount']) + 0.5,
  })),
  'another key: another currency': resealed(() => ({ currency: 'USD' })),
  'another key: declined': resealed(() => ({ state: 'DECLINED', code: 'INSUFFICIENT_BALANCE' })),
  'another key: a refund': resealed(() => ({ event: 'refund' })),
};

const SEALED_SHAPES: Readonly<Record<string, Forgery>> = {
  'signed well: the empty body': withSealedBody(() => ''),
  'signed well: no JSON': withSealedBody(() => 'state=PAID'),
  'signed well: a BOM in front': withSealedBody((text) => `\ufeff${text}`),
  'signed well: a list': withSealedBody((text) => `[${text}]`),
  'signed well: null': withSealedBody(() => 'null'),
  'signed well: JSON twenty thousand deep': withSealedBody(
    () => '['.repeat(20_000) + ']'.repeat(20_000),
  ),
  'signed well: brackets that never close': withSealedBody(() => '{"a":'.repeat(8_000)),
  'signed well: in GBK': withSealedBody(withGbk),
  'signed well: in UTF-16': withSealedBody((text) => Buffer.from(text, 'utf16le')),
  'signed well: packed with gzip': withSealedBody((text) => gzipSync(text)),
  'signed well: NUL in the middle': withSealedBody((text) => text.replace(',', ',\0')),
  'signed well: two values': withSealedBody((text) => text + text),
  'signed well: a comma too many': withSealedBody((text) => text.replace(/\}$/, ',}')),
  'signed well: a comment': withSealedBody((text) => text.replace(/\}$/, '/* */}')),
  'signed well: the amount twice': withSealedBody((text) => `{"amount":1,${text.slice(1)}`),
  'signed well: the amount twice, once escaped': withSealedBody(
    (text) => `{"\\u0061mount":1,${text.slice(1)}`,
  ),
  'signed well: the order number twice': withSealedBody((text) =>
    text.replace(/\}$/, ',"out_no":"00000000"}'),
  ),
  'signed well: the state twice': withSealedBody((text) => `{"state":"WAITING",${text.slice(1)}`),
  'signed well: the account twice': withSealedBody((text) =>
    text.replace(/\}$/, ',"account":"other"}'),
  ),
  'signed well: no order number': sealedAs(
    () => ({}),
    () => ({ out_no: undefined }),
  ),
  'signed well: an order number that cannot be one': sealedAs(
    () => ({}),
    ({ words }) => ({ out_no: `${String(words['out_no']).toLowerCase()}'--` }),
  ),
  'signed well: a number as order number': sealedAs(
    () => ({}),
    () => ({ out_no: 12_345_678 }),
  ),
};

/** By name. */
export const FORGED_BODIES: Readonly<Record<string, Forgery>> = {
  ...BODY_SHAPES,
  ...RESEALED_SHAPES,
  ...SEALED_SHAPES,
};
