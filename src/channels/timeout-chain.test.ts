import { describe, expect, test } from 'vitest';
import { checkTimeoutChain } from './timeout-chain.ts';

const FITTING = {
  connectTimeoutMs: 1_000,
  readTimeoutMs: 4_000,
  callDeadlineMs: 5_000,
  finalWaitMs: 2_000,
  requestDeadlineMs: 7_251,
  merchantWaitMs: 7_252,
};

describe('the chain of timeouts', () => {
  test('is accepted when it nests, to the millisecond', () => {
    expect(checkTimeoutChain(FITTING)).toBeNull();
  });

  test('is refused when connecting and reading can take longer than the call may', () => {
    expect(checkTimeoutChain({ ...FITTING, readTimeoutMs: 4_001 })).toBe(
      'connect 1000 ms + read 4001 ms = 5001 ms exceeds the call deadline of 5000 ms: ' +
        'raise the call deadline, or lower the connect or the read timeout.',
    );
  });

  test('is refused when call, final wait and own work fill the request deadline', () => {
    const sentence = checkTimeoutChain({ ...FITTING, requestDeadlineMs: 7_250 });
    expect(sentence).toContain('call 5000 ms + final wait 2000 ms + own work 250 ms = 7250 ms');
    expect(sentence).toContain('lower the call deadline, or raise the request deadline');
    expect(checkTimeoutChain({ ...FITTING, requestDeadlineMs: 7_250, finalWaitMs: 0 })).toBeNull();
  });

  test('is refused when the merchant gives up no later than we do', () => {
    expect(checkTimeoutChain({ ...FITTING, merchantWaitMs: 7_251 })).toContain(
      "7251 ms is not below the merchant's wait of 7251 ms",
    );
  });

  test.each(Object.keys(FITTING))('is refused when %s is no number', (name) => {
    expect(checkTimeoutChain({ ...FITTING, [name]: Number.NaN })).not.toBeNull();
  });
});
