/** The refund as it is answered: the schema of the OpenAPI document. */
import { CHANNEL_REFUND_STATUSES } from '../core/channel-refund.ts';
import { REFUND_REASONS } from '../core/refund.ts';
import type { Schema } from './schema-words.ts';
import { count, exactly, kind, listOf, oneOf, orNull, text, time } from './schema-words.ts';

const channelRefund = exactly({
  channel_refund_no: text(
    'The number sent to the channel. 渠道退款单号',
    '01M80PJBG0F9XV59TDWH9EDD1R01R01',
  ),
  channel: text('The channel.', 'sandbox'),
  channel_order_no: text('The channel order that is given back.', '01M80PJBG0F9XV59TDWH9EDD1R01'),
  channel_refund_id: orNull(text('The channel’s own number, once it returned the money.')),
  status: oneOf(
    CHANNEL_REFUND_STATUSES,
    'held_back: by the brake. unknown: nobody knows yet, and it is being asked about.',
  ),
  amount: count('Minor units.'),
  failure: orNull({
    ...exactly({
      code: text('In our words.', 'not_enough_funds'),
      message: text('For people.', '余额不足'),
      channel_code: text('In the channel’s words.', 'NOT_ENOUGH'),
    }),
    description: 'Why the channel said no, or not now.',
  }),
  sent_at: orNull(time('When it was sent last.')),
  refunded_at: orNull(time('The channel’s time of the return.')),
});

/** Components of the document, by name. */
export const REFUND_SCHEMAS: Readonly<Record<string, Schema>> = {
  Refund: exactly(
    {
      id: text('The id. 退款单号', 'ref_01m80pjbg0f9xv59tdwh9edd1r'),
      object: kind('refund'),
      payment: text('The payment.', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
      merchant_order_no: text('Your order number.', 'SO-20261122-0007'),
      merchant_refund_no: orNull(
        text(
          'Your refund number; null where nobody asked for the return. 商户退款单号',
          'RF-0007-1',
        ),
      ),
      amount: count('Minor units.'),
      currency: text('ISO 4217.', 'CNY'),
      reason: oneOf(
        REFUND_REASONS,
        'requested: by you. The others return money beside the winner, by themselves.',
      ),
      note: orNull(text('Your own words.', 'Damaged on the way')),
      status: oneOf(
        ['pending', 'unknown', 'succeeded', 'failed', 'requires_action'],
        'requires_action: still owed, and a person must act. failed: nothing is owed any more.',
      ),
      failure: orNull({
        ...exactly({
          code: text('In our words.', 'payer_account_abnormal'),
          message: text('For people.'),
        }),
        description: 'Why it does not go on.',
      }),
      channel_transaction_no: text('The charge that is given back.', '20261122001'),
      channel_refunds: listOf(
        channelRefund,
        'Every number sent for it; another one only after the former was proven dead.',
      ),
      returned_at: orNull(time('When the payer had it back, by the channel’s clock.')),
      created_at: time('When it was asked for.'),
    },
    { description: 'Money that is owed back to a payer. 退款单' },
  ),
};
