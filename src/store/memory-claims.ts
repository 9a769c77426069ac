/** Claiming and ending the jobs of a book in memory. */
import type { MemoryBook } from './memory-book.ts';
import { noticeKey, questionKey } from './memory-book.ts';
import type { DroppedOrder, NoticeResult, Store } from './store.ts';
import { accountName } from './store.ts';

type JobKind = 'question' | 'expiry' | 'refund';

/** Whether somebody holds a row, by its name as a lock. */
export type IsLocked = (row: string) => boolean;

/** The name under which the row of a job is locked. */
export function jobRow(
  kind: JobKind,
  row: { readonly paymentId: string; readonly attempt?: number; readonly number?: number },
): string {
  return `${kind} ${row.paymentId}:${row.attempt ?? 0}:${row.number ?? 0}`;
}

/** Jobs that lie beside the channel book. */
export function channelJobs(
  book: MemoryBook,
  isLocked: IsLocked = () => false,
): Pick<Store, 'claimDroppedOrders' | 'dropDroppedOrder' | 'claimRefundJobs'> {
  return {
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      book.questions
        .claim(accountName(account), limit, nowMs, leaseMs, (row) =>
          isLocked(jobRow('question', row)),
        )
        .map(({ row, lease }) => ({ ...row, lease })),
    dropDroppedOrder: async (claimed) => releaseQuestion(book, claimed),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      book.refundJobs
        .claim(accountName(account), limit, nowMs, leaseMs, (row) =>
          isLocked(jobRow('refund', row)),
        )
        .map(({ row: { operation, ...row }, lease }) => {
          if (operation === 'held') throw new Error('what is held is due never');
          return { ...row, operation, lease };
        }),
  };
}

/** Drops a question that is still under this lease. */
export function releaseQuestion(
  { questions }: MemoryBook,
  { paymentId, attempt, lease }: DroppedOrder,
): void {
  questions.release(questionKey(paymentId, attempt), lease);
}

/** Jobs that lie beside the payment book. */
export function paymentJobs(
  book: MemoryBook,
  isLocked: IsLocked = () => false,
): Pick<Store, 'claimExpiries' | 'dropExpiry' | 'claimNotices' | 'finishNotices'> {
  return {
    claimExpiries: async (limit, nowMs, leaseMs) =>
      book.expiries
        .claim('', limit, nowMs, leaseMs, (row) => isLocked(jobRow('expiry', row)))
        .map(({ row, lease }) => ({ ...row, lease })),
    dropExpiry: async (claimed) => book.expiries.release(claimed.paymentId, claimed.lease),
    claimNotices: async (limit, nowMs, leaseMs) =>
      book.notices.claim('', limit, nowMs, leaseMs).map(({ row, lease }) => ({ ...row, lease })),
    finishNotices: async (results) => {
      for (const result of results) finishNotice(book, result);
    },
  };
}

function finishNotice({ notices }: MemoryBook, { notice, retryAtMs }: NoticeResult): void {
  const key = noticeKey(notice);
  if (retryAtMs === null) {
    notices.release(key, notice.lease);
    return;
  }
  const { lease, ...row } = notice;
  notices.putOff(key, lease, retryAtMs, { ...row, tries: row.tries + 1 });
}
