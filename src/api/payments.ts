import type { FastifyRequest } from 'fastify';
/** `POST /v1/payments`: the call that everything starts with. */
import type { CreatePayment } from '../core/input.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import { latePaymentOf, merchantOf } from './authentication.ts';
import { checkChannel, chosenWay } from './channel-check.ts';
import type { ApiDependencies } from './dependencies.ts';
import { checkMoney } from './money-check.ts';
import { ignoredFields, payment } from './payment-answer.ts';
import type { CreatePaymentBody } from './payment-fields.ts';
import { checkExpiry, createPaymentBody } from './payment-fields.ts';
import { deadlineAtMs, inTime } from './request-deadline.ts';
import type { Api } from './request-decorations.ts';
import { answer } from './route-documentation.ts';
import { checkUrls } from './url-check.ts';
import { validatorCompiler } from './validator.ts';

/** Creating payments, and repeating a create. */
export function paymentRoutes(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/payments',
    {
      schema: {
        operationId: 'createPayment',
        summary: 'Create a payment, or find it again by its merchant order number',
        description:
          'The number, amount and currency identify the payment for ever. With a channel the payment is sent there at once; ' +
          'when the channel does not answer in time the answer is still 201, with status processing.',
        tags: ['Payments'],
        body: createPaymentBody,
        response: {
          200: answer('The payment exists already; this is it.', 'CreatedPayment'),
          201: answer(
            'A new payment, or a new channel order of a payment that exists.',
            'CreatedPayment',
          ),
        },
      },
      config: {
        problems: [
          'payment_closed',
          'payment_in_progress',
          'payment_held',
          'overlap_not_allowed',
          'amount_not_integer',
          'currency_unsupported',
          'channel_unavailable',
          'merchant_order_no_reused',
          'tries_exhausted',
          'deadline_passed',
          'overloaded',
        ],
      },
      validatorCompiler: validatorCompiler((body) => [
        ...checkMoney(body),
        ...checkChannel(deps.connectors, body),
        ...checkExpiry(deps.policy, body),
        ...checkUrls(deps.mode, body),
      ]),
    },
    async (request, reply) => {
      const startedAtMs = deps.clock.nowMs();
      const input = createInput(deps, request, request.body);
      const untilMs = deadlineAtMs(request, deps);
      const answered = await inTime(deps.requests.create(input, untilMs), untilMs, deps.clock);
      const { aggregate, isNew } = payment(answered, request.body);
      const isRepeat = aggregate.payment.id !== input.paymentId;
      const time = { startedAtMs, endedAtMs: deps.clock.nowMs() };
      const ignored = isRepeat ? ignoredFields(aggregate, request.body, time) : [];
      reply.code(isNew ? 201 : 200);
      return { ...paymentObject(aggregate, deps.linkOf), ignored };
    },
  );
}

function createInput(
  deps: ApiDependencies,
  request: FastifyRequest,
  body: CreatePaymentBody,
): CreatePayment {
  const merchantNumber = merchantOf(request);
  return {
    type: 'create_payment',
    paymentId: deps.newPaymentId(merchantNumber),
    merchantNumber,
    merchantOrderNo: body.merchant_order_no,
    amountMinor: body.amount,
    currency: body.currency,
    subject: body.subject,
    expiresInMs: body.expires_in === undefined ? null : body.expires_in * 1000,
    returnUrl: body.return_url ?? null,
    noticeUrl: body.notice_url ?? null,
    metadata: body.metadata ?? {},
    latePayment: latePaymentOf(request),
    try: requestedTry(deps, body.channel, body.product),
  };
}

function requestedTry(
  { connectors }: ApiDependencies,
  channel: string | undefined,
  product: string | undefined,
): CreatePayment['try'] {
  if (channel === undefined) return null;
  const way = chosenWay(connectors, channel, product);
  return { channel, account: way.connector.account, product: way.product, allowOverlap: false };
}
