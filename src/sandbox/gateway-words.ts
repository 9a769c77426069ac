import type { CloseAnswer, PayAnswer, QueryAnswer } from './book-answer.ts';
import { type Charge, chargesOf, isReversed } from './book-order.ts';
import type { BookRefund, RefundAnswer, RefundSubmission } from './book-refund.ts';
import type { StatementAnswer } from './statement-desk.ts';

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

/**
 * Puts the answer to a query into the channel's words; the amount is what was first taken, if anything
 * was. Where every charge was taken back, the order is `REVERSED`.
 */
export function queryReply(answer: QueryAnswer, outNo: string): GatewayReply {
  const { order, refunds } = answer;
  const state = order !== null && isReversed(order) ? 'REVERSED' : answer.state;
  if (order === null) return ok({ result: 'OK', out_no: outNo, state, trades: [], refunds: [] });
  return ok({
    result: 'OK',
    out_no: outNo,
    state,
    amount: order.charge?.amountMinor ?? order.submission.amountMinor,
    currency: order.submission.currency,
    trades: chargesOf(order).map(tradeWords),
    refunds: refunds.map(refundWords),
    ...(state === 'DECLINED' && order.decline),
  });
}

/** Puts the answer to a refund into the channel's words. `OK` means that it was taken, not that it is done. */
export function refundReply(answer: RefundAnswer, { outNo }: RefundSubmission): GatewayReply {
  return answer.result === 'ERROR'
    ? errorReply(400, answer.code, answer.message)
    : ok({ result: 'OK', out_no: outNo, ...refundWords(answer.refund) });
}

/** Puts the answer to a question about a refund into the channel's words. */
export function refundQueryReply(
  refund: BookRefund | null,
  asked: Pick<RefundSubmission, 'outNo' | 'refundNo'>,
): GatewayReply {
  const named = { result: 'OK', out_no: asked.outNo, refund_no: asked.refundNo };
  return ok(
    refund === null ? { ...named, state: 'NOT_EXIST' } : { ...named, ...refundWords(refund) },
  );
}

/** Puts the answer to a close into the channel's words. */
export function closeReply(answer: CloseAnswer, outNo: string): GatewayReply {
  if (answer.result === 'NOT_YOURS') {
    return errorReply(400, 'PARAM_ERROR', 'out_no belongs to another account');
  }
  return ok({ result: answer.result, out_no: outNo });
}

/** The path below which statements are fetched. */
export const STATEMENT_FILE_PATH = '/statement-files/';

/** Puts the answer to a question for a statement into the channel's words; `url` belongs to the address that was asked. */
export function statementReply(answer: StatementAnswer, day: string): GatewayReply {
  const named = { result: 'OK', day, state: answer.state };
  if (answer.state !== 'READY') return ok(named);
  const { sha256, token } = answer;
  return ok({ ...named, sha256, url: STATEMENT_FILE_PATH + token });
}

function tradeWords(charge: Charge): Record<string, unknown> {
  return {
    trade_no: charge.tradeNo,
    amount: charge.amountMinor,
    currency: charge.currency,
    paid_at: new Date(charge.paidAtMs).toISOString(),
    ...(charge.reversedAtMs !== null && {
      state: 'REVERSED',
      reversed_at: new Date(charge.reversedAtMs).toISOString(),
    }),
  };
}

/** A refund as the channel lists it; one made at the console has no `refund_no`. */
export function refundWords(refund: BookRefund): Record<string, unknown> {
  const { refundNo, endedAtMs, state } = refund;
  return {
    ...(refundNo !== null && { refund_no: refundNo }),
    refund_id: refund.refundId,
    trade_no: refund.tradeNo,
    amount: refund.amountMinor,
    currency: refund.currency,
    state,
    ...(state === 'SUCCESS' &&
      endedAtMs !== null && { refunded_at: new Date(endedAtMs).toISOString() }),
    ...refund.failure,
  };
}

function ok(words: Record<string, unknown>): GatewayReply {
  return { status: 200, body: JSON.stringify(words) };
}
