import type { CloseAnswer, PayAnswer, QueryAnswer } from './book-answer.ts';
import type { Charge } from './book-order.ts';

/** A channel's answer as it goes onto the wire. */
export type GatewayReply = { readonly status: number; readonly body: string };

/** Every answer that is no result. */
export function errorReply(status: number, code: string, message: string): GatewayReply {
  return { status, body: JSON.stringify({ result: 'ERROR', code, message }) };
}

/** Puts the answer to an order call into the channel's words. */
export function payReply(answer: PayAnswer, outNo: string, payerPageUrl: string): GatewayReply {
  switch (answer.result) {
    case 'ERROR':
      return errorReply(400, answer.code, answer.message);
    case 'DECLINED':
      return ok({ result: 'DECLINED', out_no: outNo, ...answer.decline });
    case 'PAID':
      return ok({ result: 'PAID', out_no: outNo, ...tradeWords(answer.charge) });
    case 'ACCEPTED': {
      const { product } = answer.order.submission;
      return ok({
        result: 'ACCEPTED',
        out_no: outNo,
        ...(product === 'qr' && { code_url: payerPageUrl }),
        ...(product === 'redirect' && { pay_url: payerPageUrl }),
      });
    }
  }
}

/** Puts the answer to a query into the channel's words; the amount is what was taken, if anything was. */
export function queryReply(answer: QueryAnswer, outNo: string): GatewayReply {
  const { order, state } = answer;
  if (order === null) return ok({ result: 'OK', out_no: outNo, state, trades: [] });
  const { charge } = order;
  return ok({
    result: 'OK',
    out_no: outNo,
    state,
    amount: charge?.amountMinor ?? order.submission.amountMinor,
    currency: order.submission.currency,
    trades: charge === null ? [] : [tradeWords(charge)],
    ...(state === 'DECLINED' && order.decline),
  });
}

/** Puts the answer to a close into the channel's words. */
export function closeReply(answer: CloseAnswer, outNo: string): GatewayReply {
  if (answer.result === 'NOT_YOURS') {
    return errorReply(400, 'PARAM_ERROR', 'out_no belongs to another account');
  }
  return ok({ result: answer.result, out_no: outNo });
}

function tradeWords(charge: Charge): Record<string, unknown> {
  return {
    trade_no: charge.tradeNo,
    amount: charge.amountMinor,
    currency: charge.currency,
    paid_at: new Date(charge.paidAtMs).toISOString(),
  };
}

function ok(words: Record<string, unknown>): GatewayReply {
  return { status: 200, body: JSON.stringify(words) };
}
