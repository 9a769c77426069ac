import type { RefundSubmission } from './book-refund.ts';
import { amountField, outNoField, textField } from './request-fields.ts';

/**
 * Reads a refund.
 *
 * @throws ParamError naming the first field that is wrong.
 */
export function parseRefundRequest(
  body: Readonly<Record<string, unknown>>,
  channel: string,
  account: string,
): RefundSubmission {
  return {
    ...parseRefundQuery(body, channel, account),
    tradeNo: textField(body, 'trade_no', /^[\x21-\x7e]{1,64}$/),
    amountMinor: amountField(body),
    currency: textField(body, 'currency', /^[A-Z]{3}$/),
  };
}

/**
 * Reads which refund a question is about.
 *
 * @throws ParamError naming the first field that is wrong.
 */
export function parseRefundQuery(
  body: Readonly<Record<string, unknown>>,
  channel: string,
  account: string,
): Pick<RefundSubmission, 'channel' | 'account' | 'outNo' | 'refundNo'> {
  const refundNo = textField(body, 'refund_no', /^[0-9A-Za-z_-]{4,64}$/);
  return { channel, account, outNo: outNoField(body), refundNo };
}
