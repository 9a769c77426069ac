/**
 * Stores over two databases. A relay has one store for each book: both read the whole payment, each
 * writes its own half. Two-phase has one store that writes both halves or neither.
 */
import type { AggregateChange, NoticeLease, Store, WriteResult } from '../store.ts';
import {
  claimDroppedOrders,
  claimExpiries,
  dropDroppedOrder,
  dropExpiry,
} from './dropped-orders.ts';
import { findByMerchantOrderNo, findByMerchantRefundNo } from './load.ts';
import type { BookPools } from './load-apart.ts';
import { loadApart } from './load-apart.ts';
import { claimNotices, finishNotices } from './notices.ts';
import { claimRefundJobs } from './refund-jobs.ts';
import { nextDueAtMs, sweepAll, sweepOrders, sweepYoung } from './sweep.ts';
import type { TwoPhaseParts } from './two-phase.ts';
import { writeTwoPhase } from './two-phase.ts';
import { writeBook } from './write.ts';

/** The stores of a relay. `hopMs`: how long a message may be on its way before the relay brings it. */
export function relayStores(
  pools: BookPools,
  hopMs: number,
): { readonly payment: Store; readonly channel: Store } {
  const rest = readsAndJobs(pools);
  const storeOf = (book: 'payment' | 'channel'): Store => ({
    ...rest,
    write: async (changes, lease) =>
      await writeBook(pools[book], changes, { book, hopMs }, book === 'payment' ? lease : null),
  });
  return { payment: storeOf('payment'), channel: storeOf('channel') };
}

/** The store of the coupling two_phase. A change of one book alone is an ordinary commit there. */
export function twoPhaseStore(parts: TwoPhaseParts): Store {
  return {
    ...readsAndJobs(parts.pools),
    write: async (changes, lease = null) => await writeByTouch(parts, changes, lease),
  };
}

async function writeByTouch(
  parts: TwoPhaseParts,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<WriteResult[]> {
  const results = new Map<AggregateChange, WriteResult>();
  const groups = Map.groupBy(changes, touchOf);
  for (const [touch, group] of groups) {
    const written =
      touch === 'both'
        ? await writeTwoPhase(parts, group, lease)
        : await writeBook(parts.pools[touch], group, { book: touch, hopMs: 0 }, lease);
    for (const [at, change] of group.entries()) results.set(change, written[at] ?? 'stale');
  }
  return changes.map((change) => results.get(change) ?? 'stale');
}

function touchOf({ steps }: AggregateChange): 'both' | 'payment' | 'channel' {
  const isPayment = steps.some((step) => step.touches.payment);
  const isChannel = steps.some((step) => step.touches.channel);
  if (isPayment && isChannel) return 'both';
  return isPayment ? 'payment' : 'channel';
}

/** Everything but writing: each table is read where its book lies. */
function readsAndJobs(pools: BookPools): Omit<Store, 'write'> {
  const { payment, channel } = pools;
  return {
    load: async (keys) => await loadApart(pools, keys),
    findByMerchantOrderNo: async (merchant, no) =>
      await findByMerchantOrderNo(payment, merchant, no),
    findByMerchantRefundNo: async (merchant, no) =>
      await findByMerchantRefundNo(payment, merchant, no),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      await claimDroppedOrders(channel, account, limit, nowMs, leaseMs),
    dropDroppedOrder: async (claimed) => await dropDroppedOrder(channel, claimed),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      await claimRefundJobs(channel, account, limit, nowMs, leaseMs),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      await claimExpiries(payment, limit, nowMs, leaseMs),
    dropExpiry: async (claimed) => await dropExpiry(payment, claimed),
    claimNotices: async (limit, nowMs, leaseMs) =>
      await claimNotices(payment, limit, nowMs, leaseMs),
    finishNotices: async (results) => await finishNotices(payment, results),
    // Channel orders bring their first question with them: the sweep finds payments without an end.
    sweepYoung: async (first, nowMs, overlapMs) =>
      await sweepYoung(payment, first, nowMs, overlapMs),
    sweepAll: async (first, nowMs) => {
      const [payments, orders] = await Promise.all([
        sweepAll(payment, first, nowMs),
        sweepOrders(channel, first, nowMs),
      ]);
      return payments + orders;
    },
    nextDueAtMs: async (first) => {
      const dues = await Promise.all([nextDueAtMs(payment, first), nextDueAtMs(channel, first)]);
      const known = dues.filter((dueAtMs) => dueAtMs !== null);
      return known.length === 0 ? null : Math.min(...known);
    },
  };
}
