import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { newNoticeSigner } from './notice-signature.ts';

const sign = newNoticeSigner();
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
const ID = 'evt_01m80q0000000000000000000a';
const BODY = '{"type":"payment.succeeded","subject":"茶 🍵"}';

function headersOf(signature: string, seconds: number): Record<string, string> {
  return { 'webhook-id': ID, 'webhook-timestamp': `${seconds}`, 'webhook-signature': signature };
}

describe('the signature of a notice', () => {
  test('is the one of the format’s own test vector', () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/index.test.ts
    expect(
      sign([SECRET], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'),
    ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('is what an independent library makes and takes', () => {
    const now = new Date();
    const seconds = Math.floor(now.getTime() / 1_000);
    const signature = sign([SECRET], ID, seconds, BODY);
    expect(signature).toBe(new Webhook(SECRET).sign(ID, now, BODY));
    expect(new Webhook(SECRET).verify(BODY, headersOf(signature, seconds))).toEqual(
      JSON.parse(BODY),
    );
    expect(() => new Webhook(OTHER).verify(BODY, headersOf(signature, seconds))).toThrow(
      'signature',
    );
    expect(() => new Webhook(SECRET).verify(`${BODY} `, headersOf(signature, seconds))).toThrow(
      'signature',
    );
  });

  test('of two secrets is taken with either of them', () => {
    const seconds = Math.floor(Date.now() / 1_000);
    const headers = headersOf(sign([SECRET, OTHER], ID, seconds, BODY), seconds);
    for (const secret of [SECRET, OTHER]) {
      expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    }
  });

  test.each(['', 'whsec_', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])(
    'is never made with %j for a secret',
    (secret) => {
      expect(() => sign([secret], ID, 1, BODY)).toThrow('whsec_');
    },
  );
});
