/** The words of the simulated channels, turned into the platform's outcomes. */
import type { Connector, NotificationReading } from '../channels/connector.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { ChargeFact, Outcome } from '../core/outcome.ts';
import type { RefundFact, RefundOutcome } from '../core/refund-outcome.ts';
import type { BookRefund, RefundAnswer } from '../sandbox/book-refund.ts';
import type { Charge } from '../sandbox/book-order.ts';
import type { SimulatedAccount } from './accounts.ts';
import type { ChannelWord, SimulatedChannels } from './channel.ts';

/** What the answer to a pay call says. */
export function payOutcome(
  answer: ReturnType<SimulatedChannels['pay']>,
  order: ChannelOrder,
): Outcome {
  switch (answer.result) {
    case 'ACCEPTED': {
      const url = `https://channel.example/${order.channelOrderNo}`;
      const isQr = order.product === 'qr';
      const nextAction = isQr
        ? ({ type: 'display_qr', qrContent: url } as const)
        : ({ type: 'redirect', url } as const);
      return { type: 'pending', nextAction, channelCode: 'ACCEPTED' };
    }
    case 'PAID':
      return { type: 'succeeded', charges: [factOf(answer.charge)], channelCode: 'PAID' };
    case 'DECLINED':
      return { type: 'failed', ...answer.decline, channelCode: answer.decline.code };
    case 'ERROR':
      if (answer.code === 'ORDER_CLOSED') return { type: 'closed', channelCode: answer.code };
      if (answer.code === 'OUT_NO_REUSED') {
        return { type: 'unknown', reason: 'the number is known', channelCode: answer.code };
      }
      return { type: 'failed', code: 'refused', message: '', channelCode: answer.code };
  }
}

/** What the answer to a question says: money that stands, or that all of it was taken back. */
export function queryOutcome({ state, charges, refunds, decline }: ChannelWord): Outcome {
  switch (state) {
    case 'PAID': {
      const returned = refunds.filter((one) => one.state === 'SUCCESS').map(refundFactOf);
      const taken = charges.filter((one) => one.reversedAtMs === null).map(factOf);
      const reversals = charges.flatMap(({ tradeNo, reversedAtMs }) =>
        reversedAtMs === null ? [] : [{ transactionNo: tradeNo, reversedAtMs }],
      );
      const [first, ...further] = reversals;
      if (taken.length === 0 && first) {
        return { type: 'reversed', ...first, further, channelCode: 'REVERSED' };
      }
      return {
        type: 'succeeded',
        charges: taken,
        refunds: returned,
        reversals,
        channelCode: state,
      };
    }
    case 'DECLINED':
      return {
        type: 'failed',
        code: decline?.code ?? 'declined',
        message: decline?.message ?? '',
        channelCode: state,
      };
    case 'CLOSED':
      return { type: 'closed', channelCode: state };
    case 'NOT_EXIST':
      return { type: 'not_found', channelCode: state };
    case 'WAITING':
    case 'PAYING':
      return { type: 'pending', nextAction: null, channelCode: state };
  }
}

function reversalOf(transactionNo: string, reversedAtMs: number): Outcome {
  return { type: 'reversed', transactionNo, reversedAtMs, channelCode: 'REVERSED' };
}

/** What the answer to a close says. */
export function closeOutcome(result: ReturnType<SimulatedChannels['close']>): Outcome {
  if (result === null) return { type: 'not_found', channelCode: 'NOT_EXIST' };
  if (result === 'CLOSED') return { type: 'closed', channelCode: result };
  if (result === 'PAYING') return { type: 'pending', nextAction: null, channelCode: result };
  return { type: 'unknown', reason: 'a close names no charge', channelCode: result };
}

/** What the answer to a refund call says. */
export function refundOutcome(answer: RefundAnswer, account: SimulatedAccount): RefundOutcome {
  if (answer.result === 'OK') return refundStateOutcome(answer.refund, account);
  const { code: channelCode, message } = answer;
  switch (channelCode) {
    case 'REFUND_EXCEEDS':
    case 'REFUND_WINDOW_OVER':
      return { type: 'failed', code: 'exceeds_charge', message, channelCode };
    case 'NOT_ENOUGH':
      return { type: 'refused_for_now', code: 'not_enough_funds', message, channelCode };
    case 'TOO_SOON':
      return { type: 'refused_for_now', code: 'too_soon', message, channelCode };
    default:
      return { type: 'unknown', reason: message, channelCode };
  }
}

/** Where a channel has paid what it called dead, its "dead" is no proof: a person clears it up. */
function deadOutcome(
  why: { readonly code: string; readonly message: string; readonly channelCode: string },
  { deadIsNoProof }: SimulatedAccount,
): RefundOutcome {
  return { type: deadIsNoProof ? 'requires_action' : 'failed', ...why };
}

/** What a refund has come to, as the channel tells it; null for a number that it does not know. */
export function refundStateOutcome(
  refund: BookRefund | null,
  account: SimulatedAccount,
): RefundOutcome {
  if (!refund) return { type: 'not_found', channelCode: 'NOT_EXIST' };
  const { state: channelCode, failure } = refund;
  const why = { code: failure?.code ?? '', message: failure?.message ?? '', channelCode };
  switch (channelCode) {
    case 'SUCCESS':
      return { type: 'succeeded', refund: refundFactOf(refund), channelCode };
    case 'CLOSED':
      return deadOutcome(why, account);
    case 'ABNORMAL':
      return { type: 'requires_action', ...why };
    case 'PROCESSING':
      return { type: 'pending', channelCode };
  }
}

function refundFactOf(refund: BookRefund): RefundFact {
  const { refundNo, refundId, tradeNo, amountMinor, currency, endedAtMs } = refund;
  return {
    channelRefundNo: refundNo,
    refundId,
    transactionNo: tradeNo,
    amountMinor,
    currency,
    refundedAtMs: endedAtMs ?? 0,
  };
}

function factOf({ tradeNo, amountMinor, currency, paidAtMs }: Charge): ChargeFact {
  return { transactionNo: tradeNo, amountMinor, currency, paidAtMs };
}

/** The body of a notification; the signature is a header that says whether it is true. */
type Message = {
  readonly event?: string;
  readonly refund_no?: string;
  readonly refund_id?: string;
  readonly refunded_at?: string;
  readonly account: string;
  readonly out_no: string;
  readonly state: 'PAID' | 'WAITING' | 'DECLINED' | 'REVERSED' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL';
  readonly reversed_at?: string;
  readonly trade_no?: string;
  readonly amount: number;
  readonly currency: string;
  readonly paid_at?: string;
  readonly code?: string;
  readonly message?: string;
};

/** What a message says; its signature is a header that tells whether it is true. */
export function readNotification(
  own: SimulatedAccount,
  message: Parameters<Connector['readNotification']>[0],
): NotificationReading {
  const { account } = own;
  if (message.headers['signature'] !== `true for ${account}`) {
    return { type: 'refused', reason: 'the signature is wrong' };
  }
  const text = new TextDecoder().decode(message.body);
  const words = JSON.parse(text) as Message;
  if (words.event === 'refund') {
    return {
      type: 'authentic_refund',
      channelOrderNo: words.out_no,
      channelRefundNo: words.refund_no ?? null,
      account: words.account,
      outcome: refundNotificationOutcome(words, own),
      raw: text,
    };
  }
  return {
    type: 'authentic',
    channelOrderNo: words.out_no,
    account: words.account,
    outcome: notificationOutcome(words),
    raw: text,
  };
}

function refundNotificationOutcome(words: Message, own: SimulatedAccount): RefundOutcome {
  const channelCode: string = words.state;
  const why = { code: words.code ?? '', message: words.message ?? '', channelCode };
  if (channelCode === 'CLOSED') return deadOutcome(why, own);
  if (channelCode === 'ABNORMAL') return { type: 'requires_action', ...why };
  const refund: RefundFact = {
    channelRefundNo: words.refund_no ?? null,
    refundId: words.refund_id ?? '',
    transactionNo: words.trade_no ?? '',
    amountMinor: words.amount,
    currency: words.currency,
    refundedAtMs: Date.parse(words.refunded_at ?? ''),
  };
  return { type: 'succeeded', refund, channelCode };
}

function notificationOutcome(words: Message): Outcome {
  const { state } = words;
  if (state === 'REVERSED') {
    return reversalOf(words.trade_no ?? '', Date.parse(words.reversed_at ?? ''));
  }
  if (state === 'WAITING') return { type: 'pending', nextAction: null, channelCode: state };
  if (state === 'DECLINED') {
    const { code = 'declined', message = '' } = words;
    return { type: 'failed', code, message, channelCode: state };
  }
  const charge: ChargeFact = {
    transactionNo: words.trade_no ?? '',
    amountMinor: words.amount,
    currency: words.currency,
    paidAtMs: Date.parse(words.paid_at ?? ''),
  };
  return { type: 'succeeded', charges: [charge], channelCode: state };
}
