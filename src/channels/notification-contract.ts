/** The part of the contract of connectors that is about notifications. */
import { describe, expect, test } from 'vitest';
import { AMOUNTS } from './dialect.ts';
import type { Dialect, Expected, Saying } from './dialect.ts';
import type { ScriptedChannel } from './scripted-channel.ts';

/** What a notification says, what it means, and whether it is about a refund of ours or of the console's. */
type Notified = readonly [Saying, Expected[2], 'order' | 'our_refund' | 'console_refund'];

const NOTIFIED: readonly Notified[] = [
  ['paid', 'succeeded', 'order'],
  ['declined', 'failed', 'order'],
  ['waiting', 'pending', 'order'],
  ['reversed', 'reversed', 'order'],
  ['something_unlisted', 'unknown', 'order'],
  ['refunded', 'succeeded', 'our_refund'],
  ['refund_dead', 'failed', 'our_refund'],
  ['refund_stuck', 'requires_action', 'our_refund'],
  ['refunded_at_console', 'succeeded', 'console_refund'],
];

/** Registers the tests of what a dialect's notifications mean, and of what is refused. */
export function notificationTests(dialect: Dialect, channel: ScriptedChannel): void {
  const { order, refund, notify, secret } = dialect;
  const { channelRefundNo } = refund;
  const sent = NOTIFIED.flatMap(([saying, expected, about]) => {
    const message = notify(saying);
    return message === null ? [] : [{ saying, expected, about, message }];
  });
  describe.each(sent)('a notification: $saying', ({ expected, about, message }) => {
    test(`is authentic and means ${expected}`, () => {
      const reading = channel.connector().readNotification(message);
      expect(reading).toMatchObject({
        type: about === 'order' ? 'authentic' : 'authentic_refund',
        channelOrderNo: order.channelOrderNo,
        account: order.account,
        outcome: { type: expected },
        ...(about === 'our_refund' && { channelRefundNo }),
        ...(about === 'console_refund' && { channelRefundNo: null }),
      });
      expect(JSON.stringify(reading)).not.toContain(secret);
    });
    test('is authentic again when it comes again', () => {
      const connector = channel.connector();
      const first = connector.readNotification(message);
      expect(connector.readNotification(message)).toEqual(first);
    });
    test('is refused when one bit of the body differs', () => {
      const connector = channel.connector();
      const verdicts = [...message.body.keys()].map((at) => {
        const body = Buffer.from(message.body);
        body[at] = (body[at] ?? 0) ^ 1;
        return connector.readNotification({ ...message, body }).type;
      });
      expect(new Set(verdicts)).toEqual(new Set(['refused']));
    });
    test('is refused without headers', () => {
      expect(channel.connector().readNotification({ ...message, headers: {} }).type).toBe(
        'refused',
      );
    });
  });

  const amounts = AMOUNTS.flatMap(([name, amount]) =>
    (['paid', 'refunded'] as const).flatMap((saying) => {
      const message = notify(saying, { amount });
      return message === null ? [] : [{ saying, name, message }];
    }),
  );
  test.each(amounts)('$saying with an amount $name proves no money', ({ message }) => {
    expect(channel.connector().readNotification(message)).toMatchObject({
      outcome: { type: 'unknown' },
    });
  });
}
