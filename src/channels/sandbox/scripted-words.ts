/** What a scripted sandbox says, for the tests of its connector: written from the wire, not from the connector. */
import type { RefundCall } from '../connector.ts';
import type { Changes, Saying } from '../dialect.ts';
import type { Call } from '../scripted-channel.ts';

/** The order that everything is about. */
export const ORDER_NO = '01KAS9V3CYFQ6T8ZJ5M2N4P7R901';

const REFUND_NO = '01KAS9V3CYFQ6T8ZJ5M2N4P7R9R1';

/** A refund of a part of it. */
export const REFUND: RefundCall = {
  channelOrderNo: ORDER_NO,
  channelRefundNo: REFUND_NO,
  transactionNo: '2026112400001',
  amountMinor: 1_234,
  currency: 'CNY',
  chargedMinor: 1_999,
};

/** What was charged under it, but for the amount. */
export const CHARGE = {
  trade_no: '2026112400001',
  currency: 'CNY',
  paid_at: '2026-11-24T01:02:04.005Z',
};

function query(state: string, trades: readonly object[] = []) {
  return { result: 'OK', state, trades };
}

const REVERSED = { state: 'REVERSED', reversed_at: '2026-11-24T01:03:04.005Z' };

/** Where a refund stands, as call, question and notification all say it. */
export function refundWords(saying: Saying, { amount = 1_234, refundNo = REFUND_NO }: Changes) {
  const about = { refund_no: refundNo, refund_id: 'R7', trade_no: CHARGE.trade_no, amount };
  const money = { ...about, currency: 'CNY' };
  switch (saying) {
    case 'refund_under_way':
      return { ...money, state: 'PROCESSING' };
    case 'refunded':
      return { ...money, state: 'SUCCESS', refunded_at: '2026-11-24T02:02:04.005Z' };
    case 'refund_dead':
      return { ...money, state: 'CLOSED', code: 'REFUND_CLOSED', message: '退款已关闭' };
    case 'refund_stuck':
      return { ...money, state: 'ABNORMAL', code: 'USER_ACCOUNT_ABNORMAL', message: '账户异常' };
    default:
      return null;
  }
}

const REFUSALS: Partial<Record<Saying, string>> = {
  refund_exceeds: 'REFUND_EXCEEDS',
  no_funds: 'NOT_ENOUGH',
  too_soon: 'TOO_SOON',
};

/** The same as a reply to the refund call or to the question about it. */
function refundReplyWords(call: Call, saying: Saying, changes: Changes): unknown {
  const code = REFUSALS[saying];
  if (call === 'refund' && code !== undefined) return { result: 'ERROR', code, message: '不行' };
  const words = refundWords(saying, changes);
  if (words !== null) return { result: 'OK', ...words };
  if (call === 'queryRefund' && saying === 'not_existing') {
    return { result: 'OK', refund_no: changes.refundNo ?? REFUND_NO, state: 'NOT_EXIST' };
  }
  const unlisted = { ...refundWords('refunded', changes), state: 'FROZEN' };
  return saying === 'something_unlisted' ? { result: 'OK', ...unlisted } : null;
}

/** A reply in the channel's words; null where that call cannot say it. */
export function replyWords(call: Call, saying: Saying, changes: Changes): unknown {
  if (call === 'refund' || call === 'queryRefund') return refundReplyWords(call, saying, changes);
  const { amount = 1_999 } = changes;
  switch (`${call}: ${saying}` as const) {
    case 'pay: accepted':
      return { result: 'ACCEPTED', code_url: 'http://127.0.0.1:4041/pay/sandbox/1' };
    case 'pay: paid':
      return { result: 'PAID', ...CHARGE, amount };
    case 'pay: declined':
      return { result: 'DECLINED', code: 'INSUFFICIENT_BALANCE', message: '余额不足' };
    case 'pay: closed':
      return { result: 'ERROR', code: 'ORDER_CLOSED', message: 'closed before' };
    case 'query: waiting':
      return query('WAITING');
    case 'query: paid':
      return query('PAID', [{ ...CHARGE, amount }]);
    case 'query: declined':
      return { ...query('DECLINED'), code: 'PAYER_CANCELLED', message: '付款人取消支付' };
    case 'query: closed':
      return query('CLOSED');
    case 'query: reversed':
      return query('REVERSED', [{ ...CHARGE, amount, ...REVERSED }]);
    case 'query: not_existing':
      return query('NOT_EXIST');
    case 'close: closed':
      return { result: 'CLOSED' };
    case 'close: waiting':
      return { result: 'PAYING' };
    case 'close: paid':
      return { result: 'PAID' };
    default:
      return saying === 'something_unlisted' ? { result: 'OK', state: 'FROZEN' } : null;
  }
}

const STATES: Partial<Record<Saying, string>> = {
  paid: 'PAID',
  waiting: 'WAITING',
  declined: 'DECLINED',
  something_unlisted: 'FROZEN',
};

/** A notification in the channel's words; null where it never sends one like that. */
export function notificationWords(saying: Saying, changes: Changes): object | null {
  const { refund_no: _, ...unnumbered } = refundWords('refunded', changes) ?? {};
  const refund = saying === 'refunded_at_console' ? unnumbered : refundWords(saying, changes);
  if (refund !== null) return { out_no: ORDER_NO, event: 'refund', ...refund };
  const { amount = 1_999 } = changes;
  const { trade_no, currency } = CHARGE;
  if (saying === 'reversed') {
    return { out_no: ORDER_NO, event: 'reversal', trade_no, currency, amount, ...REVERSED };
  }
  const state = STATES[saying];
  return state === undefined ? null : { out_no: ORDER_NO, state, ...CHARGE, amount };
}
