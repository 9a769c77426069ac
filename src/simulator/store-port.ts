/**
 * The way from a process to its database, with everything that goes wrong on it: an error before the
 * commit, a commit whose answer is lost, a commit that takes long, a guard that somebody else was
 * quicker at. What the database has written is never taken back.
 */
import type {
  AggregateChange,
  DueNotice,
  NoticeLease,
  Store,
  WriteResult,
} from '../store/store.ts';
import type { Life } from './life.ts';

/** What a broken connection looks like from inside. */
export class ConnectionLost extends Error {}

export const READ_LEG_MS = [0, 1] as const;
const COMMIT_LEG_MS = [0, 3] as const;
/** A commit that has to wait for the disk or for a lock. */
const SLOW_COMMIT_MS = [200, 8_000] as const;

/** The store as a process sees it during one life. */
export function storePort(life: Life, store: Store): Store {
  const read = async <T>(site: string, act: () => Promise<T>): Promise<T> =>
    await life.exchange(`store.${site}`, READ_LEG_MS, async () => {
      if (life.hits('store_error', site)) throw new ConnectionLost(site);
      return await act();
    });
  return {
    load: async (keys) => await read('load', async () => await store.load(keys)),
    findByMerchantOrderNo: async (merchant, no) =>
      await read('find', async () => await store.findByMerchantOrderNo(merchant, no)),
    findByMerchantRefundNo: async (merchant, no) =>
      await read('find_refund', async () => await store.findByMerchantRefundNo(merchant, no)),
    write: async (changes, lease = null) =>
      await commitOver(
        life,
        'store.write',
        changes,
        lease,
        async (own) => await store.write(changes, own),
      ),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      await read(
        'claim_orders',
        async () => await store.claimDroppedOrders(account, limit, nowMs, leaseMs),
      ),
    dropDroppedOrder: async (claimed) =>
      await read('drop_order', async () => await store.dropDroppedOrder(claimed)),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      await read(
        'claim_refunds',
        async () => await store.claimRefundJobs(account, limit, nowMs, leaseMs),
      ),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      await read('claim_expiries', async () => await store.claimExpiries(limit, nowMs, leaseMs)),
    dropExpiry: async (claimed) =>
      await read('drop_expiry', async () => await store.dropExpiry(claimed)),
    claimNotices: async (limit, nowMs, leaseMs) =>
      await read('claim_notices', async () => await store.claimNotices(limit, nowMs, leaseMs)),
    finishNotices: async (results) =>
      await read('finish_notices', async () => await store.finishNotices(results)),
    sweepYoung: async (first, nowMs, overlapMs) =>
      await read('sweep', async () => await store.sweepYoung(first, nowMs, overlapMs)),
    sweepAll: async (first, nowMs) =>
      await read('sweep_all', async () => await store.sweepAll(first, nowMs)),
    nextDueAtMs: async (first) =>
      await read('next_due', async () => await store.nextDueAtMs(first)),
  };
}

/**
 * One commit of a batch, with everything that may happen to it. What was born leased comes with the answer,
 * and is lost with it.
 */
export async function commitOver(
  life: Life,
  site: string,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
  commit: (lease: NoticeLease | null) => Promise<WriteResult[]>,
): Promise<WriteResult[]> {
  const isSlow = life.hits('commit_slow', site);
  const legMs = isSlow ? SLOW_COMMIT_MS : COMMIT_LEG_MS;
  let leased: readonly DueNotice[] = [];
  const leaseHere = lease && { ...lease, take: (born: typeof leased) => void (leased = born) };
  const answer = await life.exchange(site, legMs, async () => {
    if (life.hits('store_error', site)) throw new ConnectionLost('before the commit');
    if (life.hits('commit_stale', site)) return changes.map(() => 'stale' as const);
    const results = await commit(leaseHere);
    if (life.hits('commit_answer_lost', site)) throw new ConnectionLost('after the commit');
    return results;
  });
  lease?.take(leased);
  return answer;
}
