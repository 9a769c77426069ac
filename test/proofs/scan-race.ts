/**
 * The proof that one surplus, found at once by notifications, queries, hops, the relay and the scan for internal
 * drops, counts once: with books in two databases, and outboxes that are cleared by force meanwhile. Without
 * the inbox the same race must end wrong.
 */
import { checkAggregate } from '../../src/core/invariants.ts';
import type { Input } from '../../src/core/input.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { BookDatabases } from '../../src/store/book-databases.ts';
import type { BookPools } from '../../src/store/postgres/book-databases.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { eachLimited } from '../../src/runtime/limit.ts';
import { seededRandom } from '../support/notification-draw.ts';
import type { ApartBooks } from '../support/apart-books.ts';
import { keyOf, NO_REPLICAS, openApartBooks, unheard } from '../support/apart-books.ts';
import { paid } from '../support/scripted-payment.ts';

export type ScanRaceRequest = {
  /** Four migrated databases: of both books, and of both books of the control, which are left broken. */
  readonly urls: readonly string[];
  readonly rounds: number;
  readonly controlRounds: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
};

const CLIENTS_MIN = 8;
const CLIENTS_MAX = 32;
const ROUNDS_AT_ONCE = 8;
/** One client in so many clears the outboxes, scans, and has the relay work. */
const SCANNER_EVERY = 4;
const EXAMPLES_MAX = 3;

/** Runs the race and its control. */
export async function proveScanRace(request: ScanRaceRequest) {
  const { urls, rounds, controlRounds, seed, onProgress } = request;
  const pools = urls.map((url) => openPool(url, { max: 12, onError: () => {} }));
  try {
    const books = openApartBooks(poolsFrom(pools, 0));
    const race = await runRounds(books, rounds, seed);
    const spoilt = openApartBooks(poolsFrom(pools, 2), NO_REPLICAS, {}, withoutInbox);
    const control = await runRounds(spoilt, controlRounds, seed);
    onProgress?.(`${race.wrong} wrong of ${rounds}; control: ${control.wrong} of ${controlRounds}`);
    const isProven = race.wrong === 0 && control.wrong > 0;
    const verdict = isProven ? ('proven' as const) : ('broken' as const);
    return { rounds, ...race, controlWrong: control.wrong, verdict };
  } finally {
    await Promise.all(pools.map(async (pool) => await pool.end()));
  }
}

function poolsFrom(pools: readonly Pool[], at: number): BookPools {
  const [payment, channel] = pools.slice(at);
  if (!payment || !channel) throw new Error('the race needs four databases');
  return { payment, channel };
}

/** The payment book takes every copy of a message for a new one. */
function withoutInbox({ payment, channel }: BookDatabases): BookDatabases {
  return {
    payment: {
      ...payment,
      load: async (keys) =>
        (await payment.load(keys)).map((half) => half && { ...half, received: [] }),
    },
    channel,
  };
}

async function runRounds(books: ApartBooks, rounds: number, seed: number) {
  const random = seededRandom(seed);
  let wrong = 0;
  let clients = 0;
  const examples: string[] = [];
  const numbers = Array.from({ length: rounds }, (_, at) => at + 1);
  await eachLimited(numbers, ROUNDS_AT_ONCE, async (number) => {
    const count = CLIENTS_MIN + Math.floor(random() * (CLIENTS_MAX - CLIENTS_MIN + 1));
    clients += count;
    const words = await playRound(books, number, count).catch((error: unknown) => [String(error)]);
    if (words.length === 0) return;
    wrong += 1;
    if (examples.length < EXAMPLES_MAX) examples.push(`round ${number}: ${words.join('; ')}`);
  });
  return { clients, wrong, examples };
}

/** What is wrong after one round; empty when nothing is. */
async function playRound(books: ApartBooks, number: number, clients: number): Promise<string[]> {
  const created = await books.create();
  const key = keyOf(created);
  const [first, second] = [`R${number}-1`, `R${number}-2`];
  await books.apply(key, learned(paid({ transactionNo: first }), 'notification'));
  const both = paid({ transactionNo: first }, { transactionNo: second });
  await Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      if (at % SCANNER_EVERY === 0) return await scan(books);
      const isNotified = at % 2 === 0;
      const outcome = isNotified ? paid({ transactionNo: second }) : both;
      await books.apply(key, learned(outcome, isNotified ? 'notification' : 'query'));
    }),
  );
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if (unheard(await books.reload(created)).length === 0) break;
    await scan(books);
  }
  const after = await books.reload(created);
  const returns = after.payment.refunds.filter((one) => one.transactionNo === second);
  const numbers = after.orders[0]?.refunds.filter((one) => one.transactionNo === second) ?? [];
  return [
    ...checkAggregate(after).map(({ id, words }) => `${id} ${words}`),
    ...unheard(after).map((one) => `one book never heard of ${one}`),
    ...(returns.length === 1 ? [] : [`${returns.length} returns of one surplus`]),
    ...(numbers.length === 1 ? [] : [`${numbers.length} numbers for one surplus`]),
    ...(after.payment.winner?.transactionNo === first ? [] : ['another winner']),
  ];
}

const LOOKS_MAX = 5;

/** Outboxes are cleared, and a worker finds what is missing by itself. */
async function scan(books: ApartBooks): Promise<void> {
  await books.loseOutboxes();
  // Past the grace in which a message may still be on its way.
  books.clock.ms += 10_000;
  await books.work.scan();
  for (const kind of books.work.kinds) await kind();
}

function learned(outcome: Outcome, via: 'notification' | 'query'): Input {
  return {
    type: 'outcome_learned',
    attempt: 1,
    outcome,
    evidence: { via, operation: via, raw: outcome.channelCode },
    planned: false,
    from: { channel: 'wallet', account: 'main' },
  };
}
