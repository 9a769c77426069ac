/** Both books in one database, asked of two stores at once. */
import type { ChannelDatabase, PaymentDatabase } from '../store/book-databases.ts';
import type { NoticeResult, Store } from '../store/store.ts';
import type { Twin } from './twin.ts';
import { noticeName } from './twin.ts';

/** The store in memory, held against another one. */
export function twinStore(twin: Twin, mine: Store, theirs: Store): Store {
  return {
    ...twinPaymentJobs(twin, mine, theirs),
    ...twinChannelJobs(twin, mine, theirs),
    load: async (keys) =>
      await twin.both(
        'load',
        async () => await mine.load(keys),
        async () => await theirs.load(keys),
      ),
    write: async (changes, lease = null) =>
      await twin.write(
        'write',
        lease,
        async (own) => await mine.write(changes, own),
        async (own) => await theirs.write(changes, own),
      ),
    sweepAll: async (first, nowMs) =>
      await twin.both(
        'sweep_all',
        async () => await mine.sweepAll(first, nowMs),
        async () => await theirs.sweepAll(first, nowMs),
      ),
    nextDueAtMs: async (first) => await mine.nextDueAtMs(first),
  };
}

type PaymentJobs = Pick<
  PaymentDatabase,
  | 'findByMerchantOrderNo'
  | 'findByMerchantRefundNo'
  | 'claimExpiries'
  | 'dropExpiry'
  | 'claimNotices'
  | 'finishNotices'
  | 'sweepYoung'
>;

/** What lies beside the payment book. */
export function twinPaymentJobs(twin: Twin, mine: PaymentJobs, theirs: PaymentJobs): PaymentJobs {
  return {
    findByMerchantOrderNo: async (merchant, no) =>
      await twin.both(
        'find',
        async () => await mine.findByMerchantOrderNo(merchant, no),
        async () => await theirs.findByMerchantOrderNo(merchant, no),
      ),
    findByMerchantRefundNo: async (merchant, no) =>
      await twin.both(
        'find_refund',
        async () => await mine.findByMerchantRefundNo(merchant, no),
        async () => await theirs.findByMerchantRefundNo(merchant, no),
      ),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      await twin.claim(
        'claim_expiries',
        expiryName,
        async () => await mine.claimExpiries(limit, nowMs, leaseMs),
        async () => await theirs.claimExpiries(limit, nowMs, leaseMs),
      ),
    dropExpiry: async (row) =>
      await twin.both(
        'drop_expiry',
        async () => await mine.dropExpiry(row),
        async () => await theirs.dropExpiry(twin.leased(expiryName(row), row)),
      ),
    claimNotices: async (limit, nowMs, leaseMs) =>
      await twin.claim(
        'claim_notices',
        noticeName,
        async () => await mine.claimNotices(limit, nowMs, leaseMs),
        async () => await theirs.claimNotices(limit, nowMs, leaseMs),
      ),
    finishNotices: async (results) =>
      await twin.both(
        'finish_notices',
        async () => await mine.finishNotices(results),
        async () => await theirs.finishNotices(results.map((one) => resultOf(twin, one))),
      ),
    sweepYoung: async (first, nowMs, overlapMs) =>
      await twin.both(
        'sweep_young',
        async () => await mine.sweepYoung(first, nowMs, overlapMs),
        async () => await theirs.sweepYoung(first, nowMs, overlapMs),
      ),
  };
}

function resultOf(twin: Twin, result: NoticeResult): NoticeResult {
  return { ...result, notice: twin.leased(noticeName(result.notice), result.notice) };
}

type ChannelJobs = Pick<
  ChannelDatabase,
  'claimDroppedOrders' | 'dropDroppedOrder' | 'claimRefundJobs'
>;

/** What lies beside the channel book. */
export function twinChannelJobs(twin: Twin, mine: ChannelJobs, theirs: ChannelJobs): ChannelJobs {
  return {
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      await twin.claim(
        'claim_orders',
        questionName,
        async () => await mine.claimDroppedOrders(account, limit, nowMs, leaseMs),
        async () => await theirs.claimDroppedOrders(account, limit, nowMs, leaseMs),
      ),
    dropDroppedOrder: async (row) =>
      await twin.both(
        'drop_order',
        async () => await mine.dropDroppedOrder(row),
        async () => await theirs.dropDroppedOrder(twin.leased(questionName(row), row)),
      ),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      await twin.claim(
        'claim_refunds',
        (row) => `refund ${row.paymentId} ${row.attempt} ${row.number}`,
        async () => await mine.claimRefundJobs(account, limit, nowMs, leaseMs),
        async () => await theirs.claimRefundJobs(account, limit, nowMs, leaseMs),
      ),
  };
}

function expiryName({ paymentId }: { readonly paymentId: string }): string {
  return `expiry ${paymentId}`;
}

function questionName(row: { readonly paymentId: string; readonly attempt: number }): string {
  return `question ${row.paymentId} ${row.attempt}`;
}
