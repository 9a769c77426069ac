/** Claiming and ending the jobs of a book in memory. */
import type { MemoryBook } from './memory-book.ts';
import { noticeKey, questionKey } from './memory-book.ts';
import type { NoticeResult, Store } from './store.ts';
import { accountName } from './store.ts';

/** Jobs that lie beside the channel book. */
export function channelJobs(
  book: MemoryBook,
): Pick<Store, 'claimDroppedOrders' | 'dropDroppedOrder' | 'claimRefundJobs'> {
  return {
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      book.questions
        .claim(accountName(account), limit, nowMs, leaseMs)
        .map(({ row, lease }) => ({ ...row, lease })),
    dropDroppedOrder: async (claimed) =>
      book.questions.release(questionKey(claimed.paymentId, claimed.attempt), claimed.lease),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      book.refundJobs
        .claim(accountName(account), limit, nowMs, leaseMs)
        .map(({ row: { operation, ...row }, lease }) => {
          if (operation === 'held') throw new Error('what is held is due never');
          return { ...row, operation, lease };
        }),
  };
}

/** Jobs that lie beside the payment book. */
export function paymentJobs(
  book: MemoryBook,
): Pick<Store, 'claimExpiries' | 'dropExpiry' | 'claimNotices' | 'finishNotices'> {
  return {
    claimExpiries: async (limit, nowMs, leaseMs) =>
      book.expiries.claim('', limit, nowMs, leaseMs).map(({ row, lease }) => ({ ...row, lease })),
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
