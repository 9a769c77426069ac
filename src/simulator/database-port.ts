/**
 * The way from a process to the two databases of books that lie apart, with everything that goes wrong on
 * it: either database away for a while, an error before a statement, an answer that is lost after it, a
 * connection that breaks off with its process.
 */
import type { Book } from '../core/message.ts';
import type {
  BookDatabases,
  BookReader,
  BookReaders,
  BookTransaction,
  ChannelDatabase,
  PaymentDatabase,
} from '../store/book-databases.ts';
import type { Life } from './life.ts';
import { commitOver, ConnectionLost, READ_LEG_MS } from './store-port.ts';

/** How long a database is away at a stretch. */
const WINDOW_MS = 15_000;

type Way = {
  readonly life: Life;
  readonly book: Book;
  /** One statement there and back. */
  readonly read: <T>(site: string, act: () => Promise<T>) => Promise<T>;
};

/** The databases as a process reaches them during one life. */
export function databasePorts(life: Life, databases: BookDatabases): BookDatabases {
  return {
    payment: paymentPort(wayTo(life, 'payment'), databases.payment),
    channel: channelPort(wayTo(life, 'channel'), databases.channel),
  };
}

/** What the scan reads, on a replica that is behind now and then. */
export function readerPorts(life: Life, readers: BookReaders): BookReaders {
  return {
    payment: readerPort(wayTo(life, 'payment'), readers.payment),
    channel: readerPort(wayTo(life, 'channel'), readers.channel),
  };
}

function wayTo(life: Life, book: Book): Way {
  return {
    life,
    book,
    read: async (site, act) =>
      await life.exchange(`${book}.${site}`, READ_LEG_MS, async () => {
        requireThere(life, book);
        if (life.hits('store_error', `${book}.${site}`)) throw new ConnectionLost(site);
        return await act();
      }),
  };
}

function requireThere({ world, faults }: Life, book: Book): void {
  const window = Math.floor(world.nowMs / WINDOW_MS);
  if (faults.hitsOnce('database_away', `${book}:${window}`)) throw new ConnectionLost(book);
}

function bookPort({ life, book, read }: Way, database: PaymentDatabase | ChannelDatabase) {
  return {
    write: async (changes, hopMs, lease = null) =>
      await commitOver(life, `${book}.write`, changes, lease, async (own) => {
        requireThere(life, book);
        return await database.write(changes, hopMs, own);
      }),
    // What was begun ends with its process, also where that dies before it hears of it.
    begin: async () =>
      await read('begin', async () =>
        transactionPort({ life, book, read }, await database.begin()),
      ),
    nextDueAtMs: async (first) =>
      await read('next_due', async () => await database.nextDueAtMs(first)),
    claimOutbox: async (limit, nowMs, leaseMs) =>
      await read('claim_outbox', async () => await database.claimOutbox(limit, nowMs, leaseMs)),
    dropOutbox: async (messages) =>
      await read('drop_outbox', async () => await database.dropOutbox(messages)),
    inOutbox: async (messages) =>
      await read('in_outbox', async () => await database.inOutbox(messages)),
    scannedToMs: async () => await read('scanned', async () => await database.scannedToMs()),
    moveScan: async (toMs) => await read('move_scan', async () => await database.moveScan(toMs)),
  } satisfies Partial<PaymentDatabase & ChannelDatabase>;
}

/** A transaction over a connection that ends with its process; each answer may be lost after the deed. */
function transactionPort({ life, book, read }: Way, transaction: BookTransaction): BookTransaction {
  const forget = life.atEnd(() => transaction.release(true));
  const act = async <T>(site: string, run: () => Promise<T>): Promise<T> =>
    await read(site, async () => {
      const value = await run();
      if (life.hits('commit_answer_lost', `${book}.${site}`)) throw new ConnectionLost(site);
      return value;
    });
  return {
    write: async (changes, lease) =>
      await act('transaction_write', async () => await transaction.write(changes, lease)),
    decideCommit: async (gid, atMs) =>
      await act('decide', async () => await transaction.decideCommit(gid, atMs)),
    prepare: async (gid) => await act('prepare', async () => await transaction.prepare(gid)),
    finishPrepared: async (gid, decision) =>
      await act('finish', async () => await transaction.finishPrepared(gid, decision)),
    commit: async () => await act('commit', async () => await transaction.commit()),
    rollback: async () => await act('rollback', async () => await transaction.rollback()),
    release: (isBroken) => {
      // A process that has died lets go of nothing: its connection breaks off, some time later.
      if (!life.isAlive) return;
      forget();
      transaction.release(isBroken);
    },
  };
}

function paymentPort(way: Way, database: PaymentDatabase): PaymentDatabase {
  const { read } = way;
  return {
    ...bookPort(way, database),
    load: async (keys) => await read('load', async () => await database.load(keys)),
    findByMerchantOrderNo: async (merchant, no) =>
      await read('find', async () => await database.findByMerchantOrderNo(merchant, no)),
    findByMerchantRefundNo: async (merchant, no) =>
      await read('find_refund', async () => await database.findByMerchantRefundNo(merchant, no)),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      await read('claim_expiries', async () => await database.claimExpiries(limit, nowMs, leaseMs)),
    dropExpiry: async (claimed) =>
      await read('drop_expiry', async () => await database.dropExpiry(claimed)),
    claimNotices: async (limit, nowMs, leaseMs) =>
      await read('claim_notices', async () => await database.claimNotices(limit, nowMs, leaseMs)),
    finishNotices: async (results) =>
      await read('finish_notices', async () => await database.finishNotices(results)),
    sweepYoung: async (first, nowMs, overlapMs) =>
      await read('sweep', async () => await database.sweepYoung(first, nowMs, overlapMs)),
    sweepAll: async (first, nowMs) =>
      await read('sweep_all', async () => await database.sweepAll(first, nowMs)),
    claimInternalDrops: async (limit, nowMs, leaseMs) =>
      await read(
        'claim_drops',
        async () => await database.claimInternalDrops(limit, nowMs, leaseMs),
      ),
    dropInternalDrops: async (drops) =>
      await read('drop_drops', async () => await database.dropInternalDrops(drops)),
    addInternalDrops: async (drops, nowMs) =>
      await read('add_drops', async () => await database.addInternalDrops(drops, nowMs)),
    page: async (after, limit) => await read('page', async () => await database.page(after, limit)),
    decisionOf: async (gid, nowMs) =>
      await read('decision', async () => await database.decisionOf(gid, nowMs)),
    committedOf: async (gids) =>
      await read('committed', async () => await database.committedOf(gids)),
    forgetDecisions: async (beforeMs, except) =>
      await read('forget', async () => await database.forgetDecisions(beforeMs, except)),
  };
}

function channelPort(way: Way, database: ChannelDatabase): ChannelDatabase {
  const { read } = way;
  return {
    ...bookPort(way, database),
    load: async (keys) => await read('load', async () => await database.load(keys)),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      await read(
        'claim_orders',
        async () => await database.claimDroppedOrders(account, limit, nowMs, leaseMs),
      ),
    dropDroppedOrder: async (claimed) =>
      await read('drop_order', async () => await database.dropDroppedOrder(claimed)),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      await read(
        'claim_refunds',
        async () => await database.claimRefundJobs(account, limit, nowMs, leaseMs),
      ),
    sweepOrders: async (first, nowMs) =>
      await read('sweep_orders', async () => await database.sweepOrders(first, nowMs)),
    preparedNow: async () => await read('prepared', async () => await database.preparedNow()),
    finishPrepared: async (gid, decision) =>
      await read('finish_other', async () => await database.finishPrepared(gid, decision)),
  };
}

function readerPort<Half>({ life, book, read }: Way, reader: BookReader<Half>): BookReader<Half> {
  return {
    load: async (keys) => await read('scan_load', async () => await reader.load(keys)),
    changedBetween: async (fromMs, toMs, limit) =>
      await read('scan', async () => await reader.changedBetween(fromMs, toMs, limit)),
    isCurrent: async () =>
      await read(
        'scan_current',
        async () => !life.hits('replica_behind', book) && (await reader.isCurrent()),
      ),
  };
}
