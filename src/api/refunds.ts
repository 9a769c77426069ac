/** `POST /v1/refunds`: giving a payer money back, once, whatever comes twice. */
import { Type } from 'typebox';
import { isId } from '../core/id.ts';
import { AMOUNT_MINOR_MAX } from '../core/money.ts';
import { merchantRefundKey } from '../core/refund.ts';
import { refundableMinor } from '../core/refund-sums.ts';
import { refundObject } from '../runtime/refund-object.ts';
import type { Answered } from '../runtime/requests.ts';
import type { FieldError } from './api-problem.ts';
import { ApiProblem, notFound } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { checkMoney } from './money-check.ts';
import { ORDER_NO_PATTERN } from './payment-fields.ts';
import { deadlineAtMs, inTime } from './request-deadline.ts';
import type { Api } from './request-decorations.ts';
import { answer } from './route-documentation.ts';
import { validatorCompiler } from './validator.ts';

const createRefundBody = Type.Object(
  {
    payment: Type.String({
      maxLength: 64,
      description: 'The payment to refund.',
      examples: ['pay_01m80pjbg0f9xv59tdwh9edd1r'],
    }),
    merchant_refund_no: Type.String({
      pattern: ORDER_NO_PATTERN,
      description: '1 to 64 of 0-9 A-Z a-z _ - | *',
      examples: ['RF-0007-1'],
    }),
    amount: Type.Integer({
      minimum: 1,
      maximum: AMOUNT_MINOR_MAX,
      description: 'Minor units of the payment’s currency. 最小货币单位（分）',
      examples: [1999],
    }),
    reason: Type.Optional(
      Type.String({
        pattern: '^[^\\p{Cc}\\p{Cs}]{1,200}$',
        description: '1 to 200 characters, none of them a control character; kept as note',
        examples: ['Damaged on the way'],
      }),
    ),
  },
  { additionalProperties: false },
);

const PROBLEMS = [
  'not_found',
  'payment_not_succeeded',
  'payment_reversed',
  'refund_exceeds_payment',
  'refund_window_over',
  'merchant_refund_no_reused',
  'amount_not_integer',
  'deadline_passed',
] as const;

/** Asking for a refund, and asking again. */
export function refundRoutes(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/refunds',
    {
      schema: {
        operationId: 'createRefund',
        summary: 'Refund a payment, in whole or in part',
        description:
          'The merchant refund number identifies the refund for ever. Its amount is set aside at once; ' +
          'when the channel has not returned the money in time the answer is still 201, with status pending or unknown.',
        tags: ['Refunds'],
        body: createRefundBody,
        response: {
          200: answer('The refund exists already; this is it.', 'Refund'),
          201: answer(
            'The money is owed to the payer, and returned as fast as the channel does.',
            'Refund',
          ),
        },
      },
      config: { problems: PROBLEMS },
      validatorCompiler: validatorCompiler((body) => checkMoney({ amount: body['amount'] })),
    },
    async (request, reply) => {
      const {
        payment: paymentId,
        merchant_refund_no: merchantRefundNo,
        amount,
        reason,
      } = request.body;
      const merchantNumber = merchantOf(request);
      const untilMs = deadlineAtMs(request, deps);
      if (!isId('pay', paymentId)) throw noSuchPayment();
      const input = {
        type: 'request_refund',
        merchantRefundNo,
        amountMinor: amount,
        note: reason ?? null,
      } as const;
      const work = deps.requests.refund({ merchantNumber, paymentId }, input, untilMs);
      const answered = await inTime(work, untilMs, deps.clock);
      if (answered.type === 'refused') throw refundProblem(answered);
      const { aggregate, isNew } = answered;
      const key = merchantRefundKey(merchantRefundNo);
      const refund = aggregate.payment.refunds.find((one) => one.key === key);
      if (!refund) throw new Error(`refund ${merchantRefundNo} was taken and is not there`);
      reply.code(isNew ? 201 : 200);
      return refundObject(aggregate, refund);
    },
  );
}

function noSuchPayment(): ApiProblem {
  return notFound('payment');
}

/** A refusal with the field that it is about. */
function refundProblem({ refusal, aggregate }: Extract<Answered, { type: 'refused' }>): ApiProblem {
  const { code, detail } = refusal;
  if (code === 'not_found') return noSuchPayment();
  return new ApiProblem(code, detail, {
    errors: faultsOf(refusal, aggregate),
    ...(aggregate && { payment: aggregate.payment.id }),
  });
}

function faultsOf(
  { code, detail }: { readonly code: string; readonly detail: string },
  aggregate: Extract<Answered, { type: 'refused' }>['aggregate'],
): FieldError[] {
  if (code === 'refund_exceeds_payment' && aggregate) {
    const left = refundableMinor(aggregate.payment);
    return [{ pointer: '/amount', code: 'exceeds', detail: `At most ${left} can be refunded.` }];
  }
  if (code !== 'merchant_refund_no_reused') return [];
  // The same payment means that the amount is another one.
  return [{ pointer: aggregate ? '/amount' : '/payment', code: 'differs', detail }];
}
