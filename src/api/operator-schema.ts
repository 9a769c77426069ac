/** What only operators see: the brake on automatic refunds, and notifications that nobody could place. */
import { NOTIFICATION_VERDICTS } from '../store/postgres/kept-notifications.ts';
import type { Schema } from './schema-words.ts';
import { count, exactly, flag, kind, listOf, oneOf, orNull, text, time } from './schema-words.ts';

const act = exactly({
  at: time('When.'),
  by: text('The person’s name.', 'Wang Fang'),
  act: text('What was done.', 'brake.hold'),
  reason: text('Why.'),
});

const account = exactly({
  channel: text('The channel.', 'sandbox'),
  account: text('Our account there.', 'main'),
  held: flag('Whether the switch is on: no automatic refund of this account leaves.'),
  held_by: orNull(text('Who put it on.', 'Wang Fang')),
  held_reason: orNull(text('Why.')),
  held_since: orNull(time('Since when.')),
  held_back: count('Refunds that wait for a release; 1000 stands for as many or more.'),
  this_hour: listOf(
    exactly({
      currency: text('ISO 4217.', 'CNY'),
      count: count('Automatic refunds sent in this hour.'),
      amount: count('Their sum in minor units.'),
    }),
    'What this hour has sent, by currency.',
  ),
  acts: listOf(act, 'What people did to it, the newest first; the last 20.'),
});

const notification = {
  id: text('The id.', 'ntf_01m80pjbg0f9xv59tdwh9edd1r'),
  object: kind('notification'),
  channel: text('The channel that sent it.', 'sandbox'),
  account: text('Our account there.', 'main'),
  verdict: oneOf(
    NOTIFICATION_VERDICTS,
    'unmatched: authentic, and about nothing that we know. refused: not authentic.',
  ),
  reason: orNull(text('Why it changed nothing, or who placed it and why.')),
  received_at: time('When it came.'),
  body: text('What it says, as text; the first 4096 characters.'),
};

/** Components of the document, by name. */
export const OPERATOR_SCHEMAS: Readonly<Record<string, Schema>> = {
  RefundBrake: exactly(
    {
      object: kind('refund_brake'),
      limits: exactly({
        count_per_hour: count('Automatic refunds per channel account, currency and hour.'),
        amount_per_hour: count('Their sum, in minor units of each currency.'),
      }),
      accounts: listOf(account, 'Every channel account.'),
    },
    { description: 'The brake on automatic money out. 自动退款闸门' },
  ),
  RefundBrakeChange: exactly({
    object: kind('refund_brake_change'),
    channel: text('The channel.', 'sandbox'),
    account: text('Our account there.', 'main'),
    action: oneOf(['hold', 'release'], 'What was done.'),
    by: text('The person’s name.', 'Wang Fang'),
    released: count('Refunds that were let go.'),
  }),
  Notification: exactly(notification, {
    description: 'A channel’s message that is in no payment’s history. 渠道通知原文',
  }),
  NotificationAction: exactly(
    {
      object: kind('notification_action'),
      action: oneOf(['adopt', 'dismiss'], 'What was decided.'),
      dry_run: flag('True when nothing was changed: changes[] says what would.'),
      by: text('Who decided: the operator’s name.', 'Wang Fang'),
      reason: text('Why.'),
      payment: orNull(text('The payment that it now belongs to.')),
      changes: listOf({ type: 'string' }, 'What changed, or would, in words.'),
    },
    { description: 'A decision of a named person about a notification. 无主通知处理' },
  ),
};
