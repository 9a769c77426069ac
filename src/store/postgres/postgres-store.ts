/** The store on PostgreSQL: every statement group under one port. */
import type { Store } from '../store.ts';
import {
  claimDroppedOrders,
  claimExpiries,
  dropDroppedOrder,
  dropExpiry,
} from './dropped-orders.ts';
import { findByMerchantOrderNo, findByMerchantRefundNo, load } from './load.ts';
import { claimNotices, finishNotices } from './notices.ts';
import type { Pool } from './pool.ts';
import { claimRefundJobs } from './refund-jobs.ts';
import { nextDueAtMs, sweepAll, sweepYoung } from './sweep.ts';
import { write } from './write.ts';

/** A store on this pool; the pool stays the caller's to end. */
export function postgresStore(pool: Pool): Store {
  return {
    load: async (keys) => await load(pool, keys),
    findByMerchantOrderNo: async (merchant, no) => await findByMerchantOrderNo(pool, merchant, no),
    findByMerchantRefundNo: async (merchant, no) =>
      await findByMerchantRefundNo(pool, merchant, no),
    write: async (changes, lease) => await write(pool, changes, lease),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      await claimDroppedOrders(pool, account, limit, nowMs, leaseMs),
    dropDroppedOrder: async (claimed) => await dropDroppedOrder(pool, claimed),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      await claimRefundJobs(pool, account, limit, nowMs, leaseMs),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      await claimExpiries(pool, limit, nowMs, leaseMs),
    dropExpiry: async (claimed) => await dropExpiry(pool, claimed),
    claimNotices: async (limit, nowMs, leaseMs) => await claimNotices(pool, limit, nowMs, leaseMs),
    finishNotices: async (results) => await finishNotices(pool, results),
    sweepYoung: async (first, nowMs, overlapMs) => await sweepYoung(pool, first, nowMs, overlapMs),
    sweepAll: async (first, nowMs) => await sweepAll(pool, first, nowMs),
    nextDueAtMs: async (first) => await nextDueAtMs(pool, first),
  };
}
