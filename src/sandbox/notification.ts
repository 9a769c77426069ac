import { type BookOrder, type Charge, orderKey } from './book-order.ts';
import { findChannel } from './channel-catalogue.ts';
import { SCENARIOS } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';

/** How a notification is signed: by the channel, by a forger, or as a probe that must be refused. */
export type SignatureManner = 'true' | 'wrong' | 'probe';

/** One send that is due. The body is kept as bytes would be, because a resend repeats it exactly. */
export type PendingNotification = {
  /** Unique among pending sends; copies of one notification share its `notifyId`. */
  readonly id: string;
  readonly notifyId: string;
  readonly channel: string;
  readonly account: string;
  readonly outNo: string;
  readonly url: string;
  readonly body: string;
  readonly manner: SignatureManner;
  /** Sent again by the ladder until it is acknowledged. */
  readonly resends: boolean;
  /** Sends that were not acknowledged so far. */
  readonly failedCount: number;
  /** A fault rule has had its way with it already; no other may. */
  readonly exempt: boolean;
  readonly dueAtMs: number;
};

/** One thing that a channel says about an order. */
type Word = {
  /** Event and contents, as they go onto the wire. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sentAtMs: number;
  readonly dueAtMs: number;
  readonly manner?: SignatureManner;
};

/** When the five copies of a duplicate go out, counted from the first: two share a millisecond. */
export const COPY_DELAYS_MS: readonly number[] = [0, 0, 20, 60, 200];

/** A stale word overtakes nothing: it comes after the true one by this much, and is older by this much. */
const STALE_DELAY_MS = 300;
const STALE_AGE_MS = 1_000;

/** A channel's mistake: it says no to what it has taken the money for. */
const MISTAKEN_NO = { code: 'SYSTEM_MISTAKE', message: '交易失败' };

/** What the channel sends when it has taken the money of an order. */
export function notificationsOfCharge(
  order: BookOrder,
  charge: Charge,
  times: ScenarioTimes,
): PendingNotification[] {
  // A plain quick payment has its answer; a second word of the same would only be noise.
  if (order.scenario === null && order.submission.product === 'quickpay') return [];
  const conduct = order.scenario === null ? 'sent' : SCENARIOS[order.scenario].notification;
  const atMs = charge.paidAtMs;
  const paid = (dueAtMs: number, amountMinor = charge.amountMinor): Word => ({
    fields: paymentFields('PAID', { ...charge, amountMinor }),
    sentAtMs: dueAtMs,
    dueAtMs,
  });
  switch (conduct) {
    case 'never_sent':
      return [];
    case 'sent':
      return compose(order, [paid(atMs)]);
    case 'sent_late':
      return compose(order, [paid(atMs + times.notificationLateMs)]);
    case 'sent_after_outage':
      return compose(order, [paid(Math.max(atMs, order.createdAtMs + times.outageMs))]);
    case 'other_amount':
      return compose(order, [paid(atMs, otherAmount(charge.amountMinor))]);
    case 'beside_anothers': {
      // Its number is of somebody else's making; everything else about it is genuine.
      const out_no = `OTHER-${order.submission.outNo.slice(-12)}`;
      const another = paid(atMs);
      const tradeNo = `${charge.tradeNo}9`;
      const fields = { ...another.fields, out_no, trade_no: tradeNo };
      return compose(order, [another, { ...another, fields }]);
    }
    case 'sent_five_times':
      return compose(order, [paid(atMs)]).flatMap((notification) => copies(notification, atMs));
    case 'followed_by_denial': {
      const fields = { ...paymentFields('DECLINED', order.submission), ...MISTAKEN_NO };
      const dueAtMs = atMs + STALE_DELAY_MS;
      return compose(order, [paid(atMs), { fields, sentAtMs: dueAtMs, dueAtMs }]);
    }
    case 'followed_by_older':
      return compose(order, [
        paid(atMs),
        {
          fields: paymentFields('WAITING', order.submission),
          sentAtMs: atMs - STALE_AGE_MS,
          dueAtMs: atMs + STALE_DELAY_MS,
        },
      ]);
  }
}

/** What the channel sends when it has said a definite no to an order, at that time. */
export function notificationsOfDecline(order: BookOrder, atMs: number): PendingNotification[] {
  if (order.scenario === null && order.submission.product === 'quickpay') return [];
  if (order.scenario !== null && SCENARIOS[order.scenario].notification === 'never_sent') return [];
  const fields = { ...paymentFields('DECLINED', order.submission), ...order.decline };
  return compose(order, [{ fields, sentAtMs: atMs, dueAtMs: atMs }]);
}

/** What a forger sends about an order that is not paid, and the probe with which a channel tests us. */
export function notificationsOfForger(
  order: BookOrder,
  tradeNo: string,
  times: ScenarioTimes,
): PendingNotification[] {
  const atMs = order.createdAtMs + times.payerAtOnceMs;
  const fields = paymentFields('PAID', { ...order.submission, tradeNo, paidAtMs: atMs });
  const claim = { fields, sentAtMs: atMs, dueAtMs: atMs };
  return compose(order, [
    { ...claim, manner: 'wrong' },
    { ...claim, manner: 'probe' },
  ]);
}

/** The same notification five times, two of them at `atMs` itself; only the first is resent by the ladder. */
export function copies(notification: PendingNotification, atMs: number): PendingNotification[] {
  return COPY_DELAYS_MS.map((delayMs, index) => ({
    ...notification,
    id: index === 0 ? notification.id : `${notification.id}.${index}`,
    resends: index === 0 && notification.resends,
    dueAtMs: atMs + delayMs,
  }));
}

/** An amount that is not the right one: one less, or two where less would be nothing. */
export function otherAmount(amountMinor: number): number {
  return amountMinor > 1 ? amountMinor - 1 : amountMinor + 1;
}

/** The notifications that say this about the order, numbered on from its earlier ones; none from a silent channel. */
export function compose(order: BookOrder, words: readonly Word[]): PendingNotification[] {
  const { channel, account, outNo, notifyUrl } = order.submission;
  if (findChannel(channel)?.notifies !== true) return [];
  return words.map((word, index) => {
    const notifyId = `${orderKey(channel, outNo)}/${order.notificationCount + index + 1}`;
    const manner = word.manner ?? 'true';
    return {
      id: notifyId,
      notifyId,
      channel,
      account,
      outNo,
      url: notifyUrl,
      body: bodyOf(order, word, notifyId),
      manner,
      resends: manner === 'true',
      failedCount: 0,
      exempt: manner !== 'true',
      dueAtMs: word.dueAtMs,
    };
  });
}

function bodyOf(order: BookOrder, word: Word, notifyId: string): string {
  const { account, outNo } = order.submission;
  return JSON.stringify({
    notify_id: notifyId,
    account,
    out_no: outNo,
    ...word.fields,
    sent_at: new Date(word.sentAtMs).toISOString(),
  });
}

/** What the channel says of a payment. */
function paymentFields(
  state: 'PAID' | 'WAITING' | 'DECLINED',
  said: Pick<Charge, 'amountMinor' | 'currency'> & Partial<Pick<Charge, 'tradeNo' | 'paidAtMs'>>,
): Record<string, unknown> {
  return {
    event: 'payment',
    state,
    ...(said.tradeNo !== undefined && { trade_no: said.tradeNo }),
    ...(said.paidAtMs !== undefined && { paid_at: new Date(said.paidAtMs).toISOString() }),
    amount: said.amountMinor,
    currency: said.currency,
  };
}
