/** The books of a simulated platform in memory, coupled as the run wants it, and checked at each commit. */
import type { Book } from '../core/message.ts';
import type { Coupling } from '../runtime/config.ts';
import type { Coupled } from '../runtime/coupled-books.ts';
import type { BookDatabases, BookReaders, WaitingMessage } from '../store/book-databases.ts';
import { memoryDatabases } from '../store/memory-databases.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { AggregateChange, Endpoint } from '../store/store.ts';
import type { ApartCheck } from './apart-check.ts';
import { watchApart } from './apart-check.ts';
import type { CheckOptions } from './commit-check.ts';
import { checkedStore } from './commit-check.ts';
import { databasePorts, readerPorts } from './database-port.ts';
import type { Faults } from './faults.ts';
import { LeaseWatch } from './lease-check.ts';
import type { Life } from './life.ts';
import type { Marks } from './marks.ts';
import { storePort } from './store-port.ts';
import { twinDatabases, twinReaders } from './twin-databases.ts';
import { twinStore } from './twin-store.ts';
import type { Twin, TwinStores } from './twin.ts';
import type { World } from './world.ts';

export type SimulatedBooks = {
  readonly tables: MemoryTables;
  /** The databases as a process reaches them during one life. */
  reach(life: Life): Coupled;
  /** What must hold when everything has come to rest, beside each payment by itself. */
  checkAtRest(): void;
};

export type BooksOptions = {
  readonly world: World;
  readonly faults: Faults;
  readonly endpointsOf: (merchantNumber: number) => readonly Endpoint[];
  readonly checks: CheckOptions;
  /** A message between two databases is gone: only a scan finds it. */
  readonly onMessageLost: () => void;
  /** Another store that must answer the same; null for memory alone. */
  readonly twin: { readonly twin: Twin; readonly stores: TwinStores } | null;
};

/** Opens them. */
export function openSimulatedBooks(coupling: Coupling, options: BooksOptions): SimulatedBooks {
  return coupling === 'together' ? openTogether(options) : openApart(coupling, options);
}

function openTogether({ endpointsOf, checks, twin }: BooksOptions): SimulatedBooks {
  const { store: own, tables } = memoryStore(endpointsOf);
  const store = twin && 'store' in twin.stores ? twinStore(twin.twin, own, twin.stores.store) : own;
  const checked = checkedStore(store, tables, checks);
  return {
    tables,
    reach: (life) => ({ coupling: 'together', store: storePort(life, checked) }),
    checkAtRest: () => {},
  };
}

function openApart(
  coupling: 'relay' | 'two_phase',
  { world, faults, endpointsOf, checks, onMessageLost, twin }: BooksOptions,
): SimulatedBooks {
  const watch: { check: ApartCheck | null } = { check: null };
  const memory = memoryDatabases({
    endpointsOf,
    after: (durationMs, what, run) => world.after(durationMs, what, run),
    onIdle: (ended) => twin?.twin.ended(ended),
    onCommitted: (book, changes) => {
      watch.check?.committed(book, changes);
      for (const change of changes) {
        noteTakenIn(book, change, checks.marks);
        leases.replanned(change, book);
        loseMessages(book, change);
      }
    },
  });
  const { tables } = memory;
  const { databases, readers } = twinned(memory, twin);
  const leases = new LeaseWatch({ ...checks, tables });
  watch.check = watchApart(tables, checks);
  /** Internal drops: rows of the outbox go, as if somebody had cleared a table. */
  const loseMessages = (book: Book, { after, steps }: AggregateChange): void => {
    const { merchantNumber, id: paymentId } = after.payment;
    for (const effect of steps.flatMap((step) => step.effects)) {
      if (effect.type !== 'message') continue;
      const name = { merchantNumber, paymentId, key: effect.key };
      if (!faults.hits('message_lost', `${book}:${effect.message.type}`)) continue;
      world.after(0, `the message ${effect.key} is lost`, () => {
        if (tables.loseMessage(book, name)) onMessageLost();
        if (!twin || !('databases' in twin.stores)) return;
        const { [book]: theirs } = twin.stores.databases;
        void twin.twin.theirs('lose', async () => await theirs.dropOutbox([name]));
      });
    }
  };
  const watched = watchedDatabases(databases, checks.marks);
  const checked: BookDatabases = {
    payment: { ...watched.payment, ...leases.paymentClaims(databases.payment) },
    channel: { ...watched.channel, ...leases.channelClaims(databases.channel) },
  };
  return {
    tables,
    reach: (life) => ({
      coupling,
      databases: databasePorts(life, checked),
      readers: readerPorts(life, readers),
    }),
    checkAtRest: () => watch.check?.atRest(),
  };
}

function twinned(
  mine: { readonly databases: BookDatabases; readonly readers: BookReaders },
  twin: BooksOptions['twin'],
): { readonly databases: BookDatabases; readonly readers: BookReaders } {
  if (!twin || !('databases' in twin.stores)) return mine;
  const { databases, readers } = twin.stores;
  return {
    databases: twinDatabases(twin.twin, mine.databases, databases),
    readers: twinReaders(twin.twin, mine.readers, readers),
  };
}

/** The databases, with the situations noted that only show at them. */
function watchedDatabases({ payment, channel }: BookDatabases, marks: Marks): BookDatabases {
  const relayed = (messages: WaitingMessage[]): WaitingMessage[] => {
    if (messages.length > 0) marks.reach('message_relayed');
    return messages;
  };
  return {
    payment: {
      ...payment,
      claimOutbox: async (limit, nowMs, leaseMs) =>
        relayed(await payment.claimOutbox(limit, nowMs, leaseMs)),
    },
    channel: {
      ...channel,
      claimOutbox: async (limit, nowMs, leaseMs) =>
        relayed(await channel.claimOutbox(limit, nowMs, leaseMs)),
      // Whoever made the decision finishes it on a connection of its own.
      finishPrepared: async (gid, decision) => {
        const isThere = (await channel.preparedNow()).includes(gid);
        if (isThere) {
          marks.reach(decision === 'commit' ? 'half_committed_by_another' : 'half_rolled_back');
        }
        await channel.finishPrepared(gid, decision);
      },
    },
  };
}

function noteTakenIn(book: Book, { steps }: AggregateChange, marks: Marks): void {
  for (const effect of steps.flatMap((step) => step.effects)) {
    if (effect.type === 'received' && effect.book === book) marks.takeIn(typeOfKey(effect.key));
  }
}

/** A message's key begins with its type. */
function typeOfKey(key: string): string {
  return key.slice(0, key.indexOf(':'));
}
