/** The payment and its parts as they are answered: the schemas of the OpenAPI document. */
import { CHANNEL_ORDER_STATUSES } from '../core/channel-order.ts';
import { EXCEPTION_KINDS } from '../core/exceptions/kind.ts';
import { OPERATOR_ACTIONS } from '../core/input.ts';
import { PAYMENT_STATUSES } from '../core/payment.ts';
import type { Schema } from './schema-words.ts';
import {
  count,
  exactly,
  flag,
  kind,
  listOf,
  oneOf,
  orNull,
  ref,
  text,
  time,
} from './schema-words.ts';

const CONFIRMATIONS = ['response', 'notification', 'query', 'statement', 'operator'];

const nextAction: Schema = {
  description: 'What the payer does next.',
  anyOf: [
    exactly({ type: kind('none') }),
    exactly({
      type: kind('redirect'),
      url: text('Send the payer here.', 'https://pay.example/p/01M80PJB'),
      expires_at: time('Until when.'),
    }),
    exactly({
      type: kind('display_qr'),
      qr_content: text('Show this as a QR code.', 'weixin://wxpay/bizpayurl?pr=…'),
      expires_at: time('Until when.'),
    }),
  ],
};

const charge = exactly({
  channel_transaction_no: text('The channel’s number of the charge. 渠道流水号', '20261122001'),
  amount: count('Minor units.'),
  currency: text('ISO 4217.', 'CNY'),
  winner: flag('Whether this charge pays the payment.'),
  held: flag('Whether it lies in suspense until a person decides.'),
  paid_at: time('The channel’s time.'),
});

const channelOrder = exactly({
  id: text('Our id of the channel order.', 'co_01m80pjbg0e03v59tdwh9edd1r'),
  channel: text('The channel.', 'sandbox'),
  product: text('Its product.', 'qr'),
  channel_order_no: text(
    'The number sent to the channel. 渠道订单号',
    '01M80PJBG0F9XV59TDWH9EDD1R01',
  ),
  status: oneOf(CHANNEL_ORDER_STATUSES, 'unknown: nobody knows yet, and it is being asked about.'),
  awaiting: orNull(oneOf(['notification', 'query', 'statement'], 'What it waits for.')),
  amount: count('Minor units.'),
  failure: orNull({
    ...exactly({
      code: text('In our words.', 'insufficient_funds'),
      message: text('For people.', '余额不足'),
      channel_code: text('In the channel’s words.', 'NOT_ENOUGH'),
    }),
    description: 'Why the channel said no.',
  }),
  charges: listOf(charge, 'What the channel took under this number.'),
});

const exceptionFields = {
  id: text('The id of the case.', 'exc_01m80pjbg0f9xv59tdwh9edd1r'),
  object: kind('exception'),
  kind: oneOf(EXCEPTION_KINDS, 'What went wrong.'),
  status: oneOf(['open', 'resolved'], 'Whether it is over.'),
  payment: text('The payment.', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
  merchant_order_no: text('Your order number.', 'SO-20261122-0007'),
  channel_order: orNull(text('The channel order that it is about.')),
  subject: text('What it is about, unique inside payment and kind.'),
  owner: oneOf(['platform', 'reconciliation', 'operations', 'merchant'], 'Who acts next.'),
  next_action: text('What happens next, in one sentence.'),
  amount_at_risk: count('Minor units.'),
  currency: text('ISO 4217.', 'CNY'),
  deadline: time('When it counts as overdue.'),
  opened_at: time('When it was noticed.'),
  resolved_at: orNull(time('When it was over.')),
  resolution: orNull(text('What proved it over.')),
};

const paymentFields = {
  id: text('The id. 支付订单号', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
  object: kind('payment'),
  status: oneOf(
    PAYMENT_STATUSES,
    'pending: nothing under way. processing: a channel may still be paid.',
  ),
  amount: { ...count('Minor units: 1999 is 19.99 CNY. 最小货币单位'), examples: [1999] },
  currency: text('ISO 4217.', 'CNY'),
  amount_received: count('What the winner brought; 0 or the amount.'),
  amount_refunded: count('What of it went back.'),
  surplus: {
    ...exactly({
      received: count('Taken beside the winner.'),
      returned: count('Of that, given back.'),
      held: count('Of that, in suspense.'),
    }),
    description: 'Money beside the winner: paid twice, late, or of another amount.',
  },
  merchant_order_no: text('Your order number. 商户订单号', 'SO-20261122-0007'),
  subject: text('What is bought.', 'Coffee beans 1 kg'),
  next_action: nextAction,
  channel_orders: listOf(ref('ChannelOrder'), 'Every try, the oldest first.'),
  confirmed_by: orNull(oneOf(CONFIRMATIONS, 'How we know that it was paid.')),
  exceptions: listOf(ref('Exception'), 'Everything that went wrong, open or over.'),
  closing: flag('It is being closed, and a channel has not proven yet that its order is shut.'),
  close_reason: orNull(oneOf(['merchant', 'expired', 'never_opened'], 'Why it was closed.')),
  reversed_at: orNull(time('When the channel revoked its success.')),
  expires_at: time('Until when it can be paid.'),
  paid_at: orNull(time('When it was paid, by the channel’s clock.')),
  created_at: time('When it was created.'),
  version: count('Rises with every change: a receiver ignores what is older than what it has.'),
  metadata: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'What you sent.',
    examples: [{ cart: 'c_91' }],
  },
};

const ignored = listOf(
  { type: 'string', enum: ['subject', 'expires_in', 'return_url', 'notice_url', 'metadata'] },
  'Fields of a repeat that differ from the payment and had no effect.',
);

const timelineEntry: Schema = {
  anyOf: [
    exactly({
      type: kind('input'),
      at: time('When.'),
      version: count('The version that it led to.'),
      input: text('What came in.', 'outcome_learned'),
      channel_order: orNull(text('The channel order that it was about.')),
      outcome: orNull(
        oneOf(
          [
            'succeeded',
            'failed',
            'closed',
            'pending',
            'not_found',
            'reversed',
            'refused_for_now',
            'requires_action',
            'unknown',
          ],
          'What the channel meant.',
        ),
      ),
      via: orNull(oneOf(CONFIRMATIONS, 'How we learned of it.')),
      operation: orNull(
        oneOf(
          ['pay', 'query', 'close', 'refund', 'refund_query', 'notification'],
          'Which call or message it was.',
        ),
      ),
      evidence: orNull(text('The words that prove it, as they came.')),
      changes: listOf({ type: 'string' }, 'What changed, in words.'),
    }),
    exactly({
      type: kind('event'),
      at: time('When.'),
      version: count('The version that it tells of.'),
      event: text('The event.', 'evt_01m80pjbg0f9xv59tdwh9edd1r'),
      event_type: text('Its type.', 'payment.succeeded'),
    }),
    exactly({
      type: kind('delivery'),
      at: time('When.'),
      event: text('The event.', 'evt_01m80pjbg0f9xv59tdwh9edd1r'),
      endpoint: orNull(text('The webhook endpoint; null for the payment’s own notice_url.')),
      duration_ms: count('How long it took.'),
      response_status: count('0 when no answer came.'),
      error: orNull(text('Why no answer came.')),
    }),
  ],
};

/** Components of the document, by name. */
export const PAYMENT_SCHEMAS: Readonly<Record<string, Schema>> = {
  Payment: exactly(paymentFields, { description: 'A payment order. 支付订单' }),
  CreatedPayment: exactly(
    { ...paymentFields, ignored },
    { description: 'A payment, as its create call answers it.' },
  ),
  ChannelOrder: { ...channelOrder, description: 'One request for money to one channel. 渠道订单' },
  Exception: exactly(exceptionFields, {
    description: 'One occurrence of a payment exception. 差错单',
  }),
  ExceptionDetail: exactly(
    {
      ...exceptionFields,
      actions: listOf(
        oneOf(OPERATOR_ACTIONS, 'An action.'),
        'What an operator can decide about it now: POST /v1/exceptions/{id}/actions.',
      ),
    },
    { description: 'An exception, looked at by itself.' },
  ),
  ExceptionAction: exactly(
    {
      object: kind('exception_action'),
      action: oneOf(OPERATOR_ACTIONS, 'What was decided.'),
      dry_run: flag('True when nothing was changed: changes[] says what would.'),
      by: text('Who decided: the operator’s name.', 'Wang Fang'),
      reason: text('Why.', 'The payer sent a screenshot'),
      changes: listOf({ type: 'string' }, 'What changed, or would, in words.'),
      exception: ref('ExceptionDetail'),
      payment: ref('Payment'),
    },
    { description: 'A decision of a named person about an exception. 人工处理' },
  ),
  TimelineEntry: timelineEntry,
  Timeline: exactly({
    object: kind('timeline'),
    payment: text('The payment.', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
    data: listOf(ref('TimelineEntry'), 'In order.'),
  }),
};
