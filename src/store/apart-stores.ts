/**
 * Stores over two databases. A relay has one store for each book: both read the whole payment, each
 * writes its own half. Two-phase has one store that writes both halves or neither.
 */
import type { BookDatabases } from './book-databases.ts';
import { loadApart } from './book-databases.ts';
import type { AggregateChange, NoticeLease, Store, WriteResult } from './store.ts';
import type { TwoPhaseParts } from './two-phase.ts';
import { loadDecided, writeTwoPhase } from './two-phase.ts';

/** The stores of a relay. `hopMs`: how long a message may be on its way before the relay brings it. */
export function relayStores(
  databases: BookDatabases,
  hopMs: number,
): { readonly payment: Store; readonly channel: Store } {
  const rest = readsAndJobs(databases);
  return {
    payment: {
      ...rest,
      write: async (changes, lease) => await databases.payment.write(changes, hopMs, lease),
    },
    channel: { ...rest, write: async (changes) => await databases.channel.write(changes, hopMs) },
  };
}

/** The store of the coupling two_phase. A change of one book alone is an ordinary commit there. */
export function twoPhaseStore(parts: TwoPhaseParts): Store {
  return {
    ...readsAndJobs(parts.databases),
    load: async (keys) => await loadDecided(parts.databases, keys),
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
        : await parts.databases[touch].write(group, 0, lease);
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
function readsAndJobs({ payment, channel }: BookDatabases): Omit<Store, 'write'> {
  return {
    load: async (keys) => await loadApart({ payment, channel }, keys),
    findByMerchantOrderNo: payment.findByMerchantOrderNo,
    findByMerchantRefundNo: payment.findByMerchantRefundNo,
    claimDroppedOrders: channel.claimDroppedOrders,
    dropDroppedOrder: channel.dropDroppedOrder,
    claimRefundJobs: channel.claimRefundJobs,
    claimExpiries: payment.claimExpiries,
    dropExpiry: payment.dropExpiry,
    claimNotices: payment.claimNotices,
    finishNotices: payment.finishNotices,
    // Channel orders bring their first question with them: the sweep finds payments without an end.
    sweepYoung: payment.sweepYoung,
    sweepAll: async (first, nowMs) => {
      const [payments, orders] = await Promise.all([
        payment.sweepAll(first, nowMs),
        channel.sweepOrders(first, nowMs),
      ]);
      return payments + orders;
    },
    nextDueAtMs: async (first) => {
      const dues = await Promise.all([payment.nextDueAtMs(first), channel.nextDueAtMs(first)]);
      const known = dues.filter((dueAtMs) => dueAtMs !== null);
      return known.length === 0 ? null : Math.min(...known);
    },
  };
}
