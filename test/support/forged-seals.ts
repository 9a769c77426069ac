/** Forgeries of a notification's headers: signature, algorithm, key, scope, time and nonce. */
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import type { Forgery } from './forgery-making.ts';
import {
  SIGNATURE,
  atMs,
  bitFlipped,
  duplicate,
  emptied,
  malleated,
  message,
  missing,
  otherCase,
  otherDigit,
  otherKey,
  sealedAs,
  withHeader,
  withHeaders,
  withScope,
  withSignature,
} from './forgery-making.ts';
import { sealOf } from './sandbox-message.ts';

const HOUR_MS = 3_600_000;

const SIGNATURE_SHAPES: Readonly<Record<string, Forgery>> = {
  'signature: one bit flipped': withHeader(SIGNATURE, bitFlipped),
  'signature: cut by one letter': withHeader(SIGNATURE, (text) => text.slice(0, -1)),
  'signature: cut to half': withHeader(SIGNATURE, (text) => text.slice(0, 22)),
  'signature: extended by one letter': withHeader(SIGNATURE, (text) => `${text}A`),
  'signature: extended by padding': withHeader(SIGNATURE, (text) => `${text}=`),
  'signature: without its padding': withHeader(SIGNATURE, (text) => text.replaceAll('=', '')),
  'signature: malleated base64': withHeader(SIGNATURE, malleated),
  'signature: base64url letters': withHeader(
    SIGNATURE,
    (text) => `-${text.slice(1).replaceAll('+', '-').replaceAll('/', '_')}`,
  ),
  'signature: hexadecimal': withHeader(SIGNATURE, (text) =>
    Buffer.from(text, 'base64').toString('hex'),
  ),
  'signature: another case': withHeader(SIGNATURE, otherCase),
  'signature: a comma and another': withHeader(SIGNATURE, (text) => `${text},${text}`),
  'signature: quoted': withHeader(SIGNATURE, (text) => `"${text}"`),
  'signature: with an algorithm in front': withHeader(SIGNATURE, (text) => `v1=${text}`),
  'signature: blanks inside': withHeader(
    SIGNATURE,
    (text) => `${text.slice(0, 20)} ${text.slice(20)}`,
  ),
  'signature: the probe of the channel': withHeader(
    SIGNATURE,
    (text) => `SANDBOX/SIGNTEST/${text}`,
  ),
  'signature: a probe cut to the right length': withHeader(SIGNATURE, (text) =>
    `SANDBOX/SIGNTEST/${text}`.slice(0, 44),
  ),
  'signature: non-ASCII': withHeader(SIGNATURE, (text) => `\u00e9${text.slice(1)}`),
  'signature: huge': withHeader(SIGNATURE, (text) => text.repeat(150)),
  'signature: all zero': withHeader(SIGNATURE, () => `${'A'.repeat(43)}=`),
  'signature: the word null': withHeader(SIGNATURE, () => 'null'),
  'signature: of another message': withSignature(({ sealing }) =>
    sealOf(sealing, '{"state":"WAITING"}'),
  ),
  'signature: of the empty body': withSignature(({ sealing }) => sealOf(sealing, '')),
  'signature: only of the body': withSignature(({ sealing }, text) =>
    createHmac('sha256', sealing.secret).update(text).digest('base64'),
  ),
  'signature: without the scope': withSignature(({ sealing }, text) =>
    createHmac('sha256', sealing.secret)
      .update(`${sealing.timestamp}\n${sealing.nonce}\n${text}`)
      .digest('base64'),
  ),
  'signature: of the digest of the body': withSignature((drawn, text) =>
    createHmac('sha256', drawn.sealing.secret)
      .update(message(drawn, createHash('sha256').update(text).digest('hex')))
      .digest('base64'),
  ),
};

const ALGORITHM_SHAPES: Readonly<Record<string, Forgery>> = {
  'algorithm: none': withSignature(() => ''),
  'algorithm: MD5': withSignature((drawn, text) =>
    createHmac('md5', drawn.sealing.secret).update(message(drawn, text)).digest('base64'),
  ),
  'algorithm: SHA-1': withSignature((drawn, text) =>
    createHmac('sha1', drawn.sealing.secret).update(message(drawn, text)).digest('base64'),
  ),
  'algorithm: SHA-512': withSignature((drawn, text) =>
    createHmac('sha512', drawn.sealing.secret).update(message(drawn, text)).digest('base64'),
  ),
  'algorithm: SHA-512 cut to 32 bytes': withSignature((drawn, text) =>
    createHmac('sha512', drawn.sealing.secret)
      .update(message(drawn, text))
      .digest()
      .subarray(0, 32)
      .toString('base64'),
  ),
  'algorithm: a digest without a key': withSignature((drawn, text) =>
    createHash('sha256').update(message(drawn, text)).digest('base64'),
  ),
  'algorithm: a digest with the secret in front': withSignature((drawn, text) =>
    createHash('sha256')
      .update(drawn.sealing.secret + message(drawn, text))
      .digest('base64'),
  ),
  'algorithm: encryption instead of a MAC': withSignature((drawn, text) => {
    const key = createHash('sha256').update(drawn.sealing.secret).digest();
    const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
    return cipher.update(message(drawn, text)).subarray(0, 32).toString('base64');
  }),
};

const KEY_SHAPES: Readonly<Record<string, Forgery>> = {
  'key: another one': sealedAs(otherKey),
  'key: empty': sealedAs(() => ({ secret: '' })),
  'key: the account name': sealedAs(({ sealing }) => ({ secret: sealing.account })),
  'key: the secret with a line end': sealedAs(({ sealing }) => ({ secret: `${sealing.secret}\n` })),
  'key: the secret in base64': sealedAs(({ sealing }) => ({
    secret: Buffer.from(sealing.secret).toString('base64'),
  })),
  'key: of another account, in its name': sealedAs((drawn) => ({
    ...otherKey(drawn),
    account: 'other',
  })),
  'account: another one in the header': withHeader('sandbox-account', () => 'other'),
  'account: another case': withHeader('sandbox-account', otherCase),
  'account: with a path': withHeader('sandbox-account', (text) => `../${text}`),
  'account: another one in header and body': sealedAs(
    () => ({ account: 'other' }),
    () => ({ account: 'other' }),
  ),
  'account: another one in the body, signed well': sealedAs(
    () => ({}),
    () => ({ account: 'other' }),
  ),
  'account: none in the body, signed well': sealedAs(
    () => ({}),
    () => ({ account: undefined }),
  ),
  'account: a list in the body, signed well': sealedAs(
    () => ({}),
    ({ sealing }) => ({ account: [sealing.account] }),
  ),
  'scope: our own request sent back': withScope('POST /gateway/sandbox/pay'),
  'scope: a reply sent as notification': withScope('REPLY /gateway/sandbox/query'),
  'scope: the link of a page': withScope('PAGE'),
  'scope: in small letters': withScope('notify'),
  'scope: none': withScope(''),
};

const TIME_SHAPES: Readonly<Record<string, Forgery>> = {
  'time: one digit changed': withHeader('sandbox-timestamp', otherDigit),
  'time: renewed without signing again': withHeader('sandbox-timestamp', (text) =>
    String(Number(text) + 1),
  ),
  'time: an hour ago': atMs(-HOUR_MS),
  'time: just too old': atMs(-302_000),
  'time: just too far ahead': atMs(302_000),
  'time: in an hour': atMs(HOUR_MS),
  'time: zero': sealedAs(() => ({ timestamp: '0' })),
  'time: below zero': sealedAs(({ nowMs }) => ({ timestamp: `-${nowMs}` })),
  'time: in seconds': sealedAs(({ nowMs }) => ({ timestamp: String(Math.floor(nowMs / 1_000)) })),
  'time: a fraction': sealedAs(({ nowMs }) => ({ timestamp: `${nowMs}.5` })),
  'time: with an exponent': sealedAs(({ nowMs }) => ({ timestamp: `${nowMs / 1e3}e3` })),
  'time: hexadecimal': sealedAs(({ nowMs }) => ({ timestamp: `0x${nowMs.toString(16)}` })),
  'time: with a zero in front': sealedAs(({ nowMs }) => ({ timestamp: `0${nowMs}` })),
  'time: with a sign': sealedAs(({ nowMs }) => ({ timestamp: `+${nowMs}` })),
  'time: RFC 3339': sealedAs(({ nowMs }) => ({ timestamp: new Date(nowMs).toISOString() })),
  'time: the year 9999': sealedAs(() => ({ timestamp: '253402300799999' })),
  'time: beyond all numbers': sealedAs(() => ({ timestamp: '9'.repeat(400) })),
  'nonce: one bit flipped': withHeader('sandbox-nonce', bitFlipped),
  'nonce: another one': withHeader('sandbox-nonce', (text) =>
    text.replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a')),
  ),
  'nonce: too short, signed well': sealedAs(() => ({ nonce: 'seven-7' })),
  'nonce: too long, signed well': sealedAs(() => ({ nonce: 'x'.repeat(65) })),
  'nonce: of 1 kB, signed well': sealedAs(() => ({ nonce: 'x'.repeat(1_024) })),
  'nonce: with a letter that is none, signed well': sealedAs(() => ({ nonce: 'nonce.with.dots' })),
};

const HEADER_SHAPES: Readonly<Record<string, Forgery>> = {
  'headers: none at all': withHeaders(() => []),
  'headers: no account': missing('sandbox-account'),
  'headers: no time': missing('sandbox-timestamp'),
  'headers: no nonce': missing('sandbox-nonce'),
  'headers: no signature': missing(SIGNATURE),
  'headers: empty account': emptied('sandbox-account'),
  'headers: empty time': emptied('sandbox-timestamp'),
  'headers: empty nonce': emptied('sandbox-nonce'),
  'headers: empty signature': emptied(SIGNATURE),
  'headers: account twice': duplicate('sandbox-account'),
  'headers: time twice': duplicate('sandbox-timestamp'),
  'headers: nonce twice': duplicate('sandbox-nonce'),
  'headers: signature twice': duplicate(SIGNATURE),
  'headers: a wrong signature before the right one': withHeaders((list) => [
    [SIGNATURE, `${'A'.repeat(43)}=`],
    ...list,
  ]),
  'headers: a wrong signature after the right one': withHeaders((list) => [
    ...list,
    [SIGNATURE, `${'A'.repeat(43)}=`],
  ]),
  'headers: time and nonce exchanged': withHeaders((list, { sealing }) =>
    list.map(([name, value]) => {
      if (name === 'sandbox-timestamp') return [name, sealing.nonce] as const;
      return [name, name === 'sandbox-nonce' ? sealing.timestamp : value] as const;
    }),
  ),
  'headers: under names of another wire': withHeaders((list) =>
    list.map(([name, value]) => [name.replace('sandbox-', 'wechatpay-'), value] as const),
  ),
};

/** By name. */
export const FORGED_SEALS: Readonly<Record<string, Forgery>> = {
  ...SIGNATURE_SHAPES,
  ...ALGORITHM_SHAPES,
  ...KEY_SHAPES,
  ...TIME_SHAPES,
  ...HEADER_SHAPES,
};
