import { describe, expect, test } from 'vitest';
import { newBooks, START_MS, submission } from './books-rig.ts';
import type { CallEffect } from './call-effect.ts';

const { channel, outNo } = submission();

describe('the calls about an order', () => {
  test('without a scenario, and about any other order, are left alone', () => {
    const books = newBooks();
    expect(books.interferenceOnPay(submission(), START_MS)).toBeNull();
    books.interferenceOnPay(
      submission({ scenario: 'channel_outage', outNo: 'B0000001' }),
      START_MS,
    );
    const others = Array.from({ length: 50 }, () =>
      books.interferenceOnFollowUp('query', channel, outNo, START_MS),
    );
    expect(others.every((effect) => effect === null)).toBe(true);
  });

  test('in timeout_accepted and timeout_rejected are never answered, each with its own truth', () => {
    const books = newBooks();
    const accepted = submission({ scenario: 'timeout_accepted' });
    expect(books.interferenceOnPay(accepted, START_MS)).toBe('timeout_after');
    books.pay(accepted, START_MS);
    expect(books.interferenceOnPay(accepted, START_MS + 5_000)).toBe('timeout_after');
    expect(books.interferenceOnFollowUp('query', channel, outNo, START_MS + 5_000)).toBeNull();
    const rejected = submission({ amountMinor: 8_800_010, outNo: 'B0000001', product: 'quickpay' });
    expect(books.interferenceOnPay(rejected, START_MS)).toBe('timeout_before');
  });

  test('in query_down fail for two minutes after the payment, and only the queries', () => {
    const books = newBooks();
    books.pay(submission({ scenario: 'query_down' }), START_MS);
    expect(books.interferenceOnFollowUp('query', channel, outNo, START_MS + 49)).toBeNull();
    const effects = new Set<CallEffect | null>();
    for (let sinceMs = 50; sinceMs < 120_050; sinceMs += 1_000) {
      effects.add(books.interferenceOnFollowUp('query', channel, outNo, START_MS + sinceMs));
    }
    expect(effects).toEqual(new Set(['http_500', 'http_429']));
    expect(books.interferenceOnFollowUp('close', channel, outNo, START_MS + 1_000)).toBeNull();
    expect(books.interferenceOnFollowUp('query', channel, outNo, START_MS + 120_050)).toBeNull();
  });

  test('in channel_outage fail in their shares for ten minutes, also where no order was recorded', () => {
    const books = newBooks();
    books.interferenceOnPay(submission({ scenario: 'channel_outage' }), START_MS);
    const counts = new Map<CallEffect | null, number>();
    for (let index = 0; index < 4_000; index += 1) {
      const effect = books.interferenceOnFollowUp('query', channel, outNo, START_MS + index);
      counts.set(effect, (counts.get(effect) ?? 0) + 1);
    }
    const share = (...effects: CallEffect[]) =>
      effects.reduce((sum, effect) => sum + (counts.get(effect) ?? 0), 0) / 4_000;
    expect(share('timeout_before', 'timeout_after')).toBeCloseTo(0.3, 1);
    expect(share('reset_before', 'reset_after')).toBeCloseTo(0.2, 1);
    expect(counts.get('timeout_after')).toBeGreaterThan(400);
    expect(counts.get('reset_before')).toBeGreaterThan(250);
    expect((counts.get(null) ?? 0) / 4_000).toBeCloseTo(0.5, 1);
    const after = books.interferenceOnFollowUp('query', channel, outNo, START_MS + 600_000);
    expect(after).toBeNull();
  });

  test('of a quick payment whose result is not known yet are not answered', () => {
    const books = newBooks();
    const slow = submission({ product: 'quickpay', scenario: 'slow_payer' });
    expect(books.interferenceOnPay(slow, START_MS)).toBe('timeout_after');
    books.pay(slow, START_MS);
    expect(books.interferenceOnPay(slow, START_MS + 7_999)).toBe('timeout_after');
    expect(books.interferenceOnPay(slow, START_MS + 8_000)).toBeNull();
    expect(books.pay(slow, START_MS + 8_000).result).toBe('PAID');
  });
});
