/** What the relay reads and writes of the two databases: outboxes, internal drops, and what has changed. */
import type { Book } from '../core/message.ts';
import { senderOf } from '../core/message.ts';
import type { KeyedMessage } from '../core/missing-messages.ts';
import type {
  BookDatabases,
  BookReaders,
  MessageName,
  PaymentDatabase,
  WaitingMessage,
} from './book-databases.ts';
import type { PaymentKey } from './store.ts';

export type MissingMessage = PaymentKey & KeyedMessage;

/** The outboxes, as a hop needs them. */
export type OutboxPort = {
  /** The other book has taken these in: their rows go. */
  drop(sender: Book, messages: readonly MessageName[]): Promise<void>;
};

export type RelayStore = Pick<
  PaymentDatabase,
  'claimInternalDrops' | 'dropInternalDrops' | 'page'
> & {
  claimOutbox(book: Book, limit: number, nowMs: number, leaseMs: number): Promise<WaitingMessage[]>;
  /** Those of the messages that stand in no outbox. */
  notInOutbox(messages: readonly MissingMessage[]): Promise<MissingMessage[]>;
  /** Puts these into the internal-drop table; answers how many were new. */
  addInternalDrops(drops: readonly MissingMessage[], nowMs: number): Promise<number>;
  /**
   * Payments of which this book changed since the last scan, as a replica knows them; and how to say
   * that they were looked at. Null while the replica is too far behind to be asked.
   */
  changedSince(book: Book, nowMs: number): Promise<ChangedPayments | null>;
};

export type ChangedPayments = {
  readonly keys: readonly PaymentKey[];
  /** Moves the watermark behind them. */
  done(): Promise<void>;
};

/**
 * How far a scan looks back behind its watermark. A change bears the time of its decision and is
 * committed later, but never later than a statement and an idle transaction may take together.
 */
const OVERLAP_MS = 60_000;
/** What is younger than this may still be on its way, by its hop or by the relay. */
const GRACE_MS = 5_000;
/** Changes looked at in one scan; the next one goes on behind them. */
const CHANGES_MAX = 20_000;

/** The relay's store over these databases; a scan reads where `readers` say. */
export function relayStore(databases: BookDatabases, readers: BookReaders): RelayStore {
  const { payment } = databases;
  return {
    claimOutbox: async (book, limit, nowMs, leaseMs) =>
      await databases[book].claimOutbox(limit, nowMs, leaseMs),
    claimInternalDrops: async (limit, nowMs, leaseMs) =>
      await payment.claimInternalDrops(limit, nowMs, leaseMs),
    dropInternalDrops: async (drops) => await payment.dropInternalDrops(drops),
    notInOutbox: async (messages) => await notInOutbox(databases, messages),
    addInternalDrops: async (drops, nowMs) => await payment.addInternalDrops(drops, nowMs),
    // A lagging replica may delay a find, and must not hide one behind the watermark.
    changedSince: async (book, nowMs) =>
      (await readers[book].isCurrent())
        ? await changedSince(book, databases, readers, nowMs)
        : null,
    page: async (after, limit) => await payment.page(after, limit),
  };
}

/**
 * The outboxes of both books, for hops. Rows that are let go of while a statement is under way go together
 * in the next one: one by one they were most of what a hop cost.
 */
export function outboxPort(databases: Readonly<Record<Book, Dropper>>): OutboxPort {
  const droppers = { payment: gathered(databases.payment), channel: gathered(databases.channel) };
  return { drop: async (sender, messages) => await droppers[sender](messages) };
}

type Dropper = Pick<PaymentDatabase, 'dropOutbox'>;
type Dropping = { readonly names: MessageName[]; readonly done: Promise<void> };

/** Drops with at most one statement at a time; each caller's promise ends as the statement with its rows does. */
function gathered(database: Dropper): (messages: readonly MessageName[]) => Promise<void> {
  let underWay: Promise<void> = Promise.resolve();
  let next: Dropping | null = null;
  return async (messages) => {
    if (next) {
      next.names.push(...messages);
      return await next.done;
    }
    const names = [...messages];
    const dropInTurn = async (former: Promise<void>): Promise<void> => {
      await former;
      next = null;
      // In one order, so that two processes that drop the same rows never wait for each other.
      await database.dropOutbox(names.toSorted(byName));
    };
    const done = dropInTurn(underWay);
    next = { names, done };
    // What failed is told to those who asked for it, and holds nobody else up.
    underWay = done.catch(() => {});
    await done;
  };
}

function byName(one: MessageName, other: MessageName): number {
  const [left, right] = [`${one.paymentId} ${one.key}`, `${other.paymentId} ${other.key}`];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

async function changedSince(
  book: Book,
  databases: BookDatabases,
  readers: BookReaders,
  nowMs: number,
): Promise<ChangedPayments> {
  const primary = databases[book];
  const fromMs = Math.max(0, (await primary.scannedToMs()) - OVERLAP_MS);
  const toMs = nowMs - GRACE_MS;
  const changed = await readers[book].changedBetween(fromMs, toMs, CHANGES_MAX);
  const isCut = changed.length === CHANGES_MAX;
  const seenToMs = isCut ? (changed.at(-1)?.changedAtMs ?? fromMs) + OVERLAP_MS : toMs;
  return { keys: changed, done: async () => await primary.moveScan(seenToMs) };
}

async function notInOutbox(
  databases: BookDatabases,
  drops: readonly MissingMessage[],
): Promise<MissingMessage[]> {
  const bySender = Map.groupBy(drops, ({ message }) => senderOf(message));
  const waiting = new Set<string>();
  for (const [sender, messages] of bySender) {
    for (const one of await databases[sender].inOutbox(messages)) {
      waiting.add(`${one.paymentId} ${one.key}`);
    }
  }
  return drops.filter((one) => !waiting.has(`${one.paymentId} ${one.key}`));
}
