/** Books in two databases, asked of two stores at once. */
import type {
  BookDatabases,
  BookReader,
  BookReaders,
  BookTransaction,
  ChannelDatabase,
  PaymentDatabase,
  WaitingMessage,
} from '../store/book-databases.ts';
import { twinChannelJobs, twinPaymentJobs } from './twin-store.ts';
import type { Twin } from './twin.ts';

/** The databases in memory, held against others. */
export function twinDatabases(
  twin: Twin,
  mine: BookDatabases,
  theirs: BookDatabases,
): BookDatabases {
  return {
    payment: twinPayment(twin, mine.payment, theirs.payment),
    channel: twinChannel(twin, mine.channel, theirs.channel),
  };
}

/** What scans read in memory, held against others. */
export function twinReaders(twin: Twin, mine: BookReaders, theirs: BookReaders): BookReaders {
  return {
    payment: twinReader(twin, mine.payment, theirs.payment),
    channel: twinReader(twin, mine.channel, theirs.channel),
  };
}

type AnyBook = Pick<
  PaymentDatabase,
  | 'write'
  | 'begin'
  | 'nextDueAtMs'
  | 'claimOutbox'
  | 'dropOutbox'
  | 'inOutbox'
  | 'scannedToMs'
  | 'moveScan'
>;

const messageName = ({ paymentId, key }: Pick<WaitingMessage, 'paymentId' | 'key'>): string =>
  `message ${paymentId} ${key}`;
const sorted = (all: readonly unknown[]): string[] =>
  all.map((one) => JSON.stringify(one)).toSorted();

function twinBook(twin: Twin, mine: AnyBook, theirs: AnyBook): AnyBook {
  return {
    write: async (changes, hopMs, lease = null) =>
      await twin.write(
        'write',
        lease,
        async (own) => await mine.write(changes, hopMs, own),
        async (own) => await theirs.write(changes, hopMs, own),
      ),
    begin: async () => {
      const transaction = await mine.begin();
      const other = await twin.theirs('begin', async () => await theirs.begin());
      if (!other) throw new Error('the other store begins no transaction');
      return twinTransaction(twin, transaction, other.value);
    },
    nextDueAtMs: async (first) => await mine.nextDueAtMs(first),
    claimOutbox: async (limit, nowMs, leaseMs) =>
      await twin.claim(
        'claim_outbox',
        messageName,
        async () => await mine.claimOutbox(limit, nowMs, leaseMs),
        async () => await theirs.claimOutbox(limit, nowMs, leaseMs),
      ),
    dropOutbox: async (messages) =>
      await twin.both(
        'drop_outbox',
        async () => await mine.dropOutbox(messages),
        async () => await theirs.dropOutbox(messages),
      ),
    inOutbox: async (messages) =>
      await twin.both(
        'in_outbox',
        async () => await mine.inOutbox(messages),
        async () => await theirs.inOutbox(messages),
        (found) => found.map(messageName).toSorted(),
      ),
    scannedToMs: async () =>
      await twin.both(
        'scanned',
        async () => await mine.scannedToMs(),
        async () => await theirs.scannedToMs(),
      ),
    moveScan: async (toMs) =>
      await twin.both(
        'move_scan',
        async () => await mine.moveScan(toMs),
        async () => await theirs.moveScan(toMs),
      ),
  };
}

/** Two transactions that end together, whichever way. */
function twinTransaction(
  twin: Twin,
  mine: BookTransaction,
  theirs: BookTransaction,
): BookTransaction {
  let isReleased = false;
  const releaseTheirs = async (isBroken: boolean): Promise<void> => {
    if (!isReleased) theirs.release(isBroken);
    isReleased = true;
  };
  twin.pair(mine, async () => await releaseTheirs(true));
  return {
    write: async (changes, lease = null) =>
      await twin.write(
        'transaction_write',
        lease,
        async (own) => await mine.write(changes, own),
        async (own) => await theirs.write(changes, own),
      ),
    decideCommit: async (gid, atMs) =>
      await twin.both(
        'decide',
        async () => await mine.decideCommit(gid, atMs),
        async () => await theirs.decideCommit(gid, atMs),
      ),
    prepare: async (gid) =>
      await twin.both(
        'prepare',
        async () => await mine.prepare(gid),
        async () => await theirs.prepare(gid),
      ),
    finishPrepared: async (gid, decision) =>
      await twin.both(
        'finish',
        async () => await mine.finishPrepared(gid, decision),
        async () => await theirs.finishPrepared(gid, decision),
      ),
    commit: async () =>
      await twin.both(
        'commit',
        async () => await mine.commit(),
        async () => await theirs.commit(),
      ),
    rollback: async () =>
      await twin.both(
        'rollback',
        async () => await mine.rollback(),
        // What its server ended is rolled back with its connection.
        async () => {
          if (!isReleased) await theirs.rollback();
        },
      ),
    release: (isBroken) => {
      mine.release(isBroken);
      void twin.theirs('release', async () => await releaseTheirs(isBroken));
    },
  };
}

function twinPayment(twin: Twin, mine: PaymentDatabase, theirs: PaymentDatabase): PaymentDatabase {
  return {
    ...twinBook(twin, mine, theirs),
    ...twinPaymentJobs(twin, mine, theirs),
    load: async (keys) =>
      await twin.both(
        'load_payments',
        async () => await mine.load(keys),
        async () => await theirs.load(keys),
        (halves) => halves.map((half) => half && { ...half, received: half.received.toSorted() }),
      ),
    sweepAll: async (first, nowMs) =>
      await twin.both(
        'sweep_all',
        async () => await mine.sweepAll(first, nowMs),
        async () => await theirs.sweepAll(first, nowMs),
      ),
    claimInternalDrops: async (limit, nowMs, leaseMs) =>
      await twin.claim(
        'claim_drops',
        messageName,
        async () => await mine.claimInternalDrops(limit, nowMs, leaseMs),
        async () => await theirs.claimInternalDrops(limit, nowMs, leaseMs),
      ),
    dropInternalDrops: async (drops) =>
      await twin.both(
        'drop_drops',
        async () => await mine.dropInternalDrops(drops),
        async () => await theirs.dropInternalDrops(drops),
      ),
    addInternalDrops: async (drops, nowMs) =>
      await twin.both(
        'add_drops',
        async () => await mine.addInternalDrops(drops, nowMs),
        async () => await theirs.addInternalDrops(drops, nowMs),
      ),
    page: async (after, limit) =>
      await twin.both(
        'page',
        async () => await mine.page(after, limit),
        async () => await theirs.page(after, limit),
      ),
    ...twinDecisions(twin, mine, theirs),
  };
}

function twinDecisions(
  twin: Twin,
  mine: PaymentDatabase,
  theirs: PaymentDatabase,
): Pick<PaymentDatabase, 'decisionOf' | 'committedOf' | 'forgetDecisions'> {
  return {
    decisionOf: async (gid, nowMs) =>
      await twin.both(
        'decision',
        async () => await mine.decisionOf(gid, nowMs),
        async () => await theirs.decisionOf(gid, nowMs),
      ),
    committedOf: async (gids) =>
      await twin.both(
        'committed',
        async () => await mine.committedOf(gids),
        async () => await theirs.committedOf(gids),
        sorted,
      ),
    forgetDecisions: async (beforeMs, except) =>
      await twin.both(
        'forget',
        async () => await mine.forgetDecisions(beforeMs, except),
        async () => await theirs.forgetDecisions(beforeMs, except),
      ),
  };
}

function twinChannel(twin: Twin, mine: ChannelDatabase, theirs: ChannelDatabase): ChannelDatabase {
  return {
    ...twinBook(twin, mine, theirs),
    ...twinChannelJobs(twin, mine, theirs),
    load: async (keys) =>
      await twin.both(
        'load_channels',
        async () => await mine.load(keys),
        async () => await theirs.load(keys),
        (halves) => halves.map((half) => half && { ...half, received: half.received.toSorted() }),
      ),
    sweepOrders: async (first, nowMs) =>
      await twin.both(
        'sweep_orders',
        async () => await mine.sweepOrders(first, nowMs),
        async () => await theirs.sweepOrders(first, nowMs),
      ),
    preparedNow: async () =>
      await twin.both(
        'prepared',
        async () => await mine.preparedNow(),
        async () => await theirs.preparedNow(),
        sorted,
      ),
    finishPrepared: async (gid, decision) =>
      await twin.both(
        'finish_prepared',
        async () => await mine.finishPrepared(gid, decision),
        async () => await theirs.finishPrepared(gid, decision),
      ),
  };
}

function twinReader<Half>(
  twin: Twin,
  mine: BookReader<Half>,
  theirs: BookReader<Half>,
): BookReader<Half> {
  return {
    ...mine,
    changedBetween: async (fromMs, toMs, limit) =>
      await twin.both(
        'scan',
        async () => await mine.changedBetween(fromMs, toMs, limit),
        async () => await theirs.changedBetween(fromMs, toMs, limit),
        sorted,
      ),
  };
}
