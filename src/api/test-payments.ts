/** Sandbox mode: the payer pays, now. */
import { Type } from 'typebox';
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import { isOpen } from '../core/channel-order.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import { ApiProblem, notFound, oneFieldProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import { paymentKey } from './payment-actions.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams } from './route-documentation.ts';
import { callControl } from './sandbox-control-call.ts';

const payBody = Type.Object(
  {
    channel_order_no: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Z]{8,32}$',
        description: 'one of the payment’s channel order numbers; the newest open one when absent',
        examples: ['01M80PJBG0F9XV59TDWH9EDD1R01'],
      }),
    ),
  },
  { additionalProperties: false },
);

/** Paying a channel order as its payer would. */
export function testPaymentRoutes(app: Api, deps: ApiDependencies, sandboxUrl: string): void {
  app.post(
    '/v1/test/payments/:id/pay',
    {
      schema: {
        operationId: 'payAsPayer',
        summary: 'Pay a channel order, as its payer would',
        description:
          'Answers the payment as it is known at that moment: the channel’s notification may still be on its way.',
        tags: ['Sandbox'],
        params: idParams('pay'),
        body: payBody,
        response: { 200: answer('The payer paid; the payment as known now.', 'Payment') },
      },
      config: {
        problems: ['not_found', 'payment_closed', 'payment_not_payable'],
      },
    },
    async (request) => {
      const key = paymentKey(request, request.params.id);
      const [before] = await deps.store.load([key]);
      if (!before) throw notFound('payment');
      // A payer who has paid does not pay again: the answer is the payment, as it is.
      const isPaid = before.payment.status === 'succeeded';
      if (isPaid && request.body.channel_order_no === undefined) {
        return paymentObject(before, deps.linkOf);
      }
      const order = orderToPay(before, request.body.channel_order_no);
      const { channel, channelOrderNo } = order;
      const paid = await callControl(sandboxUrl, 'POST', 'pay', {
        channel,
        out_no: channelOrderNo,
      });
      if (paid.status !== 200) {
        const words = `The channel ${channel} says of ${channelOrderNo}: ${String(paid.body['code'])}.`;
        throw new ApiProblem('payment_not_payable', words, { payment: before.payment.id });
      }
      const [after] = await deps.store.load([key]);
      return paymentObject(after ?? before, deps.linkOf);
    },
  );
}

function orderToPay(
  { payment, orders }: Aggregate,
  channelOrderNo: string | undefined,
): ChannelOrder {
  if (channelOrderNo !== undefined) {
    const named = orders.find((order) => order.channelOrderNo === channelOrderNo);
    if (named) return named;
    const detail = `The payment’s channel orders are: ${orders.map((order) => order.channelOrderNo).join(', ') || 'none'}.`;
    throw oneFieldProblem('/channel_order_no', 'field_invalid', detail);
  }
  const newest = orders.findLast(isOpen);
  if (newest) return newest;
  const about = { payment: payment.id };
  if (payment.status === 'closed')
    throw new ApiProblem('payment_closed', `It was closed (${payment.closeReason}).`, about);
  throw new ApiProblem('payment_not_payable', 'It has no open channel order.', about);
}
