/** What a merchant can do with a payment that exists: try a channel, ask the channels, close. */
import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { isId } from '../core/id.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import type { PaymentKey } from '../store/store.ts';
import { notFound } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import { checkChannel, chosenWay, requireCurrency } from './channel-check.ts';
import type { ApiDependencies } from './dependencies.ts';
import { payment } from './payment-answer.ts';
import { channelOrderBody } from './payment-fields.ts';
import { deadlineAtMs, inTime } from './request-deadline.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams } from './route-documentation.ts';
import { validatorCompiler } from './validator.ts';

const emptyBody = Type.Object({}, { additionalProperties: false });

/** The key of a payment of the merchant who calls. Throws `not_found` for what cannot be a payment's id. */
export function paymentKey(request: FastifyRequest, id: string): PaymentKey {
  if (!isId('pay', id)) throw notFound('payment');
  return { merchantNumber: merchantOf(request), paymentId: id };
}

/** The routes below one payment that may change it. */
export function paymentActionRoutes(app: Api, deps: ApiDependencies): void {
  channelOrderRoute(app, deps);
  syncRoute(app, deps);
  closeRoute(app, deps);
}

function channelOrderRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/payments/:id/channel_orders',
    {
      schema: {
        operationId: 'createChannelOrder',
        summary: 'Try a channel, or another one',
        description:
          'An open try elsewhere is asked about and closed at its channel first. An open one of the same channel and product is used again.',
        tags: ['Payments'],
        params: idParams('pay'),
        body: channelOrderBody,
        response: {
          200: answer('An open channel order is used again.', 'Payment'),
          201: answer('A new channel order was opened.', 'Payment'),
        },
      },
      config: {
        problems: [
          'not_found',
          'payment_succeeded',
          'payment_closed',
          'payment_in_progress',
          'payment_held',
          'overlap_not_allowed',
          'currency_unsupported',
          'channel_unavailable',
          'tries_exhausted',
          'deadline_passed',
          'overloaded',
        ],
      },
      validatorCompiler: validatorCompiler((body) => checkChannel(deps.connectors, body)),
    },
    async (request, reply) => {
      const key = paymentKey(request, request.params.id);
      const untilMs = deadlineAtMs(request, deps);
      const { channel, product, allow_overlap: allowOverlap = false } = request.body;
      const way = chosenWay(deps.connectors, channel, product);
      const [found] = await deps.store.load([key]);
      if (!found) throw notFound('payment');
      requireCurrency(way.connector, found.payment.currency);
      const requested = {
        channel,
        account: way.connector.account,
        product: way.product,
        allowOverlap,
      };
      const work = deps.requests.tryChannel(key, requested, untilMs);
      const { aggregate, isNew } = payment(await inTime(work, untilMs, deps.clock));
      reply.code(isNew ? 201 : 200);
      return paymentObject(aggregate, deps.linkOf);
    },
  );
}

function syncRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/payments/:id/sync',
    {
      schema: {
        operationId: 'syncPayment',
        summary: 'Ask the channels now',
        tags: ['Payments'],
        params: idParams('pay'),
        body: emptyBody,
        response: { 200: answer('The payment, with what its channels answered.', 'Payment') },
      },
      config: { problems: ['not_found', 'deadline_passed'] },
    },
    async (request) => {
      const key = paymentKey(request, request.params.id);
      const untilMs = deadlineAtMs(request, deps);
      const answered = await inTime(deps.requests.sync(key, untilMs), untilMs, deps.clock);
      return paymentObject(payment(answered).aggregate, deps.linkOf);
    },
  );
}

function closeRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/payments/:id/close',
    {
      schema: {
        operationId: 'closePayment',
        summary: 'Close a payment at its channels, and then here',
        tags: ['Payments'],
        params: idParams('pay'),
        body: emptyBody,
        response: {
          200: answer('The payment is closed.', 'Payment'),
          202: answer(
            'closing is true: a channel cannot prove yet that its order is shut.',
            'Payment',
          ),
        },
      },
      config: { problems: ['not_found', 'payment_succeeded', 'payment_held', 'deadline_passed'] },
    },
    async (request, reply) => {
      const key = paymentKey(request, request.params.id);
      const untilMs = deadlineAtMs(request, deps);
      const work = deps.requests.close(key, untilMs);
      const { aggregate } = payment(await inTime(work, untilMs, deps.clock));
      reply.code(aggregate.payment.status === 'closed' ? 200 : 202);
      return paymentObject(aggregate, deps.linkOf);
    },
  );
}
