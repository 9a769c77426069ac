/** Events, endpoints and deliveries as they are answered: the schemas of the OpenAPI document. */
import { EVENT_TYPES } from '../core/effect.ts';
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

const ENDPOINT = 'we_01m80pjbg0f9xv59tdwh9edd1r';
const EVENT = 'evt_01m80pjbg0f9xv59tdwh9edd1r';

const event: Schema = {
  type: 'object',
  required: ['id', 'type', 'timestamp', 'data'],
  properties: {
    id: text('The id; the header webhook-id carries it too.', EVENT),
    type: oneOf(EVENT_TYPES, 'What happened.'),
    timestamp: time('When it happened.'),
    data: {
      type: 'object',
      required: ['object'],
      properties: {
        object: { ...ref('Payment') },
        exception: { ...ref('Exception') },
        refund: { ...ref('Refund') },
      },
      additionalProperties: false,
      description:
        'The payment as it stood then; the exception or the refund that the event is about.',
    },
  },
  additionalProperties: false,
  description: 'What a merchant is told. 事件',
};

const endpointFields = {
  id: text('The id.', ENDPOINT),
  object: kind('webhook_endpoint'),
  url: text('Where notices go.', 'https://shop.example/pay-hook'),
  disabled_at: orNull(time('When it answered 410 Gone and was disabled.')),
  created_at: time('When it was made.'),
};

const delivery = exactly({
  object: kind('webhook_delivery'),
  event: text('The event.', EVENT),
  event_type: oneOf(EVENT_TYPES, 'Its type.'),
  payment: text('The payment.', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
  endpoint: orNull(text('The endpoint; null for the payment’s own notice_url.', ENDPOINT)),
  delivered: flag('Whether it was accepted with 2xx.'),
  tries: listOf(
    exactly({
      at: time('When.'),
      duration_ms: count('How long it took.'),
      response_status: count('0 when no answer came.'),
      error: orNull(text('Why no answer came.')),
    }),
    'The oldest first.',
  ),
  next_try_at: orNull(time('When it is tried next.')),
});

/** Components of the document, by name. */
export const WEBHOOK_SCHEMAS: Readonly<Record<string, Schema>> = {
  Event: event,
  EventResend: exactly({
    object: kind('event_resend'),
    event: text('The event.', EVENT),
    count: count('Notices planned.'),
  }),
  WebhookEndpoint: exactly(endpointFields, { description: 'Where a merchant is told. 通知地址' }),
  WebhookEndpointWithSecret: exactly({
    ...endpointFields,
    secret: text('Signs the notices; shown only here.', 'whsec_…'),
  }),
  WebhookTest: exactly({
    object: kind('webhook_test'),
    endpoint: text('The endpoint.', ENDPOINT),
    event: text('The id that was sent; it is kept nowhere.', EVENT),
    delivered: flag('Whether it was accepted with 2xx.'),
    response_status: count('0 when no answer came.'),
    duration_ms: count('How long it took.'),
    error: orNull(text('Why no answer came.')),
  }),
  WebhookRecovery: exactly({
    object: kind('webhook_recovery'),
    endpoint: text('The endpoint.', ENDPOINT),
    since: time('From when on.'),
    until: orNull(time('Up to when; null for now.')),
    dry_run: flag('True when they were only counted.'),
    count: count('Notices that the endpoint had not accepted.'),
  }),
  WebhookDelivery: { ...delivery, description: 'How one event went to one endpoint. 通知记录' },
  WebhookDeliveryList: exactly({
    object: kind('list'),
    data: listOf(ref('WebhookDelivery'), 'The newest event first.'),
    has_more: flag('Whether older ones follow.'),
    next_starting_after: orNull(text('Send this as starting_after for the next page.', EVENT)),
  }),
};
