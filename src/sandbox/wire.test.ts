import { describe, expect, test } from 'vitest';
import {
  isSignatureOf,
  NonceMemory,
  SIGNATURE_WINDOW_MS,
  type SignatureParts,
  signatureOf,
  signaturePartsOf,
  signedHeaders,
} from './wire.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 12);

/** Made with `openssl dgst -sha256 -hmac secret -binary | base64` over the five parts. */
const VECTOR = 'YmgGE9yfb+5MN8SinNO3ZjRHqQwwquzlpot9pkHxvA0=';

function partsAt(timestampMs: number, nonce: string): SignatureParts {
  return { account: 'a', timestampText: String(timestampMs), nonce, signature: '' };
}

describe('a signature', () => {
  test('is the one that any other implementation makes', () => {
    const body = '{"out_no":"A2345678"}';
    expect(
      signatureOf('secret', '1795521600000', 'nonce_01', 'POST /gateway/sandbox/pay', body),
    ).toBe(VECTOR);
  });

  test('holds for its own secret, scope, body, time and nonce and for no other', () => {
    const message = { scope: 'NOTIFY', nonce: 'nonce_01', body: 'a body' };
    const headers = signedHeaders({ account: 'a', secret: 'secret' }, message, NOW_MS);
    const parts = signaturePartsOf(headers as Record<string, string>);
    if (parts === null) throw new Error('the headers are malformed');
    const body = Buffer.from('a body');
    expect(isSignatureOf('secret', parts, 'NOTIFY', body)).toBe(true);
    expect(isSignatureOf('Secret', parts, 'NOTIFY', body)).toBe(false);
    expect(isSignatureOf('secret', parts, 'REPLY /', body)).toBe(false);
    expect(isSignatureOf('secret', parts, 'NOTIFY', Buffer.from('a bodY'))).toBe(false);
    expect(isSignatureOf('secret', { ...parts, nonce: 'nonce_02' }, 'NOTIFY', body)).toBe(false);
    expect(isSignatureOf('secret', { ...parts, timestampText: '1' }, 'NOTIFY', body)).toBe(false);
    expect(isSignatureOf('secret', { ...parts, signature: '' }, 'NOTIFY', body)).toBe(false);
  });

  test.each([
    ['no account', { 'sandbox-account': '' }],
    ['a short nonce', { 'sandbox-nonce': 'seven77' }],
    ['a nonce with a line break', { 'sandbox-nonce': 'nonce\n01' }],
    ['a time that is no number', { 'sandbox-timestamp': 'now' }],
  ])('with %s is none', (_, change) => {
    const headers = {
      'sandbox-account': 'a',
      'sandbox-timestamp': String(NOW_MS),
      'sandbox-nonce': 'nonce_01',
      'sandbox-signature': 'x',
    };
    expect(signaturePartsOf(headers)).not.toBeNull();
    expect(signaturePartsOf({ ...headers, ...change })).toBeNull();
  });
});

describe('a nonce', () => {
  test('is admitted once', () => {
    const nonces = new NonceMemory();
    expect(nonces.admit(partsAt(NOW_MS, 'nonce_01'), NOW_MS)).toBe(true);
    expect(nonces.admit(partsAt(NOW_MS, 'nonce_01'), NOW_MS)).toBe(false);
    expect(nonces.admit(partsAt(NOW_MS, 'nonce_02'), NOW_MS)).toBe(true);
  });

  test('outside the window is not admitted, on either side', () => {
    const nonces = new NonceMemory();
    const late = NOW_MS - SIGNATURE_WINDOW_MS - 1;
    const early = NOW_MS + SIGNATURE_WINDOW_MS + 1;
    expect(nonces.admit(partsAt(late, 'nonce_01'), NOW_MS)).toBe(false);
    expect(nonces.admit(partsAt(early, 'nonce_02'), NOW_MS)).toBe(false);
    expect(nonces.admit(partsAt(late + 1, 'nonce_01'), NOW_MS)).toBe(true);
    expect(nonces.admit(partsAt(early - 1, 'nonce_02'), NOW_MS)).toBe(true);
  });

  test('is never admitted a second time, whenever it is replayed', () => {
    const nonces = new NonceMemory();
    const ahead = NOW_MS + SIGNATURE_WINDOW_MS;
    expect(nonces.admit(partsAt(ahead, 'nonce_01'), NOW_MS)).toBe(true);
    for (let nowMs = NOW_MS; nowMs < NOW_MS + 700_000; nowMs += 10_000) {
      expect(nonces.admit(partsAt(nowMs, `nonce-${nowMs}`), nowMs)).toBe(true);
      expect(nonces.admit(partsAt(ahead, 'nonce_01'), nowMs)).toBe(false);
    }
  });
});
