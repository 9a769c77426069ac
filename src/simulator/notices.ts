/**
 * The sender of notices in the simulated world: the same claims, the same ladder and the same words as
 * the real one, over a line that loses both ways.
 */
import { noticePauseMs } from '../core/exceptions/undelivered-notice.ts';
import { restoreSnapshot } from '../core/snapshot.ts';
import type { Door } from '../runtime/apply.ts';
import { eachLimited } from '../runtime/limit.ts';
import type { NoticeSender } from '../runtime/notice-sender.ts';
import type { PaymentObject } from '../runtime/payment-object.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import type { DueNotice, NoticeResult, Store } from '../store/store.ts';
import type { Life } from './life.ts';

/** What a merchant gets to read. */
export type Notice = {
  readonly eventId: string;
  readonly endpoint: string;
  readonly event: string;
  readonly subjectKey: string | null;
  readonly payment: PaymentObject;
};

export type NoticeReceiver = {
  /** Answers the HTTP status. */
  take(merchantNumber: number, notice: Notice): number;
};

const CLAIM_SIZE = 16;
const LEG_MS = [1, 200] as const;
/** What a sender that waited in vain writes down. */
const NO_ANSWER = 0;

/** A sender for one life of a process. */
export function newSimulatedNotices(
  life: Life,
  store: Store,
  door: Door,
  merchants: NoticeReceiver,
  leaseMs: number,
): NoticeSender {
  const { clock, killPoint } = life;
  const deliver = async (notice: DueNotice): Promise<NoticeResult> => {
    const [payment] = await store.load([notice]);
    if (!payment) throw new Error(`the payment of notice ${notice.eventId} is gone`);
    const told = restoreSnapshot(payment, notice.snapshot);
    const body: Notice = {
      eventId: notice.eventId,
      endpoint: notice.endpoint?.id ?? 'direct',
      event: notice.event,
      subjectKey: notice.subjectKey,
      payment: paymentObject(told, () => null),
    };
    killPoint('notice.before_call');
    const atMs = clock.nowMs();
    const site = `${notice.eventId}:${body.endpoint}`;
    const responseStatus = await life.exchange('notice', LEG_MS, async () => {
      if (life.hits('notice_lost', site)) return NO_ANSWER;
      if (life.hits('merchant_down', site)) return 503;
      const status = merchants.take(notice.merchantNumber, body);
      return life.hits('notice_answer_lost', site) ? NO_ANSWER : status;
    });
    killPoint('notice.after_call');
    const isTaken = responseStatus >= 200 && responseStatus < 300;
    const pauseMs = isTaken ? null : noticePauseMs(notice.tries + 1);
    const retryAtMs = pauseMs === null ? null : clock.nowMs() + pauseMs;
    if (!isTaken && retryAtMs === null) {
      const { eventId } = notice;
      await door.apply(notice, { type: 'notice_exhausted', eventId, endpoint: body.endpoint });
    }
    const durationMs = clock.nowMs() - atMs;
    return { notice, atMs, durationMs, responseStatus, error: null, retryAtMs };
  };
  return {
    sendDue: async () => {
      killPoint('notice.before_claim');
      const claimed = await store.claimNotices(CLAIM_SIZE, clock.nowMs(), leaseMs);
      if (claimed.length === 0) return 0;
      killPoint('notice.after_claim');
      const results: NoticeResult[] = [];
      await eachLimited(claimed, CLAIM_SIZE, async (notice) => {
        results.push(await deliver(notice));
      });
      await store.finishNotices(results);
      killPoint('notice.after_finish');
      return claimed.length;
    },
  };
}
