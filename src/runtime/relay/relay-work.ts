/**
 * The relay's own work: bringing messages that their hop did not, finding those that even the outbox
 * lost (internal drops, 内部掉单), and having them taken in.
 */
import type { Book } from '../../core/message.ts';
import { missingMessages } from '../../core/missing-messages.ts';
import type { WaitingMessage } from '../../store/book-databases.ts';
import type { MissingMessage, RelayStore } from '../../store/relay-store.ts';
import type { PaymentKey, Store } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import type { KillPoints } from '../kill-point.ts';
import { eachLimited } from '../limit.ts';
import type { RelayDoor } from './relay-door.ts';

export type RelayWorkOptions = {
  readonly door: RelayDoor;
  readonly relay: RelayStore;
  /** The primaries: a find is confirmed there, so that a lagging replica can never invent one. */
  readonly store: Pick<Store, 'load'>;
  /** Where a scan reads: the replicas, where there are any. */
  readonly scanStore: Pick<Store, 'load'>;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
  readonly leaseMs: number;
  readonly claimSizeMax: number;
  readonly scanEveryMs: number;
  readonly onError: (error: unknown) => void;
};

export type RelayWork = {
  /** Kinds of work for the worker's rounds; each answers how many jobs it did. */
  readonly kinds: readonly (() => Promise<number>)[];
  /** Those of them that need no outbox row: the scans and the compensation. */
  readonly healing: readonly (() => Promise<number>)[];
  /** One scan of both books now; answers how many drops it found. For the test clock and for proofs. */
  scan(): Promise<number>;
  /** The nightly full sweep: everything there is, by pages; answers how many drops it found. */
  sweepAll(): Promise<number>;
};

const PAGE_SIZE = 500;

/** The relay's work over these parts. */
export function newRelayWork(options: RelayWorkOptions): RelayWork {
  const { clock, scanEveryMs } = options;
  let nextScanAtMs = 0;
  const scan = async (): Promise<number> =>
    (await scanBook('channel', options)) + (await scanBook('payment', options));
  const healing = [
    async () => await compensateDue(options),
    async () => {
      if (clock.nowMs() < nextScanAtMs) return 0;
      nextScanAtMs = clock.nowMs() + scanEveryMs;
      await scan();
      // What it finds is work for the others, not work done.
      return 0;
    },
  ];
  return {
    kinds: [
      async () => await relayDue('payment', options),
      async () => await relayDue('channel', options),
      ...healing,
    ],
    healing,
    scan,
    sweepAll: async () => await sweepAll(options),
  };
}

/** Brings what stands in a book's outbox and was not brought by its hop; each payment in its order. */
async function relayDue(book: Book, options: RelayWorkOptions): Promise<number> {
  const { relay, clock, leaseMs, claimSizeMax, killPoint } = options;
  const claimed = await relay.claimOutbox(book, claimSizeMax, clock.nowMs(), leaseMs);
  if (claimed.length === 0) return 0;
  killPoint('relay.after_claim');
  await deliverByPayment(claimed, options);
  return claimed.length;
}

async function deliverByPayment(
  claimed: readonly WaitingMessage[],
  options: RelayWorkOptions,
  then: (one: WaitingMessage) => Promise<void> = async () => {},
): Promise<void> {
  const byPayment = [...Map.groupBy(claimed, (one) => one.paymentId).values()];
  await eachLimited(byPayment, options.claimSizeMax, async (messages) => {
    try {
      for (const one of messages) {
        await options.door.deliver(one, one);
        await then(one);
      }
    } catch (error) {
      // Its lease ends, and it is brought again, with those behind it.
      options.onError(error);
    }
  });
}

/** The compensation worker (补偿): each row is taken in, told as healed, and taken out. */
async function compensateDue(options: RelayWorkOptions): Promise<number> {
  const { relay, clock, leaseMs, claimSizeMax, door, killPoint } = options;
  const claimed = await relay.claimInternalDrops(claimSizeMax, clock.nowMs(), leaseMs);
  if (claimed.length === 0) return 0;
  killPoint('compensation.after_claim');
  await deliverByPayment(claimed, options, async (one) => {
    await door.apply(one, { type: 'internal_drop_healed', key: one.key });
    killPoint('compensation.after_heal');
    await relay.dropInternalDrops([one]);
  });
  return claimed.length;
}

async function scanBook(book: Book, options: RelayWorkOptions): Promise<number> {
  const changed = await options.relay.changedSince(book, options.clock.nowMs());
  if (!changed) return 0;
  let found = 0;
  for (let at = 0; at < changed.keys.length; at += PAGE_SIZE) {
    found += await findDrops(changed.keys.slice(at, at + PAGE_SIZE), options);
  }
  await changed.done();
  return found;
}

/** Puts what is missing of these payments into the internal-drop table. */
async function findDrops(
  keys: readonly PaymentKey[],
  { store, scanStore, relay, clock }: RelayWorkOptions,
): Promise<number> {
  if (keys.length === 0) return 0;
  const seen = await scanStore.load(keys);
  // What a lagging replica does not know at all may be missing a message as well.
  const suspects = keys.filter((_key, at) => {
    const one = seen[at];
    return !one || missingMessages(one).length > 0;
  });
  if (suspects.length === 0) return 0;
  const unsent = await relay.notInOutbox(await missingOf(suspects, store));
  if (unsent.length === 0) return 0;
  // One that was taken in between the two looks has left its outbox too: only what is missing still is lost.
  const still = new Set((await missingOf(unsent, store)).map(nameOf));
  const lost = unsent.filter((one) => still.has(nameOf(one)));
  return await relay.addInternalDrops(lost, clock.nowMs());
}

/** What the books have not heard of these payments, as the primaries know them. */
async function missingOf(
  keys: readonly PaymentKey[],
  store: Pick<Store, 'load'>,
): Promise<MissingMessage[]> {
  const aggregates = await store.load(keys);
  return aggregates.flatMap((aggregate) => {
    if (!aggregate) return [];
    const { merchantNumber, id: paymentId } = aggregate.payment;
    return missingMessages(aggregate).map((one) => ({ merchantNumber, paymentId, ...one }));
  });
}

function nameOf({ paymentId, key }: MissingMessage): string {
  return `${paymentId} ${key}`;
}

async function sweepAll(options: RelayWorkOptions): Promise<number> {
  let found = 0;
  let after: PaymentKey | null = null;
  for (;;) {
    const page: PaymentKey[] = await options.relay.page(after, PAGE_SIZE);
    found += await findDrops(page, options);
    after = page.at(-1) ?? null;
    if (page.length < PAGE_SIZE || after === null) return found;
  }
}
