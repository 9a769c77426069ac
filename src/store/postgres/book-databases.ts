/** Books in two databases, on PostgreSQL: the statements of each book under its port. */
import type {
  BookDatabases,
  BookReaders,
  ChannelDatabase,
  PaymentDatabase,
} from '../book-databases.ts';
import {
  claimDroppedOrders,
  claimExpiries,
  dropDroppedOrder,
  dropExpiry,
} from './dropped-orders.ts';
import { findByMerchantOrderNo, findByMerchantRefundNo } from './load.ts';
import { loadChannelHalves, loadPaymentHalves } from './load-halves.ts';
import { claimNotices, finishNotices } from './notices.ts';
import { addInternalDrops, claimMessages, dropMessages, inOutbox } from './outbox.ts';
import type { Pool } from './pool.ts';
import { claimRefundJobs } from './refund-jobs.ts';
import { changedBetween, hasReplayed, moveScan, page, scannedToMs } from './scan.ts';
import { nextDueAtMs, sweepAll, sweepOrders, sweepYoung } from './sweep.ts';
import {
  begin,
  committedOf,
  decisionOf,
  finishPrepared,
  forgetDecisions,
  preparedNow,
} from './transaction.ts';
import { writeBook } from './write.ts';

/** The two databases. */
export type BookPools = { readonly payment: Pool; readonly channel: Pool };

/** A replica of either database; null where there is none and the primary is asked. */
export type ReplicaPools = { readonly payment: Pool | null; readonly channel: Pool | null };

/** The books in these databases; the pools stay the caller's to end. */
export function postgresBooks(pools: BookPools): BookDatabases {
  return { payment: paymentDatabase(pools.payment), channel: channelDatabase(pools.channel) };
}

/** What scans read: on the replicas, where there are any. */
export function postgresReaders(pools: BookPools, replicas: ReplicaPools): BookReaders {
  const readerOf = (book: 'payment' | 'channel', pool: Pool) => ({
    changedBetween: async (fromMs: number, toMs: number, limit: number) =>
      await changedBetween(pool, fromMs, toMs, limit),
    isCurrent: async () => pool === pools[book] || (await hasReplayed(pools[book], pool)),
  });
  const payment = replicas.payment ?? pools.payment;
  const channel = replicas.channel ?? pools.channel;
  return {
    payment: {
      ...readerOf('payment', payment),
      load: async (keys) => await loadPaymentHalves(payment, keys),
    },
    channel: {
      ...readerOf('channel', channel),
      load: async (keys) => await loadChannelHalves(channel, keys),
    },
  };
}

function bookDatabase(pool: Pool, book: 'payment' | 'channel') {
  return {
    write: async (changes, hopMs, lease) => await writeBook(pool, changes, { book, hopMs }, lease),
    begin: async () => await begin(pool, book),
    nextDueAtMs: async (first) => await nextDueAtMs(pool, first),
    claimOutbox: async (limit, nowMs, leaseMs) =>
      await claimMessages(pool, 'outbox', limit, nowMs, leaseMs),
    dropOutbox: async (messages) => await dropMessages(pool, 'outbox', messages),
    inOutbox: async (messages) => await inOutbox(pool, messages),
    scannedToMs: async () => await scannedToMs(pool, book),
    moveScan: async (toMs) => await moveScan(pool, book, toMs),
  } satisfies Partial<PaymentDatabase & ChannelDatabase>;
}

function paymentDatabase(pool: Pool): PaymentDatabase {
  return {
    ...bookDatabase(pool, 'payment'),
    load: async (keys) => await loadPaymentHalves(pool, keys),
    findByMerchantOrderNo: async (merchant, no) => await findByMerchantOrderNo(pool, merchant, no),
    findByMerchantRefundNo: async (merchant, no) =>
      await findByMerchantRefundNo(pool, merchant, no),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      await claimExpiries(pool, limit, nowMs, leaseMs),
    dropExpiry: async (claimed) => await dropExpiry(pool, claimed),
    claimNotices: async (limit, nowMs, leaseMs) => await claimNotices(pool, limit, nowMs, leaseMs),
    finishNotices: async (results) => await finishNotices(pool, results),
    sweepYoung: async (first, nowMs, overlapMs) => await sweepYoung(pool, first, nowMs, overlapMs),
    sweepAll: async (first, nowMs) => await sweepAll(pool, first, nowMs),
    claimInternalDrops: async (limit, nowMs, leaseMs) =>
      await claimMessages(pool, 'internal_drop', limit, nowMs, leaseMs),
    dropInternalDrops: async (drops) => await dropMessages(pool, 'internal_drop', drops),
    addInternalDrops: async (drops, nowMs) => await addInternalDrops(pool, drops, nowMs),
    page: async (after, limit) => await page(pool, after, limit),
    decisionOf: async (gid, nowMs) => await decisionOf(pool, gid, nowMs),
    committedOf: async (gids) => await committedOf(pool, gids),
    forgetDecisions: async (beforeMs, except) => await forgetDecisions(pool, beforeMs, except),
  };
}

function channelDatabase(pool: Pool): ChannelDatabase {
  return {
    ...bookDatabase(pool, 'channel'),
    load: async (keys) => await loadChannelHalves(pool, keys),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      await claimDroppedOrders(pool, account, limit, nowMs, leaseMs),
    dropDroppedOrder: async (claimed) => await dropDroppedOrder(pool, claimed),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      await claimRefundJobs(pool, account, limit, nowMs, leaseMs),
    sweepOrders: async (first, nowMs) => await sweepOrders(pool, first, nowMs),
    preparedNow: async () => await preparedNow(pool),
    finishPrepared: async (gid, decision) => await finishPrepared(pool, gid, decision),
  };
}
