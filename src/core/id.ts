/**
 * Identifiers: TypeIDs (a prefix, and a UUIDv7 in Crockford base32) whose payment form carries its merchant.
 *
 * A payment id holds the merchant's number in its last 24 bits, and a channel order number is the
 * payment id plus the attempt. So any number a channel sends back leads to its merchant and its
 * payment without a search, which keeps sharding by merchant possible. Ids sort by time.
 */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const VALUE_BY_CODE = new Int8Array(128).fill(-1);
for (const [value, character] of ALPHABET.split('').entries()) {
  VALUE_BY_CODE[character.charCodeAt(0)] = value;
  VALUE_BY_CODE[character.toUpperCase().charCodeAt(0)] = value;
}
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Random bytes an id needs; the caller brings them, because the core has no randomness of its own. */
export const ID_RANDOM_BYTES = 10;
/** Merchants are numbered 1 … 2^24 - 1, so that the number fits into a payment id. */
export const MERCHANT_NUMBER_MAX = 0xff_ff_ff;
/** Tries of one payment: two base32 characters of the channel order number. */
export const ATTEMPT_MAX = 1023;
/** Channel refunds of one channel order: two base32 characters of their number. */
export const CHANNEL_REFUND_MAX = 1023;

/** A TypeID such as `evt_01m80q…`: 48 bits of time, the rest random. */
export function newId(prefix: string, nowMs: number, random: Uint8Array): string {
  return `${prefix}_${encodeBase32(uuid7(nowMs, random))}`;
}

/** A payment id of this merchant; 50 random bits in each millisecond beside the merchant's number. */
export function newPaymentId(merchantNumber: number, nowMs: number, random: Uint8Array): string {
  const bytes = uuid7(nowMs, random);
  bytes[13] = (merchantNumber >>> 16) & 0xff;
  bytes[14] = (merchantNumber >>> 8) & 0xff;
  bytes[15] = merchantNumber & 0xff;
  return `pay_${encodeBase32(bytes)}`;
}

/** The merchant's number inside a payment id; the id must be well formed (see `isId`). */
export function merchantNumberOf(paymentId: string): number {
  const bytes = decodeBase32(paymentId.slice(4));
  return ((bytes[13] ?? 0) << 16) | ((bytes[14] ?? 0) << 8) | (bytes[15] ?? 0);
}

/** The millisecond in which an id was made. */
export function idTimeMs(id: string): number {
  const bytes = decodeBase32(id.slice(id.indexOf('_') + 1));
  return bytes.subarray(0, 6).reduce((value, byte) => value * 256 + byte, 0);
}

/** Whether a text is a well-formed id with this prefix. */
export function isId(prefix: string, text: string): boolean {
  if (text.length !== prefix.length + 27 || !text.startsWith(`${prefix}_`)) return false;
  return /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text.slice(prefix.length + 1));
}

/** The number sent to a channel: 28 of `[0-9A-Z]`, accepted by every channel (they want 8 to 32). */
export function channelOrderNo(paymentId: string, attempt: number): string {
  const suffix = `${ALPHABET[attempt >>> 5] ?? '?'}${ALPHABET[attempt & 31] ?? '?'}`;
  return `${paymentId.slice(4)}${suffix}`.toUpperCase();
}

/** The number of a channel refund: its order's, `R`, and its place there; 31 of `[0-9A-Z]`. */
export function channelRefundNo(orderNo: string, number: number): string {
  const suffix = `${ALPHABET[number >>> 5] ?? '?'}${ALPHABET[number & 31] ?? '?'}`;
  return `${orderNo}R${suffix.toUpperCase()}`;
}

/** The order number and the place that a channel refund number stands for, or null when it is none of ours. */
export function readChannelRefundNo(
  text: string,
): { channelOrderNo: string; number: number } | null {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{27}R[0-9A-HJKMNP-TV-Z]{2}$/.test(text)) return null;
  const number =
    ((VALUE_BY_CODE[text.charCodeAt(29)] ?? 0) << 5) | (VALUE_BY_CODE[text.charCodeAt(30)] ?? 0);
  return number === 0 ? null : { channelOrderNo: text.slice(0, 28), number };
}

/** The TypeID of a channel order: its payment's, with the attempt in place of 12 random bits. */
export function channelOrderId(paymentId: string, attempt: number): string {
  const bytes = decodeBase32(paymentId.slice(4));
  bytes[6] = 0x70 | ((attempt >>> 8) & 0x0f);
  bytes[7] = attempt & 0xff;
  return `co_${encodeBase32(bytes)}`;
}

/** Payment and attempt that a channel order number stands for, or null when it is none of ours. */
export function readChannelOrderNo(text: string): { paymentId: string; attempt: number } | null {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{27}$/.test(text)) return null;
  const attempt =
    ((VALUE_BY_CODE[text.charCodeAt(26)] ?? 0) << 5) | (VALUE_BY_CODE[text.charCodeAt(27)] ?? 0);
  return attempt === 0 ? null : { paymentId: `pay_${text.slice(0, 26).toLowerCase()}`, attempt };
}

/** `pay_01m…` → `019a…-…`, the form PostgreSQL stores in 16 bytes. */
export function idToUuid(id: string): string {
  const bytes = decodeBase32(id.slice(id.indexOf('_') + 1));
  let text = '';
  for (let at = 0; at < 16; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) text += '-';
    text += HEX[bytes[at] ?? 0];
  }
  return text;
}

/** The reverse of `idToUuid`. */
export function uuidToId(prefix: string, uuid: string): string {
  const hex = uuid.replaceAll('-', '');
  const bytes = new Uint8Array(16);
  for (let at = 0; at < 16; at++) bytes[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16);
  return `${prefix}_${encodeBase32(bytes)}`;
}

function uuid7(nowMs: number, random: Uint8Array): Uint8Array {
  if (random.length < ID_RANDOM_BYTES)
    throw new RangeError(`an id needs ${ID_RANDOM_BYTES} random bytes`);
  const bytes = new Uint8Array(16);
  let timeMs = nowMs;
  for (let at = 5; at >= 0; at--) {
    bytes[at] = timeMs % 256;
    timeMs = Math.floor(timeMs / 256);
  }
  bytes.set(random.subarray(0, ID_RANDOM_BYTES), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** 128 bits as 26 characters of 5 bits; the first character holds only 3. */
function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 2; // 26 characters are 130 bits: two zero bits stand in front
  for (let at = 0; at < 16; at++) {
    buffer = (buffer << 8) | (bytes[at] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}

function decodeBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  let buffer = 0;
  let bits = -2;
  let at = 0;
  for (let index = 0; index < 26; index++) {
    buffer = (buffer << 5) | (VALUE_BY_CODE[text.charCodeAt(index)] ?? 0);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (buffer >>> bits) & 0xff;
    }
    buffer &= (1 << bits) - 1;
  }
  return bytes;
}
