import { describe, expect, test } from 'vitest';
import { NOTICE_PAUSES_MS } from '../core/exceptions/undelivered-notice.ts';
import type { Posted } from './notice-post.ts';
import { judgeNotice } from './notice-verdict.ts';

const NOW_MS = Date.parse('2026-11-24T08:00:00Z');
const DAY_MS = 24 * 3_600_000;

function judge(posted: Partial<Posted>, tries = 1, name = 'evt_1:we_1') {
  const whole = {
    status: 500,
    error: null,
    retryAfter: null,
    date: null,
    durationMs: 3,
    ...posted,
  };
  return judgeNotice(whole, tries, name, NOW_MS);
}

function pauseMs(posted: Partial<Posted>, tries = 1, name?: string): number {
  const verdict = judge(posted, tries, name);
  if (verdict.type !== 'retry') throw new Error(verdict.type);
  return verdict.pauseMs;
}

describe('the answer to a notice', () => {
  test.each([200, 201, 202, 204, 206, 299])('%i means that it was taken', (status) => {
    expect(judge({ status })).toEqual({ type: 'delivered' });
  });

  test.each([0, 300, 301, 304, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504])(
    '%i means another try',
    (status) => {
      expect(judge({ status }).type).toBe('retry');
    },
  );

  test('410 means never again', () => {
    expect(judge({ status: 410 })).toEqual({ type: 'gone' });
  });

  test('after the last pause means that it is given up', () => {
    expect(judge({}, NOTICE_PAUSES_MS.length).type).toBe('retry');
    expect(judge({}, NOTICE_PAUSES_MS.length + 1)).toEqual({ type: 'exhausted' });
  });
});

describe('the pause before the next try', () => {
  test('is the same for the same try, and spreads over a tenth either way', () => {
    const pauses = Array.from({ length: 500 }, (_, at) => pauseMs({}, 4, `evt_${at}:we_1`));
    expect(pauses[7]).toBe(pauseMs({}, 4, 'evt_7:we_1'));
    const shares = pauses.map((one) => one / 180_000);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.9);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1.1);
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.19);
  });

  test.each([
    ['seconds', '3600', null, 3_600_000],
    ['a date by our clock', 'Tue, 24 Nov 2026 08:02:00 GMT', null, 120_000],
    [
      'a date by their clock',
      'Tue, 24 Nov 2026 10:05:00 GMT',
      'Tue, 24 Nov 2026 10:00:00 GMT',
      300_000,
    ],
    ['a year', '31536000', null, DAY_MS],
    ['a date in a year', 'Wed, 24 Nov 2027 08:00:00 GMT', null, DAY_MS],
  ])('obeys Retry-After in %s', (_form, retryAfter, date, expectedMs) => {
    expect(pauseMs({ retryAfter, date })).toBe(expectedMs);
  });

  test.each(['0', '1', '-5', 'soon', '', '1e9', '99999999999999', 'Tue, 24 Nov 2020 08:00:00 GMT'])(
    'is never made shorter or odd by Retry-After %j',
    (retryAfter) => {
      expect(pauseMs({ retryAfter })).toBe(pauseMs({}));
    },
  );
});
