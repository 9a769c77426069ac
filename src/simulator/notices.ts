/**
 * The sender of notices in the simulated world: the same claims, the same leases from birth, the same
 * ladder and the same words as the real one, over a line that loses both ways.
 */
import { noticePauseMs } from '../core/exceptions/undelivered-notice.ts';
import { restoreSnapshot } from '../core/snapshot.ts';
import type { Door, LeasedNotice, NoticeTaker } from '../runtime/apply.ts';
import { eachLimited } from '../runtime/limit.ts';
import type { NoticeSender } from '../runtime/notice-sender.ts';
import type { DueNotice, NoticeResult, Store } from '../store/store.ts';
import type { Life } from './life.ts';
import type { Readable } from './told.ts';
import { readableOf } from './told.ts';

/** What a merchant gets to read. */
export type Notice = {
  readonly eventId: string;
  readonly endpoint: string;
  readonly event: string;
  readonly subjectKey: string | null;
  readonly readable: Readable;
};

export type NoticeReceiver = {
  /** Answers the HTTP status. */
  take(merchantNumber: number, notice: Notice): number;
};

const CLAIM_SIZE = 16;
/** So few that it is full now and then, and notices are born due as well. */
const LEASED_MAX = 4;
const LEG_MS = [1, 200] as const;
/** What a sender that waited in vain writes down. */
const NO_ANSWER = 0;

type Delivery = (one: LeasedNotice) => Promise<NoticeResult>;

/** A sender for one life of a process, with the taker of what the process's own commits tell. */
export function newSimulatedNotices(
  life: Life,
  store: Store,
  door: Door,
  merchants: NoticeReceiver,
  leaseMs: number,
): NoticeSender & { readonly taker: NoticeTaker } {
  const { clock, killPoint } = life;
  const deliver = newDelivery(life, door, merchants);
  const load = async (notice: DueNotice): Promise<LeasedNotice> => {
    const [payment] = await store.load([notice]);
    if (!payment) throw new Error(`the payment of notice ${notice.eventId} is gone`);
    return { notice, payment };
  };
  const sendAll = async (ready: readonly (() => Promise<LeasedNotice>)[]): Promise<void> => {
    const results: NoticeResult[] = [];
    await eachLimited(ready, CLAIM_SIZE, async (one) => {
      results.push(await deliver(await one()));
    });
    await store.finishNotices(results);
    killPoint('notice.after_finish');
  };
  return {
    taker: newTaker(leaseMs, async (leased) => {
      killPoint('notice.after_birth');
      await sendAll(leased.map((one) => async () => one));
    }),
    sendDue: async () => {
      killPoint('notice.before_claim');
      const claimed = await store.claimNotices(CLAIM_SIZE, clock.nowMs(), leaseMs);
      if (claimed.length === 0) return 0;
      killPoint('notice.after_claim');
      await sendAll(claimed.map((one) => async () => await load(one)));
      return claimed.length;
    },
  };
}

/** Holds a few at a time; what breaks while they are sent comes back when its lease is over. */
function newTaker(
  leaseMs: number,
  send: (leased: readonly LeasedNotice[]) => Promise<void>,
): NoticeTaker {
  let leasedCount = 0;
  return {
    leaseMs: () => (leasedCount < LEASED_MAX ? leaseMs : null),
    take: (leased) => {
      if (leased.length === 0) return;
      leasedCount += leased.length;
      const release = (): void => void (leasedCount -= leased.length);
      send(leased).then(release, release);
    },
  };
}

function newDelivery(life: Life, door: Door, merchants: NoticeReceiver): Delivery {
  const { clock, killPoint } = life;
  return async ({ notice, payment }) => {
    const told = restoreSnapshot(payment, notice.snapshot);
    const body: Notice = {
      eventId: notice.eventId,
      endpoint: notice.endpoint?.id ?? 'direct',
      event: notice.event,
      subjectKey: notice.subjectKey,
      readable: readableOf(told),
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
}
